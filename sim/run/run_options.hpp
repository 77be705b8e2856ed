#pragma once
// The options of an experiment, and the one table that names, explains and parses them for every
// command that takes them.
#include "base/option_limits.hpp"
#include "base/rank.hpp"
#include "base/units.hpp"
#include "models/buckets.hpp"
#include "models/label_skew.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/collectives/collective.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

/// How the time that a rank spends on compressing is found.
enum class CompressTime {
  usual,  ///< as measured of PyTorch where the GPU has that for the scheme, else as `model`
  model,  ///< bytes moved over the GPU's memory bandwidth
  fixed,  ///< given, per step
  none,
  profile,  ///< as measured
};

/// Where the sizes of an exchange come from.
enum class Source {
  train,      ///< the network is trained
  synthetic,  ///< they are drawn
  trace,      ///< a gradient trace is replayed
};

/// The value of `collective` by which the topology says what is taken.
constexpr std::string_view automatic_collective = "auto";

struct RunOptions {
  // network
  TopologyChoice topology{"ring8-1g", {}, {}, {}};  ///< ranks absent: all hosts of the topology
  std::string backend = "auto";
  std::string collective{automatic_collective};
  /// Those of the collective that were given.
  std::vector<std::pair<const CollectiveOption*, OptionValue>> collective_options;
  std::optional<BytesPerSecond> reduce_rate;  ///< of hosts that have none of their own
  Seconds detection{10};                      ///< how long after a host's death it is noticed
  AfterOutage after_outage = AfterOutage::resume;
  // work
  Source source = Source::train;
  std::string trace;                 ///< folder of the trace
  bool assumes_independent = false;  ///< the masks of ranks, where the trace has none
  std::optional<Bytes> bytes;        ///< a pure exchange of so many bytes of fp32, without a model
  std::string model = "mlp";
  std::optional<std::uint64_t> steps;
  std::optional<double> epochs;  ///< absent, and no steps: 1
  std::size_t batch = 32;        ///< per rank
  std::uint64_t seed = 1;
  std::optional<double> learning_rate, momentum;  ///< absent: training_rates()
  std::string schedule = "cosine";
  std::string optimizer = "sgd";
  LabelSkew label_skew;
  std::optional<std::uint64_t> evaluate_every;  ///< steps; absent: an epoch
  std::optional<double> target_accuracy;
  bool validates = false;  ///< accuracy on a part of the training set in the test set's place
  // machine
  std::string gpu;                         ///< name or file; empty: the topology's, or default_gpu
  std::string precision;                   ///< empty: the GPU's own
  std::optional<FlopPerSecond> gpu_speed;  ///< absent: the GPU's
  std::optional<BytesPerSecond> gpu_memory_bandwidth;  ///< absent: the GPU's
  // time
  std::optional<Seconds> compute_time;  ///< per step; absent: the model's operations over the speed
  std::string ready_times_file;         ///< with measured times instead of both; empty: none
  CompressTime compress_time = CompressTime::usual;
  Seconds fixed_compress_time;
  std::string compress_profile;  ///< "torch", "fused" or a file; with `usual` that of a capture
  std::uint64_t accumulate = 1;  ///< backward passes of a step, before its exchange
  bool adds_ddp = true;          ///< what DistributedDataParallel adds, where that is known
  double jitter = 0;
  std::optional<BucketRule> bucket;       ///< absent: none, or DDP's with overlap
  std::optional<Seconds> bucket_timeout;  ///< absent: a bucket goes when it is full
  std::optional<bool> overlap;            ///< absent: where there are buckets
  std::optional<bool> finds_headroom;     ///< absent: in a run alone, not in a point of a scan
  // scheme
  std::string scheme = "iwp";
  SchemeOptions scheme_options;  ///< run() fills in ranks, seed, steps_per_epoch, momentum
  // staleness
  std::uint64_t staleness = 0;
  std::optional<Rank> quorum;  ///< absent: all ranks
  std::uint64_t local_steps = 1;
  bool scales_by_delay = false;
  std::optional<double> delay_compensation;
  bool compares_with_fresh = false;
  std::vector<std::string_view> given;  ///< names of the options that were set, in order
};

/// What takes an option: every run, or some schemes or collectives alone; with the others it is an
/// error.
enum class TakenBy { every_run, scheme, collective };

/// What has to hold for an option to have an effect.
struct Condition {
  std::string_view text;  ///< "training"
  bool (*holds)(const RunOptions& options);
  std::string_view refusal;  ///< "has no effect with a run that does not train"
  std::string_view fix;
};

struct RunOptionFacts {
  std::string_view group;  ///< of the help
  Affects affects = Affects::learning;
  unsigned origins = from_anywhere;
  std::span<const Condition> conditions = {};
  void (*set)(RunOptions& options, const OptionValue& value) = nullptr;
  /// The files that are read because of its value; null: none.
  std::vector<std::filesystem::path> (*reads)(const RunOptions& options) = nullptr;
  TakenBy taken_by = TakenBy::every_run;
  const SchemeOption* of_scheme = nullptr;          ///< where taken_by is scheme
  const CollectiveOption* of_collective = nullptr;  ///< where it is collective
};

/// One option: everything that there is to say of it.
struct RunOption : OptionText, RunOptionFacts {};

/// All options, grouped, in the order in which the help lists them.
std::span<const RunOption> run_options();
/// The option of this name; null where there is none.
const RunOption* find_run_option(std::string_view name);

/// Sets option `name`, which has to be one of run_options(), from text. Throws UserError at it.
void set_run_option(RunOptions& options, std::string_view name, std::string_view text);

/// Whether option `name` was set.
bool is_given(const RunOptions& options, std::string_view name);

/// Whether option `name` says only how long things take, so that a recording does not depend on it.
/// (A topology also says how many ranks there are where `ranks` does not.)
bool is_timing_option(std::string_view name);

/// Whether the scheme or the collective of this name takes an option that not every run takes.
bool takes(std::string_view name, const RunOption& option);
/// What has to hold for it to have an effect, for people; empty where it always has one.
std::string needs_of(const RunOption& option);

/// Learning rate and momentum: as given, or what goes best with the optimizer, or with the scheme.
TrainingDefaults training_rates(const RunOptions& options, const SchemeDefinition& scheme);

/// Whether the value of `compute-time` is a file (with / or .csv, .json, .json.gz) or a folder.
bool names_ready_times(std::string_view text);
/// Whether exchanges begin during the backward pass.
bool overlaps(const RunOptions& options);
/// Whether the simulated time feeds back into training (`staleness`, `quorum`).
bool feeds_back(const RunOptions& options);
/// How buckets are filled; nothing where all layers are exchanged together.
std::optional<BucketRule> bucket_rule(const RunOptions& options);

/// Throws UserError where options that were given contradict each other, or one was given that the
/// scheme or the collective does not take (where the topology says which one, see below).
void check_run_options(const RunOptions& options);
/// Throws UserError where an option was given that the collective of this name does not take.
void check_collective_options(const RunOptions& options, std::string_view collective);

}  // namespace ringsim
