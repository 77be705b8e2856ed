#pragma once
#include "traces/records/field.hpp"

#include <cstdint>
#include <string>

namespace ringsim {

struct StalenessRow {
  static constexpr FileHeading file = {"staleness.csv", "layer and age", "`run`",
                                       "how many parameters were last sent so many steps ago"};

  std::string layer;
  std::uint64_t age_steps;
  std::uint64_t parameters;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"layer", &StalenessRow::layer, "", "The layer's name."},
        Field{"age_steps", &StalenessRow::age_steps, "steps",
              "An age at the end of the run: how many steps before the last one a parameter was "
              "last sent; the number of steps of the run where it never was."},
        Field{"parameters", &StalenessRow::parameters, "parameters",
              "How many parameters of the layer have this age, at least one. Where ranks send "
              "different parameters, and with `--quorum`, each parameter counts on each rank."});
  }
};

}  // namespace ringsim
