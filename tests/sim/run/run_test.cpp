#include "sim/run/run.hpp"

#include "base/error.hpp"
#include "sim/run/run_options.hpp"
#include "tests/child.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace ringsim;
using namespace ringsim::test;

namespace {

RunOptions quick_options(std::initializer_list<std::pair<const char*, const char*>> given) {
  RunOptions options;
  set_run_option(options, "steps", "12");
  for (const auto& [name, value] : given) set_run_option(options, name, value);
  return options;
}

std::vector<double> run_in_child(
    const RunOptions& options,
    const std::function<std::vector<double>(const RunResult&)>& extract) {
  const auto result = run_child([&] { return extract(run(options, {})); });
  INFO(result.error);
  REQUIRE(result.error.empty());
  return result.values;
}

}  // namespace

TEST_CASE("another bandwidth changes times and not the learning of a synchronous run", "[run]") {
  const char* scheme = GENERATE("dense", "iwp");
  const auto figures = [](const RunResult& r) {
    return std::vector<double>{r.summary.accuracy.value(), r.summary.loss.value(),
                               r.summary.bytes_sent_per_rank.total, r.summary.simulated_seconds};
  };
  const auto slow =
      run_in_child(quick_options({{"scheme", scheme}, {"topology", "ring8-1g"}}), figures);
  const auto fast =
      run_in_child(quick_options({{"scheme", scheme}, {"topology", "ring8-10g"}}), figures);
  CHECK(slow[0] == fast[0]);
  CHECK(slow[1] == fast[1]);
  CHECK(slow[2] == fast[2]);
  CHECK(slow[3] > 2 * fast[3]);
}

TEST_CASE("a run's tables agree with each other", "[run]") {
  std::vector<StepRow> rows;
  RunObserver observer;
  observer.on_row = [&](const StepRow& row) { rows.push_back(row); };
  const auto result = run(
      quick_options({{"scheme", "iwp"}, {"topology", "ring8-mixed"}, {"jitter", "0.2"}}), observer);
  double total_s = 0;
  std::uint64_t sent = 0, on_links = 0, parameters = 0;
  for (const auto& row : rows) {
    CHECK(row.start_s == Approx(total_s).epsilon(1e-9));
    CHECK(row.compute_s + row.compress_s + row.exposed_exchange_s ==
          Approx(row.total_s).epsilon(1e-9));
    CHECK(row.values_bytes + row.masks_bytes + row.headers_bytes == row.total_bytes);
    total_s += row.total_s;
    sent += row.total_bytes;
  }
  for (const auto& row : result.links) on_links += row.bytes;
  for (const auto& row : result.staleness) parameters += row.parameters;
  CHECK(total_s == Approx(result.summary.simulated_seconds).epsilon(1e-9));
  CHECK(sent == on_links);
  CHECK(result.summary.bytes_sent_per_rank.total == Approx(static_cast<double>(sent) / 8));
  CHECK(parameters == 235146);
  CHECK(result.summary.staleness_steps.delay_max == 0.0);
}

TEST_CASE("a dense run has the ratios of its own yardstick", "[run]") {
  const auto summary = run(quick_options({{"scheme", "dense"}}), {}).summary;
  CHECK(summary.compression_ratio.kept == 1.0);
  CHECK(summary.compression_ratio.values == 1.0);
  CHECK(summary.compression_ratio.wire == 1.0);
  CHECK(summary.density == 1.0);
  // 12 steps of 2*7/8 of 235,146 fp32 values.
  CHECK(summary.bytes_sent_per_rank.total == Approx(12 * 2 * 7 / 8.0 * 235146 * 4));
}

TEST_CASE("contradicting options are errors", "[run]") {
  CHECK_THROWS_WITH(check_run_options(quick_options({{"epochs", "1"}})),
                    "`steps`: given together with `epochs`; one of the two is accepted");
  CHECK_THROWS_WITH(check_run_options(quick_options({{"scheme", "dense"}, {"density", "0.1"}})),
                    "`density`: has no effect with `scheme` dense; leave it out, or choose a "
                    "scheme that takes it "
                    "(ringsim list schemes)");
  CHECK_THROWS_WITH(
      check_run_options(quick_options({{"gpu-speed", "1TFLOPS"}, {"compute-time", "1ms"}})),
      "`gpu-speed`: has no effect with a `compute-time` that is given; leave one of the two out");
  CHECK_THROWS_WITH(check_run_options(quick_options(
                        {{"gpu-memory-bandwidth", "1TBps"}, {"compress-time", "none"}})),
                    "`gpu-memory-bandwidth`: has no effect with a `compress-time` that is given; "
                    "leave one of the "
                    "two out");
  CHECK_THROWS_WITH(
      check_run_options(quick_options({{"optimizer", "adam"}, {"momentum-correction", "on"}})),
      "`momentum-correction`: found on with `optimizer` adam; off is accepted; leave one of the "
      "two out");
  CHECK_THROWS_WITH(check_run_options(quick_options({{"optimizer", "nesterov"}})),
                    "`momentum`: is 0 with `optimizer` nesterov; a number above 0 is accepted; "
                    "give one such as 0.9, and a smaller `lr` than without");
  CHECK_NOTHROW(check_run_options(quick_options({{"optimizer", "nesterov"}, {"scheme", "dense"}})));
  CHECK_THROWS_WITH(run(quick_options({{"ranks", "9"}}), {}),
                    "`ranks`: found 9; 2 to 8 (the hosts of ring8-1g) is accepted");
}

TEST_CASE("a bare kind of topology runs as the file of the same links", "[run]") {
  const auto figures = [](const RunResult& r) {
    return std::vector<double>{r.summary.simulated_seconds,
                               static_cast<double>(r.summary.provenance.inputs.size())};
  };
  // ring8-1g has these links.
  const auto bare = run_in_child(
      quick_options(
          {{"topology", "ring"}, {"ranks", "8"}, {"bandwidth", "1Gbps"}, {"latency", "25us"}}),
      figures);
  const auto file = run_in_child(quick_options({{"topology", "ring8-1g"}}), figures);
  CHECK(bare[0] == file[0]);
  CHECK(bare[1] + 1 == file[1]);  // no topology file among the inputs
}

TEST_CASE("learning rate and momentum: given, the optimizer's, the scheme's", "[run]") {
  const auto rates = [](std::initializer_list<std::pair<const char*, const char*>> values) {
    const auto options = quick_options(values);
    const auto found = training_rates(options, find_scheme(options.scheme));
    return std::pair(found.learning_rate, found.momentum);
  };
  CHECK(rates({{"scheme", "dense"}}) == std::pair(0.08, 0.9));
  CHECK(rates({{"scheme", "iwp"}}) == std::pair(0.3, 0.0));
  CHECK(rates({{"scheme", "iwp"}, {"optimizer", "adam"}}) == std::pair(0.001, 0.9));
  CHECK(rates({{"optimizer", "adam"}, {"lr", "0.01"}, {"momentum", "0.8"}}) ==
        std::pair(0.01, 0.8));
}

TEST_CASE("options are parsed strictly", "[run]") {
  RunOptions options;
  const auto set = [&](const char* name, const char* value) {
    set_run_option(options, name, value);
  };
  CHECK_THROWS_WITH(set("ranks", "1"),
                    "`ranks`: found \"1\"; a whole number from 2 to 1048576 is accepted");
  CHECK_THROWS_WITH(set("ranks", "8x"),
                    "`ranks`: found \"8x\"; a whole number from 2 to 1048576 is accepted");
  CHECK_THROWS_WITH(
      set("density", "0"),
      "`density`: found \"0\"; a number above 0 and at most 1 such as 0.01 or 1/64 is accepted");
  CHECK_THROWS_WITH(
      set("density", "1.5"),
      "`density`: found \"1.5\"; a number above 0 and at most 1 such as 0.01 or 1/64 is accepted");
  CHECK_THROWS_WITH(set("compute-time", "10"),
                    "`compute-time`: \"10\" has no unit; a time such as 5us, 1.5ms or 2s is "
                    "accepted; write the unit "
                    "after the number");
  CHECK_THROWS_WITH(
      set("schedule", "cosin"),
      "`schedule`: found \"cosin\" (did you mean \"cosine\"?); accepted: constant, cosine, step");
  CHECK_THROWS_WITH(set("momentum-correction", "yes"),
                    "`momentum-correction`: found \"yes\"; accepted: on, off");
  set("density", "1/64");
  CHECK(options.scheme_options.get<double>(scheme_option("density")) == 1.0 / 64);
  set("compute-time", "120ms");
  CHECK(options.compute_time == Seconds{0.12});
}
