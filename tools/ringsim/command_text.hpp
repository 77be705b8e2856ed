#pragma once
#include <span>
#include <string>

namespace ringsim {

/// The words as a shell takes them: those with characters that mean something to it stand in
/// quotes. recorded_command.hpp takes them apart again.
std::string command_text(std::span<const std::string> words);

}  // namespace ringsim
