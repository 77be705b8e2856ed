#include "tools/ringsim/command_text.hpp"

#include "base/text.hpp"

#include <vector>

namespace ringsim {
namespace {

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\n'\"\\$*?&|;<>()") == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + '\'';
}

}  // namespace

std::string command_text(std::span<const std::string> words) {
  std::vector<std::string> quoted_words;
  for (const auto& word : words) quoted_words.push_back(quoted(word));
  return join(quoted_words, " ");
}

}  // namespace ringsim
