// Random programs on random networks, on all backends: `fuzz_backends [FIRST [COUNT]]`. Case N is
// always the same. Says which cases differ, and ends with 1 where some do.
#include "sim/fluid/fluid.hpp"
#include "sim/timing/step_timing.hpp"
#include "tests/sim/backend/passed.hpp"
#include "tests/sim/backend/random_case.hpp"
#include "tests/sim/backend/recorded.hpp"
#include "tests/sim/backend/sharing_case.hpp"
#include "tests/sim/fluid/contended_case.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <exception>
#include <map>

namespace {

using namespace ringsim;
using namespace ringsim::test;

/// One in twenty random cases has more (RandomCase).
constexpr std::size_t most_ranks_of_small_cases = 12;

/// What the cases had in common so far.
struct Counts {
  std::uint64_t cases = 0, exact = 0, with_simgrid = 0, deaths = 0;
};

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// To 1e-9, unless another tolerance is given; differences of times (busy) may be rounding errors
/// of the times.
void require_equal(const std::vector<double>& a, const std::vector<double>& b,
                   const std::string& what, double tolerance = 1e-9) {
  require(a.size() == b.size(), what + " say different numbers of things");
  for (std::size_t i = 0; i < a.size(); ++i) {
    require(std::fabs(a[i] - b[i]) <= tolerance * std::fabs(b[i]) + 1e-15,
            fmt::format("{} differ in number {}: {} and {}", what, i, a[i], b[i]));
  }
}

bool has_simgrid() { return !find_backend("simgrid").unavailable(); }

/// Every link has carried the bytes of the messages over it.
void require_bytes(const Topology& topology, const Phases& phases) {
  std::map<LinkId, std::uint64_t> carried;
  const auto result =
      run_fluid(topology, make_program(phases), {.on_transfer = [&](const TransferEvent& event) {
                  for (const LinkId link : topology.route(event.source, event.target).links)
                    carried[link] += event.bytes.count;
                }});
  for (LinkId link = 0; link < result.links.size(); ++link) {
    require(result.links[link].bytes.count == carried[link],
            fmt::format("link {} has {} bytes of messages, and says {}", link, carried[link],
                        result.links[link].bytes.count));
  }
}

/// All backends that take the program say the same.
void compare(const Topology& topology, const Phases& phases, Counts& counts) {
  const auto program = [&] { return make_program(phases); };
  const auto fluid = record(run_fluid_checked, topology, program(), true);
  require_bytes(topology, phases);
  if (!find_contention(topology, program())) {
    ++counts.exact;
    require_equal(record(run_recurrence, topology, program(), true), fluid, "recurrence and fluid");
    require_equal(record(run_recurrence, topology, program(), false),
                  record(run_fluid, topology, program(), false), "recurrence and fluid in brief");
  }
  if (!has_simgrid()) return;
  ++counts.with_simgrid;
  const auto child = run_child([&] { return record(run_simgrid, topology, program(), true); });
  require(child.error.empty(), "simgrid: " + child.error);
  // Where thousands of messages share links, each passes its rounding errors on to the others. Case
  // 444 sends from each of 57 ranks to all others round a ring: differences begin with 5e-14 s, and
  // end with 4e-11 s, 1.1e-9 of the time.
  const double tolerance = phases.size() > most_ranks_of_small_cases ? 1e-8 : 1e-9;
  require_equal(fluid, child.values, "fluid and simgrid", tolerance);
}

/// No link carries more than it can, and those that share one share it max-min fairly.
void check_sharing(const Topology& topology, const Phases& phases) {
  for (const auto* backend : backends()) {
    if (!backend->is_always_exact || backend->unavailable()) continue;
    const auto transfers = passed_on(*backend, topology, phases);
    const auto load = highest_load(topology, transfers);
    require(load <= 1 + 1e-9,
            fmt::format("{}: a link carries {} of what it can", backend->name, load));
    const auto distance = farthest_from_max_min(topology, transfers);
    require(distance <= 1e-9, fmt::format("{}: {} from max-min", backend->name, distance));
  }
}

/// Steps on a ring of unequal links in which one or two hosts die.
class DeathsCase {
 public:
  explicit DeathsCase(std::uint64_t seed) : random_(seed, Purpose::compute_jitter, 3) {
    ranks_ = 3 + static_cast<Rank>(random_.below(6));
    steps_ = 1 + random_.below(4);
    elements_ = 1 + random_.below(1'000'000);
    detection_ = Seconds{3 * random_.uniform()};
    std::vector<double> bandwidth, latency;
    for (Rank rank = 0; rank < ranks_; ++rank) {
      bandwidth.push_back(1e6 + 1e6 * random_.uniform());
      latency.push_back(random_.below(2) == 0 ? 0 : 1e-3 * random_.uniform());
    }
    topology_ = std::make_unique<Topology>(make_ring(bandwidth, latency));
    for (auto deaths = 1 + random_.below(2); deaths > 0; --deaths) {
      Host host;
      host.dies = Seconds{8 * random_.uniform()};
      topology_->set_host(static_cast<Rank>(random_.below(ranks_)), host);
    }
  }

  /// The end, the times of each step, and what was noticed when.
  std::vector<double> run(Backend backend) const {
    Rank ranks = ranks_;
    auto each = plans(ranks);
    StepPlans all(each);
    std::vector<double> numbers;
    const Recovery recovery{
        .detection = detection_, .replan = [&](const std::vector<RankDeath>& deaths) {
          for (const auto& death : deaths) {
            numbers.insert(numbers.end(), {static_cast<double>(death.rank), death.detected.value,
                                           static_cast<double>(death.step)});
            ranks -= 1;
          }
          const auto rest = plans(ranks);
          for (auto step = deaths.back().step; step < steps_; ++step) each[step] = rest[step];
          all = StepPlans(each);
        }};
    const auto timing = time_steps(*topology_, all, ranks_, {.time = {1}}, backend, {}, recovery);
    numbers.push_back(timing.end.value);
    for (const auto& step : timing.steps)
      numbers.insert(numbers.end(), {step.compute.value, step.exchange.value, step.total.value});
    return numbers;
  }

 private:
  std::vector<StepPlan> plans(Rank ranks) const {
    const std::vector<Stage> stages = {{"values", AllReduce{elements_, Bytes{4}}}};
    const CompressionCosts nothing{.fixed = {}, .measured = {}, .memory = {}};
    const CollectiveChoice ring{&find_collective("ring"), {}};
    return std::vector<StepPlan>(steps_, plan_step(stages, ranks, ring, nothing));
  }

  Random random_;
  Rank ranks_;
  std::uint64_t steps_, elements_;
  Seconds detection_;
  std::unique_ptr<Topology> topology_;
};

void compare_deaths(std::uint64_t seed, Counts& counts) {
  const DeathsCase drawn(seed);
  ++counts.deaths;
  const auto fluid = run_child([&] { return drawn.run(run_fluid_checked); });
  if (!has_simgrid()) return;
  const auto simgrid = run_child([&] { return drawn.run(run_simgrid); });
  require(fluid.error == simgrid.error,
          "fluid says \"" + fluid.error + "\", simgrid \"" + simgrid.error + '"');
  require_equal(fluid.values, simgrid.values, "fluid and simgrid");
}

void try_case(std::uint64_t number, Counts& counts) {
  // Other cases than those of test_sim.
  const std::uint64_t seed = 1'000'000'000 + number;
  ++counts.cases;
  switch (number % 4) {
    case 0: {
      const RandomCase drawn(seed);
      return compare(*drawn.topology, drawn.phases, counts);
    }
    case 1: {
      const ContendedCase drawn(seed);
      return compare(*drawn.topology, drawn.phases, counts);
    }
    case 2: {
      const SharingCase drawn(seed);
      compare(*drawn.topology, drawn.phases, counts);
      return check_sharing(*drawn.topology, drawn.phases);
    }
    default:
      return compare_deaths(seed, counts);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, std::uint64_t otherwise) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  const auto first = number(1, 0), count = number(2, 200);
  Counts counts;
  std::uint64_t wrong = 0;
  for (auto at = first; at < first + count; ++at) {
    try {
      try_case(at, counts);
    } catch (const std::exception& error) {
      ++wrong;
      fmt::print("case {}: {}\n", at, error.what());
    }
  }
  fmt::print(
      "{} cases, {} of them with deaths; recurrence was exact in {}, SimGrid ran {}; {} wrong\n",
      counts.cases, counts.deaths, counts.exact, counts.with_simgrid, wrong);
  return wrong == 0 ? 0 : 1;
}
