// How long collectives take: the cost models of their sources, on networks where no message slows
// another one.
#include "sim/collectives/sparse_ring.hpp"
#include "tests/sim/simgrid/simgrid_end.hpp"
#include "tests/topologies/file.hpp"
#include "topologies/kinds/hierarchical.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

// 96,000 bytes; links of 1e6 B/s (b seconds a byte) and 1 ms; hosts add 4e6 B/s (g seconds a byte).
constexpr std::size_t elements = 24'000;
constexpr double n = 96'000, b = 1e-6, g = 0.25e-6, link_latency = 1e-3;

Topology with_reduction(Topology topology) {
  Host host;
  host.reduce_rate = BytesPerSecond{1 / g};
  topology.set_hosts(host);
  return topology;
}

Topology ring_of(Rank hosts) { return with_reduction(uniform_ring(hosts, 1 / b, link_latency)); }

/// A message passes two links.
Topology switch_of(Rank hosts) {
  return with_reduction(
      switch_topology("switch", std::vector<Link>(hosts, {"host", {1 / b}, {link_latency}})));
}

AllReduceRequest request_of(Rank ranks) { return {ranks, elements, Bytes{4}}; }

void check_time(const Topology& topology, const std::shared_ptr<const Collective>& collective,
                double expected) {
  INFO(collective->name() << " on " << collective->ranks());
  const Phases phases(collective->ranks(), {{call(collective)}});
  REQUIRE_FALSE(find_contention(topology, make_program(phases)));
  CHECK(run_recurrence(topology, make_program(phases), {}).end.value ==
        Approx(expected).epsilon(1e-9));
  CHECK(simgrid_end(topology, phases) == Approx(expected).epsilon(1e-9));
}

}  // namespace

TEST_CASE("rings take 2(N-1) rounds of a chunk, and add in half of them", "[collectives]") {
  // Patarasuk & Yuan: 2(N-1)(a + n/N b), and (N-1) n/N g.
  const double a = link_latency, chunk = n / 8;
  check_time(ring_of(8), make_ring_all_reduce(request_of(8)), 14 * (a + chunk * b) + 7 * chunk * g);
  check_time(ring_of(8), make_ring_reduce_scatter(8, elements, Bytes{4}),
             7 * (a + chunk * b) + 7 * chunk * g);
  check_time(ring_of(8), make_ring_all_gather(std::vector<Bytes>(8, Bytes{12'000})),
             7 * (a + chunk * b));
  check_time(ring_of(8), find_collective("allgather").make_all_reduce(request_of(8)),
             7 * (a + n * b) + 7 * n * g);
}

TEST_CASE("a ring all-reduce on a torus takes the time of a ring", "[collectives]") {
  // Ranks follow a ring of neighbours through the torus: 2(N-1)(a + n/N b) once more, here n = 4000
  // N. Three odd dimensions, and what the bare kind makes of 16 and of 22 ranks.
  const auto torus_of = [](Rank ranks) {
    return make_uniform(*kind_named("torus"), ranks, {1 / b}, {link_latency});
  };
  const auto odd = loaded(
      R"({"name": "odd", "kind": "torus", "dimensions": [5, 3, 3],
          "link": {"bandwidth": "1MBps", "latency": "1ms"}})");
  for (const auto& topology : {torus_of(16), torus_of(22), odd}) {
    const double ranks = topology.hosts();
    const auto request = AllReduceRequest{topology.hosts(), 1000 * topology.hosts(), Bytes{4}};
    check_time(topology, make_ring_all_reduce(request),
               2 * (ranks - 1) * (link_latency + 4000 * b));
  }
}

TEST_CASE("both directions of a ring carry half each, channels share their links",
          "[collectives]") {
  // Chunks of n/16 each way, two of which a rank adds up after a round: half the bytes' time, the
  // latency and the adding as in one direction.
  const double a = link_latency;
  auto request = request_of(8);
  request.directions = 2;
  check_time(ring_of(8), make_ring_all_reduce(request), 14 * (a + n / 16 * b) + 7 * n / 8 * g);
  // Two channels: two chunks of n/16 share a link, as long as one of n/8.
  request.directions = 1;
  request.channels = 2;
  const Phases phases(8, {{call(make_ring_all_reduce(request))}});
  REQUIRE(find_contention(ring_of(8), make_program(phases)));
  CHECK(simgrid_end(ring_of(8), phases) ==
        Approx(14 * (a + n / 8 * b) + 7 * n / 8 * g).epsilon(1e-9));
}

TEST_CASE("pairwise exchanges and halving-doubling on a switch", "[collectives]") {
  // Thakur, Rabenseifner & Gropp: (N-1)(a + n/N b) for a reduce-scatter by pairwise exchange; log2
  // N a + (N-1)/N n b for one by halving; as long for the all-gather.
  const double a = 2 * link_latency;
  check_time(switch_of(6), find_collective("pairwise").make_all_reduce(request_of(6)),
             10 * (a + n / 6 * b) + 5 * n / 6 * g);
  check_time(switch_of(8), find_collective("halving-doubling").make_all_reduce(request_of(8)),
             2 * (3 * a + 7 * n / 8 * b) + 7 * n / 8 * g);
  // Of 6 ranks 2 give their buffers to others before and get them back after what 4 do.
  check_time(switch_of(6), find_collective("halving-doubling").make_all_reduce(request_of(6)),
             (a + n * b + n * g) + 2 * (2 * a + 3 * n / 4 * b) + 3 * n / 4 * g + (a + n * b));
}

TEST_CASE("pieces follow one another along a ring and through a tree", "[collectives]") {
  // 12 pieces. Along a ring of 5: the last one leaves in round 12, and passes 3 more links.
  const double a = link_latency, piece = n / 12;
  check_time(ring_of(5), make_broadcast(5, 2, elements, Bytes{4}, Bytes{8000}),
             15 * (a + piece * b));
  // Ranks 1 and 2 send a piece up to 0, which adds up both, and get the sum in the next round.
  auto request = request_of(3);
  request.chunk = Bytes{8000};
  check_time(ring_of(3), find_collective("tree").make_all_reduce(request),
             13 * (a + piece * b) + 12 * 2 * piece * g);
  // A tree of 7 in one piece, on cables that are as fast as all the children's together: up two
  // levels, where two buffers are added, and down again, each as fast as the child's cable.
  std::vector<Link> cables;
  for (const double speed : {4, 2, 2, 1, 1, 1, 1})
    cables.push_back({"host", {speed / b}, {link_latency}});
  request = request_of(7);
  request.chunk = Bytes{96'000};
  check_time(with_reduction(switch_topology("fast towards the root", cables)),
             find_collective("tree").make_all_reduce(request),
             2 * (2 * a + n * b + 2 * a + n / 2 * b) + 2 * 2 * n * g);
}

TEST_CASE("a hierarchical all-reduce takes a ring in the node and one between the nodes",
          "[collectives]") {
  // 3 nodes of 4 GPUs with a card each. Inside: chunks of n/4 over two links of 1e7 B/s and 0.1 ms;
  // between: chunks of n/12 over two cards.
  const auto topology =
      with_reduction(hierarchical_topology("nodes", {.nodes = 3,
                                                     .gpus_per_node = 4,
                                                     .inner = {"inner", {1e7}, {1e-4}},
                                                     .nic = {"nic", {1 / b}, {link_latency}},
                                                     .placement = NicPlacement::per_gpu,
                                                     .backbone = {}}));
  auto request = request_of(12);
  request.ranks_per_node = 4;
  check_time(topology, find_collective("hierarchical").make_all_reduce(request),
             6 * (2e-4 + n / 4 * 1e-7) + 3 * n / 4 * g + 4 * (2 * link_latency + n / 12 * b) +
                 2 * n / 12 * g);
}

TEST_CASE("a sparse ring's rounds grow with what it has merged", "[collectives]") {
  // 1000, 2000, 3000 bytes towards the sum, which is added to or merged at every hop; then three
  // rounds of 4000 bytes.
  const auto size = [](Rank, Rank, Rank hop) { return Bytes{1000 * (hop + std::uint64_t{1})}; };
  const double a = link_latency;
  check_time(ring_of(4), make_sparse_ring(4, size), 6 * a + (6000 + 3 * 4000) * b + 6000 * g);
}
