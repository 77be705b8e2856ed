#include "sim/sources/trace_source.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/schemes/topk_step.hpp"
#include "sim/sources/trace_masks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ringsim {
namespace {

/// A trace has no column for what is told by the counts alone.
constexpr std::string_view four_byte_indices = "index32";

std::optional<std::size_t> find_column(const std::string& name) {
  if (name == "auto" || name == four_byte_indices) return std::nullopt;
  const auto found = std::ranges::find(trace_encodings, name);
  if (found != trace_encodings.end())
    return static_cast<std::size_t>(found - trace_encodings.begin());
  throw UserError(
      option_place("mask-encoding"), fmt::format("unknown encoding \"{}\"", name),
      fmt::format("accepted: auto, {}, {}", join(trace_encodings, ", "), four_byte_indices));
}

TraceSource::Replay find_replay(std::string_view scheme, const std::filesystem::path& folder) {
  std::vector<std::string_view> accepted;
  for (const auto* definition : schemes()) {
    if (definition->replay == nullptr) continue;
    if (definition->name == scheme) return definition->replay;
    accepted.push_back(definition->name);
  }
  throw UserError(
      {(folder / "trace.json").string(), "/scheme"}, fmt::format("found \"{}\"", scheme),
      fmt::format("a scheme whose ranks share a mask is accepted: {}", fmt::join(accepted, ", ")));
}

}  // namespace

TraceSource::TraceSource(std::filesystem::path folder, const std::optional<std::string>& scheme,
                         const std::optional<std::string>& mask_encoding, const TraceSums& sums)
    : folder_(std::move(folder)),
      trace_(read_trace(folder_)),
      scheme_(scheme.value_or(trace_.header.scheme)),
      sums_(sums) {
  if (scheme_ != trace_.header.scheme && scheme_ != "dense" && scheme_ != "topk") {
    throw UserError(
        option_place("scheme"), fmt::format("found {}", scheme_),
        fmt::format("{}, which made the trace, dense or topk is accepted", trace_.header.scheme));
  }
  if (scheme_ != "dense" && scheme_ != "topk") replay_ = find_replay(scheme_, folder_);
  if (mask_encoding && scheme_ == "dense")
    throw UserError(option_place("mask-encoding"), "has no effect with `scheme` dense", {},
                    "leave it out");
  if (mask_encoding) encoding_ = find_column(*mask_encoding);
  has_four_byte_indices_ = mask_encoding == four_byte_indices;
  for (const auto& layer : trace_.header.layers) parameters_ += layer.parameters;
}

std::uint64_t TraceSource::mask_bytes(const TraceLayerRow& row) const {
  if (has_four_byte_indices_) return 4 * row.kept;
  if (encoding_) return *row.encoded_bytes[*encoding_];
  return **std::ranges::min_element(row.encoded_bytes);
}

LayerRow TraceSource::layer_row(std::uint64_t step, std::size_t layer) const {
  const auto& first = trace_.row(step, 0, layer);
  const bool dense = scheme_ == "dense";
  LayerRow row{};
  row.step = step;
  row.layer = first.layer;
  row.parameters = first.parameters;
  row.kept = dense ? first.parameters : first.sent;
  if (scheme_ == "topk" && first.threshold) {
    double kept = 0;
    for (Rank rank = 0; rank < trace_.header.ranks; ++rank)
      kept += static_cast<double>(trace_.row(step, rank, layer).kept);
    row.kept = static_cast<std::uint64_t>(std::llround(kept / trace_.header.ranks));
  }
  if (row.parameters > 0)
    row.density = static_cast<double>(row.kept) / static_cast<double>(row.parameters);
  double sum = 0, count = 0;
  for (Rank rank = 0; rank < trace_.header.ranks; ++rank) {
    const auto& own = trace_.row(step, rank, layer);
    if (!own.broadcasts || !own.threshold) continue;
    sum += *own.threshold;
    ++count;
  }
  if (!dense && count > 0) row.threshold = sum / count;
  return row;
}

BroadcastMask TraceSource::mask_of(std::uint64_t step, Rank rank, const Bucket& bucket) const {
  BroadcastMask mask{rank, {}, {}};
  for (const std::size_t layer : bucket.layers) {
    const auto& row = trace_.row(step, rank, layer);
    if (!row.threshold) continue;
    const std::uint64_t bytes = mask_bytes(row);
    mask.mask += Bytes{bytes};
    mask.header += Bytes{mask_header_bytes(bytes)};
  }
  return mask;
}

std::vector<Stage> TraceSource::stages_of(std::uint64_t step, Rank ranks,
                                          const Bucket& bucket) const {
  SharedMaskStep sizes{.ranks = ranks, .with_velocity = trace_.header.with_velocity, .masks = {}};
  for (const std::size_t layer : bucket.layers) {
    const auto& row = trace_.row(step, 0, layer);
    (row.threshold ? sizes.pruned : sizes.whole) += row.parameters;
    if (!row.threshold) continue;
    sizes.kept += row.sent;
    ++sizes.tensors;
  }
  if (scheme_ == "dense")
    return {{"values", AllReduce{sizes.pruned + sizes.whole, Bytes{sizeof(float)}}}};
  if (scheme_ == "topk") return topk_stages_of(step, ranks, bucket);
  for (Rank rank = 0; rank < trace_.header.ranks; ++rank) {
    if (!trace_.row(step, rank, 0).broadcasts) continue;
    sizes.masks.push_back(mask_of(step, rank, bucket));
    sizes.masks.back().rank = rank % ranks;
  }
  sizes.sampled = sampled_of(step, ranks, bucket);
  return replay_(sizes);
}

std::vector<std::size_t> TraceSource::sampled_of(std::uint64_t step, Rank ranks,
                                                 const Bucket& bucket) const {
  std::vector<std::size_t> sampled(ranks);
  bool any = false;
  for (Rank rank = 0; rank < ranks; ++rank) {
    for (const std::size_t layer : bucket.layers) {
      const auto& row = trace_.row(step, rank % trace_.header.ranks, layer);
      any = any || row.sampled;
      sampled[rank] += row.sampled.value_or(0);
    }
  }
  if (!any) sampled.clear();
  return sampled;
}

std::vector<Stage> TraceSource::topk_stages_of(std::uint64_t step, Rank ranks,
                                               const Bucket& bucket) const {
  TopkStep sizes{.with_velocity = trace_.header.with_velocity, .sent = {}, .masks = {}};
  std::vector<std::size_t> pruned;
  for (const std::size_t layer : bucket.layers) {
    const auto& row = trace_.row(step, 0, layer);
    (row.threshold ? sizes.pruned : sizes.whole) += row.parameters;
    if (row.threshold) pruned.push_back(layer);
  }
  sizes.tensors = pruned.size();
  const Rank known = trace_.header.ranks;
  for (Rank rank = 0; rank < ranks; ++rank) {
    const auto mask = mask_of(step, rank % known, bucket);
    TopkStep::OfRank own{
        .kept = 0, .mask = mask.mask, .header = mask.header, .tested = sizes.pruned};
    for (const std::size_t layer : pruned) own.kept += trace_.row(step, rank % known, layer).kept;
    sizes.sent.push_back(own);
  }
  if (!sums_.on_ring) return topk_stages(sizes);
  if (sums_.assumes_independent) {
    sizes.union_kept = independent_unions(step, ranks, pruned);
  } else if (ranks <= known && has_trace_masks(folder_)) {
    sizes.masks = read_trace_masks(folder_, trace_.header, step, ranks, pruned);
  } else {
    throw UserError(
        option_place("sparse-sum"),
        fmt::format("a ring's sizes depend on the masks of all {} ranks, and {} has {}", ranks,
                    folder_.string(),
                    has_trace_masks(folder_) ? fmt::format("those of {}", known) : "none"),
        {}, "ringsim prune `masks` keeps them; or add `assume` independent");
  }
  return topk_stages(sizes);
}

std::vector<std::uint64_t> TraceSource::independent_unions(
    std::uint64_t step, Rank ranks, std::span<const std::size_t> layers) const {
  std::vector<double> missed(layers.size(), 1.0);  // share of each layer that no rank has kept
  std::vector<std::uint64_t> kept;
  for (Rank rank = 0; rank < ranks; ++rank) {
    double sum = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto& row = trace_.row(step, rank % trace_.header.ranks, layers[i]);
      if (row.parameters == 0) continue;
      const auto parameters = static_cast<double>(row.parameters);
      missed[i] *= 1 - static_cast<double>(row.kept) / parameters;
      sum += parameters * (1 - missed[i]);
    }
    kept.push_back(static_cast<std::uint64_t>(std::llround(sum)));
  }
  return kept;
}

ReplayedStep TraceSource::step(std::uint64_t step, Rank ranks,
                               const std::vector<Bucket>& buckets) const {
  ReplayedStep replayed;
  Bucket all;
  for (std::size_t layer = 0; layer < trace_.header.layers.size(); ++layer) {
    replayed.layers.push_back(layer_row(step, layer));
    replayed.kept += replayed.layers.back().kept;
    all.layers.push_back(layer);
  }
  if (buckets.empty()) replayed.stages = stages_of(step, ranks, all);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    for (auto& stage : stages_of(step, ranks, buckets[i])) {
      stage.bucket = static_cast<std::uint32_t>(i);
      replayed.stages.push_back(std::move(stage));
    }
  }
  return replayed;
}

}  // namespace ringsim
