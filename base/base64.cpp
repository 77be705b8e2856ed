#include "base/base64.hpp"

#include "base/error.hpp"

#include <openssl/evp.h>

#include <cstddef>

namespace ringsim {

std::string base64(std::string_view bytes) {
  // OpenSSL counts in int; whole groups of three bytes leave no padding in the middle.
  constexpr std::size_t block = 3 * (std::size_t{1} << 20);
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::string encoded(block / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero byte
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    const auto part = bytes.substr(at, block);
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                       reinterpret_cast<const unsigned char*>(part.data()),
                                       static_cast<int>(part.size()));
    check(length >= 0, "a block is small enough to be encoded");
    text.append(encoded, 0, static_cast<std::size_t>(length));
  }
  return text;
}

}  // namespace ringsim
