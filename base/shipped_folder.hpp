#pragma once
#include "base/error.hpp"

#include <filesystem>
#include <string_view>

namespace ringsim {

/// Where the files of one kind are looked for: in RINGSIM_DATA/`name` where that is set; beside the
/// program where that is installed (`from_program` is relative to its folder); in `source`, which
/// may be relative to that, too, where it is there; in `installed`, which need not be there. Where
/// a shared library holds this code, its folder stands for the program's in `source`, and the
/// folder of the program that is installed with it in `from_program`.
std::filesystem::path shipped_folder(std::string_view name, std::string_view from_program,
                                     std::string_view source, std::string_view installed);

/// What to throw where that folder has nothing: RINGSIM_DATA leads elsewhere, or the program was
/// moved away from its data.
UserError nothing_shipped(std::string_view name);

/// Where a module, a library that is loaded while the program runs, is looked for: the same folders
/// but for RINGSIM_DATA, and the first one that has `file`.
std::filesystem::path shipped_module(std::string_view file, std::string_view from_program,
                                     std::string_view built, std::string_view installed);

}  // namespace ringsim
