#pragma once
// Replays a sparse gradient trace: the same selections on any network and any number of ranks.
//
// How the trace's ranks are mapped: with N ranks in the run and P in the trace, rank b of the trace
// is played by rank b mod N. With N > P the ranks from P on broadcast no mask, and reduce the same
// values as all; with N < P a rank that plays several broadcasters sends the masks of each. The
// broadcasters, and so the union that is sent, are those of the trace: with other broadcasters the
// residuals, which the trace does not hold, would have been others.
#include "models/buckets.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/shared_mask.hpp"
#include "traces/gradient_trace.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct ReplayedStep {
  std::vector<Stage> stages;
  std::vector<LayerRow> layers;  ///< without what a trace does not hold
  std::uint64_t kept = 0;        ///< parameters of the update that carry a value
};

/// How the values of topk come together.
struct TraceSums {
  bool on_ring = false;
  bool assumes_independent = false;  ///< masks, where the trace does not have that of every rank
};

class TraceSource {
 public:
  using Replay = decltype(SchemeDefinition::replay);

  /// `scheme`: the trace's, "dense" (what the exchange would cost without pruning), or "topk"
  /// (every rank sends what it selected itself, in the place of what was broadcast: rank i of the
  /// run what rank i mod P of the trace did); absent: the trace's. `mask_encoding`: one of
  /// mask_encodings(); absent or "auto": the smallest of each mask. Throws UserError at the trace's
  /// files, "scheme" or "mask-encoding".
  TraceSource(std::filesystem::path folder, const std::optional<std::string>& scheme,
              const std::optional<std::string>& mask_encoding, const TraceSums& sums = {});

  const TraceHeader& header() const { return trace_.header; }
  const std::string& scheme() const { return scheme_; }
  std::size_t parameters() const { return parameters_; }
  /// A step, below header().steps, as `ranks` ranks play it. With buckets, the stages of each one
  /// after the other; without, all layers together.
  /// Throws UserError at "sparse-sum" where a ring adds up masks that the trace does not have.
  ReplayedStep step(std::uint64_t step, Rank ranks, const std::vector<Bucket>& buckets = {}) const;
  /// SHA-256 of the trace's files.
  const std::vector<Summary::Input>& inputs() const { return trace_.inputs; }

 private:
  std::uint64_t mask_bytes(const TraceLayerRow& row) const;
  /// What a step exchanges of a bucket's layers.
  std::vector<Stage> stages_of(std::uint64_t step, Rank ranks, const Bucket& bucket) const;
  /// SharedMaskStep::sampled: rank i judges what rank i mod P of the trace did.
  std::vector<std::size_t> sampled_of(std::uint64_t step, Rank ranks, const Bucket& bucket) const;
  BroadcastMask mask_of(std::uint64_t step, Rank rank, const Bucket& bucket) const;
  LayerRow layer_row(std::uint64_t step, std::size_t layer) const;

  std::vector<Stage> topk_stages_of(std::uint64_t step, Rank ranks, const Bucket& bucket) const;
  /// What the union of the masks of 1, 2, ... ranks keeps, were they independent.
  std::vector<std::uint64_t> independent_unions(std::uint64_t step, Rank ranks,
                                                std::span<const std::size_t> layers) const;

  std::filesystem::path folder_;
  GradientTrace trace_;
  std::string scheme_;
  Replay replay_ = nullptr;  ///< of the trace's scheme
  bool has_four_byte_indices_ = false;
  std::optional<std::size_t> encoding_;  ///< index into trace_encodings; nothing: the smallest
  std::size_t parameters_ = 0;
  TraceSums sums_;
};

}  // namespace ringsim
