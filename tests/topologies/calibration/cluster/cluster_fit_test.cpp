#include "topologies/calibration/cluster/cluster_fit.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "tests/topologies/file.hpp"
#include "topologies/calibration/cluster/cluster_file.hpp"
#include "topologies/calibration/cluster/least_squares.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>

using namespace ringsim;
using namespace ringsim::cluster;

namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;
/// H100 with NVLink, and a network of 10 GB/s.
const Believed h100 = {Fabric::nvlink, {360e9}, {10e9}};

double off(double found, double made) { return std::abs(found / made - 1); }

/// Parameters like those of two H100: us, and GB/s.
std::vector<double> made_parameters() {
  std::vector<double> made(all_parameters, 0);
  const auto set = [&](Protocol p, double call, double hop, double rate) {
    made[parameter(p, Part::call)] = call * 1e-6;
    made[parameter(p, Part::hop)] = made[parameter(p, Part::tree_hop)] = hop * 1e-6;
    made[parameter(p, Part::byte)] = made[parameter(p, Part::tree_byte)] = 1e-9 / rate;
  };
  set(Protocol::ll, 5, 0.9, 280);  // with a full line of each channel 1.25 us
  set(Protocol::ll128, 9, 1.9, 340);
  set(Protocol::simple, 12, 2.6, 350);
  made[direct_call] = 8e-6;
  made[direct_byte] = 1e-9 / 260;
  return made;
}

std::vector<ClusterObservation> made_observations(std::uint32_t ranks, double noise,
                                                  std::uint64_t seed = 1) {
  const ClusterFit made{
      h100, {Fabric::nvlink}, made_parameters(), std::vector<bool>(all_parameters, true), {}};
  Random random(seed, Purpose::compute_jitter, ranks);
  std::vector<ClusterObservation> all;
  for (const char* operation :
       {"all_reduce", "all_gather", "reduce_scatter", "broadcast", "alltoall"}) {
    for (std::uint64_t size = 4 * KiB; size <= 256 * MiB; size *= 2) {
      ClusterObservation call{operation, {ranks, 1}, {}, {size}, {}, true};
      call.time = time_of(made, call).value() * (1 + noise * random.normal());
      all.push_back(call);
    }
  }
  return all;
}

MeasuredTable table_of(MeasuredSetting setting, std::vector<Measurement> rows) {
  return {"CSV", std::move(rows), std::move(setting), false, {"t.csv", "line 3"}};
}

}  // namespace

TEST_CASE("the algorithm and protocol are those that NCCL takes", "[calibration]") {
  const auto choice = [&](std::uint64_t bytes, std::uint32_t ranks, std::uint32_t nodes = 1,
                          const char* operation = "all_reduce") {
    return nccl_choice(operation, static_cast<double>(bytes), {ranks, nodes}, h100);
  };
  using A = Algorithm;
  using P = Protocol;
  // 2 ranks, LL: 6.6 + 2 x .6 us + S/141 GB/s; Simple: 8.4 + 2 x 3.4 us + S/360 GB/s. They meet at
  // 7.4 us / (1/141 - 1/360) = 1.7 MB. LL128 (14 + 2 x 1.9 us, 331 GB/s) never is the fastest.
  CHECK(choice(4 * KiB, 2) == Choice{A::ring, P::ll});
  CHECK(choice(1'690'000, 2) == Choice{A::ring, P::ll});
  CHECK(choice(1'750'000, 2) == Choice{A::ring, P::simple});
  // 4 ranks, 6 hops, two thirds of the bus bandwidth: 10.2 us + S/94 GB/s against 25.4 + S/221 meet
  // at 2.5 MB; these and 28.8 + S/240 at 9.5 MB.
  CHECK(choice(2 * MiB, 4) == Choice{A::ring, P::ll});
  CHECK(choice(4 * MiB, 4) == Choice{A::ring, P::ll128});
  CHECK(choice(16 * MiB, 4) == Choice{A::ring, P::simple});
  // 8 nodes of 4: trees for small calls, rings for large ones; without LL128.
  CHECK(choice(4 * KiB, 32, 8) == Choice{A::tree, P::ll});
  CHECK(choice(512 * MiB, 32, 8) == Choice{A::ring, P::simple});
  CHECK(choice(4 * KiB, 4, 1, "alltoall") == Choice{A::direct, P::simple});
  CHECK(nccl_choice("all_reduce", 1e9, {4, 1}, h100, A::tree) == Choice{A::tree, P::simple});
  CHECK(nccl_choice("all_gather", 1e9, {4, 1}, h100, A::tree).algorithm == A::ring);
}

TEST_CASE("what a call costs is the sum of its parts", "[calibration]") {
  const auto terms = [](const char* operation, double bytes, Arrangement of, Choice choice) {
    std::map<std::size_t, double> sum;
    for (const auto& [key, value] : terms_of(operation, bytes, of, choice, {Fabric::nvlink}))
      sum[key] += value;
    return sum;
  };
  constexpr auto simple = Protocol::simple;
  // A ring of 4: 6 rounds of a quarter of the bytes.
  CHECK(terms("all_reduce", 4000, {4, 1}, {Algorithm::ring, simple}) ==
        std::map<std::size_t, double>{{parameter(simple, Part::call), 1},
                                      {parameter(simple, Part::hop), 6},
                                      {parameter(simple, Part::byte), 6000},
                                      {parameter(simple, Part::fill), 1000}});
  // A chain of 4 in one piece: 6 hops of all bytes.
  CHECK(terms("all_reduce", 4000, {4, 1}, {Algorithm::tree, simple}) ==
        std::map<std::size_t, double>{{parameter(simple, Part::call), 1},
                                      {parameter(simple, Part::tree_hop), 6},
                                      {parameter(simple, Part::tree_byte), 24000}});
  // A ring of 2 nodes of 4 with 4 rails: 14 rounds, 2 of them between the nodes.
  CHECK(terms("all_reduce", 8000, {8, 2}, {Algorithm::ring, simple}) ==
        std::map<std::size_t, double>{{parameter(simple, Part::call), 1},
                                      {parameter(simple, Part::hop), 12},
                                      {parameter(simple, Part::between_hop), 2},
                                      {parameter(simple, Part::between_byte), 14000 / 4.}});
  // By LL, each of the 12 hops inside has the 1000 bytes of a rank on one channel of 24.
  constexpr auto ll = Protocol::ll;
  CHECK(terms("all_reduce", 8000, {8, 2}, {Algorithm::ring, ll}) ==
        std::map<std::size_t, double>{{parameter(ll, Part::call), 1},
                                      {parameter(ll, Part::hop), 12},
                                      {parameter(ll, Part::byte), 12 * 24 * 1000.},
                                      {parameter(ll, Part::between_hop), 2},
                                      {parameter(ll, Part::between_byte), 14000 / 4.}});
  // A broadcast to 4 ranks by LL: 24 channels are full with 16 KiB each; pieces are a 16th.
  CHECK(terms("broadcast", 64000, {4, 1}, {Algorithm::ring, ll}) ==
        std::map<std::size_t, double>{{parameter(ll, Part::call), 1},
                                      {parameter(ll, Part::hop), 2},
                                      {parameter(ll, Part::byte), 24 * 16384 + 2 * 4000.}});
  // Each of 4 ranks sends a quarter to each of the 3 others, all of it in first chunks.
  CHECK(terms("alltoall", 4000, {4, 1}, {Algorithm::direct, simple}) ==
        std::map<std::size_t, double>{{direct_call, 1}, {direct_byte, 3000}, {direct_fill, 3000}});
}

TEST_CASE("relative least squares are robust and not below zero", "[calibration]") {
  // y = 3 + 2 x, and one value that is ten times too large.
  std::vector<Equation> equations;
  for (int i = 1; i <= 20; ++i)
    equations.push_back({{{0, 1}, {1, i}}, (i == 7 ? 10 : 1) * (3 + 2. * i)});
  auto found = fit_robustly(equations, {}, 2);
  CHECK(off(found[0], 3) < 0.02);
  CHECK(off(found[1], 2) < 0.02);
  // y = x - 0.5 would have a negative constant.
  equations.clear();
  for (int i = 1; i <= 20; ++i) equations.push_back({{{0, 1}, {1, i}}, i - 0.5});
  found = fit_robustly(equations, {}, 2);
  CHECK(found[0] == 0);
  CHECK(off(found[1], 1) < 0.1);
  // Two parameters that always come together are told apart by what is known of one.
  equations.clear();
  for (int i = 1; i <= 5; ++i) equations.push_back({{{0, 1}, {1, 1}}, 5});
  const std::vector<Prior> priors = {{{{0, 1}}, 4, 1}, {{{2, 1}}, 7, 1}};
  found = fit_robustly(equations, priors, 3);
  CHECK(off(found[0], 4) < 1e-6);
  CHECK(off(found[1], 1) < 1e-6);
  CHECK(off(found[2], 7) < 1e-6);  // nothing but what is known of it
  // Or of a sum of theirs: x + y = 5 and x + 2 y = 7.
  const std::vector<Prior> of_both = {{{{0, 1}, {1, 2}}, 7, 1}};
  found = fit_robustly(equations, of_both, 2);
  CHECK(off(found[0], 3) < 1e-6);
  CHECK(off(found[1], 2) < 1e-6);
}

TEST_CASE("a model of 2 ranks predicts 4", "[calibration]") {
  for (const double noise : {0., 0.05}) {
    const auto two = made_observations(2, noise), four = made_observations(4, noise);
    const auto fit = fit_cluster(two);
    CHECK(fit.believed.fabric == Fabric::nvlink);
    CHECK(fit.believed.inside.value == 360e9);
    CHECK(error_on(fit, two).sizes == two.size());
    CHECK(error_on(fit, two).median < 0.02 + noise);
    CHECK(error_on(fit, four).sizes == four.size());
    CHECK(error_on(fit, four).median < 0.04 + noise);
    CHECK(error_on(fit, four).worst < 0.12 + 3 * noise);
    CHECK(fit.scope.ranks == std::vector<std::uint32_t>{2});
    CHECK(fit.scope.operations.size() == 5);
    CHECK(fit.scope.largest == Bytes{256 * MiB});
    auto both = two;
    both.insert(both.end(), four.begin(), four.end());
    const auto held = hold_out(both, Group::ranks);
    REQUIRE(held.size() == 12);  // two, each followed by five operations
    CHECK(held[6].group == "4 ranks");
    CHECK(held[6].error.median == error_on(fit, four).median);
    CHECK(held[7].group == "4 ranks, all_reduce");
    CHECK(held[7].is_part);
    CHECK(held[7].error.sizes == 17);
    CHECK(hold_out(both, Group::operations).size() == 5);
    CHECK(hold_out(both, Group::sizes).at(0).error.median < 0.02 + noise);
    CHECK(hold_out(both, Group::nodes).empty());
  }
}

TEST_CASE("what a caller adds is told apart from a call", "[calibration]") {
  auto all = made_observations(2, 0);
  auto slower = all;
  for (auto& each : slower) {
    each.is_nccl_tests = false;
    each.time = each.time + Seconds{20e-6};
  }
  all.insert(all.end(), slower.begin(), slower.end());
  const auto fit = fit_cluster(all);
  CHECK(off(fit.parameters[caller], 20e-6) < 0.02);
  CHECK(error_on(fit, all).median < 0.02);
}

TEST_CASE("tables become observations", "[calibration]") {
  const MeasuredSetting setting{"all_reduce", 4, 2, "tree"};
  // The lower quartile of five times; a single short call is dropped, a single long one is not.
  const auto found = cluster::observations_of(std::vector{
      table_of(setting,
               {{{8}, {5e-6}}, {{8}, {1e-6}}, {{8}, {2e-6}}, {{8}, {9e-6}}, {{8}, {3e-6}}}),
      table_of(setting, {{{16}, {4e-6}, Seconds{3e-6}, false}, {{32}, {9e-6}, {}, true}}),
      table_of(setting, {{{64}, {1e-3}, {}, true}, {{0}, {1e-6}}})});
  REQUIRE(found.size() == 3);
  CHECK(found[0].time == Seconds{2e-6});
  CHECK(found[1].time == Seconds{3e-6});
  CHECK(found[2].size == Bytes{64});
  CHECK(found[0].arrangement == Arrangement{4, 2});
  CHECK(found[0].forced == Algorithm::tree);
  const auto error = [](MeasuredSetting of) {
    try {
      cluster::observations_of(std::vector{table_of(std::move(of), {{{8}, {5e-6}}})});
    } catch (const UserError& wrong) {
      return std::string(wrong.what());
    }
    return std::string("no error");
  };
  CHECK(error({{}, 4, {}, {}}) ==
        "t.csv: line 3: the table does not say of which operation it is; tables of collectives are "
        "accepted; write a line such as \"# operation: all_reduce\" above it");
  CHECK(error({"all_reduce", {}, {}, {}}) ==
        "t.csv: line 3: the table does not say how many ranks took part; tables that say so are "
        "accepted; write a line such as \"# ranks: 8\" above it");
  CHECK(error({"all_reduce", 5, 2, {}}) ==
        "t.csv: line 3: found 5 ranks on 2 nodes; nodes with equally many ranks are accepted");
}

TEST_CASE("a fitted cluster is written as a topology that says its scope", "[calibration]") {
  const auto two = made_observations(2, 0);
  const auto fit = fit_cluster(two);
  const auto ring = test::loaded(to_text(
      topology_of(fit, {"fitted", "", {4, 1}, {85, 0.01, 0.05}, {"The worst error is large."}})));
  REQUIRE(ring.hosts() == 4);
  // An all-reduce of 4 ranks takes on its links what the model says, within the fit of pieces.
  for (const std::uint64_t size : {64 * KiB, 1 * MiB, 64 * MiB}) {
    const auto route = ring.route(0, 1);
    const auto cost = ring.cost(route, {size / 4});
    const double time = 6 * (cost.latency.value + cost.work / route.bandwidth.value);
    CHECK(off(time, time_of(fit, {"all_reduce", {4, 1}, {}, {size}, {}, true})->value) < 0.1);
  }
  const auto& scope = ring.calibration();
  REQUIRE(scope);
  CHECK(scope->median_error == 0.01);
  const auto basis = [&](std::optional<std::string_view> operation, std::uint32_t ranks,
                         std::uint64_t smallest, std::uint64_t largest, std::uint32_t nodes = 1) {
    return name_of(basis_of(scope, {operation, ranks, nodes, {smallest}, {largest}}));
  };
  CHECK(basis("all_reduce", 2, 4 * KiB, 256 * MiB) == "calibrated");
  CHECK(basis({}, 2, MiB, MiB) == "calibrated");
  CHECK(basis("scatter", 2, MiB, MiB) == "extrapolated");
  CHECK(basis("all_reduce", 4, MiB, MiB) == "extrapolated");
  CHECK(basis("all_reduce", 2, MiB, MiB, 2) == "extrapolated");
  CHECK(basis("all_reduce", 2, 4 * KiB - 1, MiB) == "extrapolated");
  CHECK(basis("all_reduce", 2, MiB, 256 * MiB + 1) == "extrapolated");
  CHECK(name_of(basis_of({}, {"all_reduce", 2, 1, {MiB}, {MiB}})) == "modelled");
}

TEST_CASE("two nodes are fitted and written as nodes with cards", "[calibration]") {
  auto made = made_parameters();
  for (const auto p : {Protocol::ll, Protocol::simple}) {
    made[parameter(p, Part::between_hop)] = made[parameter(p, Part::between_tree_hop)] = 20e-6;
    made[parameter(p, Part::between_byte)] = made[parameter(p, Part::between_tree_byte)] =
        1 / 2.5e9;
  }
  const ClusterFit truth{h100, {Fabric::nvlink}, made, std::vector<bool>(all_parameters, true), {}};
  std::vector<ClusterObservation> two, eight;
  for (std::uint64_t size = 1 * KiB; size <= 512 * MiB; size *= 2) {
    for (const std::uint32_t nodes : {2U, 8U}) {
      ClusterObservation call{"all_reduce", {4 * nodes, nodes}, {}, {size}, {}, true};
      call.time = time_of(truth, call).value();
      (nodes == 2 ? two : eight).push_back(call);
    }
  }
  const auto fit = fit_cluster(two);
  CHECK(error_on(fit, two).median < 0.03);
  CHECK(error_on(fit, eight).sizes == eight.size());
  CHECK(error_on(fit, eight).median < 0.15);
  const auto nodes = test::loaded(to_text(topology_of(fit, {"c", "", {16, 4}, {}, {}})));
  CHECK(nodes.hosts() == 16);
  CHECK(nodes.gpus_per_node() == 4);
  CHECK(off(nodes.route(0, 4).bandwidth.value, 2.5e9) < 0.05);
  CHECK_THROWS_WITH(topology_of(fit_cluster(made_observations(2, 0)), {"c", "", {8, 2}, {}, {}}),
                    "the tables say nothing of links between nodes; tables of collectives over "
                    "several nodes are accepted; add one");
}
