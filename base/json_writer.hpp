#pragma once
#include "base/json.hpp"

#include <string>

namespace ringsim {

/// JSON text, indented by two blanks, members in their order, doubles in the shortest form that
/// reads back equal, a newline at the end. A double that is not finite is null; bytes of a string
/// that are not UTF-8 (a file name may have some) become U+FFFD.
std::string to_text(const Json& json);

}  // namespace ringsim
