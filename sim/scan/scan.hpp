#pragma once
// Runs all points of a scan, and never loses one that is done.
//
// In the scan's folder: scan.json (manifest.hpp) says what is scanned, points.journal (journal.hpp)
// keeps the rows as they come, scan.csv has them in the order of the points.
#include "sim/scan/points.hpp"
#include "sim/scan/points_done.hpp"
#include "sim/scan/shard.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct DoneRow;

/// What scan.csv says of a result.
struct ResultColumns {
  std::vector<std::string> names;
  std::function<std::vector<std::string>(const Summary&)> cells;  ///< one per name
  /// How the message of a point that failed reads; absent: as it is.
  std::function<std::string(std::string_view message)> error = {};
};

struct ScanOptions {
  std::filesystem::path folder;  ///< empty: nothing is kept
  std::size_t jobs = 1;          ///< processes at a time
  std::optional<Shard> shard;    ///< absent: all points
  bool fail_fast = false;        ///< stops after a point that failed
};

struct ScanObserver {
  /// Before the first point runs: how many there are, and how many were done before.
  std::function<void(std::size_t done, std::size_t points)> on_start;
  std::function<void(const PointsDone&)> on_point;
  /// Asked several times a second: whether to stop with what is done.
  std::function<bool()> wants_stop;
};

struct ScanOutcome {
  std::size_t points = 0;      ///< of this shard
  std::size_t new_points = 0;  ///< that were run now
  std::map<std::uint32_t, DoneRow> rows;
  std::string csv;              ///< scan.csv
  std::filesystem::path table;  ///< where it is; empty: nothing is kept
  bool is_complete() const;
  std::size_t failed() const;
};

/// "point", "option.NAME" of each varied option, the results, "error".
std::vector<std::string> scan_columns(const PointSet& points, const ResultColumns& columns);
/// scan.csv of these rows.
std::string scan_csv(const PointSet& points, const ResultColumns& columns,
                     const std::map<std::uint32_t, DoneRow>& rows);

/// Goes on where the folder holds a part of the same scan; returns at once where it holds all of
/// it. A point that fails is a row with its error. A scan that was stopped has its rows in
/// partial_table_name, so that table_name is whole wherever it is. Throws UserError where the
/// folder holds anything else (naming the difference), and RunError where it cannot be written to:
/// what is done is kept.
ScanOutcome run_scan(const ScanRequest& request, const PointSet& points,
                     const ResultColumns& columns, const ScanOptions& options,
                     const ScanObserver& observer);

}  // namespace ringsim
