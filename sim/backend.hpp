#pragma once
// A backend runs a program on a topology and reports when things happened.
#include "sim/program.hpp"
#include "topologies/topology.hpp"

#include <functional>
#include <vector>

namespace ringsim {

struct MarkEvent {
  Rank rank;
  Mark mark;
  Seconds time;
};

/// One message, once it has arrived. From `start` (both sides have posted) latency passes, then
/// bytes flow.
struct TransferEvent {
  std::uint64_t step;
  std::string_view phase;
  std::uint32_t bucket, round;
  Rank source, target;
  Bytes bytes;
  Seconds start, end;
};

/// Called in order of simulated time; an empty function is not called. Of equal times, in order of
/// rank.
struct Observer {
  std::function<void(const MarkEvent&)> on_mark;
  std::function<void(const TransferEvent&)> on_transfer;
};

struct LinkUse {
  Bytes bytes;
  Seconds busy;  ///< time during which at least one transfer flowed (latency not counted)
};

struct BackendResult {
  Seconds end;                 ///< when the last stream ended
  std::vector<LinkUse> links;  ///< one per link of the topology
};

/// SimGrid 3.32 (models and options: sim/simgrid/README.md). One run per process: fork before it to
/// make more. A program that cannot finish is a RunError that names the first blocked rank and what
/// it waits for.
BackendResult run_simgrid(const Topology& topology, const Program& program,
                          const Observer& observer);

/// Throws UserError where this build is without SimGrid: before work begins whose end would need
/// it.
void require_simgrid();

}  // namespace ringsim
