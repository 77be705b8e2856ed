#pragma once
// What a page of results holds: the summaries and tables of runs, or the table of a scan.
#include "base/json.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace ringsim {

/// Reads result folders: of `run -o`, of `run --seed LIST -o` (all its runs), or one of `scan -o`.
///
///   {"version", "runs": [{"name", "summary", "gpus_per_node", "every": {"steps", "layers"},
///                         "steps", "layers", "links", "staleness",
///                         "transfers": {"csv", "is_whole"} or null}], "verdict"}
///   {"version", "scan": {"name", "csv"}, "verdict"}
///
/// "verdict" has the paragraphs that `run`, `compare` or `scan` ends in. The tables are CSV as the
/// files have it. Of tables that would make the page too large every N-th step is kept, and the
/// last one (`every` says N), and of messages the first ones. Throws UserError where a folder is
/// none of these, where they do not go together, or where a file is wrong.
Json report_data(const std::vector<std::string>& folders);

}  // namespace ringsim
