#pragma once
// What measured times a topology's links were fitted to, and whether a use of them lies within.
#include "base/basis.hpp"
#include "base/json_reader.hpp"
#include "base/units.hpp"
#include "topologies/nccl/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// The key "calibration" of a topology file.
struct CalibrationScope {
  std::vector<std::string> operations;  ///< "all_reduce", ...
  std::vector<std::uint32_t> ranks, nodes;
  Bytes smallest, largest;  ///< sizes of calls
  double median_error, worst_error;
  std::optional<nccl::Model> model =
      {};  ///< of NCCL's calls, where many tables were fitted together
};

/// Reads and checks it.
CalibrationScope read_calibration_scope(const JsonValue& value);

/// Calls of a collective.
struct CollectiveCalls {
  std::optional<std::string_view> operation;  ///< absent: whatever was measured
  std::uint32_t ranks;
  std::optional<std::uint32_t> nodes;  ///< absent: the topology knows no nodes
  Bytes smallest, largest;
};
/// `calibrated` where every call lies within the scope: an operation, a number of ranks and of
/// nodes that were measured, and sizes between the smallest and the largest one; `modelled` where
/// there is no scope.
Basis basis_of(const std::optional<CalibrationScope>& scope, const CollectiveCalls& calls);

}  // namespace ringsim
