#pragma once
// A topology file of a fitted cluster.
#include "base/json.hpp"
#include "topologies/calibration/cluster/cluster_fit.hpp"

#include <string>
#include <vector>

namespace ringsim::cluster {

/// The key "calibration" of a topology file.
Json calibration_json(const Scope& scope, const FitError& error,
                      const std::vector<std::string>& warnings);

struct ClusterFile {
  std::string name, description;
  Arrangement arrangement;  ///< of the hosts that the file describes
  FitError error;
  std::vector<std::string> warnings;
};

/// On one node a ring whose links give the all-reduces of these ranks the times of the model, as
/// fit_link() finds them over the sizes that were measured: so a call's fixed cost is in them for
/// this number of ranks. On several nodes a hierarchical topology: links of a node likewise, cards
/// with the bandwidth of a ring over nodes in Simple, and half of its hop each way. The fitted
/// parameters stand under "calibration", "model", and "library" names NCCL, so that runs take
/// them. Throws UserError where the tables say nothing of
/// such an arrangement.
Json topology_of(const ClusterFit& fit, const ClusterFile& file);

/// The parameters with their names and units, those that are not 0: "Simple" -> "hop" -> "2.5us".
Json model_json(const ClusterFit& fit);

}  // namespace ringsim::cluster
