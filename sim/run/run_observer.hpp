#pragma once
// Where a run reports to while it goes on.
#include "base/rank.hpp"
#include "base/units.hpp"
#include "models/schemes/density_check.hpp"
#include "topologies/topology.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ringsim {

/// What a rank did by itself.
struct RankWork {
  std::uint64_t step;
  Rank rank;
  std::string_view what;  ///< "compute", or what it pruned for: "select", "pack", ...
  Seconds start, duration;
};

/// How far a run is. Figures that are not known yet are absent.
struct StepProgress {
  std::uint64_t done, steps;
  std::optional<double> loss, accuracy;   ///< of the step that was done last
  std::optional<Seconds> simulated = {};  ///< the time that it is, where steps are timed at once
};

/// An empty function is not called.
struct RunObserver {
  /// Gets a line each before the first step: what runs, on what, on which backend; and what memory
  /// training takes.
  std::function<void(const std::string& line)> on_start;
  /// Called when a step is learnt, drawn or replayed.
  std::function<void(const StepProgress&)> on_step;
  /// Gets a line each time that hosts have died and the others go on.
  std::function<void(const std::string& line)> on_fault;
  /// Gets rows in order, when all steps are timed: after a death, steps are recorded anew.
  std::function<void(const LayerRow&)> on_layer;
  /// Gets rows in order, when all steps are timed.
  std::function<void(const StepRow&)> on_row;
  /// Called at the end, where masks were steered to a density: how they met it after the warm-up.
  std::function<void(const DensityCheck&)> on_density;
  /// Gets rows in order of time. Costs much time where there are many ranks.
  std::function<void(const TransferRow&)> on_transfer;
  /// Gets what the ranks did, when it is over, in order of time.
  std::function<void(const RankWork&)> on_work = {};
  /// Gets the network before the first message on it.
  std::function<void(const Topology&)> on_network = {};
};

}  // namespace ringsim
