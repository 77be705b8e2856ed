#include "sim/backend/bottleneck.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

namespace ringsim {

Bottleneck find_bottleneck(const CriticalPath& path, const Topology& topology) {
  struct Kind {
    std::string_view name;
    Seconds sum;
    std::map<std::string, Seconds> places;

    void add(const std::string& place, Seconds time) {
      sum += time;
      places[place] += time;
    }
  };
  std::array<Kind, 6> kinds{{{"compute", {}, {}},
                             {"compress", {}, {}},
                             {"reduce", {}, {}},
                             {"failure", {}, {}},
                             {"latency", {}, {}},
                             {"link", {}, {}}}};
  const auto kind_of = [&](Cause cause) -> Kind& { return kinds[static_cast<std::size_t>(cause)]; };
  for (const auto& [key, time] : path.times.local)
    kind_of(key.second).add(fmt::format("rank {}", key.first), time);
  for (const auto& [ends, message] : path.times.from_to) {
    const auto& link = topology.links()[path.held_up_by.at(ends)].name;
    kind_of(Cause::latency).add(link, message.latency);
    kind_of(Cause::transfer).add(link, message.transfer);
  }
  // The first of the largest, but for rounding.
  const auto* most = &kinds.front();
  for (const auto& kind : kinds) {
    if (is_more(kind.sum.value, most->sum.value)) most = &kind;
  }
  check(most->sum > Seconds{}, "find_bottleneck: the path is empty");
  auto place = most->places.begin();
  for (auto other = place; other != most->places.end(); ++other) {
    if (is_more(other->second.value, place->second.value)) place = other;
  }
  return {most->name, place->first, most->sum / path.times.total()};
}

}  // namespace ringsim
