// What sharing links costs, by hand.
#include "sim/fluid/fluid.hpp"
#include "tests/sim/simgrid/simgrid_end.hpp"
#include "topologies/kinds/fat_tree.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Rings of ranks 0 .. n-1, n .. 2n-1 and so on, each with an all-reduce of its own.
class Rings final : public Collective {
 public:
  Rings(Rank rings, Rank ranks_each, std::size_t elements)
      : ranks_(rings * ranks_each), each_(make_ring_all_reduce(ranks_each, elements, Bytes{4})) {}
  std::string_view name() const override { return "rings"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return each_->rounds(); }
  Bytes total_bytes() const override { return ranks_ / each_->ranks() * each_->total_bytes(); }
  void round(Rank rank, std::uint32_t index, Round& round) const override {
    const Rank first = rank - rank % each_->ranks();
    each_->round(rank - first, index, round);
    for (auto& send : round.sends) send.peer += first;
    for (auto& receive : round.receives) receive.peer += first;
  }

 private:
  Rank ranks_;
  std::shared_ptr<const Collective> each_;
};

/// When the program ends, which is the same on both backends.
double end_of(const Topology& topology, const Phases& phases) {
  const double end = run_fluid_checked(topology, make_program(phases), {}).end.value;
  CHECK(simgrid_end(topology, phases) == Approx(end).epsilon(1e-9));
  return end;
}

}  // namespace

TEST_CASE("two rings over one shared link take turns by halves", "[contention]") {
  // A switch whose backbone is as fast as one cable, 1e6 B/s; latency 1 ms for each of the three
  // links. A ring of two ranks alone: two messages at a time of half of 8000 bytes share the
  // backbone: 2 rounds of 3 ms + 2 * 4 ms. Two rings: four messages share it: 3 ms + 4 * 4 ms.
  const std::vector<Link> cables(4, {"host", {1e6}, {1e-3}});
  const auto topology = switch_topology("shared", cables, Link{"backbone", {1e6}, {1e-3}});
  const auto alone = call(std::make_shared<Rings>(1, 2, 2000));
  CHECK(end_of(topology, Phases(2, {{alone}})) == Approx(2 * 11e-3).epsilon(1e-9));
  const auto both = call(std::make_shared<Rings>(2, 2, 2000));
  const Phases phases(4, {{both}});
  CHECK(end_of(topology, phases) == Approx(2 * 19e-3).epsilon(1e-9));
  CHECK(topology.links()[find_contention(topology, make_program(phases))->link].name == "backbone");
}

TEST_CASE("a fat-tree with 2:1 oversubscription halves what crosses it", "[contention]") {
  // 2 leaves of 4 hosts, 2 spines: 4 hosts share 2 uplinks. Each host of the first leaf sends 1 MB
  // to the one opposite: the targets 4 and 6 by spine 0, 5 and 7 by spine 1, so 2 messages share
  // each uplink: 4 links of 1 ms, then 1 MB at 0.5e6 B/s. Inside the leaf there is room for all.
  const auto topology =
      fat_tree_topology("tree", {2, 4, 2, {"host", {1e6}, {1e-3}}, {"uplink", {1e6}, {1e-3}}});
  const auto send_by = [](Rank distance) {
    Phases phases(8, {{}, {}, {}, {}});
    for (Rank rank = 0; rank < 4; ++rank) {
      const Rank target = distance == 4 ? rank + 4 : (rank + distance) % 4;
      const auto sent = message(8, rank, target, 1'000'000);
      // One stream for each message, so that they move at the same time.
      for (Rank other = 0; other < 8; ++other) phases[other][rank].push_back(sent);
    }
    return phases;
  };
  CHECK(end_of(topology, send_by(4)) == Approx(4e-3 + 2).epsilon(1e-9));
  CHECK(end_of(topology, send_by(1)) == Approx(2e-3 + 1).epsilon(1e-9));
}
