#include "sim/learning/late_history.hpp"

namespace ringsim {

void LateHistory::tell(LateTraining& training) const {
  for (const auto& event : events_) {
    switch (event.kind) {
      case Kind::begin:
        training.begin(event.rank, event.step, event.now);
        break;
      case Kind::ready:
        training.ready(event.rank, event.bucket, event.now);
        break;
      case Kind::apply:
        training.apply(event.rank, event.step, event.bucket, event.now);
        break;
      case Kind::exchange:
        training.exchange(event.step, event.bucket);
        break;
      case Kind::go_on_without:
        training.go_on_without(event.dead, event.step);
        break;
    }
  }
}

}  // namespace ringsim
