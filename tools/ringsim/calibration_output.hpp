#pragma once
// What ringsim calibrate prints and writes.
#include "tools/ringsim/command.hpp"
#include "topologies/calibration/link_fit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// What was fitted, and to what.
struct Calibration {
  std::string file;
  std::string_view format, operation;
  std::optional<std::uint32_t> ranks;
  std::string_view latency_from = "fit";  ///< what else it is from, in words
  std::vector<Observation> fitted, held_out;
  LinkFit fit;
};

/// "nccl-tests text, all_reduce, 8 ranks"
std::string source_of(const Calibration& result);
/// A share as "1.23 %".
std::string percent(double share);

void print(const Calibration& result, Format format);

/// One row per size: size_bytes, message_bytes, measured_s, fitted_s, error (fitted / measured -
/// 1), piece (from 0), held_out (0 or 1).
std::string points_csv(const Calibration& result);

}  // namespace ringsim
