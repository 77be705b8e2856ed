#include "sim/run/lockstep_run.hpp"

#include "base/json_writer.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/run.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace ringsim;

namespace {

using Given = std::vector<std::pair<const char*, const char*>>;

Experiment drawn(const Given& given) {
  RunOptions options;
  for (const auto& [name, value] : Given{{"source", "synthetic"},
                                         {"model", "lenet5"},
                                         {"scheme", "iwp"},
                                         {"topology", "ring"},
                                         {"ranks", "4"},
                                         {"bandwidth", "1Gbps"},
                                         {"latency", "5us"},
                                         {"jitter", "0.1"},
                                         {"steps", "60"}})
    set_run_option(options, name, value);
  for (const auto& [name, value] : given) set_run_option(options, name, value);
  options.finds_headroom = false;  // steps that are drawn while they are timed have none
  return prepare(options);
}

/// What a run says, table by table.
std::vector<std::string> tables(const std::function<RunResult(const RunObserver&)>& run,
                                bool with_transfers) {
  std::string lines, steps, layers, transfers, links;
  std::uint64_t shown = 0;
  RunObserver observer{.on_start = [&](const std::string& line) { lines += line; },
                       .on_step = [&](const StepProgress& progress) { shown += progress.done; },
                       .on_fault = {},
                       .on_layer = [&](const LayerRow& row) { layers += csv_line(row); },
                       .on_row = [&](const StepRow& row) { steps += csv_line(row); },
                       .on_density = {},
                       .on_transfer = {}};
  if (with_transfers)
    observer.on_transfer = [&](const TransferRow& row) { transfers += csv_line(row); };
  const auto result = run(observer);
  for (const auto& row : result.links) links += csv_line(row);
  return {lines, std::to_string(shown), steps, layers, transfers, to_text(to_json(result.summary)),
          links};
}

}  // namespace

TEST_CASE("steps that are drawn while they are timed come out as those drawn before",
          "[run][stream]") {
  const bool with_transfers = GENERATE(false, true);
  const auto experiment = drawn(GENERATE(
      Given{}, Given{{"scheme", "topk"}}, Given{{"collective", "tree"}},  // which is not exact on
      Given{{"bucket", "100kB"}, {"overlap", "on"}}));                    // the recurrence
  const auto before = tables(
      [&](const RunObserver& observer) {
        return time_recording(experiment, record_steps(experiment, {}, observer), observer);
      },
      with_transfers);
  const auto meanwhile =
      tables([&](const RunObserver& observer) { return time_drawn_steps(experiment, observer); },
             with_transfers);
  CHECK(meanwhile == before);
}

TEST_CASE("many steps that differ are drawn while they are timed", "[run][stream]") {
  CHECK(draws_while_timing(drawn({{"steps", "4097"}})));
  CHECK_FALSE(draws_while_timing(drawn({{"steps", "4096"}})));
  // Equal steps are drawn before, and run once.
  CHECK_FALSE(draws_while_timing(drawn({{"steps", "4097"}, {"scheme", "dense"}})));
}

// Trained: the mean exchange of the second half of two epochs of `mlp`, over the seeds 1 to 4
// (tools/experiments/fit_unions.py). Nothing was fitted to times.
TEST_CASE("a drawn top-k sum on a ring takes what it takes in training within 5 %",
          "[run][union-model]") {
  const auto [ranks, trained] = GENERATE(table<const char*, double>(
      {{"8", 2.30e-3}, {"16", 4.89e-3}, {"32", 9.77e-3}, {"64", 17.35e-3}, {"128", 25.95e-3}}));
  constexpr int seeds = 10;
  double drawn_time = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto text = std::to_string(seed);
    const auto experiment = drawn({{"model", "mlp"},
                                   {"scheme", "topk"},
                                   {"sparse-sum", "ring"},
                                   {"ranks", ranks},
                                   {"jitter", "0"},
                                   {"steps", "1"},
                                   {"seed", text.c_str()}});
    drawn_time += run_experiment(experiment, {}).summary.seconds_per_step.exchange / seeds;
  }
  CHECK(drawn_time == Approx(trained).epsilon(0.05));
}
