#pragma once
#include "base/json.hpp"
#include "traces/records.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ringsim {

/// The object of summary.json and of `--format json`; absent figures are null.
Json to_json(const Summary& summary);
/// Its keys alone.
Json to_json(const TimeBasis& basis);
Json to_json(const HeadroomSeconds& headroom);

/// A summary from the text of to_json(), strictly; `file` for errors. Throws UserError.
Summary parse_summary(std::string_view text, const std::string& file);
/// Reads a summary.json, strictly. Throws UserError.
Summary read_summary(const std::filesystem::path& path);

}  // namespace ringsim
