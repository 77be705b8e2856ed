#pragma once
// A scan in a file, for keeping in a repository: a JSON object whose keys are options of
// `ringsim run` without the dashes, and "zip" and "points".
//
//   {"topology": "mine.json", "scheme": ["dense", "iwp"], "bandwidth": "1Gbps..100Gbps*10"}
//
// A string is what stands on the command line; a number is a plain value; a list has values and
// ranges, in which commas are nothing special.
#include "sim/scan/points.hpp"

#include <filesystem>

namespace ringsim {

/// Throws UserError at the file's place.
ScanRequest read_scan_file(const std::filesystem::path& path);

}  // namespace ringsim
