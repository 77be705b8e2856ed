#pragma once
#include "base/json.hpp"
#include "traces/records.hpp"

#include <filesystem>

namespace ringsim {

/// The object of summary.json and of `--format json`; absent figures are null.
Json to_json(const Summary& summary);

/// Reads a summary.json, strictly. Throws UserError.
Summary read_summary(const std::filesystem::path& path);

}  // namespace ringsim
