#include "base/shipped_folder.hpp"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

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

/// Where what is shipped may lie, in the order in which it is looked for (shipped_folder()).
std::vector<fs::path> candidates(std::string_view from_program, std::string_view source,
                                 std::string_view installed) {
  std::vector<fs::path> folders;
  std::error_code error;
  const auto library = folder_of_library();
  const auto own = library ? *library : fs::read_symlink("/proc/self/exe", error).parent_path();
  if (!error) {
    const auto programs = library ? own / RINGSIM_PROGRAMS_FROM_LIBRARY : own;
    folders.push_back((programs / from_program).lexically_normal());
  }
  // An absolute path stays as it is.
  folders.push_back((own / source).lexically_normal());
  folders.emplace_back(installed);
  return folders;
}

}  // namespace

fs::path shipped_folder(std::string_view name, std::string_view from_program,
                        std::string_view source, std::string_view installed) {
  if (const char* data = std::getenv("RINGSIM_DATA")) return fs::path(data) / name;
  const auto folders = candidates(from_program, source, installed);
  std::error_code error;
  for (const auto& folder : folders) {
    if (fs::is_directory(folder, error)) return folder;
  }
  return folders.back();
}

UserError nothing_shipped(std::string_view name) {
  const std::string kind(name);
  if (const char* data = std::getenv("RINGSIM_DATA"))
    return {{(fs::path(data) / name).string(), {}},
            "there are no " + kind + " of ringsim's own",
            "a folder that has them is accepted for RINGSIM_DATA",
            "unset it to take those of the program"};
  return {{},
          "ringsim's own " + kind + " are not where it was built or installed",
          {},
          "install all of ringsim, or set RINGSIM_DATA to the folder that has " + kind};
}

fs::path shipped_module(std::string_view file, std::string_view from_program,
                        std::string_view built, std::string_view installed) {
  const auto folders = candidates(from_program, built, installed);
  std::error_code error;
  for (const auto& folder : folders) {
    if (fs::exists(folder / file, error)) return folder / file;
  }
  return folders.back() / file;
}

}  // namespace ringsim
