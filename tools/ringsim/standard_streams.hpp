#pragma once
// The standard streams as a program may find them: closed, or full.
#include <string>
#include <string_view>

namespace ringsim {

/// At the start of the program, before it opens anything: where stdin, stdout or stderr is closed,
/// its descriptor is taken, so that no file of ours gets it and is written to by mistake. What goes
/// to such a stderr is lost; what goes to such a stdout fails.
void take_standard_descriptors();

/// Writes to stderr; where that cannot be, silently nothing.
void say(std::string_view text);

/// Throws RunError where something that was printed did not get to stdout.
void finish_stdout();

}  // namespace ringsim
