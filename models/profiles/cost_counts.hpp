#pragma once
// What the time of a stage of compressing grows with.
#include <cstdint>

namespace ringsim {

/// The stages of compressing: before the first exchange, between two, after the last one. `none` is
/// local work whose time a profile counts with another stage.
enum class CostStage : std::uint8_t { none, encode, between, decode };

/// Counts of what one call of a stage works on: the layers that are compressed together, a bucket
/// or all of them. In a profile, seconds for each of these.
struct CostCounts {
  double calls = 0;
  double tensors = 0;            ///< that are compressed
  double elements = 0;           ///< of these
  double kept_values = 0;        ///< that are sent of these
  double velocity_elements = 0;  ///< elements that have a velocity, too (momentum correction)
  double velocity_values = 0;    ///< kept values that have one
  double matrices = 0;           ///< that products of low rank stand for
  double row_ranks = 0;          ///< rows and columns of all matrices, times the rank
  double whole_tensors = 0;      ///< that travel beside the matrices as they are
  double whole_elements = 0;     ///< of these
  double received_tensors = 0;   ///< of all payloads that are added up
  double received_elements = 0;  ///< of these
  double received_values = 0;    ///< kept ones of these
  double coded_bytes = 0;        ///< that coding and decoding masks reads and writes

  bool operator==(const CostCounts&) const = default;
};

}  // namespace ringsim
