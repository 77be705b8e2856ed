#pragma once
// A backend runs a program on a topology and reports when things happened.
#include "base/error.hpp"
#include "sim/backend/critical_path.hpp"
#include "sim/backend/program.hpp"
#include "topologies/topology.hpp"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ringsim {

struct MarkEvent {
  Rank rank;
  Mark mark;
  Seconds time;
};

/// A Delay, once it is over.
struct DelayEvent {
  Rank rank;
  DelayKind kind;
  std::uint64_t step;
  Seconds start, duration;
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

/// One collective call, once all ranks have done their part.
struct CollectiveEvent {
  std::uint64_t step;
  std::string_view phase;
  std::uint32_t bucket;
  /// When both sides of its first message had posted, and when its last one arrived; absent where
  /// it sent none.
  std::optional<Seconds> start, end;
};

/// Called in order of simulated time; an empty function is not called. Of equal times, delays, then
/// transfers, then collectives, then marks, in order of rank. A stream goes on after a mark when it
/// has been reported.
struct Observer {
  std::function<void(const MarkEvent&)> on_mark = {};
  /// Costs much time and memory where there are many ranks; on_collective often does.
  std::function<void(const TransferEvent&)> on_transfer = {};
  std::function<void(const CollectiveEvent&)> on_collective = {};
  std::function<void(const DelayEvent&)> on_delay = {};
  bool wants_critical_path = false;
};

struct LinkUse {
  Bytes bytes;
  Seconds busy;  ///< time during which at least one transfer flowed (latency not counted)
};

struct BackendResult {
  Seconds end;                                     ///< when the last stream ended
  std::vector<LinkUse> links;                      ///< one per link of the topology
  std::optional<CriticalPath> critical_path = {};  ///< where the observer wanted it
};

/// The critical path `times` of a run that ended so.
CriticalPath critical_path(const Topology& topology, PathTimes times, const BackendResult& result);

/// SimGrid 3.32 (models and options: sim/simgrid/README.md). One run per process: fork before it to
/// make more. A program that cannot finish is a RunError that names the first blocked rank and what
/// it waits for.
BackendResult run_simgrid(const Topology& topology, const Program& program,
                          const Observer& observer);

/// Throws UserError where this build is without SimGrid: before work begins whose end would need
/// it.
void require_simgrid();

/// Two transfers that flow at the same time over a link that has not enough bandwidth for both.
struct Contention {
  TransferEvent first, second;
  LinkId link;
};

/// That the recurrence is not exact for a program, found while it ran.
class RecurrenceNotExact : public UserError {
 public:
  using UserError::UserError;
};

/// The same results without SimGrid, thousands of times faster; exact where no transfer slows
/// another one, and RecurrenceNotExact at "backend" elsewhere (sim/recurrence/README.md). The
/// observer may have been called by then: ask find_contention first. Deadlocks as in run_simgrid.
BackendResult run_recurrence(const Topology& topology, const Program& program,
                             const Observer& observer);

/// run_recurrence, or the first contention where that is not exact: for programs that depend on
/// what the observer is told, so that find_contention cannot run them. No hosts may die.
std::variant<BackendResult, Contention> try_recurrence(const Topology& topology,
                                                       const Program& program,
                                                       const Observer& observer);

/// The first contention, or nothing where run_recurrence is exact. Runs the program, opening its
/// streams, without an observer.
std::optional<Contention> find_contention(const Topology& topology, const Program& program);

/// "0>1 (values, step 0, round 2) and 0>2 (values, step 0, round 1) share link \"a\""
std::string describe(const Contention& contention, const Topology& topology);

}  // namespace ringsim
