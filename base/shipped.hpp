#pragma once
// Data files that ship with the program, found wherever it was built or installed.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Where the files of one kind lie, as the build knows it.
struct ShippedFolder {
  std::string_view name;          ///< below RINGSIM_DATA: "topologies"
  std::string_view from_program;  ///< relative to the folder of an installed program
  std::string_view source;        ///< in the source tree; may be relative to the program's folder
  std::string_view installed;
};

struct ShippedFile {
  std::string name;  ///< without ".json"
  std::filesystem::path path;
};

/// Its JSON files but for schemas, by name. Looks in RINGSIM_DATA/name where that is set; beside
/// the program where that is installed (wherever its prefix was moved to); in the source tree where
/// this was built from it; in the installed folder.
std::vector<ShippedFile> shipped_files(const ShippedFolder& folder);

/// Whether what is named on the command line is a file (with / or .json in its name).
inline bool names_file(std::string_view what) {
  return what.find('/') != std::string_view::npos || what.ends_with(".json");
}

}  // namespace ringsim
