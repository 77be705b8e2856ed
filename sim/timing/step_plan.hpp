#pragma once
// What a step costs once gradients are ready: compressing and exchanges with their sizes, for every
// rank. Training records one plan a step; timing replays the plans on any network
// (step_timing.hpp).
#include "base/phase_name.hpp"
#include "base/repeated.hpp"
#include "base/units.hpp"
#include "models/profiles/cost_profile.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/collectives/pipelined_all_gather.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ringsim {

/// How long ranks compress.
struct CompressionCosts {
  std::optional<Seconds> fixed;  ///< a fixed time per step; else what follows says it
  /// The share of `fixed` that each bucket takes; empty where there is one bucket.
  std::vector<double> bucket_shares = {};
  std::optional<SchemeCosts> measured = {};  ///< times of a profile instead of the model
  /// The model: bytes moved over this bandwidth. Absent: compressing takes no time.
  std::optional<BytesPerSecond> memory = {};
};

/// What becomes of LocalWork: how long each rank takes, in order of rank.
struct LocalTime {
  std::vector<Seconds> duration;
  std::uint32_t bucket = 0;
  PhaseName phase = {};
};
struct Exchange {
  PhaseName phase;
  std::shared_ptr<const Collective> collective;
  std::uint32_t bucket = 0;
};

struct StepPlan {
  std::vector<std::variant<LocalTime, Exchange>> stages;
  Payload sent;  ///< sum over the ranks, by what the bytes are for
};

/// The plans of all steps. Steps that do the same have one plan in common.
class StepPlans {
 public:
  StepPlans() = default;
  /// A plan for each step.
  explicit StepPlans(std::vector<StepPlan> plans);

  /// Plans that differ from each other, and which of them the steps have.
  StepPlans(std::vector<StepPlan> distinct, Repeated<std::uint32_t> which)
      : distinct_(std::move(distinct)), which_(std::move(which)), steps_(which_.size()) {}

  /// Plans of so many steps, each of its own, that are made when somebody asks for them, the same
  /// ones whenever that is, and kept while others near them are asked for.
  StepPlans(std::uint64_t steps, std::function<StepPlan(std::uint64_t step)> make)
      : steps_(steps), make_(std::move(make)) {}

  std::uint64_t size() const { return steps_; }
  /// It may be gone when another one is asked for.
  const StepPlan& operator[](std::uint64_t step) const {
    return make_ ? made(step) : distinct_[which_[step]];
  }
  /// How many steps have the plan of one before them.
  std::uint64_t repeated() const { return make_ ? 0 : steps_ - distinct_.size(); }

  // These two hold only plans that were made before, not those that are made when somebody asks.
  const std::vector<StepPlan>& distinct() const { return distinct_; }
  /// The steps' indices of distinct().
  const Repeated<std::uint32_t>& which() const { return which_; }

 private:
  const StepPlan& made(std::uint64_t step) const;

  std::vector<StepPlan> distinct_;
  Repeated<std::uint32_t> which_;
  std::uint64_t steps_ = 0;
  std::function<StepPlan(std::uint64_t)> make_;
  mutable std::map<std::uint64_t, StepPlan> made_;
};

/// An all-reduce algorithm and what it is asked, but for the ranks and elements.
struct CollectiveChoice {
  const CollectiveDefinition* algorithm;
  AllReduceRequest request;
  /// The slowest hop of the ring, which says in what pieces parts of all-gathers travel. Absent:
  /// they travel whole.
  std::optional<HopSpeed> hop = std::nullopt;
};

/// What a scheme declared, without the masks of a sparse all-reduce, so that it can be kept for all
/// steps: what plans are made of, on any network, with any collective and any costs.
struct KeptStage {
  /// A sparse all-reduce goes round the ring whatever the collective.
  struct SparseRing {
    std::shared_ptr<const Collective> collective;
    Bytes value_bytes, index_bytes;  ///< of an entry

    bool operator==(const SparseRing&) const = default;
  };
  PhaseName phase;
  std::variant<LocalWork, AllReduce, AllGather, SparseRing> what;
  std::uint32_t bucket = 0;

  /// Where they are equal, so are plans that are made of them. A sparse ring is equal to itself
  /// alone.
  bool operator==(const KeptStage&) const = default;
};
std::vector<KeptStage> keep(const std::vector<Stage>& stages, Rank ranks);

/// The plan of a step whose scheme declared `stages`. Values go by the all-reduce algorithm;
/// all-gathers go round the ring, in pieces where that is faster. A compression time that is given
/// is spent where the first local work of each bucket stands, and none elsewhere.
StepPlan plan_kept(const std::vector<KeptStage>& stages, Rank ranks, const CollectiveChoice& values,
                   const CompressionCosts& costs);
/// plan_kept(keep(stages, ranks), ...)
StepPlan plan_step(const std::vector<Stage>& stages, Rank ranks, const CollectiveChoice& values,
                   const CompressionCosts& costs);

}  // namespace ringsim
