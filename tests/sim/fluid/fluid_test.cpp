// The fluid backend by hand, and against the recurrence and SimGrid.
#include "sim/fluid/fluid.hpp"

#include "base/error.hpp"
#include "tests/random_cases.hpp"
#include "tests/sim/backend/random_case.hpp"
#include "tests/sim/backend/recorded.hpp"
#include "tests/sim/fluid/contended_case.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <utility>

using namespace ringsim;
using namespace ringsim::test;

namespace {

bool are_equal(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    // Differences of times (busy) may be rounding errors of the times.
    if (std::fabs(a[i] - b[i]) > tolerance * std::fabs(b[i]) + 1e-15) return false;
  }
  return true;
}

/// What SimGrid reports.
ChildResult record_simgrid(const Topology& topology, const Phases& phases) {
  return run_child([&] { return record(run_simgrid, topology, make_program(phases), true); });
}

/// When each transfer ends, in order.
std::vector<double> ends_of(const Topology& topology, const Phases& phases) {
  std::vector<double> ends;
  run_fluid_checked(
      topology, make_program(phases),
      {.on_transfer = [&](const TransferEvent& event) { ends.push_back(event.end.value); }});
  return ends;
}

}  // namespace

TEST_CASE("fluid equals simgrid where transfers slow each other", "[fluid]") {
  load_simgrid();
  const std::uint64_t part = GENERATE(range<std::uint64_t>(0, random_cases(4)));
  int contended = 0;
  for (std::uint64_t seed = 1000 * part; contended < 250; ++seed) {
    const ContendedCase drawn(seed);
    const auto& topology = *drawn.topology;
    if (!find_contention(topology, make_program(drawn.phases))) continue;
    ++contended;
    const auto simgrid = record_simgrid(topology, drawn.phases);
    INFO("seed " << seed << ": " << simgrid.error);
    REQUIRE(simgrid.error.empty());
    REQUIRE(are_equal(record(run_fluid_checked, topology, make_program(drawn.phases), true),
                      simgrid.values, 1e-9));
  }
}

TEST_CASE("fluid equals recurrence wherever that is exact", "[fluid]") {
  int exact = 0;
  for (std::uint64_t seed = 0; seed < random_cases(1500); ++seed) {
    const RandomCase drawn(seed);
    const auto& topology = *drawn.topology;
    const bool is_exact = !find_contention(topology, make_program(drawn.phases));
    const auto fluid = record(run_fluid_checked, topology, make_program(drawn.phases), true);
    if (!is_exact) continue;
    ++exact;
    INFO("seed " << seed);
    REQUIRE(are_equal(fluid, record(run_recurrence, topology, make_program(drawn.phases), true),
                      1e-13));
  }
  CHECK(exact >= static_cast<int>(random_cases(450)));
}

TEST_CASE("messages to one rank share its link, and get faster as others end", "[fluid]") {
  // Seven ranks send 1, 2, ..., 7 MB to rank 0 over its link of 1e6 B/s; 1 ms of latency for each
  // of the two links. The first ends after 7 shares of 1 MB; each of the others has 1 MB more than
  // the one before, and is alone with those that follow: 7, 7+6, 7+6+5, ... s.
  const auto topology = switch_topology("switch", std::vector<Link>(8, {"host", {1e6}, {1e-3}}));
  const auto in_cast = call(std::make_shared<InCast>(8, 0, Bytes{0}, Bytes{1'000'000}));
  const auto ends = ends_of(topology, Phases(8, {{in_cast}}));
  REQUIRE(ends.size() == 7);
  double expected = 2e-3;
  for (std::size_t i = 0; i < 7; ++i) {
    expected += 7.0 - static_cast<double>(i);
    CHECK(ends[i] == Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("routes of different latency share a link equally", "[fluid]") {
  // Rank 0 sends 1.5 MB to rank 1 over link 0, which has no latency, and 1 MB to rank 2 over links
  // 0 and 1 (1 ms). 1 MB of the first has passed when the second begins at 1 ms; 0.5 MB each at
  // 0.5e9 B/s until 2 ms, then 0.5 MB at 1e9 B/s: 2.5 ms.
  const auto topology = make_ring({1e9, 1e9, 1e9, 1e9, 1e9}, {0, 1e-3, 1e-3, 1e-3, 1e-3});
  Phases phases(5, {{}, {}});
  phases[0] = {{message(5, 0, 1, 1'500'000)}, {message(5, 0, 2, 1'000'000)}};
  phases[1] = {{message(5, 0, 1, 1'500'000)}, {}};
  phases[2] = {{}, {message(5, 0, 2, 1'000'000)}};
  const auto result = run_fluid(topology, make_program(phases), {});
  CHECK(result.end.value == Approx(2.5e-3).epsilon(1e-12));
  CHECK(ends_of(topology, phases).front() == Approx(2e-3).epsilon(1e-12));
  CHECK(result.links[0].busy.value == Approx(2.5e-3).epsilon(1e-12));
  CHECK(result.links[1].busy.value == Approx(1.5e-3).epsilon(1e-12));
  CHECK(result.links[0].bytes.count == 2'500'000);
  CHECK(result.links[1].bytes.count == 1'000'000);
}

TEST_CASE("no link carries more than its capacity where a rank sends to two at once", "[fluid]") {
  // SimGrid's lazy update has 3e9 B pass link 2 of 1e9 B/s in 2.002 s. Rank 0 sends 1 GB to rank 1
  // and to rank 2 at once, rank 3 another 1 GB to rank 2. Rank 0's way up gives each of its
  // messages half; rank 2's way down has room for two halves: all three end at 2 s. With a fourth
  // message, from rank 4 to rank 2, a third is left for each there: 0>1 takes 2/3 of the way up
  // and ends at 1.5 s; 3 s for the others.
  const auto topology = switch_topology("switch", std::vector<Link>(5, {"host", {1e9}, {0}}));
  Phases phases(5, {{}, {}, {}, {}});
  const auto send = [&](StreamId stream, Rank source, Rank target) {
    for (auto& rank : phases) rank[stream] = {message(5, source, target, 1'000'000'000)};
  };
  send(0, 0, 1);
  send(1, 0, 2);
  send(2, 3, 2);
  CHECK(ends_of(topology, phases) == std::vector<double>{2, 2, 2});
  send(3, 4, 2);
  const auto ends = ends_of(topology, phases);
  REQUIRE(ends.size() == 4);
  CHECK(ends[0] == Approx(1.5).epsilon(1e-12));
  for (std::size_t i = 1; i < 4; ++i) CHECK(ends[i] == Approx(3).epsilon(1e-12));
}

TEST_CASE("capacity that changes while messages share it is shared anew", "[fluid]") {
  // Two messages of 1 MB over rank 2's way down, 1e6 B/s until 1 s, 0.5e6 B/s until 2 s, nothing
  // until 3 s, then 2e6 B/s. Each has 0.5 MB after 1 s and 0.75 MB after 2 s; the last 0.25 MB take
  // 0.25 s: 3.25 s. Restarted at 3 s, each takes 1 s.
  auto topology = switch_topology("switch", std::vector<Link>(3, {"host", {1e6}, {0}}));
  Link down = topology.links()[5];
  LinkExtras extras;
  extras.profile = {{{1}, {0.5e6}}, {{2.5}, {2e6}}};
  extras.outages = {{{2}, {3}}};
  down.extras = std::make_shared<LinkExtras>(extras);
  topology.set_link(5, down);
  Phases phases(3, {{}, {}});
  for (auto& rank : phases) rank = {{message(3, 0, 2, 1'000'000)}, {message(3, 1, 2, 1'000'000)}};
  CHECK(ends_of(topology, phases) == std::vector<double>{3.25, 3.25});
  topology.set_after_outage(AfterOutage::restart);
  CHECK(ends_of(topology, phases) == std::vector<double>{4, 4});
}

TEST_CASE("reports come in order of time, and of one moment in the order that Observer says",
          "[fluid]") {
  // At 2 s a delay of rank 0, two of rank 3, the second of which takes no time, and the messages
  // 0>1 and 2>3 end; then come both marks, in order of rank; then, still at 2 s, what rank 1 marks
  // after that.
  const auto topology = switch_topology("switch", std::vector<Link>(4, {"host", {1e6}, {0}}));
  Phases phases(4, {{}, {}});
  for (const Rank rank : {0, 1}) phases[rank][0] = {message(4, 0, 1, 2'000'000)};
  for (const Rank rank : {2, 3}) phases[rank][0] = {message(4, 2, 3, 2'000'000)};
  phases[0][1] = {Delay{{2}}, Mark{MarkKind::gradient_ready, 7, 0}};
  phases[3][1] = {Delay{{2}}, Delay{{0}}};
  phases[1][0].push_back(Mark{MarkKind::exchange_done, 0, 0});
  phases[1][0].push_back(Mark{MarkKind::step_begins, 1, 0});
  std::vector<std::string> seen;
  const auto say = [&](const std::string& what, Rank rank, Seconds time) {
    CHECK(time.value == 2);
    seen.push_back(what + std::to_string(rank));
  };
  run_fluid(topology, make_program(phases),
            {.on_mark = [&](const MarkEvent& event) { say("mark ", event.rank, event.time); },
             .on_transfer =
                 [&](const TransferEvent& event) { say("transfer ", event.source, event.end); },
             .on_delay =
                 [&](const DelayEvent& event) {
                   say("delay ", event.rank, event.start + event.duration);
                 }});
  CHECK(seen == std::vector<std::string>{"delay 0", "delay 3", "delay 3", "transfer 0",
                                         "transfer 2", "mark 0", "mark 1", "mark 1"});
}

TEST_CASE("on fluid a mark is reported before its stream goes on", "[fluid]") {
  bool is_marked = false, was_marked = false;
  Program program{.ranks = 1, .streams_per_rank = 1, .open = [&](Rank, StreamId) -> PhaseSource {
                    return [&, count = 0]() mutable -> std::optional<Phase> {
                      if (count++ == 0) return Mark{MarkKind::gradient_ready, 0, 0};
                      was_marked = is_marked;
                      return std::nullopt;
                    };
                  }};
  run_fluid(uniform_ring(2, 1e9, 1e-6), program,
            {.on_mark = [&](const MarkEvent&) { is_marked = true; }});
  CHECK(was_marked);
}

TEST_CASE("fluid names the blocked rank as simgrid does", "[fluid]") {
  std::vector<Phases> all;
  all.push_back({{{Delay{{0.5}}}}, {{Delay{{0.25}}, message(3, 0, 1, 8)}}, {{}}});
  all.push_back({{{message(2, 0, 1, 8)}}, {{}}});
  all.push_back({{{}, {}}, {{}, {WaitEvent{3}}}});
  const auto all_reduce = call(make_ring_all_reduce(4, 1000, Bytes{4}));
  all.push_back({{{all_reduce}}, {{all_reduce}}, {{Delay{{1e-3}}, all_reduce}}, {{}}});
  for (const auto& phases : all) {
    const auto topology = uniform_ring(static_cast<Rank>(phases.size()), 1e9, 1e-6);
    const auto expected = run_child([&] {
                            run_simgrid(topology, make_program(phases), {});
                            return std::vector<double>();
                          }).error;
    CHECK(expected.find("the program cannot finish") == 0);
    CHECK_THROWS_WITH(run_fluid(topology, make_program(phases), {}), expected);
  }
}

TEST_CASE("what a program or an observer throws comes out of a fluid run", "[fluid]") {
  Program program{.ranks = 2, .streams_per_rank = 1, .open = [](Rank, StreamId) -> PhaseSource {
                    return []() -> std::optional<Phase> { throw RunError("no such gradient"); };
                  }};
  CHECK_THROWS_WITH(run_fluid(uniform_ring(2, 1e9, 1e-6), program, {}), "no such gradient");
  const Phases phases(2, {{message(2, 0, 1, 8)}});
  CHECK_THROWS_WITH(
      run_fluid(uniform_ring(2, 1e9, 1e-6), make_program(phases),
                {.on_transfer = [](const TransferEvent&) { throw RunError("the disk is full"); }}),
      "the disk is full");
}

TEST_CASE("the critical path goes through the messages that were waited for", "[fluid]") {
  // Rank 0 computes 1 s and sends 1 MB to rank 2, which shares its way down (1e6 B/s, no latency
  // but 0.25 s in all) with the 1 MB of rank 1 from 1.25 s on: 2 s. Rank 2 reduces at 1e6 B/s.
  auto topology = switch_topology("switch", std::vector<Link>(3, {"host", {1e6}, {0.125}}));
  Host host;
  host.reduce_rate = {1e6};
  topology.set_host(2, host);
  const auto in_cast =
      call(std::make_shared<OneMessage>(3, 0, 2, Bytes{1'000'000}, Bytes{1'000'000}));
  Phases phases(3, {{Delay{{1}}, in_cast}, {Delay{{1}}, message(3, 1, 2, 1'000'000)}});
  phases[2][0].erase(phases[2][0].begin());
  const auto result = run_fluid(topology, make_program(phases), {.wants_critical_path = true});
  CHECK(result.end.value == 4.25);
  const auto& times = result.critical_path->times;
  CHECK(times.local.at({0, Cause::compute}).value == 1);
  CHECK(times.from_to.at({0, 2}).latency.value == 0.25);
  CHECK(times.from_to.at({0, 2}).transfer.value == 2);
  CHECK(times.local.at({2, Cause::reduce}).value == 1);
  CHECK(times.total() == result.end);
  CHECK(topology.links()[result.critical_path->held_up_by.at({0, 2})].name == "host:down");
}

TEST_CASE("the critical path goes on from the last death that was noticed", "[fluid]") {
  // Rank 3 ends a second of computing and dies at 1.5 s, which is noticed at 3.5 s. All begin to
  // compute again, for 5 s; rank 2 dies at 4 s, which is noticed at 6 s. The last two compute 1 s.
  auto topology = uniform_ring(4, 1e9, 0);
  Host host;
  host.dies = Seconds{1.5};
  topology.set_host(3, host);
  host.dies = Seconds{4};
  topology.set_host(2, host);
  std::vector<double> duration = {5, 5, 5, 1};
  std::vector<double> noticed;
  Program program{.ranks = 4,
                  .streams_per_rank = 1,
                  .open = [&](Rank rank, StreamId) -> PhaseSource {
                    return [&duration, rank, count = 0]() mutable -> std::optional<Phase> {
                      if (count++ == 2) return std::nullopt;
                      return Delay{{count == 1 ? duration[rank] : rank == 3 ? 9.0 : 0.0}};
                    };
                  },
                  .recover =
                      [&](const std::vector<Rank>&, Seconds now) {
                        noticed.push_back(now.value);
                        duration.assign(4, noticed.size() == 1 ? 5 : 1);
                      },
                  .detection = Seconds{2}};
  const auto result = run_fluid(topology, program, {.wants_critical_path = true});
  CHECK(noticed == std::vector<double>{3.5, 6});
  CHECK(result.end.value == 7);
  const auto& times = result.critical_path->times;
  CHECK(times.local.at({3, Cause::compute}).value == 1);
  CHECK(times.local.at({3, Cause::failure}).value == 2.5);
  CHECK(times.local.at({2, Cause::failure}).value == 2.5);
  CHECK(times.local.at({0, Cause::compute}).value == 1);
  CHECK(times.total() == result.end);
}

TEST_CASE("what is under way when a death is noticed is given up", "[fluid]") {
  // Rank 0 sends rank 1 ten bytes at 1 B/s; rank 2 dies at 1 s, which is noticed at 2 s, when two
  // bytes have passed. All that live go on for a second.
  auto topology = uniform_ring(3, 1, 0);
  Host host;
  host.dies = Seconds{1};
  topology.set_host(2, host);
  bool is_noticed = false;
  const Program program{.ranks = 3,
                        .streams_per_rank = 1,
                        .open = [&](Rank rank, StreamId) -> PhaseSource {
                          return [&is_noticed, rank,
                                  is_over = false]() mutable -> std::optional<Phase> {
                            if (std::exchange(is_over, true)) return std::nullopt;
                            if (is_noticed) return Delay{{1}};
                            if (rank == 2) return Delay{{9}};
                            return message(3, 0, 1, 10);
                          };
                        },
                        .recover =
                            [&](const std::vector<Rank>& dead, Seconds) {
                              CHECK(dead == std::vector<Rank>{2});
                              is_noticed = true;
                            },
                        .detection = Seconds{1}};
  const auto result = run_fluid(topology, program, {});
  CHECK(is_noticed);
  CHECK(result.end == Seconds{3});
  CHECK(result.links[0].bytes == Bytes{2});
}

TEST_CASE("what ends at the moment when the last ranks die is reported before the error",
          "[fluid]") {
  // Ten bytes at 10 B/s arrive after 1 s.
  auto topology = uniform_ring(2, 10, 0);
  Host host;
  host.dies = Seconds{1};
  for (const Rank rank : {0, 1}) topology.set_host(rank, host);
  const Phases phases(2, {{message(2, 0, 1, 10), Delay{{1}}}});
  std::vector<Seconds> ends;
  CHECK_THROWS_WITH(
      run_fluid(topology, make_program(phases),
                {.on_transfer = [&](const TransferEvent& event) { ends.push_back(event.end); }}),
      "all ranks have died, the last of them, rank 1, at 1s");
  CHECK(ends == std::vector{Seconds{1}});
}
