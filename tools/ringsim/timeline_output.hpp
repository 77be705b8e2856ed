#pragma once
// `run --timeline`: what the ranks and the links do, as timeline.json.
#include "base/units.hpp"
#include "sim/run/run_observer.hpp"
#include "topologies/topology.hpp"
#include "traces/timeline.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

/// Whole numbers, as "0..9,20" names them.
class NumberRanges {
 public:
  /// Throws UserError at the option.
  static NumberRanges parse(std::string_view option, std::string_view text);
  bool contains(std::uint64_t number) const;

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  ///< from and to, both included
};

/// What --timeline-steps and --timeline-ranks leave; absent: all.
struct TimelineChoice {
  std::optional<NumberRanges> steps, ranks;
};

/// A process per rank with rows for computing, compressing, sending and receiving (more than one
/// where messages overlap), an arrow per message, and a counter per link.
class TimelineOutput {
 public:
  TimelineOutput(TimelineChoice choice, TimelineWriter::Write write);

  void begin(const Topology& topology) { topology_ = topology; }
  void add(const RankWork& work);
  void add(const TransferRow& message);
  /// Throws UserError where the run had none of the chosen steps or ranks.
  void end();

 private:
  enum Kind : std::uint8_t { compute, compress, send, receive };
  struct Use {
    double at, rate;  ///< seconds; the bytes per second that come, or below 0 go
  };
  struct LinkUses {
    bool is_shown = false;
    std::vector<Use> uses;
  };
  struct RankRows {
    std::array<std::vector<double>, 4> ends;  ///< per kind and row: when the last slice ends
  };

  bool has_step(std::uint64_t step) const {
    return !choice_.steps || choice_.steps->contains(step);
  }
  bool has_rank(std::uint64_t rank) const {
    return !choice_.ranks || choice_.ranks->contains(rank);
  }
  TimelineRow row(std::uint64_t rank, Kind kind, double start, double end);
  TimelineRow slice_of(const TransferRow& message, Kind kind);
  void use_links(const TransferRow& message, bool is_shown);
  void write_counters(LinkId link);

  TimelineChoice choice_;
  TimelineWriter writer_;
  std::optional<Topology> topology_;
  std::map<std::uint64_t, RankRows> ranks_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Route> routes_;
  std::map<LinkId, LinkUses> links_;
  std::uint64_t uses_ = 0;
};

}  // namespace ringsim
