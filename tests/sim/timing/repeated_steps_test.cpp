// Steps that are taken, against the same steps run one after the other.
#include "sim/timing/repeated_steps.hpp"

#include "base/error.hpp"
#include "sim/fluid/fluid.hpp"
#include "sim/timing/step_timing.hpp"
#include "tests/child.hpp"
#include "tests/sim/backend/programs.hpp"
#include "topologies/kinds/fat_tree.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

using namespace ringsim;
using namespace ringsim::test;

namespace {

constexpr Rank ranks = 6;

/// Six hosts, some of which are slower than the others.
Topology make_topology(std::string_view kind) {
  const Link link{"link", {1e9}, {1e-5}};
  auto topology = kind == "ring" ? uniform_ring(ranks, 1e9, 1e-5)
                  : kind == "unequal"
                      ? make_ring({1e9, 2e9, 1e9, 5e8, 1e9, 1e9}, {1e-5, 1e-5, 2e-5, 0, 1e-5, 1e-5})
                  : kind == "switch" ? switch_topology("test", std::vector<Link>(ranks, link))
                                     : fat_tree_topology("test", {2, 3, 1, link, link});
  for (const Rank slow : {Rank{2}, Rank{5}}) {
    Host host;
    host.speed = 1 - 0.01 * slow;
    topology.set_host(slow, host);
  }
  return topology;
}

/// Two buckets, each with local work and an all-reduce of some kilobytes.
StepPlan make_plan(std::string_view collective, std::size_t elements) {
  std::vector<Stage> stages;
  for (const std::uint32_t bucket : {0, 1}) {
    LocalWork work;
    for (Rank rank = 0; rank < ranks; ++rank) work.moved.push_back(Bytes{1000 + 100 * rank});
    stages.push_back({"select", work, bucket});
    stages.push_back({"values", AllReduce{elements + bucket, Bytes{4}}, bucket});
  }
  AllReduceRequest request{};
  request.ranks_per_node = 3;
  return plan_step(stages, ranks, {&find_collective(collective), request},
                   {.fixed = std::nullopt, .memory = BytesPerSecond{1e9}});
}

ComputeModel make_compute(double seconds, bool overlaps) {
  ComputeModel compute{.time = {seconds}};
  if (overlaps) compute.overlap = Overlap{.ready = {{seconds / 2}, {seconds}}};
  return compute;
}

/// Big steps and small ones: b b s b b s ...
StepPlans alternating(std::string_view collective, std::uint64_t steps) {
  Repeated<std::uint32_t> which;
  for (std::uint64_t step = 0; step < steps; ++step) which.push_back(step % 3 == 2 ? 1 : 0);
  return {{make_plan(collective, 5001), make_plan(collective, 999)}, which};
}

struct Run {
  Timing timing;
  std::vector<TransferEvent> transfers;
  std::uint64_t steps_run = 0;
};

Run time(const Topology& topology, const StepPlans& plans, const ComputeModel& compute,
         const ringsim::Backend& backend, std::optional<std::uint64_t> fewest_repeated,
         double clock_rounding = 0, const Recovery& recovery = {}) {
  Run run;
  std::uint64_t ended = 0;
  const auto counting = [&](const Topology& on, const Program& program, const Observer& observer) {
    Observer counted = observer;
    counted.on_mark = [&](const MarkEvent& event) {
      ended += event.mark.kind == MarkKind::exchange_done ? 1 : 0;
      observer.on_mark(event);
    };
    return backend(on, program, counted);
  };
  run.timing =
      time_steps(topology, plans, ranks, compute, counting,
                 [&](const TransferEvent& transfer) { run.transfers.push_back(transfer); },
                 recovery, {.fewest_repeated = fewest_repeated, .clock_rounding = clock_rounding});
  run.steps_run = ended / ranks;
  return run;
}

/// All that is known of a run, in an order that does not depend on times.
std::vector<double> numbers_of(Run run) {
  std::vector<double> numbers = {run.timing.end.value};
  for (const auto& step : run.timing.steps)
    numbers.insert(numbers.end(),
                   {step.start.value, step.compute.value, step.compress.value, step.exchange.value,
                    step.exposed_exchange.value, step.total.value});
  for (const auto& link : run.timing.links)
    numbers.insert(numbers.end(), {static_cast<double>(link.bytes.count), link.busy.value});
  const auto& path = run.timing.critical_path.value();
  for (const auto& [key, time] : path.times.local)
    numbers.insert(numbers.end(), {static_cast<double>(key.first), time.value});
  for (const auto& [key, message] : path.times.from_to)
    numbers.insert(numbers.end(), {static_cast<double>(key.first), static_cast<double>(key.second),
                                   static_cast<double>(path.held_up_by.at(key)),
                                   message.latency.value, message.transfer.value});
  std::ranges::sort(run.transfers, {}, [](const TransferEvent& transfer) {
    return std::tuple(transfer.step, transfer.bucket, transfer.round, transfer.source,
                      transfer.target, transfer.bytes.count, transfer.start);
  });
  for (const auto& transfer : run.transfers)
    numbers.insert(numbers.end(),
                   {static_cast<double>(transfer.step), static_cast<double>(transfer.bucket),
                    static_cast<double>(transfer.round), static_cast<double>(transfer.source),
                    static_cast<double>(transfer.target), static_cast<double>(transfer.bytes.count),
                    transfer.start.value, transfer.end.value});
  return numbers;
}

/// Whether all numbers are the same but for rounding.
bool are_close(const std::vector<double>& a, const std::vector<double>& b) {
  const double most = 1e-12 * a.front();  // the run's end
  const auto is_close = [most](double x, double y) {
    return std::abs(x - y) <= std::max(most, 1e-12 * std::abs(y));
  };
  return std::ranges::equal(a, b, is_close);
}

std::uint64_t exchanged_bytes(const StepPlans& plans) {
  std::uint64_t bytes = 0;
  for (std::uint64_t step = 0; step < plans.size(); ++step) bytes += plans[step].sent.total().count;
  return bytes;
}

}  // namespace

TEST_CASE("steps that are taken are those that would have been run", "[repeated]") {
  constexpr std::uint64_t steps = 12;
  const char* kind = GENERATE("ring", "unequal", "switch", "fat-tree");
  const char* collective = GENERATE("ring", "tree", "halving-doubling", "hierarchical");
  const bool overlaps = GENERATE(false, true);
  CAPTURE(kind, collective, overlaps);
  const auto topology = make_topology(kind);
  const auto plans = alternating(collective, steps);
  const auto compute = make_compute(5e-3, overlaps);
  const auto taken = time(topology, plans, compute, run_fluid_checked, 1);
  const auto all = time(topology, plans, compute, run_fluid_checked, std::nullopt);
  CHECK(all.steps_run == steps);
  CHECK(taken.steps_run < steps);
  CHECK(are_close(numbers_of(taken), numbers_of(all)));
  std::uint64_t bytes = 0;
  for (const auto& transfer : taken.transfers) bytes += transfer.bytes.count;
  CHECK(bytes == exchanged_bytes(plans));
  CHECK(taken.timing.critical_path->times.total().value == Approx(taken.timing.end.value));
  // On the recurrence backend too, where it is exact.
  try {
    const auto closed = time(topology, plans, compute, run_recurrence, 1);
    CHECK(closed.steps_run == taken.steps_run);
    CHECK(are_close(numbers_of(closed), numbers_of(all)));
  } catch (const NotExact&) {
    CHECK_THROWS_AS(time(topology, plans, compute, run_recurrence, std::nullopt), NotExact);
  }
}

TEST_CASE("simgrid takes steps as well", "[repeated]") {
  constexpr std::uint64_t steps = 12;
  const char* kind = GENERATE("unequal", "switch");
  const char* collective = GENERATE("ring", "tree");
  const bool overlaps = GENERATE(false, true);
  CAPTURE(kind, collective, overlaps);
  const auto topology = make_topology(kind);
  const auto plans = alternating(collective, steps);
  const auto compute = make_compute(5e-3, overlaps);
  const auto child = run_child([&] {
    const auto& simgrid = find_backend("simgrid");
    const auto taken = time(topology, plans, compute, simgrid.run, 1, simgrid.clock_rounding);
    auto numbers = numbers_of(taken);
    numbers.push_back(static_cast<double>(taken.steps_run));
    return numbers;
  });
  INFO(child.error);
  REQUIRE(!child.values.empty());
  CHECK(child.values.back() < steps);
  const std::vector<double> numbers(child.values.begin(), child.values.end() - 1);
  const auto all = time(topology, plans, compute, run_fluid_checked, std::nullopt);
  CHECK(are_close(numbers, numbers_of(all)));
}

TEST_CASE("all steps are run where something may be different in one of them", "[repeated]") {
  constexpr std::uint64_t steps = 6;
  auto topology = make_topology("switch");
  StepPlans plans;
  Repeated<std::uint32_t> same;
  same.add(0, steps);
  plans = StepPlans({make_plan("tree", 5000)}, same);
  auto compute = make_compute(5e-3, false);
  Recovery recovery{.detection = {1e-3}, .replan = [](const auto&) {}};
  const auto steps_run = [&] {
    return time(topology, plans, compute, run_fluid_checked, 1, 0, recovery).steps_run;
  };
  const auto change_host = [&](const auto& change) {
    auto host = topology.host(3);
    change(host);
    topology.set_host(3, host);
  };
  const auto change_link = [&](LinkExtras extras) {
    auto links = std::vector<Link>(ranks, Link{"link", {1e9}, {1e-5}});
    links[4].extras = std::make_shared<LinkExtras>(std::move(extras));
    topology = switch_topology("test", links);
  };
  REQUIRE(steps_run() < steps);
  SECTION("pieces and efficiency alone do not matter") {
    change_link(
        {.efficiency = 0.9, .pieces = {{{0}, {1e-5}, {5e8}}}, .profile = {}, .outages = {}});
    CHECK(steps_run() < steps);
  }
  SECTION("jitter") {
    compute.jitter = 0.1;
    CHECK(steps_run() == steps);
  }
  SECTION("jitter of a host") {
    change_host([](Host& host) { host.jitter = 0.1; });
    CHECK(steps_run() == steps);
  }
  SECTION("a host that straggles from a time on") {
    change_host([](Host& host) { host.speed_changes = {{{1e-2}, 0.5}}; });
    CHECK(steps_run() == steps);
  }
  SECTION("a bandwidth that changes") {
    change_link({.pieces = {}, .profile = {{{1e-2}, {5e8}}}, .outages = {}});
    CHECK(steps_run() == steps);
  }
  SECTION("an outage") {
    change_link({.pieces = {}, .profile = {}, .outages = {{{1e-2}, {2e-2}}}});
    CHECK(steps_run() == steps);
  }
  SECTION("a host that dies, when all is over") {
    change_host([](Host& host) { host.dies = Seconds{10}; });
    CHECK(steps_run() == steps);
  }
  SECTION("sizes of which each stands alone") {
    std::vector<StepPlan> each;
    for (std::uint64_t step = 0; step < steps; ++step)
      each.push_back(make_plan("tree", 5000 + step));
    plans = StepPlans(each);
    CHECK(steps_run() == steps);
  }
  SECTION("few repeat, or none shall") {
    CHECK(time(topology, plans, compute, run_fluid_checked, steps).steps_run == steps);
    CHECK(time(topology, plans, compute, run_fluid_checked, std::nullopt).steps_run == steps);
  }
}

TEST_CASE("steps that run into each other are run together", "[repeated]") {
  // Without computing, the root of a tree begins the next step when its last messages of this one
  // are still on their way down.
  constexpr std::uint64_t steps = 6;
  const auto topology = make_topology("switch");
  const auto plans = alternating("tree", steps);
  const auto compute = make_compute(0, false);
  const auto tried = time(topology, plans, compute, run_fluid_checked, 1);
  const auto all = time(topology, plans, compute, run_fluid_checked, std::nullopt);
  CHECK(tried.steps_run == 2 + steps);
  CHECK(numbers_of(tried) == numbers_of(all));
  const auto refuse = [] { throw UserError({"steps", {}}, "too many", {}, {}); };
  CHECK_THROWS_AS(time_steps(topology, plans, ranks, compute, run_fluid, {}, {},
                             {.fewest_repeated = 1, .before_running_all = refuse}),
                  UserError);
  const auto child = run_child([&] {
    const auto& simgrid = find_backend("simgrid");
    return numbers_of(time(topology, plans, compute, simgrid.run, 1, simgrid.clock_rounding));
  });
  INFO(child.error);
  REQUIRE(child.error.empty());
  CHECK(are_close(child.values, numbers_of(all)));
}

TEST_CASE("a million equal steps take as long and as much memory as two", "[repeated]") {
  const auto topology = make_topology("switch");
  Repeated<std::uint32_t> same;
  same.add(0, 1'000'000);
  const StepPlans plans({make_plan("tree", 5000)}, same);
  const auto timing = time_steps(topology, plans, ranks, make_compute(5e-3, false), run_fluid);
  REQUIRE(timing.steps.size() == 1'000'000);
  CHECK(timing.steps.runs().size() <= 3);
  const auto last = timing.steps.back();
  CHECK((last.start + last.total).value == Approx(timing.end.value).epsilon(1e-12));
  // The first step begins on all ranks at once, the others do not.
  const auto second = timing.steps[1];
  CHECK(timing.end.value ==
        Approx((timing.steps[0].total + 999'999 * second.total).value).epsilon(1e-9));
  CHECK(timing.critical_path->times.total().value == Approx(timing.end.value).epsilon(1e-9));
}

TEST_CASE("a path may go back from rank to rank, step by step", "[repeated]") {
  // What rank i waits for at the end of a step begins on rank i+1: from the end of rank 0 on the
  // path comes by ranks 0, 1, 2, 0, ...
  StepRecord record{};
  for (Rank rank = 0; rank < 3; ++rank) {
    record.begin.emplace_back();
    record.ranks.push_back({.compute = {1}, .compress = {}, .end = Seconds{2}});
  }
  record.path_of = [](Rank rank) {
    TracedPath path{{}, (rank + 1) % 3};
    path.times.add(Cause::compute, rank, rank, Seconds{2});
    return path;
  };
  record.links.resize(3);
  const std::uint64_t steps = GENERATE(1, 2, 3, 4, 10, 11, 12, 3'000'001);
  StepChain chain{{record}, {}};
  chain.steps.add(0, steps);
  const auto timing = chain.timing(uniform_ring(3, 1e9, 0));
  CHECK(timing.end == Seconds{2.0 * static_cast<double>(steps)});
  for (Rank rank = 0; rank < 3; ++rank) {
    const std::uint64_t visits = (steps + 2 - rank) / 3;
    const auto found = timing.critical_path->times.local.find({rank, Cause::compute});
    const Seconds time =
        found == timing.critical_path->times.local.end() ? Seconds{} : found->second;
    CHECK(time.value == 2.0 * static_cast<double>(visits));
  }
}
