#pragma once
// What will happen when, the earliest first.
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace ringsim {

/// A heap of times, and for each a chain of the events that happen then: where ranks go in step,
/// many do, and most find the chain of their time in a small cache. Its nodes have four children:
/// half as deep as a binary one, and the children of a node share a cache line.
class EventHeap {
 public:
  using EventId = std::uint32_t;

  bool is_empty() const { return heap_.empty(); }
  /// When the next event is, in s.
  double time() const { return heap_.front().time; }
  EventId next() const {
    const auto& first = nodes_[heap_.front().chain];
    return first.next == none ? first.id : nodes_[first.next].id;
  }

  void push(double time, EventId id) {
    auto& known = cache_[slot_of(time)];
    if (known.chain != none && known.time == time) {
      const std::uint32_t node = make_node(id, nodes_[known.chain].next);
      nodes_[known.chain].next = node;
      return;
    }
    known = {time, make_node(id, none)};
    rise(known);
  }

  /// Forgets the next event.
  void pop() {
    const Times top = heap_.front();
    auto& first = nodes_[top.chain];
    if (first.next != none) {
      const std::uint32_t node = first.next;
      first.next = nodes_[node].next;
      drop_node(node);
      return;
    }
    drop_node(top.chain);
    forget(top);
    const Times last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
  }

  /// The next event happens later.
  void postpone(double time) {
    const Times top = heap_.front();
    auto& known = cache_[slot_of(time)];
    const bool is_known = known.chain != none && known.time == time;
    if (is_known || nodes_[top.chain].next != none) {
      const EventId id = next();
      pop();
      push(time, id);
      return;
    }
    forget(top);
    known = {time, top.chain};
    sink(known);
  }

  void clear() {
    while (!is_empty()) pop();
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::size_t children = 4;
  static constexpr int cache_bits = 6;

  struct Node {
    EventId id;
    std::uint32_t next;  ///< of the same time
  };
  struct Times {
    double time = 0;
    std::uint32_t chain = none;  ///< its first node
  };

  static std::size_t slot_of(double time) {
    return std::bit_cast<std::uint64_t>(time) * 0x9E3779B97F4A7C15U >> (64 - cache_bits);
  }

  std::uint32_t make_node(EventId id, std::uint32_t next) {
    if (unused_ == none) {
      nodes_.push_back({id, next});
      return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t node = unused_;
    unused_ = nodes_[node].next;
    nodes_[node] = {id, next};
    return node;
  }
  void drop_node(std::uint32_t node) {
    nodes_[node].next = unused_;
    unused_ = node;
  }

  /// The cache knows this time no longer.
  void forget(const Times& times) {
    auto& known = cache_[slot_of(times.time)];
    if (known.chain == times.chain) known.chain = none;
  }

  void rise(const Times& times) {
    std::size_t hole = heap_.size();
    heap_.push_back(times);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / children;
      if (heap_[parent].time <= times.time) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = times;
  }

  /// Fills the hole at the top.
  void sink(const Times& times) {
    const std::size_t count = heap_.size();
    Times* const heap = heap_.data();
    std::size_t hole = 0;
    for (;;) {
      const std::size_t first = children * hole + 1;
      if (first >= count) break;
      const std::size_t least =
          first + (first + children <= count ? earliest(&heap[first]) : earliest(first, count));
      if (heap[least].time >= times.time) break;
      heap[hole] = heap[least];
      hole = least;
    }
    heap[hole] = times;
  }
  /// Which of four is the earliest, without branches, as any of them may be.
  static std::size_t earliest(const Times* four) {
    const std::size_t a = four[1].time < four[0].time ? 1 : 0;
    const std::size_t b = four[3].time < four[2].time ? 3 : 2;
    return four[b].time < four[a].time ? b : a;
  }
  /// Which of the last `count` - `first` children is the earliest, where they are fewer than four.
  std::size_t earliest(std::size_t first, std::size_t count) const {
    std::size_t least = first;
    for (std::size_t child = first + 1; child < count; ++child) {
      if (heap_[child].time < heap_[least].time) least = child;
    }
    return least - first;
  }

  std::vector<Times> heap_;
  std::vector<Node> nodes_;
  std::uint32_t unused_ = none;                 ///< nodes, chained
  std::array<Times, 1 << cache_bits> cache_{};  ///< times in the heap, by slot_of()
};

}  // namespace ringsim
