#pragma once
// How long the exchange of each step takes: from the start of its first transfer to the end of its
// last.
#include "sim/backend/backend.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace ringsim {

/// How long the exchange of one step lasts.
class ExchangeTime {
 public:
  void add(const CollectiveEvent& event) {
    if (!event.start) return;
    first_start_ = std::min(first_start_, *event.start);
    last_end_ = std::max(last_end_, *event.end);
  }

  /// When the first message started; absent where there was none.
  std::optional<Seconds> first_start() const {
    return first_start_ < Seconds{std::numeric_limits<double>::infinity()}
               ? std::optional(first_start_)
               : std::nullopt;
  }
  /// Zero where nothing was exchanged.
  Seconds duration() const {
    return last_end_ > first_start_ ? last_end_ - first_start_ : Seconds{};
  }

 private:
  Seconds first_start_{std::numeric_limits<double>::infinity()};
  Seconds last_end_ = {};
};

class ExchangeTimes {
 public:
  explicit ExchangeTimes(std::size_t steps) : steps_(steps) {}

  std::size_t steps() const { return steps_.size(); }

  void add(const CollectiveEvent& event) { steps_[event.step].add(event); }

  /// The exchanges from `step` on begin again: those that have been do not count.
  void begin_again(std::uint64_t step) {
    std::fill(steps_.begin() + static_cast<std::ptrdiff_t>(step), steps_.end(), ExchangeTime{});
  }

  Seconds duration(std::uint64_t step) const { return steps_[step].duration(); }

 private:
  std::vector<ExchangeTime> steps_;
};

}  // namespace ringsim
