#include "tools/ringsim/recorded_command.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// Words as a shell takes them apart, with the quoting that command_text() does: '...' and \'.
std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool is_quoted = false, has_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'') {
      is_quoted = !is_quoted;
      has_word = true;
    } else if (c == '\\' && !is_quoted && i + 1 < text.size()) {
      word += text[++i];
    } else if (c == ' ' && !is_quoted) {
      if (has_word || !word.empty()) words.push_back(word);
      word.clear();
      has_word = false;
    } else {
      word += c;
    }
  }
  if (has_word || !word.empty()) words.push_back(word);
  return words;
}

}  // namespace

RecordedCommand::RecordedCommand(std::string_view text) : words_(words_in(text)) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const auto& word = words_[i];
    if (!word.starts_with("--")) continue;
    const auto equals = word.find('=');
    if (equals != std::string::npos) {
      values_.emplace_back(word.substr(2, equals - 2), word.substr(equals + 1));
    } else if (i + 1 < words_.size() && find_run_option(word.substr(2)) != nullptr) {
      values_.emplace_back(word.substr(2), words_[i + 1]);
      ++i;
    }
  }
}

std::optional<std::string> RecordedCommand::value_of(std::string_view name) const {
  for (const auto& [option, value] : values_) {
    if (option == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string> RecordedCommand::without_seed() const {
  if (!is_run()) return std::nullopt;
  std::string text;
  for (std::size_t i = 2; i < words_.size(); ++i) {
    const auto& word = words_[i];
    if (word == "--seed" || word == "-o" || word == "--output") {
      ++i;
    } else if (!word.starts_with("--seed=") && !word.starts_with("--output=") &&
               !word.starts_with("-o")) {
      text += word + '\n';
    }
  }
  return text;
}

std::optional<RunOptions> RecordedCommand::run_options() const {
  if (!is_run()) return std::nullopt;
  RunOptions options;
  try {
    for (const auto& option : ringsim::run_options()) {
      const auto value = value_of(option.name);
      if (value && option.name != "seed") set_run_option(options, option.name, *value);
    }
  } catch (const UserError&) {
    return std::nullopt;
  }
  return options;
}

}  // namespace ringsim
