#pragma once
#include "traces/records/field.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ringsim {

struct LayerRow {
  static constexpr FileHeading file = {"layers.csv", "step and layer", "`run`",
                                       "threshold, kept share, importance, age, error, overlap"};

  std::uint64_t step;
  std::string layer;
  std::uint64_t parameters;
  std::optional<double> threshold;
  std::uint64_t kept;
  double density;
  std::optional<double> importance_mean, importance_stddev;
  std::optional<double> age_mean_steps, age_p95_steps, age_max_steps;
  std::optional<double> error, cosine;
  std::optional<double> mask_overlap;

  friend bool operator==(const LayerRow&, const LayerRow&) = default;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"step", &LayerRow::step, "", "The step, from 0."},
        Field{"layer", &LayerRow::layer, "", "The layer's name."},
        Field{"parameters", &LayerRow::parameters, "parameters",
              "How many parameters the layer has."},
        Field{"threshold", &LayerRow::threshold, "1",
              "The threshold of the selection: on the importance with `iwp`, on |r| in units of "
              "the layer's root mean square weight with `magnitude`, on |r| itself with `cltk`. It "
              "is the mean over the broadcasters where each has its own. Empty where no threshold "
              "selects, as in the steps between two masks (`--mask-interval`), and where sizes are "
              "drawn."},
        Field{"kept", &LayerRow::kept, "parameters",
              "Parameters of which a rank sends a value. Where ranks send different ones it is the "
              "mean over the ranks, rounded."},
        Field{"density", &LayerRow::density, "1", "`kept` over `parameters`."},
        Field{"importance_mean", &LayerRow::importance_mean, "1",
              "Mean of the importance over all parameters of the layer and all broadcasters. The "
              "importance is what the threshold is compared with. Empty where nothing "
              "is selected by importance in the step."},
        Field{"importance_stddev", &LayerRow::importance_stddev, "1",
              "Standard deviation of the importance, over the same parameters."},
        Field{"age_mean_steps", &LayerRow::age_mean_steps, "steps",
              "Mean age of the layer's parameters after the step. The age is how many steps ago a "
              "parameter was last sent; the number of steps so far where it never was. Where ranks "
              "send different parameters, and with `--quorum`, each parameter counts on each rank. "
              "Empty where nothing is trained."},
        Field{"age_p95_steps", &LayerRow::age_p95_steps, "steps",
              "95th percentile of these ages, by nearest rank."},
        Field{"age_max_steps", &LayerRow::age_max_steps, "steps", "The largest of these ages."},
        Field{"error", &LayerRow::error, "1",
              "Norm of the difference between the layer's update and the one that the same "
              "optimizer makes of the dense mean gradient, over the norm of the latter. Empty "
              "where nothing is trained or the latter is 0."},
        Field{"cosine", &LayerRow::cosine, "1",
              "Cosine of the angle between these two updates. Empty where nothing is trained or "
              "one of them is 0."},
        Field{"mask_overlap", &LayerRow::mask_overlap, "1",
              "Share of the kept parameters that the step before kept too; by chance it would be "
              "the density of the step before. Empty in the first step, where nothing is kept and "
              "where nothing is trained."});
  }
};

}  // namespace ringsim
