#pragma once
// How much memory a run takes, found before it takes any: what it keeps, structure by structure.
#include "base/free_memory.hpp"
#include "base/rank.hpp"
#include "models/networks/network.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/run/run_options.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// So many steps may be drawn before any is timed; more are drawn while they are
/// (lockstep_run.hpp).
inline constexpr std::uint64_t most_drawn_before = 4096;

/// What the memory of a run grows with. Numbers are doubles, since products of them may be larger
/// than any integer.
struct RunSize {
  double links = 0;
  double ranks = 0, streams = 1;  ///< of a rank
  double steps = 0, layers = 0;
  double recorded_steps = 0;    ///< that differ from the one before, of which plans are kept
  bool takes_steps = false;     ///< whether steps that come again are taken
  bool keeps_steps = false;     ///< whether what ranks did in steps is kept to the end
  double timed_steps = 0;       ///< that are run, and not taken as often as they come again
  double buckets = 1;           ///< in a step
  double stages = 1;            ///< of a bucket
  double bytes_per_rank = 0;    ///< kept of all stages of a bucket, for each rank
  double calls = 1;             ///< all collective calls of a rank
  double routes = 0;            ///< pairs of ranks that exchange messages
  double links_per_route = 0;   ///< the mean
  double parameters = 0;        ///< that are trained; 0: none
  double copies_per_rank = 0;   ///< of the parameters: gradients, residuals, momenta, weights
  double scratch_per_rank = 0;  ///< bytes
  std::string_view made_by_steps = "steps";  ///< the option that says how many steps there are
};

/// One structure of a run, and the option with which it grows.
struct MemoryNeed {
  std::string_view option;
  double bytes;      ///< an upper bound, which what is taken reaches to a third
  double count;      ///< of what it holds
  std::string what;  ///< "100000000 steps"
  std::string fix;
};

/// What the size of a run follows from.
struct RunParts {
  const RunOptions& options;
  const Topology& topology;
  Rank ranks;
  const SchemeDefinition& scheme;
  SchemeOptions scheme_options;
  const CollectiveChoice& collective;
  const Network* network;                    ///< that is trained; null: none
  Layers layers;                             ///< of the model or the trace; empty with `bytes`
  std::optional<std::uint64_t> trace_steps;  ///< absent: no trace is replayed
  bool repeats = true;                       ///< whether steps that come again are run once
};
RunSize run_size(const RunParts& run);

/// What all that grows will take; what the program has when it begins is not among it.
std::vector<MemoryNeed> memory_needs(const RunSize& size);
double total_bytes(const std::vector<MemoryNeed>& needs);

/// Throws UserError at the option that takes most where more memory is needed than is free, which
/// is asked only where much is needed.
void check_memory(const std::vector<MemoryNeed>& needs, const std::function<FreeMemory()>& free);

/// The same for the hosts and links alone, before they are made.
void check_memory_of_hosts(const TopologyChoice& choice, const std::function<FreeMemory()>& free);

}  // namespace ringsim
