#pragma once
#include <string>
#include <string_view>

namespace ringsim {

/// Bytes as base64 (RFC 4648), in one line, padded.
std::string base64(std::string_view bytes);

}  // namespace ringsim
