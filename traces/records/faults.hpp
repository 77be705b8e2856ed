#pragma once
#include "traces/records/field.hpp"

#include <cstdint>
#include <optional>

namespace ringsim {

/// In order of time.
struct FaultRow {
  static constexpr FileHeading file = {"faults.csv", "death of a host", "`run`, if one died",
                                       "when it died and was noticed, the step, what was lost"};

  std::uint64_t rank;
  double died_s, detected_s;
  std::uint64_t step;
  std::optional<double> lost_mass;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"rank", &FaultRow::rank, "", "The rank that died, by its number before any death."},
        Field{"died_s", &FaultRow::died_s, "s", "When its host died."},
        Field{"detected_s", &FaultRow::detected_s, "s",
              "When the others noticed it and began a step again."},
        Field{"step", &FaultRow::step, "",
              "The step, from 0, that was begun again without the rank."},
        Field{"lost_mass", &FaultRow::lost_mass, "1",
              "Sum of the absolute values of the gradients that the rank had kept back and that "
              "are lost with it, its gradient of that step included. It is 0 with schemes that "
              "keep nothing back, and empty where no values are known."});
  }
};

}  // namespace ringsim
