#pragma once
// gzip. A few packed bytes may stand for more than a memory holds.
#include <cstddef>
#include <string>
#include <string_view>

namespace ringsim {

/// What is said of packed data that is wrong, beside what was found.
struct GzipErrors {
  std::string path;
  std::string_view accepted = {}, fix = {};
};

/// Whether `bytes` begin as gzip does.
bool is_gzip(std::string_view bytes);

/// The bytes that `packed`, one stream or several in a row, stands for, at most `most`. Throws
/// UserError, with the byte of the unpacked data, where there are more, or a stream is cut off or
/// corrupt.
std::string unpack_gzip(std::string_view packed, std::size_t most, const GzipErrors& errors);

/// Bytes packed as well as zlib can; the same bytes always come out the same.
std::string pack_gzip(std::string_view bytes);

}  // namespace ringsim
