// How long NCCL's collectives take: the form that measured times are fitted with, and no more than
// that where trees meet in the network.
#include "tests/sim/collectives/nccl_links.hpp"
#include "tests/sim/simgrid/simgrid_end.hpp"
#include "topologies/calibration/cluster/cluster_time.hpp"
#include "topologies/kinds/hierarchical.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;

/// Its links' latencies do not count: hops have their own.
Topology topology_of(const NcclCase& of) {
  return hierarchical_topology(
      "nodes", {.nodes = of.nodes,
                .gpus_per_node = of.per_node,
                .inner = {"inner", of.inside, {3e-6}},
                .nic = {"nic", of.network, {9e-6}},
                .placement = of.has_card_per_gpu ? NicPlacement::per_gpu : NicPlacement::per_node,
                .backbone = {}});
}

double form_of(const NcclCase& of, std::string_view operation, std::size_t bytes) {
  const auto links = of.links();
  const auto& model = links->model;
  const auto size = static_cast<double>(bytes);
  const auto choice =
      nccl::nccl_choice(operation, size, of.arrangement(), model.believed, of.forced);
  double time = 0;
  for (const auto& [parameter, coefficient] :
       cluster::terms_of(operation, size, of.arrangement(), choice, model.machine))
    time += coefficient * model.parameters[parameter];
  return time;
}

Phases calls(const std::shared_ptr<const Collective>& collective) {
  return Phases(collective->ranks(), {{call(collective)}});
}
double fluid_end(const NcclCase& of, const Phases& phases) {
  return find_backend("fluid").run(topology_of(of), make_program(phases), {}).end.value;
}

nccl::Choice choice_of(const NcclCase& of, std::size_t bytes) {
  return nccl_all_reduce_choice(of.request(bytes / 4));
}

}  // namespace

TEST_CASE("what the switch adds up takes its time, and leaves the sum", "[nccl]") {
  NcclCase of{.nodes = 1, .per_node = 8, .nvls = {275e9}};
  CHECK(choice_of(of, 16 * KiB).algorithm != nccl::Algorithm::nvls);
  for (const std::size_t bytes : {4 * MiB, 256 * MiB}) {
    REQUIRE(choice_of(of, bytes).algorithm == nccl::Algorithm::nvls);
    // 25 us, and the bytes, the first 41 MB of which count 1.4 times.
    const auto size = static_cast<double>(bytes);
    const double expected = 25e-6 + (size + 0.4 * std::min(size, 41e6)) / 275e9;
    CHECK(fluid_end(of, calls(make_nccl_all_reduce(of.request(bytes / 4)))) ==
          Approx(expected).epsilon(1e-5));
  }
  of.per_node = 4;  // too few GPUs
  CHECK(choice_of(of, 256 * MiB).algorithm == nccl::Algorithm::ring);
  of = {.nodes = 2, .per_node = 8, .nvls = {275e9}};
  CHECK(choice_of(of, 256 * MiB).algorithm != nccl::Algorithm::nvls);
}

TEST_CASE("what a caller adds is waited for once in each call", "[nccl]") {
  for (const Rank nodes : {1, 4}) {
    NcclCase of{.nodes = nodes, .per_node = 4};
    for (const std::size_t bytes : {4 * KiB, 64 * MiB}) {
      of.caller = {};
      const double without = fluid_end(of, calls(make_nccl_all_reduce(of.request(bytes / 4))));
      of.caller = {20e-6};
      const double with = fluid_end(of, calls(make_nccl_all_reduce(of.request(bytes / 4))));
      CHECK(with - without == Approx(20e-6));
    }
  }
}

TEST_CASE("NCCL's calls inside a node take the fitted form's time", "[nccl]") {
  std::vector<std::string> chosen;
  for (const auto& [ranks, forced] :
       std::vector<std::pair<Rank, nccl::Algorithm>>{{2, nccl::Algorithm::ring},
                                                     {8, nccl::Algorithm::ring},
                                                     {2, nccl::Algorithm::tree},
                                                     {4, nccl::Algorithm::tree},
                                                     {8, nccl::Algorithm::tree}}) {
    const NcclCase of{.nodes = 1, .per_node = ranks, .forced = forced, .meets_at_gpus = false};
    const auto topology = uniform_ring(ranks, of.inside.value, 3e-6);
    for (std::size_t bytes = 4 * KiB; bytes <= 256 * MiB; bytes *= 4) {
      const auto [algorithm, protocol] = choice_of(of, bytes);
      INFO(ranks << " ranks, " << bytes << " bytes: " << nccl::name_of(algorithm) << " "
                 << nccl::name_of(protocol));
      const auto phases = calls(make_nccl_all_reduce(of.request(bytes / 4)));
      // Pieces of a chain differ by an element.
      const double tolerance = algorithm == nccl::Algorithm::tree ? 2e-4 : 1e-5;
      const double end = run_recurrence(topology, make_program(phases), {}).end.value;
      CHECK(end == Approx(form_of(of, "all_reduce", bytes)).epsilon(tolerance));
      CHECK(find_backend("fluid").run(topology, make_program(phases), {}).end.value ==
            Approx(end).epsilon(1e-9));
      chosen.push_back(std::string(nccl::name_of(algorithm)) + "/" +
                       std::string(nccl::name_of(protocol)));
    }
  }
  // Both algorithms and all protocols were among them.
  for (const char* what : {"ring/Simple", "ring/LL", "tree/LL", "tree/LL128", "tree/Simple"}) {
    INFO(what);
    CHECK(std::ranges::find(chosen, what) != chosen.end());
  }
}

TEST_CASE("NCCL's chains behind a switch share the ports of GPUs", "[nccl]") {
  // A rank in the middle gets pieces from both sides at once, each at half of the rate.
  const NcclCase of{.nodes = 1, .per_node = 4, .forced = nccl::Algorithm::tree};
  for (const std::size_t bytes : {4 * KiB, 1 * MiB, 256 * MiB}) {
    INFO(bytes << " bytes");
    const auto phases = calls(make_nccl_all_reduce(of.request(bytes / 4)));
    const double end = fluid_end(of, phases);
    CHECK(end == Approx(form_of(of, "all_reduce", bytes)).epsilon(0.15));
    CHECK(simgrid_end(topology_of(of), phases) == Approx(end).epsilon(1e-9));
  }
}

TEST_CASE("NCCL's reduce-scatters and all-gathers take half of a ring", "[nccl]") {
  const NcclCase of{.nodes = 1, .per_node = 8};
  for (const std::size_t bytes : {64 * KiB, 64 * MiB}) {
    const auto scatter = calls(make_nccl_reduce_scatter(of.request(bytes / 4)));
    CHECK(fluid_end(of, scatter) == Approx(form_of(of, "reduce_scatter", bytes)).epsilon(1e-5));
    const auto gather =
        calls(make_nccl_all_gather(std::vector<Bytes>(8, Bytes{bytes / 8}), of.request(0)));
    CHECK(fluid_end(of, gather) == Approx(form_of(of, "all_gather", bytes)).epsilon(1e-5));
  }
}

TEST_CASE("NCCL's broadcasts take the fitted form's time", "[nccl]") {
  for (const auto& of : {NcclCase{.nodes = 1, .per_node = 2}, NcclCase{.nodes = 1, .per_node = 8},
                         NcclCase{.nodes = 4, .per_node = 1}}) {
    for (const std::size_t bytes : {64 * KiB, 64 * MiB}) {
      INFO(of.ranks() << " ranks, " << bytes << " bytes");
      const auto phases = calls(make_nccl_broadcast(of.request(bytes / 4), 1));
      // A whole number of pieces has one in part.
      CHECK(fluid_end(of, phases) == Approx(form_of(of, "broadcast", bytes)).epsilon(0.01));
    }
  }
}

TEST_CASE("NCCL's rings over nodes use every card", "[nccl]") {
  // 2 nodes of 4 GPUs: 14 rounds of an 8th, over 4 cards side by side or over one.
  for (const bool has_card_per_gpu : {true, false}) {
    const NcclCase of{.nodes = 2,
                      .per_node = 4,
                      .has_card_per_gpu = has_card_per_gpu,
                      .forced = nccl::Algorithm::ring};
    for (const std::size_t bytes : {4 * KiB, 64 * KiB, 64 * MiB}) {  // LL, LL and Simple
      INFO(bytes << " bytes");
      REQUIRE(choice_of(of, bytes).algorithm == nccl::Algorithm::ring);
      const auto phases = calls(make_nccl_all_reduce(of.request(bytes / 4)));
      const double end = fluid_end(of, phases);
      CHECK(end == Approx(form_of(of, "all_reduce", bytes)).epsilon(1e-9));
      CHECK(simgrid_end(topology_of(of), phases) == Approx(end).epsilon(1e-9));
    }
  }
}

TEST_CASE("NCCL's trees over two nodes take the fitted form's time", "[nccl]") {
  const NcclCase of{
      .nodes = 2, .per_node = 2, .has_card_per_gpu = false, .forced = nccl::Algorithm::tree};
  for (const std::size_t bytes : {4 * KiB, 64 * KiB}) {
    const auto phases = calls(make_nccl_all_reduce(of.request(bytes / 4)));
    // What passes inside the nodes, which the form leaves out, takes little.
    CHECK(fluid_end(of, phases) == Approx(form_of(of, "all_reduce", bytes)).epsilon(0.02));
  }
}

TEST_CASE("NCCL's double trees share cards, and take no longer than the fitted form", "[nccl]") {
  for (const bool has_card_per_gpu : {true, false}) {
    const NcclCase of{.nodes = 4,
                      .per_node = 2,
                      .has_card_per_gpu = has_card_per_gpu,
                      .forced = nccl::Algorithm::tree};
    for (const std::size_t bytes : {4 * KiB, 256 * KiB}) {
      INFO(bytes << " bytes");
      REQUIRE(choice_of(of, bytes).algorithm == nccl::Algorithm::tree);
      const auto phases = calls(make_nccl_all_reduce(of.request(bytes / 4)));
      const double end = fluid_end(of, phases), form = form_of(of, "all_reduce", bytes);
      CHECK(end < 1.02 * form);
      CHECK(end > 0.7 * form);
      CHECK(simgrid_end(topology_of(of), phases) == Approx(end).epsilon(1e-9));
    }
  }
}

TEST_CASE("a slow cable slows NCCL's calls", "[nccl]") {
  const NcclCase of{.nodes = 2, .per_node = 4, .forced = nccl::Algorithm::ring};
  const auto phases = calls(make_nccl_all_reduce(of.request(16 * MiB)));
  auto topology = topology_of(of);
  const auto run = [&] {
    return find_backend("fluid").run(topology, make_program(phases), {}).end.value;
  };
  const double before = run();
  auto slow = topology.links()[16];  // nic0:up
  REQUIRE(slow.name == "nic0:up");
  slow.bandwidth = slow.bandwidth / 2;
  topology.set_link(16, slow);
  // 14 rounds of an 8th of a quarter of 64 MiB, twice as long over that card.
  const double bytes = 14. * 64 * MiB / 8 / 4;
  CHECK(run() - before == Approx(bytes / of.network.value).epsilon(1e-6));
}
