#include "base/error.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace ringsim {

std::string Place::text() const {
  if (file.empty()) return position;
  if (position.empty()) return file;
  return file + ": " + position;
}

Place Place::member(std::string_view key) const {
  // RFC 6901: "~" and "/" inside a key are written "~0" and "~1".
  std::string pointer = position + "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return {file, pointer};
}

namespace {

/// Control characters as people write them: a terminal would obey them.
std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    constexpr unsigned char first_printable = 0x20, delete_character = 0x7f;
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= first_printable && byte != delete_character) {
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
      result += escaped.data();
    }
  }
  return result;
}

std::string sentence(const Place& place, std::string_view found, std::string_view accepted,
                     std::string_view fix) {
  std::string message = place.text();
  if (!message.empty()) message += ": ";
  message += found;
  for (const auto part : {accepted, fix}) {
    if (part.empty()) continue;
    message += "; ";
    message += part;
  }
  return printable(message);
}

}  // namespace

UserError::UserError(const Place& place, std::string_view found, std::string_view accepted,
                     std::string_view fix)
    : std::runtime_error(sentence(place, found, accepted, fix)) {}

void check(bool condition, std::string_view message, const char* file, unsigned line) {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: %.*s\n", file, line, static_cast<int>(message.size()),
               message.data());
  std::abort();
}

}  // namespace ringsim
