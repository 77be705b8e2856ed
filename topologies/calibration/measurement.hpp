#pragma once
// What was measured of transfers.
#include "base/units.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

}  // namespace ringsim
