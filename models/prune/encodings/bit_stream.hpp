#pragma once
// Bits in bytes, the low bits of a byte first. The last byte is filled up with zeros.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace ringsim {

/// Appends bits to bytes.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}

  /// The low `length` bits of `value`, at most 32; its other bits are 0.
  void write(std::uint64_t value, unsigned length) {
    pending_ |= value << used_;
    used_ += length;
    if (used_ >= 32) flush<4>();
  }
  /// `zeros` zeros and a one.
  void write_unary(std::uint64_t zeros) {
    for (; zeros >= 31; zeros -= 31) write(0, 31);
    write(std::uint64_t{1} << zeros, static_cast<unsigned>(zeros) + 1);
  }
  /// Writes the bits of the last, partial byte.
  void finish() {
    while (used_ > 8) flush<1>();
    if (used_ != 0) bytes_.push_back(static_cast<std::uint8_t>(pending_));
    pending_ = 0;
    used_ = 0;
  }

 private:
  template <std::size_t count>
  void flush() {
    std::uint8_t complete[count];
    for (std::size_t i = 0; i < count; ++i)
      complete[i] = static_cast<std::uint8_t>(pending_ >> (8 * i));
    bytes_.insert(bytes_.end(), complete, complete + count);
    pending_ >>= 8 * count;
    used_ -= 8 * count;
  }

  std::vector<std::uint8_t>& bytes_;
  std::uint64_t pending_ = 0;  ///< the low used_ bits are written next, the others are 0
  unsigned used_ = 0;
};

/// Takes bits off the front of bytes.
class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), bits_(std::uint64_t{8} * bytes.size()) {}

  std::uint64_t remaining() const { return bits_ - at_; }
  /// The next bits, without taking them: at least 57 are right, zeros stand behind the end.
  std::uint64_t peek() const {
    const std::size_t byte = at_ / 8;
    std::uint64_t word = 0;
    if (byte + sizeof word <= bytes_.size()) {
      if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&word, bytes_.data() + byte, sizeof word);
        return word >> (at_ % 8);
      }
    }
    for (std::size_t i = 0; i < sizeof word && byte + i < bytes_.size(); ++i)
      word |= std::uint64_t{bytes_[byte + i]} << (8 * i);
    return word >> (at_ % 8);
  }
  /// False where fewer than `length` bits remain.
  bool skip(std::uint64_t length) {
    if (length > remaining()) return false;
    at_ += length;
    return true;
  }
  /// Takes zeros up to and including the next one; `zeros` counts them. False where no one follows.
  bool take_unary(std::uint64_t& zeros) {
    zeros = 0;
    while (remaining() != 0) {
      const std::uint64_t word = peek();
      if (word != 0) {
        const auto length = static_cast<unsigned>(std::countr_zero(word));
        zeros += length;
        return skip(length + 1);
      }
      const std::uint64_t seen = remaining() < 57 ? remaining() : 57;
      zeros += seen;
      skip(seen);
    }
    return false;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::uint64_t bits_;
  std::uint64_t at_ = 0;
};

}  // namespace ringsim
