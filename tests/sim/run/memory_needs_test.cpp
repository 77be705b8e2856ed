#include "sim/run/memory_needs.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/run.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>

using namespace ringsim;

namespace {

using Given = std::vector<std::pair<const char*, const char*>>;

RunOptions options_of(const Given& given) {
  RunOptions options;
  for (const auto& [name, value] : given) set_run_option(options, name, value);
  return options;
}

/// A pure exchange on links of 10 Gbit/s.
Given exchange(Given given) {
  for (const auto& [name, value] : Given{{"compute-time", "1ms"},
                                         {"bandwidth", "10Gbps"},
                                         {"latency", "5us"},
                                         {"scheme", "dense"}})
    given.emplace_back(name, value);
  return given;
}

/// The most memory that a process had which ran this and nothing else.
double measured(const Given& given) {
  malloc_trim(0);  // what was freed here would be used again there
  const auto text = call_in_child([&] {
    run(options_of(given), {});
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::to_string(usage.ru_maxrss);
  });
  INFO(text.text);
  REQUIRE(!text.failed);
  constexpr double kibi = 1024;
  return kibi * std::stod(text.text);
}

FreeMemory gigabyte() { return {Bytes{1'000'000'000}, "a test"}; }

void check_fits(const Given& given) {
  const auto options = options_of(given);
  check_memory(memory_needs(prepare(options)), gigabyte);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

}  // namespace

TEST_CASE("what a run is said to take is what it takes, or up to three times as much", "[memory]") {
  if (is_sanitized) return;  // which takes several times as much
  const auto given = GENERATE(
      exchange({{"bytes", "4MB"}, {"topology", "ring"}, {"ranks", "8192"}}),
      exchange({{"bytes", "4MB"}, {"topology", "ring"}, {"ranks", "3000"}, {"steps", "66"}}),
      // More ring calls than are kept for the critical path.
      exchange({{"bytes", "256B"},
                {"topology", "ring"},
                {"ranks", "64"},
                {"steps", "7000"},
                {"jitter", "0.1"}}),
      exchange({{"bytes", "4B"},
                {"topology", "ring"},
                {"ranks", "2"},
                {"steps", "40000"},
                {"jitter", "0.1"}}),
      exchange({{"bytes", "200kB"}, {"bucket", "8B"}, {"topology", "ring"}, {"ranks", "2"}}),
      exchange(
          {{"bytes", "4MB"}, {"topology", "switch"}, {"ranks", "400"}, {"collective", "pairwise"}}),
      exchange(
          {{"bytes", "4MB"}, {"topology", "ring"}, {"ranks", "128"}, {"collective", "pairwise"}}),
      exchange({{"bytes", "4MB"},
                {"topology", "fat-tree"},
                {"ranks", "4096"},
                {"collective", "tree"},
                {"backend", "fluid"}}),
      Given{{"scheme", "topk"},
            {"source", "synthetic"},
            {"model", "resnet50"},
            {"steps", "200"},
            {"topology", "ring"},
            {"ranks", "128"},
            {"bandwidth", "10Gbps"},
            {"latency", "5us"}},
      Given{{"scheme", "iwp"},
            {"model", "mlp"},
            {"steps", "1"},
            {"batch", "8"},
            {"topology", "ring"},
            {"ranks", "64"},
            {"bandwidth", "10Gbps"},
            {"latency", "5us"}});
  std::string text;
  for (const auto& [name, value] : given) text += std::string(" --") + name + " " + value;
  const double bound = total_bytes(memory_needs(prepare(options_of(given))));
  const double alone = measured(exchange({{"bytes", "4B"}, {"topology", "ring"}, {"ranks", "2"}}));
  const double taken = measured(given) - alone;
  INFO(text << " took " << taken << " bytes, said to be " << bound);
  CHECK(bound >= taken);
  CHECK(bound <= 3 * taken);
  if (std::getenv("RINGSIM_SHOW_MEMORY"))
    WARN(text << ": " << taken / 1e6 << " MB, bound " << bound / 1e6 << ", ratio "
              << bound / taken);
}

TEST_CASE("a run that does not fit is refused, and told which option would make it fit",
          "[memory]") {
  const auto refusal = [](const Given& given) -> std::string {
    try {
      check_fits(given);
    } catch (const UserError& error) {
      return error.what();
    }
    return "fits";
  };
  CHECK(refusal(exchange(
            {{"bytes", "4B"}, {"topology", "ring"}, {"ranks", "2"}, {"steps", "1000"}})) == "fits");
  CHECK(refusal(exchange(
            {{"bytes", "1GB"}, {"bucket", "1kB"}, {"topology", "ring"}, {"ranks", "8"}})) ==
        "`bucket`: the run would take 1.76GB of memory, 1.69GB of it for 1000001 buckets, and 1GB "
        "are free (a test); give a larger `bucket`");
  // Equal steps are kept once; of steps that differ a few bytes each.
  const auto with_steps = [&](const char* steps, const char* jitter) {
    return exchange({{"bytes", "4B"},
                     {"topology", "ring"},
                     {"ranks", "2"},
                     {"steps", steps},
                     {"jitter", jitter}});
  };
  CHECK(refusal(with_steps("100000000", "0")) == "fits");
  CHECK(refusal(with_steps("100000000", "0.1")) == "fits");
  const auto less = [] { return FreeMemory{Bytes{400'000'000}, "a test"}; };
  const auto check_less = [&](const char* jitter, bool repeats) {
    const auto options = options_of(with_steps("100000000", jitter));
    check_memory(memory_needs(prepare(options), repeats), less);
  };
  CHECK_NOTHROW(check_less("0", true));
  CHECK_THROWS_WITH(check_less("0.1", true), Catch::StartsWith("`steps`: the run would take ") &&
                                                 Catch::EndsWith("; give fewer `steps`"));
  // Where steps run into each other after all, every one is run.
  CHECK_THROWS_AS(check_less("0", false), UserError);
  CHECK(refusal(exchange({{"bytes", "4MB"},
                          {"topology", "switch"},
                          {"ranks", "4096"},
                          {"collective", "pairwise"}})) ==
        "`collective`: the run would take 4.67GB of memory, 4.66GB of it for 16773120 routes, and "
        "1GB are free (a test); choose a `collective` in which ranks have few partners, such as "
        "ring, or fewer `ranks`");
  CHECK(refusal({{"scheme", "iwp"},
                 {"topology", "ring"},
                 {"ranks", "1000"},
                 {"bandwidth", "1Gbps"},
                 {"latency", "1us"}}) ==
        "`ranks`: the run would take 4.58GB of memory, 4.58GB of it for training 1000 ranks, and "
        "1GB are free (a test); give fewer `ranks`");
}
