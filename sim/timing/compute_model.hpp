#pragma once
// How long ranks compute, and when in that time their gradients are ready.
#include "base/rank.hpp"
#include "base/units.hpp"
#include "topologies/topology.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ringsim {

/// What DistributedDataParallel adds to a step's computing (models/profiles/gpu.hpp).
struct DdpTimes {
  Seconds start;              ///< before the forward pass
  std::vector<Seconds> copy;  ///< of each bucket: into it when it is ready, and the same back
  /// The share of its speed that computing loses beside an exchange, whose bytes are taken to leave
  /// a rank at this bandwidth.
  double exchange_share = 0;
  BytesPerSecond bandwidth;
};

/// How the exchanges of a step and its backward pass go together.
struct Overlap {
  /// When each bucket's gradients are ready, from the start of the step on, on a host of speed 1
  /// without jitter; ascending, none above ComputeModel::time.
  std::vector<Seconds> ready;
  /// The first exchange of a bucket goes before the other exchanges of the bucket before it, which
  /// wait until it is ready; in return, packing hides behind an exchange.
  bool masks_ahead = false;
  /// The backward pass goes on when all of a bucket has been exchanged and decoded: the host waits.
  bool waits = false;
  std::optional<DdpTimes> ddp = {};  ///< absent: none of that takes time
};

/// How long a rank computes in each step.
struct ComputeModel {
  Seconds time;       ///< on a host of speed 1
  double jitter = 0;  ///< spread; a host's own goes before it
  std::uint64_t seed = 1;
  std::optional<Overlap> overlap = {};  ///< absent: exchanges begin after the backward pass
};

/// The computing time of one rank in one step, on a host of speed 1: log-normal with mean
/// `model.time` and the jitter of the model or the host as sigma, drawn for (seed, rank, step);
/// exactly `time` where there is no jitter.
Seconds jittered(const ComputeModel& model, const Host& host, Rank rank, std::uint64_t step);

/// When a bucket's gradients are ready in a step whose computing takes `whole` (jittered()), from
/// its start on: the model's time, stretched as the whole step is; at its end without overlap.
Seconds stretched_ready_time(const ComputeModel& model, std::size_t bucket, Seconds whole);

}  // namespace ringsim
