#include "sim/trace_source.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

std::optional<std::size_t> find_column(const std::string& name) {
  if (name == "auto") return std::nullopt;
  const auto found = std::ranges::find(trace_encodings, name);
  if (found != trace_encodings.end())
    return static_cast<std::size_t>(found - trace_encodings.begin());
  throw UserError({{}, "--mask-encoding"}, fmt::format("unknown encoding \"{}\"", name),
                  "accepted: auto, " + join(trace_encodings, ", "));
}

}  // namespace

TraceSource::TraceSource(const std::filesystem::path& folder,
                         const std::optional<std::string>& scheme,
                         const std::optional<std::string>& mask_encoding)
    : trace_(read_trace(folder)), scheme_(scheme.value_or(trace_.header.scheme)) {
  if (scheme_ != trace_.header.scheme && scheme_ != "dense") {
    throw UserError(
        {{}, "--scheme"}, fmt::format("found {}", scheme_),
        fmt::format("{}, which made the trace, or dense is accepted", trace_.header.scheme));
  }
  if (mask_encoding && scheme_ == "dense")
    throw UserError({{}, "--mask-encoding"}, "has no effect with --scheme dense", {},
                    "leave it out");
  if (mask_encoding) encoding_ = find_column(*mask_encoding);
  for (const auto& layer : trace_.header.layers) parameters_ += layer.parameters;
}

std::uint64_t TraceSource::mask_bytes(const TraceLayerRow& row) const {
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

BroadcastMask TraceSource::mask_of(std::uint64_t step, Rank rank) const {
  BroadcastMask mask{rank, {}, {}};
  for (std::size_t layer = 0; layer < trace_.header.layers.size(); ++layer) {
    const auto& row = trace_.row(step, rank, layer);
    if (!row.threshold) continue;
    const std::uint64_t bytes = mask_bytes(row);
    mask.mask += Bytes{bytes};
    mask.header += Bytes{mask_header_bytes(bytes)};
  }
  return mask;
}

ReplayedStep TraceSource::step(std::uint64_t step, Rank ranks) const {
  ReplayedStep replayed;
  SharedMaskStep sizes{.ranks = ranks, .with_velocity = trace_.header.with_velocity, .masks = {}};
  for (std::size_t layer = 0; layer < trace_.header.layers.size(); ++layer) {
    const auto& row = trace_.row(step, 0, layer);
    (row.threshold ? sizes.pruned : sizes.whole) += row.parameters;
    if (row.threshold) sizes.kept += row.sent;
    replayed.layers.push_back(layer_row(step, layer));
  }
  if (scheme_ == "dense") {
    replayed.stages = {{"values", AllReduce{parameters_, Bytes{sizeof(float)}}}};
    replayed.kept = parameters_;
    return replayed;
  }
  for (Rank rank = 0; rank < trace_.header.ranks; ++rank) {
    if (!trace_.row(step, rank, 0).broadcasts) continue;
    sizes.masks.push_back(mask_of(step, rank));
    sizes.masks.back().rank = rank % ranks;
  }
  replayed.stages = shared_mask_stages(sizes);
  replayed.kept = sizes.kept + sizes.whole;
  return replayed;
}

}  // namespace ringsim
