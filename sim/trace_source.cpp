#include "sim/trace_source.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "models/schemes/shared_mask.hpp"

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
  for (const char* const name : {"trace.json", "trace_layers.csv"})
    inputs_.push_back({(folder / name).string(), sha256(read_file(folder / name))});
}

std::uint64_t TraceSource::mask_bytes(const TraceLayerRow& row) const {
  if (encoding_) return *row.encoded_bytes[*encoding_];
  return **std::ranges::min_element(row.encoded_bytes);
}

ReplayedStep TraceSource::step(std::uint64_t step, Rank ranks) const {
  const auto& layers = trace_.header.layers;
  ReplayedStep replayed;
  if (scheme_ == "dense") {
    replayed.stages = {{"values", AllReduce{parameters_, Bytes{sizeof(float)}}}};
    replayed.kept = parameters_;
    for (const auto& layer : layers) {
      LayerRow row{};
      row.step = step;
      row.layer = layer.name;
      row.parameters = row.kept = layer.parameters;
      row.density = 1;
      replayed.layers.push_back(row);
    }
    return replayed;
  }
  SharedMaskStep sizes{.ranks = ranks, .with_velocity = trace_.header.with_velocity, .masks = {}};
  for (Rank rank = 0; rank < trace_.header.ranks; ++rank) {
    if (!trace_.row(step, rank, 0).broadcasts) continue;
    BroadcastMask mask{rank % ranks, {}, {}};
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto& row = trace_.row(step, rank, l);
      if (!row.threshold) continue;
      const std::uint64_t bytes = mask_bytes(row);
      mask.mask += Bytes{bytes};
      mask.header += Bytes{mask_header_bytes(bytes)};
    }
    sizes.masks.push_back(mask);
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const auto& first = trace_.row(step, 0, l);
    (first.threshold ? sizes.pruned : sizes.whole) += first.parameters;
    if (first.threshold) sizes.kept += first.sent;
    LayerRow row{};
    row.step = step;
    row.layer = first.layer;
    row.parameters = first.parameters;
    row.kept = first.sent;
    row.density = first.parameters == 0
                      ? 0
                      : static_cast<double>(first.sent) / static_cast<double>(first.parameters);
    double sum = 0;
    for (Rank rank = 0; rank < trace_.header.ranks; ++rank) {
      const auto& own = trace_.row(step, rank, l);
      if (own.broadcasts) sum += own.threshold.value_or(0);
    }
    if (first.threshold && !sizes.masks.empty())
      row.threshold = sum / static_cast<double>(sizes.masks.size());
    replayed.layers.push_back(row);
  }
  replayed.kept = sizes.kept + sizes.whole;
  replayed.stages = shared_mask_stages(sizes);
  return replayed;
}

}  // namespace ringsim
