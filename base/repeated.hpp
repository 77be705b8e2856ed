#pragma once
// A sequence in which what repeats is kept once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace ringsim {

/// All values of a run are the same.
struct TheSame {
  template <class T>
  const T& operator()(const T& first, std::uint64_t) const {
    return first;
  }
};

/// Values in runs: number k of a run is Nth{}(first, k). Memory grows with the runs.
template <class T, class Nth = TheSame>
class Repeated {
 public:
  struct Run {
    T first;
    std::uint64_t from, count;  ///< the run's place in the sequence
  };

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = T;
    using pointer = const T*;
    using reference = decltype(Nth{}(std::declval<const T&>(), std::uint64_t{0}));

    Iterator(const std::vector<Run>& runs, std::size_t run) : runs_(&runs), run_(run) {}

    reference operator*() const { return Nth{}((*runs_)[run_].first, in_run_); }
    Iterator& operator++() {
      if (++in_run_ < (*runs_)[run_].count) return *this;
      ++run_;
      in_run_ = 0;
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.run_ == b.run_ && a.in_run_ == b.in_run_;
    }

   private:
    const std::vector<Run>* runs_;
    std::size_t run_;
    std::uint64_t in_run_ = 0;
  };

  /// A run of its own; nothing where `count` is 0.
  void add(T first, std::uint64_t count = 1) {
    if (count > 0) runs_.push_back({std::move(first), size(), count});
  }
  /// Goes on with the last run where that has the value next.
  void push_back(T value, std::uint64_t count = 1) {
    if (!empty() && Nth{}(runs_.back().first, runs_.back().count) == value) {
      runs_.back().count += count;
    } else {
      add(std::move(value), count);
    }
  }
  /// Keeps the first `count` values, of no fewer.
  void shorten(std::uint64_t count) {
    while (!empty() && runs_.back().from >= count) runs_.pop_back();
    if (!empty()) runs_.back().count = count - runs_.back().from;
  }

  bool empty() const { return runs_.empty(); }
  std::uint64_t size() const { return empty() ? 0 : runs_.back().from + runs_.back().count; }
  const std::vector<Run>& runs() const { return runs_; }
  const Run& run_of(std::uint64_t index) const {
    return *std::prev(std::ranges::upper_bound(runs_, index, {}, &Run::from));
  }

  decltype(auto) operator[](std::uint64_t index) const {
    const Run& run = run_of(index);
    return Nth{}(run.first, index - run.from);
  }
  decltype(auto) front() const { return operator[](0); }
  decltype(auto) back() const { return operator[](size() - 1); }
  Iterator begin() const { return {runs_, 0}; }
  Iterator end() const { return {runs_, runs_.size()}; }

 private:
  std::vector<Run> runs_;
};

}  // namespace ringsim
