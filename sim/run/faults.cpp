#include "sim/run/faults.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace ringsim {

void Faults::add(const std::vector<RankDeath>& deaths) {
  for (const auto& [rank, died, detected, step] : deaths) {
    --ranks_left_;
    trained_deaths_.push_back({step, rank});
    rows_.push_back({rank, died.value, detected.value, step, {}});
    if (!observer_.on_fault) continue;
    observer_.on_fault(
        fmt::format("rank {} died at {}; noticed at {}: {} ranks begin step {} again", rank,
                    format(died), format(detected), ranks_left_, step + 1));
  }
}

std::vector<FaultRow> Faults::rows(const std::vector<double>& lost_mass) const {
  auto rows = rows_;
  for (std::size_t i = 0; i < lost_mass.size(); ++i) rows[i].lost_mass = lost_mass[i];
  return rows;
}

}  // namespace ringsim
