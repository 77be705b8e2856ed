#pragma once
// What is too much to keep in memory until it is read again: the last of it is kept there, the rest
// in a file that has no name and goes with the process.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace ringsim {

/// Bytes, appended in order and read anywhere. Throws RunError where the folder for temporary files
/// cannot be written to.
class ByteSpool {
 public:
  void append(std::span<const std::byte> bytes);
  void read(std::uint64_t from, std::span<std::byte> bytes) const;

 private:
  static constexpr std::size_t block = 1 << 20;

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void write_out();
  void read_file(std::uint64_t from, std::span<std::byte> bytes) const;

  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t in_file_ = 0;
  std::vector<std::byte> last_;  ///< behind those in the file
  // A piece of the file that was read.
  mutable std::vector<std::byte> read_;
  mutable std::uint64_t read_from_ = 0;
};

/// Values in a ByteSpool. A megabyte or two of them is in memory.
template <class T>
requires std::is_trivially_copyable_v<T>
class Spool {
 public:
  void push_back(const T& value) {
    bytes_.append(std::as_bytes(std::span(&value, 1)));
    ++size_;
  }
  std::uint64_t size() const { return size_; }
  T operator[](std::uint64_t index) const {
    T value;
    bytes_.read(index * sizeof(T), std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

 private:
  ByteSpool bytes_;
  std::uint64_t size_ = 0;
};

}  // namespace ringsim
