#include "base/shipped_folder.hpp"

#include <cstdlib>
#include <system_error>

namespace ringsim {

namespace fs = std::filesystem;

fs::path shipped_folder(std::string_view name, std::string_view from_program,
                        std::string_view source, std::string_view installed) {
  if (const char* data = std::getenv("RINGSIM_DATA")) return fs::path(data) / name;
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    auto beside = (program.parent_path() / from_program).lexically_normal();
    if (fs::is_directory(beside, error)) return beside;
  }
  // An absolute path stays as it is.
  auto built = (program.parent_path() / source).lexically_normal();
  if (fs::is_directory(built, error)) return built;
  return installed;
}

}  // namespace ringsim
