#include "base/base64.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("bytes become base64 as RFC 4648 has it", "[base64]") {
  // Its test vectors (section 10).
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64(std::string("\0\xff\xfe", 3)) == "AP/+");
}

TEST_CASE("bytes that are encoded in blocks have no padding between these", "[base64]") {
  const std::string bytes(7'000'000, 'x');  // "xxx" is "eHh4"
  const auto text = base64(bytes);
  CHECK(text.size() == 9'333'336);
  CHECK(text.find('=') == text.size() - 2);
  CHECK(text.substr(0, 8) == "eHh4eHh4");
  CHECK(text.substr(text.size() - 4) == "eA==");
}
