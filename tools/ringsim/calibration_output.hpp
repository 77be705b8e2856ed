#pragma once
// What ringsim calibrate prints and writes.
#include "tools/ringsim/command.hpp"
#include "topologies/calibration/link_fit.hpp"
#include "traces/records/field.hpp"

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
  std::optional<std::uint32_t> ranks, nodes;
  bool in_place = false;                  ///< the times are those of nccl-tests' in-place columns
  std::string_view latency_from = "fit";  ///< what else it is from, in words
  std::vector<Observation> fitted, held_out;
  LinkFit fit;
  std::vector<std::string> notes;  ///< warnings; whole sentences
};

/// "nccl-tests text, all_reduce, 8 ranks"
std::string source_of(const Calibration& result);
/// A share as "1.23 %".
std::string percent(double share);

void print(const Calibration& result, Format format);

/// Rows stand in increasing order of size, those that were fitted first.
struct CalibrationPointRow {
  static constexpr FileHeading file = {"points.csv", "size of the measured table",
                                       "`calibrate --points points.csv`",
                                       "measured and fitted time, error"};

  std::uint64_t size_bytes;
  double message_bytes, measured_s, fitted_s, error;
  std::uint64_t piece;
  bool held_out;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    using Row = CalibrationPointRow;
    return with(
        Field{"size_bytes", &Row::size_bytes, "bytes", "The size, as the measured table has it."},
        Field{"message_bytes", &Row::message_bytes, "bytes",
              "The size of each message that the operation makes of it."},
        Field{"measured_s", &Row::measured_s, "s",
              "How long the operation took: the median, where the size was measured several "
              "times."},
        Field{"fitted_s", &Row::fitted_s, "s", "How long it takes by the fitted links."},
        Field{"error", &Row::error, "1", "`fitted_s` / `measured_s` - 1."},
        Field{"piece", &Row::piece, "",
              "The piece of the links' model that the messages' size falls into, from 0."},
        Field{"held_out", &Row::held_out, "",
              "1 where the size was not fitted but held out to see the error (`--holdout`), else "
              "0."});
  }
};

/// The table of CalibrationPointRow.
std::string points_csv(const Calibration& result);

}  // namespace ringsim
