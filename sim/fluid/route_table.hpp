#pragma once
// The routes that messages have taken, by source and target.
#include "topologies/topology.hpp"

#include <cstdint>
#include <vector>

namespace ringsim {

/// A table of open addressing, so that a message finds its route in one or two steps. A route is
/// known by its number, in order of first use.
class RouteTable {
 public:
  struct Entry {
    Route route;
    Rank source, target;
    std::uint64_t bytes = 0;  ///< that have passed
  };

  explicit RouteTable(const Topology& topology) : topology_(topology), slots_(64) {}

  std::uint32_t find(Rank source, Rank target) {
    const std::uint64_t key = (std::uint64_t{source} << 32 | target) + 1;
    std::size_t at = place_of(key);
    while (slots_[at].key != key) {
      if (slots_[at].key == 0) return add(key, source, target);
      at = (at + 1) % slots_.size();
    }
    return slots_[at].number;
  }
  Entry& operator[](std::uint32_t number) { return entries_[number]; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  struct Slot {
    std::uint64_t key = 0;  ///< 0: empty
    std::uint32_t number = 0;
  };

  /// The number of slots is a power of two: the product's high bits count (Fibonacci hashing).
  std::size_t place_of(std::uint64_t key) const {
    return (key * 0x9E3779B97F4A7C15U >> 20) & (slots_.size() - 1);
  }
  void insert(std::uint64_t key, std::uint32_t number) {
    std::size_t at = place_of(key);
    while (slots_[at].key != 0) at = (at + 1) % slots_.size();
    slots_[at] = {key, number};
  }
  std::uint32_t add(std::uint64_t key, Rank source, Rank target) {
    const auto number = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({topology_.route(source, target), source, target});
    if (2 * entries_.size() > slots_.size()) {
      std::vector<Slot> old(2 * slots_.size());
      old.swap(slots_);
      for (const auto& slot : old) {
        if (slot.key != 0) insert(slot.key, slot.number);
      }
    }
    insert(key, number);
    return number;
  }

  const Topology& topology_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
};

}  // namespace ringsim
