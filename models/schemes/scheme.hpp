#pragma once
// A scheme turns the ranks' gradients into payloads and payloads back into an update. It knows
// nothing of networks: it declares what is exchanged, in order; collectives make messages of it,
// backends give them times.
#include "base/error.hpp"
#include "base/phase_name.hpp"
#include "base/rank.hpp"
#include "base/units.hpp"
#include "models/layers.hpp"
#include "models/profiles/cost_counts.hpp"
#include "models/prune/engine.hpp"
#include "models/schemes/scheme_option.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ringsim {

/// What bytes on the wire are for. Indices count as masks, scales and encoding headers as headers.
struct Payload {
  Bytes values, masks, headers;
  Bytes total() const { return values + masks + headers; }
  bool operator==(const Payload&) const = default;
  Payload& operator+=(const Payload& other) {
    values += other.values;
    masks += other.masks;
    headers += other.headers;
    return *this;
  }
};

/// All ranks hold vectors of equal length; afterwards all hold the sum. `collective` chooses the
/// algorithm.
struct AllReduce {
  std::size_t elements = 0;
  Bytes element_bytes{4};
  /// Partial sums do not fit an element (votes of a bit): in place of `collective`, each rank sends
  /// every chunk to the one rank that owns it, which sends the result back (pairwise exchange).
  bool at_owners = false;

  bool operator==(const AllReduce&) const = default;
};
/// Rank i contributes parts[i]; afterwards all ranks hold all parts. An empty part costs nothing.
struct AllGather {
  std::vector<Payload> parts;

  bool operator==(const AllGather&) const = default;
};
/// What the chunks of a vector consist of, where its parts keep different shares of their elements.
struct ChunkParts {
  struct Part {
    std::uint32_t curve;  ///< index into `curves`
    double elements;
    bool operator==(const Part&) const = default;
  };
  std::vector<std::vector<double>> curves;  ///< [.][h]: share that the union of h+1 masks keeps
  std::vector<std::vector<Part>> chunks;    ///< one for every rank

  bool operator==(const ChunkParts&) const = default;
};
/// Rank i holds a sparse vector with the coordinates of masks[i], all masks of equal length;
/// afterwards all hold the sum. Added up hop by hop on a ring, it grows denser on the way.
struct SparseAllReduce {
  std::vector<std::vector<prune::MaskWord>> masks;
  Bytes value_bytes{4}, index_bytes{4};  ///< of an entry
  /// Given instead of masks: what the union of 1, 2, ... ranks' masks keeps of all elements.
  std::vector<std::uint64_t> union_kept = {};
  /// Beside union_kept: how that is spread over the chunks; without chunks: evenly.
  ChunkParts parts = {};

  bool operator==(const SparseAllReduce&) const = default;
};
/// What the ranks do themselves: the bytes that each moves through its memory, and what the time of
/// it grows with where a profile of measured times is taken in their place.
struct LocalWork {
  std::vector<Bytes> moved;  ///< per rank, all of it
  CostStage stage = CostStage::none;
  CostCounts counts;  ///< the same for all ranks, but for coded_bytes
  /// The part of `moved` that coding masks and sampling them moves: counts.coded_bytes of each
  /// rank; empty: nothing.
  std::vector<Bytes> coded;

  bool operator==(const LocalWork&) const = default;
};
/// One thing after another that a step does once the gradients are ready. `phase` names it in
/// transfers.csv.
struct Stage {
  /// Any name will do. Exchanges are called "masks", "values" (with their indices, where they
  /// travel together), "whole" (layers that a scheme does not compress), "p" and "q" (factors of
  /// matrices); local work "select", "pack", ...
  PhaseName phase;
  std::variant<AllReduce, AllGather, SparseAllReduce, LocalWork> what;
  std::uint32_t bucket = 0;  ///< whose layers it is for (models/schemes/bucketed.hpp)

  bool operator==(const Stage&) const = default;
};

/// What happened to one layer in a step.
struct LayerOutcome {
  std::optional<double> threshold;  ///< mean over the broadcasters where each has its own
  /// Parameters of which a rank sends a value; where ranks send different ones, the mean, rounded.
  std::uint64_t kept = 0;
  std::optional<double> importance_mean, importance_stddev;  ///< over all broadcasters' entries

  bool operator==(const LayerOutcome&) const = default;
};

/// What a step sends, and the mean over the ranks that comes back.
struct StepOutcome {
  std::vector<Stage> stages;
  std::span<const float>
      mean;  ///< one value per parameter, 0 where nothing arrived; valid until the next step
  /// Bit i of a layer's words is set where parameter i was sent (prune::Segment's layout: whole
  /// words per layer, in order). Empty: every parameter was sent.
  std::span<const prune::MaskWord> mask;
  /// Where ranks sent different parameters: a mask for each rank, as `mask`, which is their union.
  std::span<const std::vector<prune::MaskWord>> rank_masks;
  std::vector<LayerOutcome> layers;  ///< one per layer
};

/// The sizes of a step's exchange, without values.
struct SyntheticStep {
  std::vector<Stage> stages;
  std::vector<LayerOutcome> layers;  ///< one per layer
  Bytes state_per_rank;              ///< Scheme::state_bytes() of one rank
};

class Scheme {
 public:
  virtual ~Scheme() = default;

  /// True where the scheme's residuals carry the momentum, so that the optimizer applies the mean
  /// without its own.
  virtual bool has_momentum_correction() const = 0;

  /// True where exchange() returns the mean of the ranks' gradients itself, bit for bit
  /// (models/schemes/mean.hpp), in every step.
  virtual bool is_exact() const { return false; }

  /// What rank `rank` does on its own once its gradient (computed with `weights`) is ready.
  /// Different ranks may be called at the same time; each rank once per step.
  virtual void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                          std::span<const float> weights) = 0;

  /// Called for an exact scheme instead of all ranks' contribute(). `mean` is what exchange() then
  /// returns (models/schemes/mean.hpp), and stays where it is until the next step.
  virtual void contribute_mean(std::span<const float> /*mean*/) {
    check(false, "the mean of the gradients is enough for exact schemes alone");
  }

  /// The exchange of a step to which all ranks have contributed.
  virtual StepOutcome exchange(std::uint64_t step) = 0;

  /// Where SchemeDefinition::takes_quorum: the exchange of a step to which the ranks `present`
  /// (ascending, at least one) alone have contributed, whose mean is over them. The others pass
  /// data on and keep what they have.
  virtual StepOutcome exchange_among(std::uint64_t /*step*/, std::span<const Rank> /*present*/) {
    check(false, "the scheme has no exchange among some of the ranks");
    return {};
  }
  /// Called instead of contribute() where `gradient` came too late for the exchange of its step. It
  /// goes to what the rank keeps back; a scheme that keeps nothing back loses it.
  virtual void keep(Rank /*rank*/, std::span<const float> /*gradient*/) {}

  /// After contribute() and before exchange(): `rank` is gone, and the ranks after it are numbered
  /// one lower from now on. Returns what is lost of the gradients that it had kept back: the sum of
  /// their absolute values.
  virtual double drop(Rank rank) = 0;

  /// What one rank selected and sent in a step, for the record.
  struct Selection {
    bool broadcasts = false;                   ///< the other ranks got this rank's mask
    std::span<const std::size_t> layers;       ///< that are pruned; the others are sent whole
    std::span<const prune::Segment> segments;  ///< one per pruned layer, with its threshold
    std::span<const prune::MaskWord> mask;     ///< the rank's own
    /// What was sent: the values at the mask of the outcome, then the whole layers.
    std::span<const float> packed;
    /// One per segment where its threshold was found in what a pass had accumulated: how many
    /// elements it was judged by. Empty: the pass that accumulates selects, too.
    std::span<const std::size_t> sampled = {};
  };
  /// Valid after exchange() until the next contribute(); nothing where the scheme selects nothing.
  virtual std::optional<Selection> selection(Rank /*rank*/, std::uint64_t /*step*/) const {
    return std::nullopt;
  }

  /// Memory for residuals and momenta, all ranks together.
  virtual Bytes state_bytes() const = 0;
};

/// The training settings that go best with a scheme; used where the user gives none.
struct TrainingDefaults {
  double learning_rate;
  double momentum;
};

struct SharedMaskStep;  // shared_mask.hpp

/// A scheme by name. Beside its implementation: `extern const SchemeDefinition NAME_scheme;`.
struct SchemeDefinition {
  std::string_view name;
  std::string_view description;
  std::string_view source;  ///< paper or textbook
  /// What a step computes, in plain text: G, R, M are a rank's gradient, residual and mask.
  std::string_view equation;
  TrainingDefaults defaults;
  /// Those that it takes; the others are errors.
  std::span<const SchemeOption* const> options;
  /// Throws UserError at an option that does not go with the layers, the ranks or another option.
  std::unique_ptr<Scheme> (*make)(const Layers& layers, const SchemeOptions& options);
  /// Steps before the density that was asked for is reached.
  std::uint64_t (*warmup_steps)(const SchemeOptions& options);
  /// A step whose kept counts are drawn (models/schemes/synthetic.hpp), not found in gradients.
  /// Throws UserError as `make` does.
  SyntheticStep (*synthesize)(const Layers& layers, const SchemeOptions& options,
                              std::uint64_t step);
  /// What a step does and sends whose masks and kept counts are known, with the options that
  /// `prune` takes; null: its ranks share no mask.
  std::vector<Stage> (*replay)(const SharedMaskStep& step) = nullptr;
  /// What it sends depends on the shapes of the layers, not on their sizes alone.
  bool needs_shapes = false;
  bool takes_quorum = false;  ///< whether Scheme::exchange_among() can be had
};

/// All schemes, in a fixed order (generated from models/CMakeLists.txt).
std::span<const SchemeDefinition* const> schemes();
/// The scheme of this name; throws UserError at `scheme` (did you mean ...).
const SchemeDefinition& find_scheme(std::string_view name);

}  // namespace ringsim
