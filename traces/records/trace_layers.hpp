#pragma once
#include "base/rank.hpp"
#include "traces/records/field.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringsim {

/// The encodings whose sizes a gradient trace holds, in the order of its columns.
inline constexpr std::array<std::string_view, 5> trace_encodings = {"bitmap", "index", "delta",
                                                                    "runs", "rice"};

/// Rows stand in the order of steps, then ranks, then layers.
struct TraceLayerRow {
  static constexpr FileHeading file = {"trace_layers.csv", "step, rank and layer", "`prune`",
                                       "what each rank selected, and the bytes of its mask"};

  std::uint64_t step;
  Rank rank;
  std::string layer;
  std::uint64_t parameters;
  std::optional<double> threshold;
  std::uint64_t kept;
  double density;
  bool broadcasts;
  std::uint64_t sent;
  std::optional<std::uint64_t> sampled;
  std::array<std::optional<std::uint64_t>, trace_encodings.size()> encoded_bytes;

  template <std::size_t encoding>
  static std::optional<std::uint64_t> mask_bytes(const TraceLayerRow& row) {
    return row.encoded_bytes[encoding];
  }

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"step", &TraceLayerRow::step, "", "The step, from 0: the number of the dump."},
        Field{"rank", &TraceLayerRow::rank, "", "The rank whose gradient it is."},
        Field{"layer", &TraceLayerRow::layer, "", "The layer's name."},
        Field{"parameters", &TraceLayerRow::parameters, "parameters",
              "How many parameters the layer has."},
        Field{"threshold", &TraceLayerRow::threshold, "1",
              "The rank's threshold on the importance. Empty where the layer is sent whole."},
        Field{"kept", &TraceLayerRow::kept, "parameters",
              "How many parameters the rank itself selected: all where the layer is sent whole, 0 "
              "where it selected nothing (`--mask-interval`)."},
        Field{"density", &TraceLayerRow::density, "1", "`kept` over `parameters`."},
        Field{"broadcasts", &TraceLayerRow::broadcasts, "",
              "1 where the other ranks got this rank's mask in this step, else 0."},
        Field{"sent", &TraceLayerRow::sent, "parameters",
              "How many parameters every rank sends: the union of the masks that were broadcast "
              "last."},
        Field{
            "sampled", &TraceLayerRow::sampled, "parameters",
            "How many parameters the rank judged its threshold by, in a pass of its own over what "
            "it had accumulated. Empty where the pass that accumulates selects, too."},
        Field{"bitmap_bytes", mask_bytes<0>, "bytes",
              "The rank's own mask with a bit for each parameter. Empty where the layer is sent "
              "whole, as the following are."},
        Field{"index_bytes", mask_bytes<1>, "bytes",
              "The rank's own mask as indices, all in the fewest whole bytes that hold the largest "
              "one."},
        Field{"delta_bytes", mask_bytes<2>, "bytes",
              "The rank's own mask as gaps between indices, each in as many bytes (LEB128) as it "
              "needs."},
        Field{"runs_bytes", mask_bytes<3>, "bytes",
              "The rank's own mask as lengths of runs of unset and set bits in turn (LEB128)."},
        Field{"rice_bytes", mask_bytes<4>, "bytes",
              "The rank's own mask as gaps between indices in Golomb-Rice code."});
  }
};

}  // namespace ringsim
