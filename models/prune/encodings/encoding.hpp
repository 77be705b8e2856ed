#pragma once
// How a mask travels: each encoding in a file of its own, registered by name. Sizes are those of
// real, decodable bytes.
#include "models/prune/encodings/random_mask_size.hpp"
#include "models/prune/engine.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

/// One way to write a mask of a known number of elements as bytes.
struct MaskEncoding {
  std::string_view name;
  std::string_view description;
  std::uint8_t wire_id;  ///< names the encoding in a header on the wire; never reuse one
  /// Exactly the number of bytes that encode() appends.
  std::size_t (*encoded_size)(std::span<const prune::MaskWord> mask, std::size_t parameters);
  /// Appends the mask to `bytes`.
  void (*encode)(std::span<const prune::MaskWord> mask, std::size_t parameters,
                 std::vector<std::uint8_t>& bytes);
  /// Sets the bits in `mask` (zero before). False where `bytes` is not the encoding of a mask of
  /// `parameters` elements: truncated, too long, an index out of range or out of order.
  bool (*decode)(std::span<const std::uint8_t> bytes, std::size_t parameters,
                 std::span<prune::MaskWord> mask);
  /// The expectation of encoded_size() for a mask of `parameters` elements that consists of these
  /// regions.
  double (*expected_size)(std::span<const MaskRegion> regions, std::size_t parameters);
};

/// All encodings, in a fixed order (generated from models/CMakeLists.txt).
std::span<const MaskEncoding* const> mask_encodings();

/// The masks of several layers as one message: per layer a header (one byte wire_id, then the
/// payload's length as LEB128) and the payload. `encoding` absent: the smallest is chosen per layer
/// ("auto"); of equals the first.
struct EncodedMasks {
  std::vector<std::uint8_t> bytes;
  std::size_t header_bytes = 0;  ///< of bytes
  std::size_t mask_bytes = 0;    ///< of bytes
};
/// The header before a payload of so many bytes.
std::size_t mask_header_bytes(std::size_t payload);
EncodedMasks encode_masks(std::span<const prune::MaskWord> mask,
                          std::span<const prune::Segment> segments, const MaskEncoding* encoding);
/// The inverse; `mask` is overwritten. Throws std::runtime_error naming the byte offset where the
/// bytes are not a message for these segments.
void decode_masks(std::span<const std::uint8_t> bytes, std::span<const prune::Segment> segments,
                  std::span<prune::MaskWord> mask);

}  // namespace ringsim
