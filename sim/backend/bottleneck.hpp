#pragma once
// What a run spends most of its time on.
#include "sim/backend/critical_path.hpp"
#include "topologies/topology.hpp"

#include <string>
#include <string_view>

namespace ringsim {

/// The largest share of a critical path: all that goes to one kind of cause, and the rank or link
/// that most of it goes to.
struct Bottleneck {
  std::string_view kind;  ///< "link" (bytes flow), "latency", "compute", "compress", "reduce"
                          ///< or "failure"
  std::string name;       ///< of a link; "rank 3"
  double share;           ///< of the path, 0 to 1
};
/// The path is not empty.
Bottleneck find_bottleneck(const CriticalPath& path, const Topology& topology);

}  // namespace ringsim
