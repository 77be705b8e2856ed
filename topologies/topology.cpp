#include "topologies/topology.hpp"

#include "base/error.hpp"
#include "topologies/kinds/kind.hpp"

#include <algorithm>
#include <set>

namespace ringsim {

bool has_deaths(const Topology& topology, Rank ranks) {
  for (Rank rank = 0; rank < ranks; ++rank) {
    if (topology.host(rank).dies) return true;
  }
  return false;
}

Topology::Topology(const TopologyKindDefinition& kind, std::string name, Wiring wiring)
    : name_(std::move(name)),
      kind_(&kind),
      shape_(std::move(wiring.shape)),
      hosts_(shape_->hosts()),
      links_(std::move(wiring.links)) {
  check(hosts_ >= 2, "a topology needs at least two hosts");
}

const Host& Topology::host(Rank rank) const {
  const auto apart = hosts_apart_.find(rank);
  return apart == hosts_apart_.end() ? common_host_ : apart->second;
}

std::uint32_t Topology::gpus_per_node() const { return shape_->gpus_per_node(); }
bool Topology::has_card_per_gpu() const { return shape_->has_card_per_gpu(); }

Route Topology::route(Rank source, Rank target) const {
  check(source < hosts_ && target < hosts_ && source != target,
        "Topology::route: no such pair of hosts");
  Route route{shape_->way(source, target), {}, {}};
  route.bandwidth = links_[route.links.front()].bandwidth;
  for (const LinkId id : route.links) {
    const auto& link = links_[id];
    route.latency += link.latency;
    route.bandwidth = std::min(route.bandwidth, link.bandwidth);
    if (!link.extras) continue;
    if (!link.extras->profile.empty() || !link.extras->outages.empty()) route.varies = true;
    if (route.varies || !link.extras->pieces.empty()) route.is_plain = false;
  }
  return route;
}

TransferCost Topology::cost(const Route& route, Bytes message) const {
  const auto bytes = static_cast<double>(message.count);
  if (route.is_plain) return {route.latency, bytes};
  Seconds latency;
  BytesPerSecond bandwidth = route.bandwidth;
  for (const LinkId id : route.links) {
    const auto speed = speed_of(links_[id], message);
    latency += speed.latency;
    bandwidth = std::min(bandwidth, speed.bandwidth);
  }
  return {latency, bytes * (route.bandwidth / bandwidth)};
}

std::vector<Change<BytesPerSecond>> Topology::capacity_over_time(const Route& route) const {
  // At each time at which any link changes, the least of what all of them have then.
  std::vector<std::vector<Change<BytesPerSecond>>> of_links;
  std::set<Seconds> times;
  for (const LinkId id : route.links) {
    of_links.push_back(ringsim::capacity_over_time(links_[id]));
    for (const auto& change : of_links.back()) times.insert(change.at);
  }
  std::vector<Change<BytesPerSecond>> least;
  for (const Seconds at : times) {
    BytesPerSecond capacity = route.bandwidth;
    for (const auto& changes : of_links) {
      const auto holds = std::prev(
          std::upper_bound(changes.begin(), changes.end(), at,
                           [](Seconds time, const auto& change) { return time < change.at; }));
      capacity = &changes == &of_links.front() ? holds->value : std::min(capacity, holds->value);
    }
    if (least.empty() || least.back().value != capacity) least.push_back({at, capacity});
  }
  return least;
}

Seconds flow_end(const std::vector<Change<BytesPerSecond>>& capacity, Seconds start, double work,
                 AfterOutage after_outage) {
  double left = work;
  auto next = std::upper_bound(capacity.begin(), capacity.end(), start,
                               [](Seconds at, const auto& change) { return at < change.at; });
  for (;; ++next) {
    const double rate = std::prev(next)->value.value;
    if (rate > 0) {
      const Seconds end = start + Seconds{left / rate};
      if (next == capacity.end() || end <= next->at) return end;
      left -= rate * (next->at - start).value;
    } else {
      check(next != capacity.end(), "flow_end: every outage ends");
      if (after_outage == AfterOutage::restart) left = work;
    }
    start = next->at;
  }
}

std::vector<std::string_view> Topology::features() const {
  std::vector<std::string_view> used;
  const auto any_link = [&](auto has) {
    return std::any_of(links_.begin(), links_.end(),
                       [&](const Link& link) { return link.extras && has(*link.extras); });
  };
  const auto any_host = [&](auto has) {
    return has(common_host_) || std::any_of(hosts_apart_.begin(), hosts_apart_.end(),
                                            [&](const auto& apart) { return has(apart.second); });
  };
  if (any_link([](const LinkExtras& x) { return !x.pieces.empty(); })) used.push_back("sizes");
  if (any_link([](const LinkExtras& x) { return !x.profile.empty(); })) used.push_back("profile");
  if (any_link([](const LinkExtras& x) { return !x.outages.empty(); })) used.push_back("outages");
  if (any_host([](const Host& h) { return h.speed != 1; })) used.push_back("speed");
  if (any_host([](const Host& h) { return h.jitter.has_value(); })) used.push_back("jitter");
  if (any_host([](const Host& h) { return !h.speed_changes.empty(); }))
    used.push_back("host profile");
  if (any_host([](const Host& h) { return h.reduce_rate.has_value(); }))
    used.push_back("reduce_rate");
  if (any_host([](const Host& h) { return h.dies.has_value(); })) used.push_back("dies");
  return used;
}

}  // namespace ringsim
