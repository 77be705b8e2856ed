#pragma once
// What a backend knows of routes, found when a message first takes one.
#include "topologies/topology.hpp"

#include <unordered_map>
#include <vector>

namespace ringsim {

/// One Entry per pair of ranks that exchange messages. Entries stay where they are.
template <class Entry>
class RouteCache {
 public:
  explicit RouteCache(Rank ranks) : ranks_(ranks) {}

  /// `fill(entry)` is called for a new one.
  template <class Fill>
  Entry& at(Rank source, Rank target, Fill fill) {
    if (from_.empty()) from_.resize(ranks_);  // programs that run in one go look nothing up
    auto& from = from_[source];
    if (from.last == nullptr || from.last_target != target) {
      auto [found, is_new] = from.entries.try_emplace(target);
      if (is_new) fill(found->second);
      from.last_target = target;
      from.last = &found->second;
    }
    return *from.last;
  }

 private:
  /// Most ranks send to the same one again and again.
  struct From {
    Rank last_target = 0;
    Entry* last = nullptr;
    std::unordered_map<Rank, Entry> entries;
  };

  Rank ranks_;
  std::vector<From> from_;
};

}  // namespace ringsim
