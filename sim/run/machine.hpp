#pragma once
// The GPU of every rank, and what compressing takes on it: looked up, and how that is known.
#include "base/basis.hpp"
#include "models/layers.hpp"
#include "models/profiles/cost_profile.hpp"
#include "models/profiles/gpu.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/run/run_options.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct Machine {
  Gpu gpu;
  FlopPerSecond speed;
  BytesPerSecond memory_bandwidth;
  std::vector<std::filesystem::path> files;  ///< read because a GPU was named
};

/// The GPU that the options name, or else the topology, or else a V100. Throws UserError.
Machine choose_machine(const RunOptions& options, const Topology& topology);

/// Forward and backward pass of a step of so many operations: operations over the machine's speed,
/// but no less than its kernels take that the model's tensors need.
Seconds modelled_compute_time(const Machine& machine, double flop, std::size_t tensors);

/// Where times of compressing come from.
struct CompressionChoice {
  std::optional<SchemeCosts> measured = {};  ///< on this machine; absent: not from a profile
  Basis basis = Basis::modelled;
  bool feels_memory = true;  ///< whether it takes another time with another memory bandwidth
  std::string note = {};     ///< for people, where that is not what was asked for
  std::vector<std::filesystem::path> files = {};  ///< that were read, but for one that was named
};

/// Throws UserError where a profile that was asked for is not there or lacks the scheme. A profile
/// of another GPU, or of this one with another memory bandwidth, is scaled by with_memory().
CompressionChoice choose_compression(const RunOptions& options, const Machine& machine,
                                     const SchemeDefinition& scheme);

}  // namespace ringsim
