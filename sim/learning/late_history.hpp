#pragma once
// What LateTraining was told, to be told again: after a death it trains anew up to the exchange
// that is begun again, with the same result, so that no exchange has to be undone.
#include "sim/learning/late_training.hpp"

#include <cstdint>
#include <vector>

namespace ringsim {

class LateHistory {
 public:
  void begin(Rank rank, std::uint64_t step, Seconds now) {
    add({.kind = Kind::begin, .rank = rank, .step = step, .now = now});
  }
  void ready(Rank rank, std::size_t bucket, Seconds now) {
    add({.kind = Kind::ready, .rank = rank, .bucket = bucket, .now = now});
  }
  void apply(Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
    add({.kind = Kind::apply, .rank = rank, .step = step, .bucket = bucket, .now = now});
  }
  void exchange(std::uint64_t step, std::size_t bucket) {
    add({.kind = Kind::exchange, .step = step, .bucket = bucket});
  }
  void go_on_without(const std::vector<Rank>& dead, std::uint64_t step) {
    add({.kind = Kind::go_on_without, .step = step, .dead = dead});
  }

  /// The exchanges from `step` on have not been.
  void forget_exchanges(std::uint64_t step) {
    std::erase_if(events_, [step](const Event& event) {
      return event.kind == Kind::exchange && event.step >= step;
    });
  }

  void tell(LateTraining& training) const;

 private:
  enum class Kind : std::uint8_t { begin, ready, apply, exchange, go_on_without };
  struct Event {
    Kind kind;
    Rank rank = 0;
    std::uint64_t step = 0;
    std::size_t bucket = 0;
    Seconds now = {};
    std::vector<Rank> dead = {};
  };

  void add(Event event) { events_.push_back(std::move(event)); }

  std::vector<Event> events_;
};

}  // namespace ringsim
