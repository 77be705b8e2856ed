#pragma once
// Staleness as age: at the end of step t a coordinate's age is t minus the step in which it was
// last sent; t+1 where it never was. Where ranks send different coordinates, it is an age of
// (rank, coordinate), and counts are of those. Exact for all parameters; a step costs time for the
// coordinates that it sent alone.
#include "base/rank.hpp"
#include "models/layers.hpp"
#include "models/prune/engine.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

struct AgeStatistics {
  double mean, p50, p95, max;  ///< steps; percentiles by nearest rank
};

class AgeTracker {
 public:
  explicit AgeTracker(const Layers& layers);

  /// Takes what step `step` sent, all ranks alike (steps count up from 0 without a gap); `mask` as
  /// in StepOutcome, empty: everything.
  void record(std::uint64_t step, std::span<const prune::MaskWord> mask);
  /// The same where each rank sent what its own mask says; always the same number of ranks.
  void record(std::uint64_t step, std::span<const std::span<const prune::MaskWord>> masks);

  /// Rank `rank` is gone, and those after it are numbered one lower. Where ranks have no masks of
  /// their own nothing changes.
  void drop(Rank rank);

  /// The ages of one layer, or of all parameters, after the latest step.
  AgeStatistics layer(std::size_t index) const;
  AgeStatistics all() const;
  /// Entry a: parameters of the layer (on all ranks, where masks are theirs) with age a.
  std::vector<std::uint64_t> histogram(std::size_t index) const;

 private:
  /// A layer on one rank, or on all alike.
  struct Copy {
    /// 1 + the step in which coordinate i was last sent; 0 where it never was. Where all_sent is
    /// larger, that holds instead.
    std::vector<std::uint32_t> last_sent;
    std::uint32_t all_sent = 0;  ///< 1 + the last step that sent the whole layer; 0: none
    bool is_even = true;         ///< all coordinates were last sent in all_sent
  };
  struct LayerAges {
    std::size_t parameters;
    std::size_t mask_offset;
    std::vector<Copy> copies;
    /// Entry s: coordinates of all copies with last_sent s. Sums to copies * parameters.
    std::vector<std::uint64_t> by_last_sent;
  };

  void make_copies(std::size_t count);
  static void record_all(LayerAges& ages, Copy& copy, std::uint32_t now);
  static void record_sent(LayerAges& ages, Copy& copy, std::span<const prune::MaskWord> mask,
                          std::uint32_t now);
  AgeStatistics statistics(std::span<const std::uint64_t> by_last_sent,
                           std::size_t parameters) const;

  std::vector<LayerAges> layers_;
  std::size_t copies_ = 1;
  std::uint32_t steps_ = 0;
};

}  // namespace ringsim
