#include "base/gzip.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <zlib.h>

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

}  // namespace ringsim
