#include "sim/fluid/sharing.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ringsim {
namespace {

/// A link may be this much too full, relatively, before it is looked at: sums of rates are off by
/// rounding.
constexpr double slack = 1e-13;
/// A level stays what it is where it would change by no more, relatively.
constexpr double least_rounding = 4e-16;

}  // namespace

Sharing::Sharing(const std::vector<double>& capacities)
    : levels_(capacities.size()), loads_(capacities.size()), limits_(capacities.size()) {
  links_.reserve(capacities.size());
  for (LinkId link = 0; link < capacities.size(); ++link) {
    links_.push_back({.capacity = capacities[link], .members = {}});
    set_level(link, infinite);
  }
}

Sharing::FlowId Sharing::make_flow(std::span<const LinkId> links) {
  const auto count = static_cast<std::uint32_t>(links.size());
  if (unused_.size() <= count) unused_.resize(count + std::size_t{1});
  FlowId flow;
  if (unused_[count].empty()) {
    flow = static_cast<FlowId>(flows_.size());
    flows_.push_back({0, 0, nobody, static_cast<std::uint32_t>(places_.size()), count, 0});
    places_.resize(places_.size() + count);
  } else {
    flow = unused_[count].back();
    unused_[count].pop_back();
  }
  Crossing* place = &places_[flows_[flow].first];
  for (const LinkId link : links) (place++)->link = link;
  return flow;
}

void Sharing::drop_flow(FlowId flow) { unused_[flows_[flow].count].push_back(flow); }

void Sharing::begin(FlowId id, double now) {
  ++flowing_;
  auto& flow = flows_[id];
  flow.rate = flow.spare = 0;
  flow.holder = nobody;
  // The link that is likely to hold it gives it its first rate.
  LinkId tightest = nobody;
  double least = 0;
  for (std::uint32_t which = 0; which < flow.count; ++which) {
    auto& place = places_[flow.first + which];
    auto& link = links_[place.link];
    if (link.members.empty()) link.busy_since = now;
    place.position = static_cast<std::uint32_t>(link.members.size());
    link.members.push_back({id, which});
    const double share =
        std::min(levels_[place.link], link.capacity / static_cast<double>(link.members.size()));
    if (tightest == nobody || share < least) {
      tightest = place.link;
      least = share;
    }
  }
  links_[tightest].has_new_flow = true;
  queue(tightest);
}

void Sharing::end(FlowId id, double now) {
  --flowing_;
  const auto& flow = flows_[id];
  for (std::uint32_t which = 0; which < flow.count; ++which) {
    const auto place = places_[flow.first + which];
    auto& link = links_[place.link];
    const Member moved = link.members.back();
    link.members[place.position] = moved;
    places_[flows_[moved.flow].first + moved.which].position = place.position;
    link.members.pop_back();
    if (link.members.empty()) {
      link.busy += now - link.busy_since;
      loads_[place.link] = 0;
      set_level(place.link, infinite);
    } else {
      loads_[place.link] -= flow.rate;
      if (++link.ended % 1024 == 0) sum_load(place.link);
      if (levels_[place.link] != infinite) queue(place.link);
    }
  }
}

void Sharing::sum_load(LinkId link) {
  loads_[link] = 0;
  for (const auto& member : links_[link].members) loads_[link] += flows_[member.flow].rate;
}

void Sharing::set_level(LinkId link, double level) {
  levels_[link] = level;
  limits_[link] = level == infinite ? links_[link].capacity * (1 + slack) : -infinite;
}

void Sharing::set_capacity(LinkId link, double capacity) {
  links_[link].capacity = capacity;
  set_level(link, levels_[link]);
  queue(link);
}

void Sharing::queue(LinkId id) {
  if (std::exchange(links_[id].is_queued, true)) return;
  queue_.push_back(id);
}

void Sharing::solve() {
  changed_.clear();
  rounding_ = least_rounding;
  // Each level is final once all lower ones are, so this ends; but rounding might have levels that
  // are equal chase each other.
  std::size_t patience = 32 * queue_.size() + 4096;
  for (std::size_t next = 0; next < queue_.size(); ++next) {
    const LinkId link = queue_[next];
    links_[link].is_queued = false;
    evaluate(link);
    if (next < patience) continue;
    patience += 1024;
    rounding_ *= 2;
  }
  queue_.clear();
  for (const auto& change : changed_) flows_[change.flow].is_changed = false;
  std::erase_if(changed_,
                [&](const Changed& change) { return flows_[change.flow].rate == change.old_rate; });
}

void Sharing::evaluate(LinkId id) {
  auto& link = links_[id];
  if (link.members.empty()) return;
  if (loads_[id] <= limits_[id] && !link.has_new_flow) return;
  link.has_new_flow = false;
  if (shares_.size() < link.members.size()) shares_.resize(2 * link.members.size());
  const std::span shares(shares_.data(), link.members.size());
  Share* share = shares.data();
  for (const auto [flow, which] : link.members) {
    const auto& state = flows_[flow];
    const bool is_lazy = (state.holder == id) | (state.holder == nobody);
    *share++ = {is_lazy ? state.spare : state.rate, infinite, flow, which, nobody, is_lazy};
  }
  double level = fill(link.capacity, shares);
  if (level != infinite && std::abs(level - levels_[id]) <= rounding_ * level) level = levels_[id];
  set_level(id, level);
  double load = 0;
  for (auto& member : shares) {
    if (member.limit <= level && member.is_lazy) look_up(member);
    take(member, id, level);
    load += flows_[member.flow].rate;
  }
  loads_[id] = load;
}

void Sharing::take(const Share& share, LinkId id, double level) {
  auto& flow = flows_[share.flow];
  if (share.limit > level) {
    flow.holder = id;
    flow.spare = share.limit;
    set_rate(share.flow, level, id);
  } else if (flow.holder == id || flow.holder == nobody) {
    flow.holder = share.limited_by;
    flow.spare = std::min(share.next_limit, level);
    set_rate(share.flow, share.limit, id);
  } else {
    flow.spare = std::min(flow.spare, level);
  }
}

double Sharing::fill(double capacity, std::span<Share> shares) const {
  std::size_t held = shares.size();
  double level = capacity / static_cast<double>(held);
  for (bool is_settled = false; !is_settled;) {
    is_settled = true;
    for (std::size_t i = 0; i < held;) {
      auto& share = shares[i];
      if (share.limit <= level && share.is_lazy) look_up(share);
      if (share.limit > level) {
        ++i;
        continue;
      }
      capacity -= share.limit;
      std::swap(share, shares[--held]);
      if (held == 0) return infinite;
      level = std::max(0.0, capacity / static_cast<double>(held));
      is_settled = false;
    }
  }
  return level;
}

void Sharing::look_up(Share& share) const {
  const auto& flow = flows_[share.flow];
  const double* const levels = levels_.data();
  const Crossing* const places = &places_[flow.first];
  double least = infinite, second = infinite;
  LinkId lowest = nobody;
  for (std::uint32_t which = 0; which < flow.count; ++which) {
    const double level = levels[places[which].link];
    if (level >= second || which == share.which) continue;
    second = std::max(level, least);
    if (level >= least) continue;
    least = level;
    lowest = places[which].link;
  }
  share.is_lazy = false;
  share.limit = least;
  share.next_limit = second;
  share.limited_by = lowest;
}

void Sharing::set_rate(FlowId id, double rate, LinkId by) {
  auto& flow = flows_[id];
  if (flow.rate == rate) return;
  if (!flow.is_changed) changed_.push_back({id, flow.rate});
  flow.is_changed = true;
  const double more = rate - flow.rate;
  flow.rate = rate;
  // Where routes are long, most of the time is spent here.
  double* const loads = loads_.data();
  const double* const limits = limits_.data();
  const Crossing* const end = &places_[flow.first] + flow.count;
  for (const Crossing* place = end - flow.count; place != end; ++place) {
    const LinkId link = place->link;
    const double load = loads[link] + more;
    loads[link] = load;
    if (load > limits[link] && link != by) queue(link);
  }
}

double Sharing::distance_from_max_min() const {
  double distance = 0;
  std::vector<double> loads(links_.size()), fastest(links_.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const auto& member : links_[i].members) {
      loads[i] += flows_[member.flow].rate;
      fastest[i] = std::max(fastest[i], flows_[member.flow].rate);
    }
    if (links_[i].capacity > 0)
      distance = std::max(distance, loads[i] / links_[i].capacity - 1);
    else if (loads[i] > 0)
      distance = infinite;
  }
  for (const auto& link : links_) {
    for (const auto& [id, which] : link.members) {
      // Each flow once, at the first of its links.
      if (which != 0) continue;
      const auto& flow = flows_[id];
      double missing = infinite;
      for (std::uint32_t at = 0; at < flow.count; ++at) {
        const LinkId other = places_[flow.first + at].link;
        const double capacity = links_[other].capacity;
        if (capacity == 0) missing = 0;
        if (capacity == 0) break;
        missing = std::min(missing, std::max((capacity - loads[other]) / capacity,
                                             (fastest[other] - flow.rate) / fastest[other]));
      }
      distance = std::max(distance, missing);
    }
  }
  return distance;
}

}  // namespace ringsim
