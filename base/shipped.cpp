#include "base/shipped.hpp"

#include "base/shipped_folder.hpp"

#include <algorithm>

namespace ringsim {

namespace fs = std::filesystem;

std::vector<ShippedFile> shipped_files(const ShippedFolder& folder) {
  const auto where =
      shipped_folder(folder.name, folder.from_program, folder.source, folder.installed);
  std::vector<ShippedFile> shipped;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(where, error)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".json" || path.stem().extension() == ".schema") continue;
    shipped.push_back({path.stem().string(), path});
  }
  std::sort(shipped.begin(), shipped.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return shipped;
}

}  // namespace ringsim
