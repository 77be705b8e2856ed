#pragma once
#include <string>

namespace ringsim {

/// The manual page of the program, as troff: its commands, and the options from their table.
std::string man_page();

}  // namespace ringsim
