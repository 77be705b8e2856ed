#pragma once
// What was measured of transfers.
#include "base/error.hpp"
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
  std::optional<Seconds> lower_quartile = {};  ///< of the repetitions, where the file has it
  bool is_single_call = false;  ///< not a batch of calls, so that launching it is in the time
};

/// Who took part in what is measured.
struct MeasuredSetting {
  std::optional<std::string> operation;  ///< "all_reduce", where the file says it
  std::optional<std::uint32_t> ranks;    ///< where the file says it; at least 2
  std::optional<std::uint32_t> nodes;    ///< hosts that the ranks are on, where the file says it
  std::optional<std::string> algorithm;  ///< "ring" or "tree", where it was forced
  friend auto operator<=>(const MeasuredSetting&, const MeasuredSetting&) = default;
};

/// Rows of one operation, in the order of the file; a size may stand several times.
struct MeasuredTable {
  std::string_view format;        ///< "nccl-tests text", "nccl-tests JSON" or "CSV"
  std::vector<Measurement> rows;  ///< at least one
  MeasuredSetting setting;
  bool in_place = false;  ///< the times are those of nccl-tests' in-place columns
  Place place;            ///< where the table begins
};

/// What a stream of bytes reached (iperf3): nothing tells latency from bandwidth.
struct MeasuredThroughput {
  std::string_view format;  ///< "iperf3 JSON"
  BytesPerSecond bandwidth;
  std::optional<Seconds> round_trip;  ///< the smallest one, where the system told it
  std::vector<std::string> notes;     ///< what a user should know of the test; whole sentences
};

/// nccl-tests runs every size twice: from one buffer into another, and within one. `either`: out of
/// place, or in place where the file has nothing else.
enum class BufferUse { either, in_place };

}  // namespace ringsim
