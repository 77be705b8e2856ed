#pragma once
// What a run reports: one struct per table, one member per column, units in the names. Sinks write
// them and know nothing of who made them. An absent figure is an empty optional, never 0.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// steps.csv. Times are those of the rank that finishes the run last; start_s is when its previous
/// step ended.
struct StepRow {
  std::uint64_t step;
  double start_s, compute_s, prune_s, exchange_s, exposed_exchange_s, total_s;
  std::uint64_t values_bytes, masks_bytes, headers_bytes,
      total_bytes;                               ///< sent, sum over the ranks
  std::optional<double> delay_steps;             ///< mean over the ranks whose gradients it took
  std::optional<std::uint64_t> delay_max_steps;  ///< the largest of them
  std::optional<std::vector<std::uint64_t>>
      left_out_ranks;              ///< whose gradients came too late, with a quorum
  std::optional<double> loss;      ///< mean over the ranks' batches, before the update
  std::optional<double> accuracy;  ///< on the test set after this step, where it was measured
};

/// layers.csv
struct LayerRow {
  std::uint64_t step;
  std::string layer;
  std::uint64_t parameters;
  std::optional<double> threshold;
  std::uint64_t kept;
  double density;
  std::optional<double> importance_mean, importance_stddev;
  std::optional<double> age_mean_steps, age_p95_steps, age_max_steps;
  std::optional<double> error, cosine;
  std::optional<double> mask_overlap;  ///< share of the kept that the step before kept too
};

/// links.csv
struct LinkRow {
  std::string link;
  std::uint64_t bytes;
  double busy_s;       ///< time during which bytes flowed
  double utilization;  ///< bytes / (capacity integrated over the run)
};

/// staleness.csv: how many parameters of a layer have this age at the end of the run.
struct StalenessRow {
  std::string layer;
  std::uint64_t age_steps;
  std::uint64_t parameters;
};

/// transfers.csv: a message, in the order in which they arrived.
struct TransferRow {
  std::uint64_t step;
  std::string phase;
  std::uint64_t bucket, round, source, target, bytes;
  double start_s, end_s;  ///< start: when both sides had posted
};

/// faults.csv, where hosts died: in order of time.
struct FaultRow {
  std::uint64_t rank;
  double died_s, detected_s;
  std::uint64_t step;  ///< that was begun again without the rank
  /// The sum of the absolute values of the gradients that the rank had kept back; absent where no
  /// values are known.
  std::optional<double> lost_mass;
};

/// summary.json and `--format json` (design.md has the form and the definitions).
struct Summary {
  std::uint32_t ranks = 0;
  std::string scheme, collective, backend;
  std::uint64_t steps = 0;
  double simulated_seconds = 0;
  struct {
    double compute = 0, prune = 0, exchange = 0, exposed_exchange = 0, total = 0;
  } seconds_per_step;
  struct {
    double values = 0, masks = 0, headers = 0, total = 0;
  } bytes_sent_per_rank;
  struct {
    std::optional<double> kept, values, wire, wire_after_warmup;
  } compression_ratio;
  std::optional<double> density;
  struct {
    std::optional<double> mean, p50, p95, max, delay_mean, delay_max;
  } staleness_steps;
  std::optional<double> left_out_ranks;  ///< mean over the steps, with a quorum
  struct Target {
    double accuracy;  ///< that was asked for
    std::optional<std::uint64_t> steps;
    std::optional<double> seconds;  ///< until it was first measured; absent: it never was
  };
  std::optional<Target> target;
  struct Bottleneck {
    std::string kind, name;
    double share;
  };
  std::optional<Bottleneck> bottleneck;
  std::optional<double> accuracy, loss;
  double wall_seconds = 0;
  struct Input {
    std::string name, sha256;
  };
  struct {
    std::string version, command;
    std::uint64_t seed = 0;
    std::vector<Input> inputs;
  } provenance;
};

}  // namespace ringsim
