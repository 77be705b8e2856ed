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

class ExchangeTimes {
 public:
  explicit ExchangeTimes(std::size_t steps) : steps_(steps) {}

  std::size_t steps() const { return steps_.size(); }

  void add(const CollectiveEvent& event) {
    if (!event.start) return;
    auto& [first_start, last_end] = steps_[event.step];
    first_start = std::min(first_start, *event.start);
    last_end = std::max(last_end, *event.end);
  }

  /// The exchanges from `step` on begin again: those that have been do not count.
  void begin_again(std::uint64_t step) {
    std::fill(steps_.begin() + static_cast<std::ptrdiff_t>(step), steps_.end(), Messages{});
  }

  /// When the first message started; absent where there was none.
  std::optional<Seconds> first_start(std::uint64_t step) const {
    const Seconds first = steps_[step].first_start;
    return first < Seconds{std::numeric_limits<double>::infinity()} ? std::optional(first)
                                                                    : std::nullopt;
  }
  /// Zero where nothing was exchanged.
  Seconds duration(std::uint64_t step) const {
    const auto& [first_start, last_end] = steps_[step];
    return last_end > first_start ? last_end - first_start : Seconds{};
  }

 private:
  struct Messages {
    Seconds first_start{std::numeric_limits<double>::infinity()};
    Seconds last_end = {};
  };
  std::vector<Messages> steps_;
};

}  // namespace ringsim
