#pragma once
// One model of a cluster from many measured tables.
#include "topologies/calibration/cluster/cluster_time.hpp"
#include "topologies/calibration/link_fit.hpp"
#include "topologies/calibration/measurement.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ringsim::cluster {

/// A size of a table.
struct ClusterObservation {
  std::string operation;
  Arrangement arrangement;
  std::optional<Algorithm> forced;
  Bytes size;
  Seconds time;
  bool is_nccl_tests = false;  ///< else another caller's
};

/// Takes the lower quartile of the times of each size in each setting: what disturbs a measurement
/// makes it longer. Calls that were timed one by one and took less than 300 us are dropped, as
/// launching them is in the time. Throws UserError where a table does not say its operation or
/// ranks, or has an operation of no collective.
std::vector<ClusterObservation> observations_of(std::span<const MeasuredTable> tables);

/// What a model was fitted to; outside it extrapolates.
struct Scope {
  std::vector<std::string> operations;  ///< sorted
  std::vector<std::uint32_t> ranks, nodes;
  Bytes smallest, largest;
};
Scope scope_of(std::span<const ClusterObservation> observations);

struct ClusterFit {
  Believed believed;
  Machine machine;
  std::vector<double> parameters;  ///< as cluster_time.hpp numbers them
  std::vector<bool> known;         ///< of which of them something is known
  Scope scope;
};

/// Fits all parameters together (fit_robustly). What tables leave open is taken from priors: of
/// 2 ranks alone, how much of a call is its hops'. Throws UserError without observations.
ClusterFit fit_cluster(std::span<const ClusterObservation> observations);

/// How long a call takes by the model; nothing where it knows no such links.
std::optional<Seconds> time_of(const ClusterFit& fit, const ClusterObservation& call);
Choice choice_of(const ClusterFit& fit, const ClusterObservation& call);

FitError error_on(const ClusterFit& fit, std::span<const ClusterObservation> observations);

/// What the groups of observations that are held out, one at a time, have in common.
enum class Group { sizes, ranks, operations, nodes };
struct GroupError {
  std::string group;        ///< "4 ranks", "all_gather", "every other size"
  FitError error;           ///< of a fit to all others
  std::size_t unknown = 0;  ///< observations of links that the others say nothing of
  bool is_part = false;     ///< of the group before it: "4 ranks, all_gather"
};
/// A fit without each group in turn; groups whose rest is empty are left out. Behind a group of
/// ranks or nodes come its operations.
std::vector<GroupError> hold_out(std::span<const ClusterObservation> observations, Group group);
/// The errors of one fit by group, other than sizes.
std::vector<GroupError> errors_by(const ClusterFit& fit,
                                  std::span<const ClusterObservation> observations, Group group);

}  // namespace ringsim::cluster
