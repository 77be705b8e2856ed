#include "models/prune/encodings/bytes.hpp"
#include "models/prune/encodings/encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ringsim {
namespace {

struct Choice {
  const MaskEncoding* encoding;
  std::size_t size;
};

Choice smallest(std::span<const prune::MaskWord> mask, std::size_t parameters) {
  Choice best{nullptr, 0};
  for (const auto* encoding : mask_encodings()) {
    const std::size_t size = encoding->encoded_size(mask, parameters);
    if (best.encoding == nullptr || size < best.size) best = {encoding, size};
  }
  return best;
}

const MaskEncoding* by_wire_id(std::uint8_t id) {
  for (const auto* encoding : mask_encodings()) {
    if (encoding->wire_id == id) return encoding;
  }
  return nullptr;
}

[[noreturn]] void broken(std::size_t offset, std::string_view why) {
  throw std::runtime_error(fmt::format("encoded masks: byte {}: {}", offset, why));
}

}  // namespace

EncodedMasks encode_masks(std::span<const prune::MaskWord> mask,
                          std::span<const prune::Segment> segments, const MaskEncoding* encoding) {
  EncodedMasks message;
  for (const auto& segment : segments) {
    const auto words = mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters));
    const Choice choice = encoding != nullptr
                              ? Choice{encoding, encoding->encoded_size(words, segment.parameters)}
                              : smallest(words, segment.parameters);
    message.bytes.push_back(choice.encoding->wire_id);
    append_leb128(choice.size, message.bytes);
    choice.encoding->encode(words, segment.parameters, message.bytes);
    message.header_bytes += 1 + leb128_size(choice.size);
    message.mask_bytes += choice.size;
  }
  return message;
}

void decode_masks(std::span<const std::uint8_t> bytes, std::span<const prune::Segment> segments,
                  std::span<prune::MaskWord> mask) {
  std::size_t position = 0;
  for (const auto& segment : segments) {
    if (position == bytes.size()) broken(position, "a layer is missing");
    const auto* encoding = by_wire_id(bytes[position]);
    if (encoding == nullptr) broken(position, fmt::format("unknown encoding {}", bytes[position]));
    Leb128Reader reader(bytes.subspan(position + 1));
    const auto length = reader.next();
    if (!length) broken(position + 1, "the length of a mask is cut off");
    position += 1 + reader.position();
    if (*length > bytes.size() - position) broken(position, "a mask is cut off");
    const auto words = mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters));
    std::fill(words.begin(), words.end(), 0);
    if (!encoding->decode(bytes.subspan(position, *length), segment.parameters, words)) {
      broken(position, fmt::format("not a mask of {} elements, encoded as {}", segment.parameters,
                                   encoding->name));
    }
    position += *length;
  }
  if (position != bytes.size()) broken(position, "bytes follow the last layer");
}

}  // namespace ringsim
