#include "sim/backend/bottleneck.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace ringsim {
namespace {

/// What goes to one kind of cause.
struct Kind {
  std::string_view name;
  bool is_of_links;
  Seconds sum;
  std::vector<std::pair<std::uint32_t, Seconds>> places;  ///< ranks or links, by number

  void add(std::uint32_t place, Seconds time) {
    sum += time;
    places.emplace_back(place, time);
  }
};

/// What goes to each place, by its name.
std::vector<std::pair<std::string, Seconds>> by_name(Kind kind, const Topology& topology) {
  std::ranges::stable_sort(kind.places, {}, &std::pair<std::uint32_t, Seconds>::first);
  std::vector<std::pair<std::string, Seconds>> named;
  std::uint32_t last = 0;
  for (const auto& [place, time] : kind.places) {
    if (named.empty() || place != last) {
      named.emplace_back(
          kind.is_of_links ? topology.links()[place].name : fmt::format("rank {}", place),
          Seconds{});
    }
    named.back().second += time;
    last = place;
  }
  std::ranges::sort(named, {}, &std::pair<std::string, Seconds>::first);
  return named;
}

}  // namespace

Bottleneck find_bottleneck(const CriticalPath& path, const Topology& topology) {
  std::array<Kind, 6> kinds{{{"compute", false, {}, {}},
                             {"compress", false, {}, {}},
                             {"reduce", false, {}, {}},
                             {"failure", false, {}, {}},
                             {"latency", true, {}, {}},
                             {"link", true, {}, {}}}};
  const auto kind_of = [&](Cause cause) -> Kind& { return kinds[static_cast<std::size_t>(cause)]; };
  for (const auto& [key, time] : path.times.local) kind_of(key.second).add(key.first, time);
  for (const auto& [ends, message] : path.times.from_to) {
    const LinkId link = path.held_up_by.at(ends);
    kind_of(Cause::latency).add(link, message.latency);
    kind_of(Cause::transfer).add(link, message.transfer);
  }
  // The first of the largest, but for rounding.
  const auto* most = &kinds.front();
  for (const auto& kind : kinds) {
    if (is_more(kind.sum.value, most->sum.value)) most = &kind;
  }
  check(most->sum > Seconds{}, "find_bottleneck: the path is empty");
  const auto places = by_name(*most, topology);
  const auto* place = &places.front();
  for (const auto& other : places) {
    if (is_more(other.second.value, place->second.value)) place = &other;
  }
  return {most->name, place->first, most->sum / path.times.total()};
}

}  // namespace ringsim
