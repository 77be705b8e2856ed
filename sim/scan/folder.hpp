#pragma once
// The folder of a scan.
#include "sim/scan/journal.hpp"
#include "sim/scan/manifest.hpp"

#include <filesystem>
#include <string>

namespace ringsim {

constexpr const char* manifest_name = "scan.json";
constexpr const char* journal_name = "points.journal";
constexpr const char* table_name = "scan.csv";
/// The table of a scan that was stopped. The next run in the folder removes it first.
constexpr const char* partial_table_name = "scan.csv.partial";

/// Makes the folder a new scan's, or finds that it is this one's. Throws UserError where it holds
/// anything else.
void open_scan_folder(const std::filesystem::path& folder, const Manifest& manifest);

/// Replaces the file as a whole, unless it is the same; on the disk when this returns. Throws
/// RunError.
void write_whole(const std::filesystem::path& path, const std::string& text);

/// Removes what killed processes have left of files that they were writing, and the table of a scan
/// that was stopped. The caller holds the journal.
void remove_partial_files(const std::filesystem::path& folder);

/// What the journal names as its manifest.
std::string hash_of(const Manifest& manifest);

}  // namespace ringsim
