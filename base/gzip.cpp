#include "base/gzip.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace ringsim {
namespace {

[[noreturn]] void broken(const GzipErrors& errors, std::size_t offset, std::string_view found) {
  throw UserError({errors.path, fmt::format("byte {} of the unpacked data", offset)}, found,
                  errors.accepted, errors.fix);
}

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string unpack_gzip(std::string_view packed, std::size_t most, const GzipErrors& errors) {
  z_stream stream{};
  check(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK,
        "zlib could not be started");  // 16: a gzip header
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  // zlib's interface takes a pointer to non-const, and does not write through it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  std::array<char, 1 << 16> block;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = inflate(&stream, Z_NO_FLUSH);
    bytes.append(block.data(), block.size() - stream.avail_out);
    if (bytes.size() > most) broken(errors, most, "the data goes on where it has to end");
    if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0))
      broken(errors, bytes.size(), "the gzip stream is cut off");
    if (status != Z_OK && status != Z_STREAM_END)
      broken(errors, bytes.size(), "the gzip stream is corrupt");
  }
  return bytes;
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
