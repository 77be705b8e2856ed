#pragma once
// ringsim calibrate of many tables: a model of NCCL's collectives on a cluster.
#include "tools/ringsim/command.hpp"
#include "topologies/calibration/cluster/cluster_fit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct ClusterRequest {
  std::vector<std::string> files;
  BufferUse use = BufferUse::either;
  std::optional<std::uint32_t> gpus_per_node;  ///< where a table does not say it
  std::optional<cluster::Group> holdout;
  std::string output;                  ///< file for a topology; empty: none
  std::optional<std::uint32_t> hosts;  ///< of that topology; default: the most that were measured
  bool force = false;
  Format format = Format::table;
};

/// Reads, fits, prints and writes. Throws UserError.
void calibrate_cluster(const ClusterRequest& request);

}  // namespace ringsim
