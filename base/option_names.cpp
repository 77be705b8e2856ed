#include "base/option_names.hpp"

#include <algorithm>

namespace ringsim {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

std::string with_dashes(std::string_view message) {
  std::string text;
  for (;;) {
    const auto begin = message.find('`');
    const auto end = begin == std::string_view::npos ? begin : message.find('`', begin + 1);
    if (end == std::string_view::npos) return text.append(message);
    const auto name = message.substr(begin + 1, end - begin - 1);
    if (is_name(name)) {
      text.append(message.substr(0, begin)).append("--").append(name);
      message.remove_prefix(end + 1);
    } else {
      text.append(message.substr(0, end));
      message.remove_prefix(end);
    }
  }
}

}  // namespace ringsim
