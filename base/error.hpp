#pragma once
// Errors. A user's mistake throws UserError, with where it is, what was found, what is accepted and
// how to mend it; a programmer's mistake trips check() and aborts. Libraries never print and never
// exit: the program does.
#include <stdexcept>
#include <string>
#include <string_view>

namespace ringsim {

/// Where a value that a user gave stands: a file and a JSON pointer (or line) in it, or an option
/// (`file` empty).
struct Place {
  std::string file;
  std::string position;

  /// "FILE: POSITION", or the one that is there.
  std::string text() const;
  /// The place of member `key` (or array element, given as text) inside this one.
  Place member(std::string_view key) const;
};

/// The user's input is wrong. what() reads "PLACE: found; accepted; fix", with empty parts left
/// out. The program prints it and exits with 2.
class UserError : public std::runtime_error {
 public:
  UserError(const Place& place, std::string_view found, std::string_view accepted = {},
            std::string_view fix = {});
};

/// The input was accepted, but the run failed (a full disk, a deadlock in the simulation). The
/// program exits with 1.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Aborts with file and line when `condition`, which only a programmer's mistake can break, does
/// not hold.
void check(bool condition, std::string_view message, const char* file = __builtin_FILE(),
           unsigned line = __builtin_LINE());

}  // namespace ringsim
