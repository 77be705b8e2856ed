#include "tools/ringsim/wrapped_text.hpp"

#include <algorithm>

namespace ringsim {

std::string wrapped(std::string_view text, std::string_view first, std::size_t indent,
                    std::size_t width) {
  std::string lines, line(first);
  bool is_empty = true;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!is_empty && line.size() + 1 + word.size() > width) {
      lines += line + '\n';
      line.assign(indent, ' ');
      is_empty = true;
    }
    if (!is_empty) line += ' ';
    line += word;
    is_empty = false;
  }
  return lines + line + '\n';
}

}  // namespace ringsim
