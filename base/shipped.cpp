#include "base/shipped.hpp"

#include "base/shipped_folder.hpp"

#include <algorithm>
#include <cstdlib>

namespace ringsim {
namespace fs = std::filesystem;

fs::path locate(const ShippedFolder& folder) {
  if (const char* data = std::getenv("RINGSIM_DATA")) return fs::path(data) / folder.name;
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    auto beside = (program.parent_path() / folder.from_program).lexically_normal();
    if (fs::is_directory(beside, error)) return beside;
  }
  if (fs::is_directory(folder.source, error)) return folder.source;
  return folder.installed;
}

std::vector<ShippedFile> shipped_files(const ShippedFolder& folder) {
  std::vector<ShippedFile> shipped;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(locate(folder), error)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".json" || path.stem().extension() == ".schema") continue;
    shipped.push_back({path.stem().string(), path});
  }
  std::sort(shipped.begin(), shipped.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return shipped;
}

}  // namespace ringsim
