#pragma once
// Where readers that take files find them.
#include "base/error.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim::fuzz {

/// Writes a file into a folder of this process, in memory where the system has that, over the one
/// of this name. The name may have folders in it.
std::filesystem::path write_input(std::string_view name, std::string_view bytes);

/// Calls `use` with what ringsim wrote itself, which it has to take: aborts on a UserError.
void expect_accepted(std::string_view what, const std::function<void()>& use);

/// The parts of an input that stands for several files: they are divided by a line "%%".
std::vector<std::string_view> parts_of(std::string_view bytes, std::size_t count);

}  // namespace ringsim::fuzz
