#pragma once
// Measured times of transfers, as the usual tools write them. The format is told from the content.
#include "topologies/calibration/measurement.hpp"

#include <filesystem>
#include <variant>

namespace ringsim {

/// Reads
/// - the text that nccl-tests prints: the heading names the columns; the operation is that of
///   "Collective test starting", the ranks are the lines "# Rank ..."; lines of NCCL's log are
///   passed over;
/// - what nccl-tests writes with -J: the operation is the program's name in "args";
/// - what iperf3 writes with -J, of a TCP test: the rate of end/sum_received;
/// - CSV with a heading and the columns "bytes" and "seconds"; other columns, and lines that begin
///   with #, are passed over.
/// Rows whose results nccl-tests found to be wrong are an error. Throws UserError, with the line or
/// the JSON pointer.
std::variant<MeasuredTable, MeasuredThroughput> read_measured(const std::filesystem::path& path,
                                                              BufferUse use);

}  // namespace ringsim
