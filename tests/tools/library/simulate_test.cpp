// The library as its users have it: this test is linked to libringsim and knows its header alone.
#include "tools/library/simulate.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <thread>

namespace {

using ringsim::simulator::InputError;
using ringsim::simulator::Options;
using ringsim::simulator::Request;
using ringsim::simulator::Result;
using ringsim::simulator::simulate;
using ringsim::simulator::SimulationError;

/// Dense gradients of 100 MB and 10 ms of computing on a ring of 8.
Options dense_ring(const std::string& bandwidth) {
  return {{"bandwidth", bandwidth}, {"scheme", "dense"}, {"topology", "ring"},     {"ranks", "8"},
          {"latency", "5us"},       {"bytes", "100MB"},  {"compute-time", "10ms"}, {"steps", "3"}};
}

Options with(Options options, const std::string& name, const std::string& value) {
  options.emplace_back(name, value);
  return options;
}

std::string message_of(const Options& options) {
  try {
    simulate({options});
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

bool is_in(const std::string& part, const std::string& text) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("The library gives figures in seconds and bytes, and the program's summary") {
  const Result result = simulate({dense_ring("10Gbps"), true});
  // 14 rounds, each 5 us and 12.5 MB at 1.25 GB/s.
  const double exchange = 14 * (5e-6 + 12.5e6 / 1.25e9);
  CHECK(result.seconds_per_step.compute == Approx(0.01).epsilon(1e-12));
  CHECK(result.seconds_per_step.exchange == Approx(exchange).epsilon(1e-9));
  CHECK(result.seconds_per_step.total == Approx(0.01 + exchange).epsilon(1e-9));
  CHECK(result.simulated_seconds == Approx(3 * (0.01 + exchange)).epsilon(1e-9));
  CHECK(result.bytes_sent_per_rank.total == 3 * 14 * 12.5e6);
  CHECK(result.headroom.dense_fp32 == std::nullopt);  // it is dense itself
  CHECK(result.accuracy == std::nullopt);
  REQUIRE(result.bottleneck);
  CHECK(result.bottleneck->kind == "link");
  CHECK(result.ranks == 8);
  CHECK(result.backend == "recurrence");
  REQUIRE(result.rows.size() == 3);
  CHECK(result.rows[2].step == 2);
  CHECK(result.rows[2].start == Approx(2 * (0.01 + exchange)).epsilon(1e-9));
  CHECK(result.rows[2].bytes.values == 8 * 14 * 12.5e6);
  CHECK(is_in("dense takes 150ms a step on 8 ranks", result.verdict));
  CHECK(is_in(R"("ranks": 8)", result.json));
  CHECK(is_in(R"("command": "ringsim run --bandwidth 10Gbps --scheme dense --topology ring )",
              result.json));
  CHECK(simulate({dense_ring("10Gbps")}).rows.empty());
}

TEST_CASE("The library tells mistakes in the program's words") {
  const auto options = dense_ring("10Gbps");
  CHECK(message_of(with(options, "bandwith", "1Gbps")) ==
        "--bandwith: unknown option (did you mean \"--bandwidth\"?); see ringsim run --help");
  CHECK(message_of(with(options, "ranks", "4")) ==
        "--ranks: stands 2 times; once is accepted; see ringsim run --help");
  CHECK(message_of(with(options, "seed", "one")) ==
        "--seed: found \"one\"; a whole number from 0 to 18446744073709551615 is accepted");
  CHECK(message_of({{"topology", "/nowhere.json"}}) == "/nowhere.json: no such file");
  CHECK(message_of(options) == "no error");
}

TEST_CASE("The library simulates in several threads at a time") {
  const std::array<std::string, 4> bandwidths = {"1Gbps", "10Gbps", "25Gbps", "100Gbps"};
  std::array<Result, 4> results;
  std::array<std::thread, 4> threads;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&, i] {
      results[i] = simulate({{{"bandwidth", bandwidths[i]},
                              {"topology", "switch"},
                              {"ranks", "16"},
                              {"latency", "5us"},
                              {"bytes", "10MB"},
                              {"collective", "tree"},
                              {"compute-time", "1ms"},
                              {"scheme", "iwp"}}});
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i + 1 < threads.size(); ++i)
    CHECK(results[i].seconds_per_step.total > results[i + 1].seconds_per_step.total);
}

TEST_CASE("The library refuses to run SimGrid twice") {
  const auto options = with(dense_ring("10Gbps"), "backend", "simgrid");
  Result result;
  try {
    result = simulate({options});
  } catch (const InputError& error) {
    // "without SimGrid": the test is skipped.
    FAIL(error.what());
  }
  CHECK(result.backend == "simgrid");
  CHECK(result.simulated_seconds ==
        Approx(simulate({dense_ring("10Gbps")}).simulated_seconds).epsilon(1e-9));
  CHECK_THROWS_WITH(simulate({options}),
                    "SimGrid has run in this process before, and runs once per process; --backend "
                    "fluid gives the same times");
  CHECK_THROWS_AS(simulate({options}), SimulationError);
}

TEST_CASE("The library says its version") {
  CHECK(ringsim::simulator::version() == std::string(RINGSIM_VERSION));
}
