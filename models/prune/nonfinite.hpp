#pragma once
// NaN and infinities in gradients.
//
// select() takes them as IEEE arithmetic does: a NaN stays in the residual for good and is never
// kept (so never sent), an infinity is kept and sent, and the importance sums of the layer, hence a
// `dispersion` threshold, are NaN or infinite. A caller that wants an error instead calls
// require_finite() after select(). It costs nothing while all is well: every residual that is not
// finite makes the importance sum of its layer not finite (unless its weight is infinite), so that
// only then the layer is searched.
#include "models/prune/engine.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace ringsim::prune {

struct NonFinite {
  std::size_t segment;  ///< index into the segments
  std::size_t element;  ///< of the segment
  bool in_gradient;     ///< false: the gradient is finite, the residual is not
  float value;          ///< NaN or an infinity
};

/// The first element, in the order of segments, that is not finite in the gradient or in the
/// residual after select(); nothing where all are finite. Searches only segments whose importance
/// sum is not finite. Host memory.
std::optional<NonFinite> first_nonfinite(const SelectBuffers& buffers,
                                         std::span<const Segment> segments,
                                         std::span<const Statistics> statistics);

/// Throws RunError, naming the layer (one name per segment), the element and the value, where
/// first_nonfinite() finds one. `source` says where the gradient comes from: "rank 3, step 17" or a
/// file.
void require_finite(const SelectBuffers& buffers, std::span<const Segment> segments,
                    std::span<const Statistics> statistics, std::span<const std::string> layers,
                    std::string_view source);

}  // namespace ringsim::prune
