#pragma once
// The masks that a sparse gradient trace holds on request (ringsim prune `masks`).
#include "base/rank.hpp"
#include "models/prune/engine.hpp"
#include "traces/gradient_trace.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace ringsim {

/// Whether the trace in `folder` has masks.
bool has_trace_masks(const std::filesystem::path& folder);

/// What each of the first `ranks` ranks selected in a step: the bits of the layers with these
/// indices, in this order, whole words for each layer. Throws UserError at the file.
std::vector<std::vector<prune::MaskWord>> read_trace_masks(const std::filesystem::path& folder,
                                                           const TraceHeader& header,
                                                           std::uint64_t step, Rank ranks,
                                                           std::span<const std::size_t> layers);

}  // namespace ringsim
