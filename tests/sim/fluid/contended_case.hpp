#pragma once
// Random short programs in which messages slow each other.
#include "base/random.hpp"
#include "tests/sim/backend/programs.hpp"
#include "topologies/kinds/fat_tree.hpp"
#include "topologies/kinds/hierarchical.hpp"
#include "topologies/kinds/ring.hpp"
#include "topologies/kinds/switch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ringsim::test {

/// One rank gets a message from each of the others, of different sizes.
class InCast final : public Collective {
 public:
  InCast(Rank ranks, Rank target, Bytes least, Bytes more)
      : ranks_(ranks), target_(target), least_(least), more_(more) {}
  std::string_view name() const override { return "in-cast"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 1; }
  Bytes total_bytes() const override {
    Bytes sum;
    for (Rank rank = 0; rank < ranks_; ++rank) {
      if (rank != target_) sum += bytes(rank);
    }
    return sum;
  }
  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    if (rank != target_) round.sends.push_back({target_, bytes(rank)});
    for (Rank other = 0; rank == target_ && other < ranks_; ++other) {
      if (other != target_) round.receives.push_back({other, bytes(other)});
    }
  }

 private:
  Bytes bytes(Rank rank) const { return least_ + rank * more_; }

  Rank ranks_, target_;
  Bytes least_, more_;
};

/// Up to three streams that communicate at the same time, on any kind of topology. In a third of
/// the cases links have sizes, profiles or outages, and hosts take their time to reduce.
class ContendedCase {
 public:
  explicit ContendedCase(std::uint64_t seed) : random_(seed, Purpose::compute_jitter, 1) {
    ranks_ = 2 + below(9);
    is_plain_ = below(3) != 0;
    is_equal_ = below(3) == 0;
    topology = std::make_unique<Topology>(make_topology());
    if (!is_plain_) {
      if (below(2) == 0) topology->set_after_outage(AfterOutage::restart);
      Host host;
      host.reduce_rate = {1e9};
      topology->set_host(below(ranks_), host);
    }
    const auto streams = 1 + below(3);
    phases.assign(ranks_, std::vector<std::vector<Phase>>(streams));
    for (StreamId stream = 0; stream < streams; ++stream) {
      for (auto calls = 1 + below(2); calls > 0; --calls) add_call(stream);
    }
  }

  std::unique_ptr<Topology> topology;
  Phases phases;

 private:
  std::uint32_t below(std::uint64_t bound) {
    return static_cast<std::uint32_t>(random_.below(bound));
  }

  Link some_link(const char* name) {
    Link link{name, {1e9}, {1e-5}};
    if (!is_equal_) {
      link.bandwidth = {1e8 + 1e9 * random_.uniform()};
      link.latency = {below(4) == 0 ? 0 : 1e-4 * random_.uniform()};
    }
    if (!is_plain_ && below(2) == 0) link.extras = some_extras(link);
    return link;
  }

  std::shared_ptr<const LinkExtras> some_extras(const Link& link) {
    LinkExtras extras;
    if (below(3) == 0) {
      extras.pieces = {{Bytes{below(50'000)}, {1e-4 * random_.uniform()}, 0.5 * link.bandwidth}};
    }
    Seconds at;
    for (auto changes = below(4); changes > 0; --changes) {
      at += Seconds{1e-3 * random_.uniform()};
      extras.profile.push_back({at, link.bandwidth * (0.1 + 1.5 * random_.uniform())});
    }
    if (below(3) == 0) {
      const Seconds from{1e-3 * random_.uniform()};
      extras.outages.push_back({from, from + Seconds{5e-4 * random_.uniform()}});
    }
    return std::make_shared<LinkExtras>(extras);
  }

  Topology make_topology() {
    std::vector<Link> links;
    for (Rank i = 0; i < ranks_; ++i) links.push_back(some_link("host"));
    for (Rank i = 0; i < ranks_; ++i) links[i].name += std::to_string(i);
    const Rank each = 1 + below(4), groups = std::max<Rank>(2, (ranks_ + each - 1) / each);
    const auto backbone = below(2) == 0 ? std::optional(some_link("backbone")) : std::nullopt;
    const auto placement = below(2) == 0 ? NicPlacement::per_node : NicPlacement::per_gpu;
    switch (below(5)) {
      case 0:
      case 1:
        return switch_topology("test", links, backbone);
      case 2:
        return hierarchical_topology(
            "test", {groups, each, some_link("inner"), some_link("card"), placement, backbone});
      case 3:
        return fat_tree_topology(
            "test", {groups, each, 1 + below(3), some_link("host"), some_link("uplink")});
      default:
        return ring_topology("test", links);
    }
  }

  std::shared_ptr<const Collective> some_collective() {
    AllReduceRequest request{ranks_, 1 + below(100'000), Bytes{4}};
    switch (below(7)) {
      case 0:
        request.chunk = Bytes{100'000};
        return find_collective("tree").make_all_reduce(request);
      case 1:
        return find_collective("halving-doubling").make_all_reduce(request);
      case 2:
        return find_collective("pairwise").make_all_reduce(request);
      case 3:
        request.channels = 2;
        request.directions = 1 + below(2);
        return make_ring_all_reduce(request);
      case 4:
        return std::make_shared<InCast>(ranks_, below(ranks_), Bytes{below(100'000)},
                                        Bytes{below(2) * 10'007});
      default: {
        const Rank source = below(ranks_), target = (source + 1 + below(ranks_ - 1)) % ranks_;
        return std::make_shared<OneMessage>(ranks_, source, target, Bytes{below(1'000'000)},
                                            Bytes{below(1'000'000)});
      }
    }
  }

  void add_call(StreamId stream) {
    const auto number = static_cast<std::uint32_t>(phases[0][stream].size());
    const CollectiveCall call{some_collective(), stream, "values", number};
    const bool is_jittered = below(2) == 0;
    for (auto& rank : phases) {
      if (is_jittered) rank[stream].push_back(Delay{{1e-3 * random_.uniform()}});
      rank[stream].push_back(call);
    }
  }

  Random random_;
  Rank ranks_;
  bool is_plain_, is_equal_;
};

}  // namespace ringsim::test
