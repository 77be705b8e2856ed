#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace ringsim {

/// The words of `text` in lines of at most `width` characters where words allow it, each with its
/// newline. The first line begins with `first`, the others with as many blanks as `indent` says.
std::string wrapped(std::string_view text, std::string_view first, std::size_t indent,
                    std::size_t width);

}  // namespace ringsim
