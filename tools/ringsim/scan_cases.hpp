#pragma once
// The rows of a scan by what varies: cases, and what was chosen from in each.
#include "tools/ringsim/verdict.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// scan.csv, read.
struct ScanRows {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
};

/// The rows of the table, whose cells are as many as the heading's. `file` for errors. Throws
/// UserError at its line.
ScanRows read_scan_rows(std::string_view csv, const std::string& file);

/// One configuration in one case: the mean over its seeds.
struct ScanEntry {
  std::string chosen;  ///< "scheme=iwp density=1/64"
  bool is_dense = false;
  std::uint32_t point = 0;  ///< the first
  std::size_t seeds = 0;
  Contender mean = {};  ///< its name is `chosen`
};

/// Everything that was chosen from at the same values of the other options.
struct ScanCase {
  std::string where;       ///< "ranks=8 bandwidth=1Gbps"
  std::string last_value;  ///< "1Gbps"
  std::vector<ScanEntry> entries;
};

struct ScanCases {
  std::vector<ScanCase> all;
  bool is_to_target = false;     ///< ranked by the time to the target accuracy, else per step
  bool has_choice = false;       ///< whether something was chosen from
  std::string only_option = {};  ///< that makes cases; empty where none does, or several do
  std::size_t failed = 0, not_reached = 0;
};

/// Options of the groups scheme and staleness, collectives and buckets are chosen; the other ones
/// that vary make cases. Seeds are averaged over.
ScanCases read_cases(const ScanRows& scan);

}  // namespace ringsim
