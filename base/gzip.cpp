#include "base/gzip.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

[[noreturn]] void broken(const GzipErrors& errors, std::size_t offset, std::string_view found) {
  throw UserError({errors.path, fmt::format("byte {} of the unpacked data", offset)}, found,
                  errors.accepted, errors.fix);
}

/// The bytes of a whole stream whose last four bytes say how many they are, or nothing where
/// something is wrong: libdeflate takes a third of zlib's time, and does not say where it stopped.
std::optional<std::string> unpack_whole(std::string_view packed, std::size_t most) {
  constexpr std::size_t length_field = 4;
  if (packed.size() < length_field) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_field; ++i) {
    const auto byte = static_cast<unsigned char>(packed[packed.size() - 1 - i]);
    length = length << 8 | byte;
  }
  // Deflate packs up to 1032 bytes into one; whoever says more does not get the memory.
  if (length > std::min(most, packed.size() * 1032)) return std::nullopt;
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  check(decompressor != nullptr, "libdeflate could not be started");
  std::string bytes(length, '\0');
  const auto result = libdeflate_gzip_decompress(decompressor.get(), packed.data(), packed.size(),
                                                 bytes.data(), bytes.size(), nullptr);
  if (result != LIBDEFLATE_SUCCESS) return std::nullopt;
  return bytes;
}

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string unpack_gzip(std::string_view packed, std::size_t most, const GzipErrors& errors) {
  if (auto whole = unpack_whole(packed, most)) return std::move(*whole);
  z_stream stream{};
  check(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK,
        "zlib could not be started");  // 16: a gzip header
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  // zlib's interface takes a pointer to non-const, and does not write through it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  std::array<char, 1 << 16> block;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    bytes.append(block.data(), block.size() - stream.avail_out);
    if (bytes.size() > most) broken(errors, most, "the data goes on where it has to end");
    if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0))
      broken(errors, bytes.size(), "the gzip stream is cut off");
    if (status != Z_OK && status != Z_STREAM_END)
      broken(errors, bytes.size(), "the gzip stream is corrupt");
    if (status != Z_STREAM_END) continue;
    // Streams may follow one another, as they do where packed files are put together.
    if (stream.avail_in == 0) return bytes;
    check(inflateReset(&stream) == Z_OK, "zlib could not be started again");
  }
}

std::string pack_gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int with_gzip_header = 16 + MAX_WBITS, most_memory = 9;
  check(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, with_gzip_header, most_memory,
                     Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib could not be started");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, deflateEnd);
  std::string packed;
  std::array<char, 1 << 16> block;
  constexpr std::size_t most_at_once = std::size_t{1} << 30;  // zlib counts in 32 bits
  for (std::size_t at = 0, taken = 0;; at += taken) {
    taken = std::min(bytes.size() - at, most_at_once);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + at));
    stream.avail_in = static_cast<uInt>(taken);
    const bool is_last = at + taken == bytes.size();
    int status = Z_OK;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      status = deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
      packed.append(block.data(), block.size() - stream.avail_out);
    } while (stream.avail_out == 0);
    if (status == Z_STREAM_END) return packed;
  }
}

}  // namespace ringsim
