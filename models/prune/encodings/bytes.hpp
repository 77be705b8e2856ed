#pragma once
// Bytes of encoded masks: little-endian base-128 numbers (LEB128), at most 10 bytes.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

constexpr std::size_t leb128_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >>= 7) ++size;
  return size;
}

inline void append_leb128(std::uint64_t value, std::vector<std::uint8_t>& bytes) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<std::uint8_t>(value));
}

/// Reads numbers from the front of `bytes`.
class Leb128Reader {
 public:
  explicit Leb128Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool at_end() const { return position_ == bytes_.size(); }
  std::size_t position() const { return position_; }

  /// The next number; nothing where it is cut off, takes over 64 bits, or is not in its shortest
  /// form.
  std::optional<std::uint64_t> next() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && position_ < bytes_.size(); shift += 7) {
      const std::uint8_t byte = bytes_[position_++];
      if (shift == 63 && byte > 1) return std::nullopt;
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return byte == 0 && shift > 0 ? std::nullopt : std::optional(value);
    }
    return std::nullopt;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

}  // namespace ringsim
