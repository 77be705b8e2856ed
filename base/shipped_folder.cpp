#include "base/shipped_folder.hpp"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <optional>
#include <system_error>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

/// The folder of the shared library that holds this code; nothing where the program itself does.
std::optional<fs::path> folder_of_library() {
  Dl_info unused;
  link_map* module = nullptr;
  const auto* here = reinterpret_cast<const void*>(&folder_of_library);
  const int found = dladdr1(here, &unused, reinterpret_cast<void**>(&module), RTLD_DL_LINKMAP);
  // The program's own entry has no name.
  if (found == 0 || module == nullptr || *module->l_name == '\0') return std::nullopt;
  std::error_code error;
  const auto library = fs::canonical(module->l_name, error);
  return error ? std::nullopt : std::optional(library.parent_path());
}

}  // namespace

fs::path shipped_folder(std::string_view name, std::string_view from_program,
                        std::string_view source, std::string_view installed) {
  if (const char* data = std::getenv("RINGSIM_DATA")) return fs::path(data) / name;
  std::error_code error;
  const auto library = folder_of_library();
  const auto own = library ? *library : fs::read_symlink("/proc/self/exe", error).parent_path();
  if (!error) {
    const auto programs = library ? own / RINGSIM_PROGRAMS_FROM_LIBRARY : own;
    auto beside = (programs / from_program).lexically_normal();
    if (fs::is_directory(beside, error)) return beside;
  }
  // An absolute path stays as it is.
  auto built = (own / source).lexically_normal();
  if (fs::is_directory(built, error)) return built;
  return installed;
}

}  // namespace ringsim
