#pragma once
// Random topologies and programs, on which the backends are compared.
#include "base/random.hpp"
#include "sim/collectives/sparse_ring.hpp"
#include "tests/sim/backend/programs.hpp"
#include "topologies/kinds/fat_tree.hpp"
#include "topologies/kinds/hierarchical.hpp"
#include "topologies/kinds/ring.hpp"
#include "topologies/kinds/switch.hpp"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim::test {

/// Draws topologies and programs. What it draws follows from its seed alone.
class RandomCase {
 public:
  explicit RandomCase(std::uint64_t seed) : random_(seed, Purpose::compute_jitter) {
    const Rank most = random_.below(20) == 0 ? 64 : 12;
    ranks_ = 2 + static_cast<Rank>(random_.below(most - 1));
    const Rank hosts = std::max<Rank>(2, ranks_ + static_cast<Rank>(random_.below(3)));
    draw_topology(hosts);
    const auto streams = 1 + random_.below(2);
    phases.assign(ranks_, std::vector<std::vector<Phase>>(streams));
    const auto steps = 1 + random_.below(3);
    for (std::uint64_t step = 0; step < steps; ++step)
      streams == 1 ? add_step(step) : overlap(step);
  }

  std::unique_ptr<Topology> topology;
  Phases phases;
  std::set<std::string_view> collectives;  ///< names of those that the program calls

 private:
  /// Half of them rings; two in three have plain links and hosts.
  void draw_topology(Rank hosts) {
    std::vector<Link> links;
    const bool equal = random_.below(4) == 0, has_latency = random_.below(4) != 0;
    const bool is_plain = random_.below(3) != 0;
    for (Rank i = 0; i < hosts; ++i) {
      const double bandwidth = equal ? 1e9 : 1e8 + 1e9 * random_.uniform();
      const double latency = has_latency ? (equal ? 1e-5 : 1e-4 * random_.uniform()) : 0;
      links.push_back({"link" + std::to_string(i), {bandwidth}, {latency}});
      if (!is_plain) links.back().extras = some_extras(links.back());
    }
    topology = std::make_unique<Topology>(make_topology(links));
    if (is_plain) return;
    if (random_.below(2) == 0) topology->set_after_outage(AfterOutage::restart);
    for (Rank i = 0; i < topology->hosts(); ++i) topology->set_host(i, some_host());
  }

  Topology make_topology(const std::vector<Link>& links) {
    const auto hosts = static_cast<std::uint32_t>(links.size());
    const auto each = static_cast<std::uint32_t>(1 + random_.below(4));
    const std::uint32_t groups = (hosts + each - 1) / each;
    const Link& first = links[0];
    const Link& second = links[1];
    switch (random_.below(6)) {
      case 0:
        return switch_topology("test", links);
      case 1:
        return hierarchical_topology(
            "test", {groups,
                     each,
                     first,
                     second,
                     random_.below(2) == 0 ? NicPlacement::per_node : NicPlacement::per_gpu,
                     {}});
      case 2:
        return fat_tree_topology(
            "test",
            {groups, each, static_cast<std::uint32_t>(1 + random_.below(3)), first, second});
      default:
        return ring_topology("test", links);
    }
  }

  std::shared_ptr<const LinkExtras> some_extras(const Link& link) {
    LinkExtras extras;
    if (random_.below(3) == 0) {
      double from = 0;
      for (auto pieces = random_.below(3); pieces > 0; --pieces) {
        from += 1 + static_cast<double>(random_.below(50'000));
        extras.pieces.push_back({{static_cast<std::uint64_t>(from)},
                                 {1e-4 * random_.uniform()},
                                 link.bandwidth * (0.1 + 0.9 * random_.uniform())});
      }
    }
    if (random_.below(3) == 0) {
      Seconds at;
      for (auto changes = 1 + random_.below(4); changes > 0; --changes) {
        at += Seconds{1e-3 * random_.uniform()};
        extras.profile.push_back({at, link.bandwidth * (0.1 + 1.5 * random_.uniform())});
      }
    }
    if (random_.below(3) == 0) {
      Seconds from;
      for (auto outages = 1 + random_.below(2); outages > 0; --outages) {
        from += Seconds{1e-3 * random_.uniform()};
        extras.outages.push_back({from, from + Seconds{5e-4 * random_.uniform()}});
        from = extras.outages.back().until;
      }
    }
    return std::make_shared<LinkExtras>(extras);
  }

  Host some_host() {
    Host host;
    if (random_.below(2) == 0) host.speed = 0.2 + 2 * random_.uniform();
    if (random_.below(2) == 0)
      host.speed_changes.push_back({{some_time()}, 0.3 + random_.uniform()});
    if (random_.below(2) == 0) host.reduce_rate = {1e8 + 1e9 * random_.uniform()};
    return host;
  }

  double some_time() { return random_.below(3) == 0 ? 0 : 1e-3 * random_.uniform(); }

  void add_delays(StreamId stream) {
    for (auto& rank : phases) rank[stream].push_back(Delay{{some_time()}});
  }
  void add_call(StreamId stream, CollectiveCall call) {
    collectives.insert(call.collective->name());
    for (auto& rank : phases) rank[stream].push_back(call);
  }
  void add_marks(StreamId stream, Mark mark) {
    for (auto& rank : phases) rank[stream].push_back(mark);
  }

  std::shared_ptr<const Collective> some_collective() {
    AllReduceRequest request{ranks_, random_.below(100'000), Bytes{4}};
    const auto named = [&](const char* name) {
      return find_collective(name).make_all_reduce(request);
    };
    switch (random_.below(12)) {
      case 0:
      case 1:
        return make_ring_all_reduce(request);
      case 2:
        request.directions = 2;
        request.channels = static_cast<std::uint32_t>(1 + random_.below(2));
        return make_ring_all_reduce(request);
      case 3:
        return named("halving-doubling");
      case 4:
        return named("pairwise");
      case 5:
        request.chunk = Bytes{100'000};
        return named("tree");
      case 6: {
        const auto gpus = topology->gpus_per_node();
        if (gpus < 2 || ranks_ % gpus != 0) return named("allgather");
        request.ranks_per_node = gpus;
        return named("hierarchical");
      }
      case 7:
        return make_broadcast(ranks_, static_cast<Rank>(random_.below(ranks_)), request.elements,
                              Bytes{4}, Bytes{50'000});
      case 8:
        return make_ring_reduce_scatter(ranks_, request.elements, Bytes{4});
      case 9:
        return make_sparse_ring(ranks_, [seed = random_.below(10'000)](Rank, Rank chunk, Rank hop) {
          return Bytes{1000 * hop + (seed + 7919 * chunk + 104'729 * hop) % 10'000};
        });
      case 10: {
        std::vector<Bytes> parts(ranks_);
        for (auto& part : parts) part = Bytes{random_.below(3) == 0 ? 0 : random_.below(100'000)};
        return make_ring_all_gather(parts);
      }
      default: {
        const auto source = static_cast<Rank>(random_.below(ranks_));
        const auto target = static_cast<Rank>((source + 1 + random_.below(ranks_ - 1)) % ranks_);
        return std::make_shared<OneMessage>(ranks_, source, target, Bytes{random_.below(1'000'000)},
                                            Bytes{random_.below(1'000'000)});
      }
    }
  }

  void add_step(std::uint64_t step) {
    add_delays(0);
    add_marks(0, {MarkKind::gradient_ready, step, 0});
    const auto calls = random_.below(4);
    for (std::uint32_t bucket = 0; bucket < calls; ++bucket) {
      add_call(0, {some_collective(), step, "values", bucket});
      if (random_.below(2) == 0) add_delays(0);
    }
    add_marks(0, {MarkKind::exchange_done, step, 0});
  }

  /// Buckets overlap computing; or, now and then, both streams communicate.
  void overlap(std::uint64_t step) {
    const auto buckets = static_cast<std::uint32_t>(1 + random_.below(4));
    const bool both = random_.below(3) == 0;
    for (std::uint32_t bucket = 0; bucket < buckets; ++bucket) {
      add_delays(0);
      for (auto& rank : phases) {
        rank[0].emplace_back(Record{2 * (step * 8 + bucket)});
        rank[1].emplace_back(WaitEvent{2 * (step * 8 + bucket)});
      }
      add_call(1, {some_collective(), step, "values", bucket});
      if (both) add_call(0, {some_collective(), step, "other", bucket});
    }
    add_marks(1, {MarkKind::exchange_done, step, 0});
    for (auto& rank : phases) {
      rank[1].emplace_back(Record{2 * (step * 8) + 1});
      rank[0].emplace_back(WaitEvent{2 * (step * 8) + 1});
    }
  }

  Random random_;
  Rank ranks_;
};

}  // namespace ringsim::test
