#include "base/gzip.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>
#include <zlib.h>

using namespace ringsim;

namespace {

std::string packed(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  const std::size_t written = stream.total_out;
  deflateEnd(&stream);
  return result.substr(0, written);
}

}  // namespace

TEST_CASE("what was packed is unpacked up to a limit", "[gzip]") {
  const GzipErrors errors{"a.gz", "a trace is accepted", "pack it again"};
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{200'000}}) {
    const std::string bytes(size, 'x');
    const auto gzip = packed(bytes);
    CHECK(is_gzip(gzip));
    CHECK(unpack_gzip(gzip, size, errors) == bytes);
    if (size == 0) continue;
    CHECK_THROWS_WITH(unpack_gzip(gzip, size - 1, errors),
                      "a.gz: byte " + std::to_string(size - 1) +
                          " of the unpacked data: the data goes on where it has to end; a trace is "
                          "accepted; pack it again");
  }
  const auto gzip = packed("0123456789");
  CHECK_THROWS_WITH(unpack_gzip(gzip.substr(0, gzip.size() - 9), 100, errors),
                    Catch::Contains("the gzip stream is cut off"));
  CHECK_THROWS_WITH(unpack_gzip("not packed", 100, errors),
                    Catch::Contains("byte 0 of the unpacked data: the gzip stream is corrupt"));
  CHECK(!is_gzip("not packed"));
}

TEST_CASE("streams in a row are one text, and nothing else may follow a stream", "[gzip]") {
  const GzipErrors errors{"a.gz"};
  const auto gzip = packed("0123456789");
  CHECK(unpack_gzip(gzip + packed("abc") + packed(""), 13, errors) == "0123456789abc");
  CHECK_THROWS_WITH(unpack_gzip(gzip + packed("abc"), 12, errors),
                    Catch::Contains("byte 12 of the unpacked data: the data goes on"));
  CHECK_THROWS_WITH(unpack_gzip(gzip + "abc", 100, errors),
                    Catch::Contains("byte 10 of the unpacked data: the gzip stream is corrupt"));
}

TEST_CASE("what is changed or cut is no stream", "[gzip]") {
  const GzipErrors errors{"a.gz"};
  const auto gzip = packed("0123456789");
  // Behind the head, which says when the file was packed and by what kind of system.
  for (std::size_t i = 10; i < gzip.size(); ++i) {
    auto changed = gzip;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_THROWS_AS(unpack_gzip(changed, 100, errors), UserError);
    CHECK_THROWS_AS(unpack_gzip(gzip.substr(0, i), 100, errors), UserError);
  }
}

TEST_CASE("what is packed is unpacked as it was, and comes out the same twice", "[gzip]") {
  const GzipErrors errors{"a.gz"};
  std::string bytes;
  for (std::uint64_t i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * i >> 3);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, bytes.size()}) {
    const auto part = std::string_view(bytes).substr(0, size);
    const auto gzip = pack_gzip(part);
    CHECK(is_gzip(gzip));
    CHECK(unpack_gzip(gzip, size, errors) == part);
    CHECK(pack_gzip(part) == gzip);
  }
}
