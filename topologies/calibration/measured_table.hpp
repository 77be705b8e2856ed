#pragma once
// Measured times of transfers, as the usual tools write them. The format is told from the content.
#include "topologies/calibration/measurement.hpp"

#include <filesystem>
#include <variant>
#include <vector>

namespace ringsim {

/// Reads
/// - the text that nccl-tests prints, tables of any number of runs: the heading names the columns;
///   the operation is that of "Collective test starting" or of the command, the ranks and their
///   hosts are the lines "# Rank ..."; what launchers put before a line and lines that are no rows
///   are passed over, and so are rows of 0 bytes;
/// - what nccl-tests writes with -J: the operation is the program's name in "args";
/// - what iperf3 writes with -J or --json-stream, of a TCP test: the rate of end/sum_received;
/// - CSV (csv.cpp says which columns and notes).
/// Rows whose results nccl-tests found to be wrong are an error. Throws UserError, with the line or
/// the JSON pointer. There is at least one table.
std::variant<std::vector<MeasuredTable>, MeasuredThroughput> read_measured(
    const std::filesystem::path& path, BufferUse use);

}  // namespace ringsim
