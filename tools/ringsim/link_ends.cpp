#include "tools/ringsim/link_ends.hpp"

#include <map>
#include <numeric>

namespace ringsim {
namespace {

/// Sets that are joined (union-find).
class JoinedSets {
 public:
  explicit JoinedSets(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t one) {
    while (parent_[one] != one) one = parent_[one] = parent_[parent_[one]];
    return one;
  }
  void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

std::optional<std::vector<LinkEnds>> link_ends(const Topology& topology) {
  constexpr std::uint32_t most_hosts = 64;
  const std::uint32_t hosts = topology.hosts();
  if (hosts > most_hosts) return std::nullopt;
  const std::size_t links = topology.links().size();
  const auto begin_of = [&](std::size_t link) { return hosts + 2 * link; };
  const auto end_of = [&](std::size_t link) { return hosts + 2 * link + 1; };
  JoinedSets places(hosts + 2 * links);
  std::vector<bool> is_passed(links);
  for (Rank source = 0; source < hosts; ++source) {
    for (Rank target = 0; target < hosts; ++target) {
      if (source == target) continue;
      std::size_t at = source;
      for (const LinkId link : topology.route(source, target).links) {
        is_passed[link] = true;
        places.join(at, begin_of(link));
        at = end_of(link);
      }
      places.join(at, target);
    }
  }
  std::map<std::size_t, std::uint32_t> numbers;
  for (Rank host = 0; host < hosts; ++host) {
    if (!numbers.emplace(places.find(host), host).second) return std::nullopt;
  }
  const auto number = [&](std::size_t place) {
    return numbers.emplace(places.find(place), numbers.size()).first->second;
  };
  std::vector<LinkEnds> ends;
  for (std::size_t link = 0; link < links; ++link) {
    const LinkEnds found{number(begin_of(link)), number(end_of(link))};
    if (!is_passed[link] || found.from == found.to) return std::nullopt;
    ends.push_back(found);
  }
  return ends;
}

}  // namespace ringsim
