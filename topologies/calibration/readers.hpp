#pragma once
// The readers of each format, for measured_table.cpp, and what they have in common.
#include "base/json_reader.hpp"
#include "topologies/calibration/measurement.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ringsim::calibration {

/// A line that is not empty.
struct Line {
  std::string_view text;  ///< without the newline, and without blanks around it
  Place place;            ///< file and "line N"
};
std::vector<Line> lines_of(std::string_view text, const std::string& file);
std::string_view stripped(std::string_view text);  ///< without blanks around it
std::vector<std::string_view> words_of(std::string_view text);

/// A whole number of bytes below 9e15, or a time above zero in units of `unit` seconds.
Bytes read_count(std::string_view text, const Place& place);
Seconds read_time(std::string_view text, double unit, const Place& place);

bool is_nccl_text(const std::vector<Line>& lines);
std::vector<MeasuredTable> read_nccl_text(const std::vector<Line>& lines, const Place& file,
                                          BufferUse use);
MeasuredTable read_nccl_json(const JsonValue& root, BufferUse use);
std::vector<MeasuredTable> read_csv(const std::vector<Line>& lines, const Place& file);

/// The documents of a file of JSON, which may hold several one after the other. Nothing that
/// follows the last whole one is in them.
std::vector<std::string_view> json_documents(std::string_view text);
/// What iperf3 writes with -J, or a line for each event with --json-stream.
MeasuredThroughput read_iperf(const std::vector<std::string_view>& documents,
                              const std::string& file);

/// "all_reduce" of "/opt/nccl-tests/build/all_reduce_perf" (or "..._perf_mpi").
std::string operation_of_program(std::string_view program);

}  // namespace ringsim::calibration
