#pragma once
// When the gradient of each layer is ready in a step that was measured: a CSV table, or a trace of
// the PyTorch profiler.
#include "traces/measured_layer.hpp"

#include <filesystem>
#include <vector>

namespace ringsim {

/// Seconds from the start of the forward pass until each layer's gradient is ready, in the order of
/// `layers`, which is the forward order. The last one to be ready is the end of the backward pass.
///
/// A file named .json is a trace of the PyTorch profiler (profiler_trace.hpp), any other a CSV
/// table with the columns layer and ready_s, one line per layer, in any order; lines that begin
/// with # are passed over. Throws UserError with the file and the line or the JSON pointer: layers
/// that are missing, unknown or there twice, a time that is no number above zero.
std::vector<double> read_ready_times(const std::filesystem::path& path,
                                     const std::vector<MeasuredLayer>& layers);

}  // namespace ringsim
