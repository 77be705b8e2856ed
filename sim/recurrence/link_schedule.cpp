#include "sim/recurrence/link_schedule.hpp"

#include <algorithm>
#include <limits>

namespace ringsim {
namespace {

/// Flows that touch, or rates that fill a link, may be off by rounding errors.
constexpr double rounding = 1e-12;

double lowest_bandwidth(const Link& link) {
  double lowest = link.bandwidth.value;
  if (link.extras) {
    for (const auto& change : capacity_over_time(link))
      lowest = std::min(lowest, change.value.value);
  }
  return lowest;
}

}  // namespace

LinkSchedule::LinkSchedule(const Topology& topology) : topology_(topology), links_(topology) {}

LinkSchedule::States::States(const Topology& topology)
    : topology_(topology), places_(topology.links().size(), none) {}

LinkSchedule::State& LinkSchedule::States::operator[](LinkId id) {
  if (auto* const state = find(id)) return *state;
  places_[id] = static_cast<std::uint32_t>(states_.size());
  return states_.emplace_back(State{lowest_bandwidth(topology_.links()[id]), 0, 0, 0, {}});
}

void LinkSchedule::add(const Route& route, const Flow& flow, Seconds now) {
  if (flow.transfer.bytes.count == 0) return;
  for (const LinkId id : route.links) {
    links_[id].bytes += flow.transfer.bytes.count;
    add(id, flow, now.value);
  }
}

bool LinkSchedule::is_free(std::span<const LinkId> way, Seconds from) const {
  const auto is_past = [&](const Flow& flow) { return flow.to * (1 - rounding) <= from.value; };
  return std::all_of(way.begin(), way.end(), [&](LinkId id) {
    const auto* const link = links_.find(id);
    return link == nullptr || std::all_of(link->flows.begin(), link->flows.end(), is_past);
  });
}

void LinkSchedule::add_sequence(std::span<const LinkId> way, const TransferEvent& last,
                                Seconds from, Bytes bytes, Seconds busy) {
  // An infinite rate fits with no other.
  const Flow flow{from.value, last.end.value, std::numeric_limits<double>::infinity(), last, true};
  for (const LinkId id : way) {
    links_[id].bytes += bytes.count;
    links_[id].busy += busy.value;
    forget_past(links_[id], from.value / (1 - rounding));
    links_[id].flows.push_back(flow);
  }
}

bool LinkSchedule::is_free_of_others(const Route& route, Rank source, Rank target,
                                     Seconds from) const {
  const auto is_harmless = [&](const Flow& flow) {
    return flow.to <= from.value ||
           (flow.transfer.source == source && flow.transfer.target == target);
  };
  return std::all_of(route.links.begin(), route.links.end(), [&](LinkId id) {
    const auto* const link = links_.find(id);
    return link == nullptr || std::all_of(link->flows.begin(), link->flows.end(), is_harmless);
  });
}

void LinkSchedule::begin_messages(const Route& route, Seconds from) {
  // They stay, since others that are yet to be added may meet them.
  for (const LinkId id : route.links) {
    for (auto& flow : links_[id].flows) {
      if (flow.from >= from.value) break;
      count(links_[id], flow);
      flow.is_counted = true;
    }
  }
}

void LinkSchedule::end_messages(const Route& route, const TransferEvent& last, Seconds from,
                                Bytes bytes, Seconds now) {
  const Flow flow{from.value, last.end.value, std::numeric_limits<double>::infinity(), last, true};
  for (const LinkId id : route.links) {
    links_[id].bytes += bytes.count;
    forget_past(links_[id], now.value);
    insert(id, flow);
  }
}

void LinkSchedule::add(LinkId id, const Flow& flow, double now) {
  forget_past(links_[id], now);
  insert(id, flow);
}

void LinkSchedule::insert(LinkId id, const Flow& flow) {
  auto& link = links_[id];
  if (!link.flows.empty()) check_bandwidth(id, link, flow);
  const auto after = std::find_if(link.flows.begin(), link.flows.end(),
                                  [&](const Flow& other) { return other.from > flow.from; });
  link.flows.insert(after, flow);
}

void LinkSchedule::forget_past(State& link, double now) {
  // In order of `from`, so that count() meets intervals in order: one that lasts holds back those
  // that began later.
  std::size_t past = 0;
  while (past < link.flows.size() && link.flows[past].to <= now) count(link, link.flows[past++]);
  link.flows.erase(link.flows.begin(), link.flows.begin() + static_cast<std::ptrdiff_t>(past));
}

void LinkSchedule::count(State& link, const Flow& flow) {
  if (!flow.is_counted) count(link, flow.from, flow.to);
}

void LinkSchedule::check_bandwidth(LinkId id, const State& link, const Flow& flow) const {
  const auto overlap = [](const Flow& a, const Flow& b) {
    return std::max(a.from, b.from) < std::min(a.to, b.to) * (1 - rounding);
  };
  // The sum of the rates is largest where one of the flows begins.
  const auto check_at = [&](double time, const Flow& meets) {
    double sum = flow.rate;
    for (const auto& other : link.flows) {
      if (other.from <= time && time < other.to && overlap(other, flow)) sum += other.rate;
    }
    if (sum > link.bandwidth * (1 + rounding)) {
      throw NotExact("recurrence", {meets.transfer, flow.transfer, id}, topology_);
    }
  };
  for (const auto& other : link.flows) {
    if (overlap(other, flow)) check_at(std::max(other.from, flow.from), other);
  }
}

std::vector<LinkUse> LinkSchedule::take_use() {
  std::vector<LinkUse> result(topology_.links().size());
  for (LinkId id = 0; id < result.size(); ++id) {
    auto* const link = links_.find(id);
    if (link == nullptr) continue;
    forget_past(*link, std::numeric_limits<double>::infinity());
    result[id] = {{link->bytes}, {link->busy}};
  }
  links_.clear();
  return result;
}

}  // namespace ringsim
