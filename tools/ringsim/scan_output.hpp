#pragma once
// The results of scans, printed.
#include "sim/scan/scan.hpp"
#include "tools/ringsim/command.hpp"
#include "traces/output_file.hpp"

#include <string>

namespace ringsim {

/// All figures of metrics.hpp but the wall time, which differs from run to run.
ResultColumns result_columns();

/// What scan.csv holds.
OutputFile scan_file();

/// Prints scan.csv as it is, as JSON, or as a table of the figures that people ask for, the first
/// ones where points are many (`full`: all of them), with a verdict.
void print_scan(const PointSet& points, const std::string& csv, ResultFormat format);

}  // namespace ringsim
