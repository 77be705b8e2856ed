#pragma once
// A backend runs a program on a topology and reports when things happened. Each is registered by
// name (`--backend`, `ringsim list backends`).
#include "base/error.hpp"
#include "sim/backend/critical_path.hpp"
#include "sim/backend/events.hpp"
#include "sim/backend/program.hpp"
#include "topologies/topology.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct LinkUse {
  Bytes bytes;
  Seconds busy;  ///< time during which at least one transfer flowed (latency not counted)
};

struct BackendResult {
  Seconds end;                                     ///< when the last stream ended
  std::vector<LinkUse> links;                      ///< one per link of the topology
  std::optional<CriticalPath> critical_path = {};  ///< where the observer wanted it
  /// What each rank had waited for when its first stream ended; where the observer wanted the
  /// critical path and the program may have a next part. It holds on to what the run has kept.
  std::function<TracedPath(Rank)> path_of = {};
};

/// Runs a program and its next parts; `run` takes one program. What comes back is of the last one.
BackendResult run_parts(const Program& program,
                        const std::function<BackendResult(const Program& part)>& run);

/// The critical path `times` of a run that ended so.
CriticalPath critical_path(const Topology& topology, PathTimes times, const BackendResult& result);

/// Two transfers that flow at the same time over a link that has not enough bandwidth for both.
struct Contention {
  TransferEvent first, second;
  LinkId link;
};

/// "0>1 (values, step 0, round 2) and 0>2 (values, step 0, round 1) share link \"a\""
std::string describe(const Contention& contention, const Topology& topology);

/// What a backend throws where its result would not be exact, found while the program ran. As an
/// error it stands at "backend" and names the contention and the backends to take instead.
class NotExact : public UserError {
 public:
  NotExact(std::string_view backend, const Contention& met, const Topology& topology);

  Contention contention;
};

/// Why a backend cannot run anything on a topology.
struct BackendRefusal {
  std::string found;
  std::string fix = {};  ///< empty: take another backend
};

/// A backend by name (`--backend`). Beside its implementation:
/// `extern const BackendDefinition NAME_backend;`.
struct BackendDefinition {
  std::string_view name;
  std::string_view description;
  /// Why this build does not have it; nothing where it does.
  std::optional<BackendRefusal> (*unavailable)();
  /// Why it cannot run programs of `ranks` ranks on this topology; nothing where it can. Costs
  /// little, and is asked before anything runs.
  std::optional<BackendRefusal> (*why_not)(const Topology& topology, Rank ranks);
  /// Runs all parts of the program (run_parts()). Throws NotExact where it is not exact, when the
  /// observer may have been told of events already; RunError where the program cannot finish, which
  /// names the first blocked rank and what it waits for.
  BackendResult (*run)(const Topology& topology, const Program& program, const Observer& observer);
  bool is_always_exact = false;        ///< never throws NotExact
  bool runs_once_per_process = false;  ///< fork before it to run it more often
  /// How much the times of equal parts of a program (Program::next_part) may differ, in relation to
  /// how long they last, as the engine's clock runs on; 0: they are the same to the last bit.
  double clock_rounding = 0;
  /// Runs the program on several topologies at once, which are alike but for bandwidths and
  /// latencies, each with its observer: the results of run(), bit for bit, for less. Observers are
  /// told of collectives, delays and marks rank by rank instead of in order of time. Nothing,
  /// before any observer is told of anything, where the program or the topologies do not allow it;
  /// null: never.
  std::optional<std::vector<BackendResult>> (*run_side_by_side)(
      std::span<const Topology* const> topologies, const Program& program,
      std::span<const Observer> observers) = nullptr;
};

/// All backends, those that `auto` prefers first (generated from sim/CMakeLists.txt). The last one
/// is always exact.
std::span<const BackendDefinition* const> backends();
/// The backend of this name; throws UserError at "backend" (did you mean ...).
const BackendDefinition& find_backend(std::string_view name);

/// Throws UserError at "backend" where this build does not have the backend.
void require_available(const BackendDefinition& backend);
/// Throws UserError at "backend" where the backend cannot run programs of so many ranks there;
/// it names the backends that can.
void require_able(const BackendDefinition& backend, const Topology& topology, Rank ranks);

/// How the backend is not exact for the program, or nothing where it is. Runs the program, opening
/// its streams, without an observer.
std::optional<NotExact> find_inexactness(const BackendDefinition& backend, const Topology& topology,
                                         const Program& program);

}  // namespace ringsim
