#pragma once
// Measured times of transfers, as the usual tools write them. The format is told from the content.
#include "base/units.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ringsim {

/// An operation on so many bytes took so long (above zero).
struct Measurement {
  Bytes size;
  Seconds time;
};

/// Rows of one operation, in the order of the file; a size may stand several times.
struct MeasuredTable {
  std::string_view format;               ///< "nccl-tests text", "nccl-tests JSON" or "CSV"
  std::vector<Measurement> rows;         ///< at least one
  std::optional<std::string> operation;  ///< "all_reduce", where the file says it
  std::optional<std::uint32_t> ranks;    ///< where the file says it; at least 2
};

/// What a stream of bytes reached (iperf3): nothing tells latency from bandwidth.
struct MeasuredThroughput {
  std::string_view format;  ///< "iperf3 JSON"
  BytesPerSecond bandwidth;
  std::optional<Seconds> round_trip;  ///< the smallest one, where the system told it
};

/// nccl-tests runs every size twice: from one buffer into another, and within one.
enum class BufferUse { out_of_place, in_place };

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
