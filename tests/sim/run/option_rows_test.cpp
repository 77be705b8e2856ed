#include "base/error.hpp"
#include "sim/run/run_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace ringsim;

TEST_CASE("every option is one row that says what it means and takes its own default",
          "[run_options]") {
  std::set<std::string_view> names;
  for (const auto& option : run_options()) {
    INFO(option.name);
    CHECK(names.insert(option.name).second);
    CHECK_FALSE(option.meaning.empty());
    CHECK_FALSE(option.value.empty());
    RunOptions options;
    if (!option.default_value.empty())
      CHECK_NOTHROW(set_run_option(options, option.name, option.default_value));
    CHECK((option.set != nullptr) == (option.taken_by == TakenBy::every_run));
    for (const auto& condition : option.conditions) CHECK_FALSE(condition.refusal.empty());
  }
}

TEST_CASE("the options of schemes and collectives stand among those of runs", "[run_options]") {
  for (const auto* scheme : schemes()) {
    for (const auto* option : scheme->options) {
      const auto* row = find_run_option(option->name);
      REQUIRE(row != nullptr);
      CHECK(row->of_scheme == option);
      CHECK(takes(scheme->name, *row));
    }
  }
  CHECK_FALSE(takes("dense", *find_run_option("density")));
  CHECK(takes("tree", *find_run_option("chunk")));
  CHECK_FALSE(takes("ring", *find_run_option("chunk")));
}

TEST_CASE("what affects timing alone shares recordings", "[run_options]") {
  CHECK(is_timing_option("bandwidth"));
  CHECK(is_timing_option("chunk"));
  CHECK(is_timing_option("masks-ahead"));
  CHECK_FALSE(is_timing_option("ranks"));
  CHECK_FALSE(is_timing_option("density"));
  CHECK_FALSE(is_timing_option("staleness"));
}

TEST_CASE("an option says when it has an effect", "[run_options]") {
  CHECK(needs_of(*find_run_option("fresh-error")) == "training; `staleness` S");
  CHECK(needs_of(*find_run_option("chunk")) == "`collective` tree");
  CHECK(needs_of(*find_run_option("levels")) ==
        "`scheme` qsgd; `source` train or synthetic, or `bytes`");
  CHECK(needs_of(*find_run_option("seed")).empty());
}

TEST_CASE("rows say which files a value names", "[run_options]") {
  RunOptions options;
  set_run_option(options, "compute-time", "times.csv");
  const auto& row = *find_run_option("compute-time");
  CHECK(row.reads(options) == std::vector<std::filesystem::path>{"times.csv"});
  set_run_option(options, "compute-time", "1ms");
  CHECK(row.reads(options).empty());
}

TEST_CASE("a computing time is a file by its name", "[run_options]") {
  for (const auto* file : {"a.json", "a.json.gz", "a.csv", "folder/a"})
    CHECK(names_ready_times(file));
  for (const auto* other : {"model", "12ms", "a.gz"}) CHECK_FALSE(names_ready_times(other));
}
