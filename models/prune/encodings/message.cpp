#include "models/prune/encodings/encoding.hpp"
#include "models/prune/encodings/leb128.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ringsim {

namespace {

const MaskEncoding& smallest(std::span<const prune::MaskWord> words, std::size_t parameters) {
  return **std::ranges::min_element(mask_encodings(), {}, [&](const MaskEncoding* encoding) {
    return encoding->encoded_size(words, parameters);
  });
}

[[noreturn]] void wrong(std::size_t offset, const std::string& what) {
  throw std::runtime_error("byte " + std::to_string(offset) + " of the encoded masks: " + what);
}

const MaskEncoding& find_encoding(std::uint8_t wire_id, std::size_t offset) {
  for (const MaskEncoding* encoding : mask_encodings())
    if (encoding->wire_id == wire_id) return *encoding;
  wrong(offset, "no encoding has the number " + std::to_string(wire_id));
}

}  // namespace

std::size_t mask_header_bytes(std::size_t payload) { return 1 + leb128_size(payload); }

EncodedMasks encode_masks(std::span<const prune::MaskWord> mask,
                          std::span<const prune::Segment> segments, const MaskEncoding* encoding) {
  EncodedMasks message;
  std::vector<std::uint8_t> payload;
  for (const prune::Segment& segment : segments) {
    const auto words = mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters));
    const MaskEncoding& chosen = encoding ? *encoding : smallest(words, segment.parameters);
    payload.clear();
    chosen.encode(words, segment.parameters, payload);
    message.bytes.push_back(chosen.wire_id);
    append_leb128(message.bytes, payload.size());
    message.bytes.insert(message.bytes.end(), payload.begin(), payload.end());
    message.header_bytes += mask_header_bytes(payload.size());
    message.mask_bytes += payload.size();
  }
  return message;
}

void decode_masks(std::span<const std::uint8_t> bytes, std::span<const prune::Segment> segments,
                  std::span<prune::MaskWord> mask) {
  auto rest = bytes;
  const auto offset = [&] { return bytes.size() - rest.size(); };
  for (const prune::Segment& segment : segments) {
    const auto words = mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters));
    std::ranges::fill(words, 0);
    if (rest.empty()) wrong(offset(), "the message ends where a layer's mask should start");
    const MaskEncoding& encoding = find_encoding(rest.front(), offset());
    rest = rest.subspan(1);
    const std::size_t length_offset = offset();
    const auto length = take_leb128(rest);
    if (!length) wrong(length_offset, "the length of a mask is malformed");
    if (*length > rest.size())
      wrong(length_offset, "a mask of " + std::to_string(*length) + " bytes is announced, " +
                               std::to_string(rest.size()) + " follow");
    if (!encoding.decode(rest.first(*length), segment.parameters, words))
      wrong(offset(), "not a mask of " + std::to_string(segment.parameters) +
                          " elements in the encoding " + std::string(encoding.name));
    rest = rest.subspan(*length);
  }
  if (!rest.empty())
    wrong(offset(), std::to_string(rest.size()) + " bytes follow the last layer's mask");
}

}  // namespace ringsim
