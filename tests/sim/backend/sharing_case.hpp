#pragma once
// Random programs whose messages slow each other, on links of constant bandwidth.
#include "base/random.hpp"
#include "tests/sim/backend/programs.hpp"
#include "topologies/kinds/fat_tree.hpp"
#include "topologies/kinds/hierarchical.hpp"
#include "topologies/kinds/ring.hpp"
#include "topologies/kinds/switch.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringsim::test {

/// One round in which some ranks send to some others, each all of its messages at one instant.
class Scatter final : public Collective {
 public:
  struct Sent {
    Rank source, target;
    Bytes bytes;
  };
  Scatter(Rank ranks, std::vector<Sent> messages) : ranks_(ranks), messages_(std::move(messages)) {}
  std::string_view name() const override { return "scatter"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 1; }
  Bytes total_bytes() const override {
    Bytes sum;
    for (const auto& message : messages_) sum += message.bytes;
    return sum;
  }
  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    for (const auto& [source, target, bytes] : messages_) {
      if (rank == source) round.sends.push_back({target, bytes});
      if (rank == target) round.receives.push_back({source, bytes});
    }
  }

 private:
  Rank ranks_;
  std::vector<Sent> messages_;
};

/// Up to three streams that communicate at the same time, begun together or one after the other.
class SharingCase {
 public:
  explicit SharingCase(std::uint64_t seed) : random_(seed, Purpose::compute_jitter, 2) {
    ranks_ = 3 + below(8);
    is_equal_ = below(2) == 0;
    topology = std::make_unique<Topology>(make_topology());
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

  Link some_link(const std::string& name) {
    if (is_equal_) return {name, {1e9}, {1e-5}};
    // Some as fast as a link inside a node, some without latency.
    const double bandwidth = below(5) == 0 ? 3e11 : 1e8 + 1e9 * random_.uniform();
    return {name, {bandwidth}, {below(4) == 0 ? 0 : 1e-4 * random_.uniform()}};
  }

  Topology make_topology() {
    std::vector<Link> links;
    for (Rank i = 0; i < ranks_; ++i) links.push_back(some_link("host" + std::to_string(i)));
    const Rank each = 1 + below(4), groups = std::max<Rank>(2, (ranks_ + each - 1) / each);
    const auto backbone =
        below(2) == 0 ? std::optional(some_link("backbone")) : std::optional<Link>();
    const auto placement = below(2) == 0 ? NicPlacement::per_node : NicPlacement::per_gpu;
    switch (below(5)) {
      case 0:
        return hierarchical_topology(
            "test", {groups, each, some_link("inner"), some_link("card"), placement, backbone});
      case 1:
        return fat_tree_topology(
            "test", {groups, each, 1 + below(3), some_link("host"), some_link("uplink")});
      case 2:
        return ring_topology("test", links);
      default:
        return switch_topology("test", links, backbone);
    }
  }

  std::shared_ptr<const Collective> some_collective() {
    AllReduceRequest request{ranks_, 1 + below(100'000), Bytes{4}};
    switch (below(6)) {
      case 0:
        request.chunk = Bytes{100'000};
        return find_collective("tree").make_all_reduce(request);
      case 1:
        return find_collective("halving-doubling").make_all_reduce(request);
      case 2:
        request.channels = 2;
        request.directions = 1 + below(2);
        return make_ring_all_reduce(request);
      default:
        return some_scatter();
    }
  }

  std::shared_ptr<const Collective> some_scatter() {
    std::vector<Scatter::Sent> messages;
    const bool is_even = below(2) == 0;
    for (auto count = 1 + below(2 * ranks_); count > 0; --count) {
      const Rank source = below(ranks_), target = (source + 1 + below(ranks_ - 1)) % ranks_;
      messages.push_back({source, target, Bytes{is_even ? 1'000'000 : below(1'000'000)}});
    }
    return std::make_shared<Scatter>(ranks_, messages);
  }

  void add_call(StreamId stream) {
    const auto number = static_cast<std::uint32_t>(phases[0][stream].size());
    const CollectiveCall call{some_collective(), stream, "values", number};
    const bool is_jittered = below(3) == 0;
    for (auto& rank : phases) {
      if (is_jittered) rank[stream].push_back(Delay{{1e-3 * random_.uniform()}});
      rank[stream].push_back(call);
    }
  }

  Random random_;
  Rank ranks_;
  bool is_equal_;
};

}  // namespace ringsim::test
