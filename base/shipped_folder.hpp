#pragma once
#include "base/shipped.hpp"

#include <filesystem>

namespace ringsim {

/// Where the files of `folder` are looked for; it need not be there (shipped_files() says where).
std::filesystem::path locate(const ShippedFolder& folder);

}  // namespace ringsim
