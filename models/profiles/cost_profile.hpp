#pragma once
// A profile: what compressing gradients costs on a GPU (or a CPU) with one implementation, as
// measured (tools/python/ringsim/capture/cost_profile.py, ringsim bench). A stage of a scheme takes
// the larger of two sums: what the host takes to issue it, and what the device takes to run it.
#include "base/json.hpp"
#include "base/shipped.hpp"
#include "base/units.hpp"
#include "models/profiles/cost_counts.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

/// One of the counts that a time may grow with.
struct CostTerm {
  std::string_view name;  ///< of a single one, in files: "kept_value"
  double CostCounts::*count;
  bool by_host = false;       ///< the host's time may grow with it, too
  bool moves_memory = false;  ///< the device's time for it goes with the memory's bandwidth
};
std::span<const CostTerm> cost_terms();

/// The sum over all counts of their number times the seconds for each.
Seconds cost_of(const CostCounts& seconds_per, const CostCounts& counts);

/// Relative errors of a fit on measured points.
struct CostErrors {
  std::uint64_t points = 0;
  double median = 0, worst = 0;
};

struct StageCosts {
  CostStage stage;
  CostCounts host_seconds_per, device_seconds_per;
  std::optional<CostErrors> fitted, held_out;  ///< absent: not known

  Seconds time(const CostCounts& counts) const;
};

/// The costs of a scheme. Where `rank` or `values` is given, they hold for that setting alone.
struct SchemeCosts {
  std::string scheme;
  std::optional<std::uint64_t> rank;  ///< of the products that stand for matrices
  std::optional<std::string> values;  ///< the type that travels: "bf16"
  std::string description;            ///< how it is implemented
  std::vector<StageCosts> stages;     ///< each at most once
  /// Whether the host waits for all exchanges of a bucket before it goes on with the backward pass.
  bool waits = false;

  /// Zero for a stage that it does not have.
  Seconds time(CostStage stage, const CostCounts& counts) const;
};

struct CostProfile {
  std::string implementation;      ///< "torch", "fused"
  std::optional<std::string> gpu;  ///< the name of a Gpu; absent: another kind of device
  std::string device;              ///< as its driver or operating system names it
  std::optional<BytesPerSecond> memory_bandwidth;  ///< of the GPU; absent without one
  std::optional<std::string> driver;
  std::vector<std::pair<std::string, std::string>> versions;
  std::vector<SchemeCosts> schemes;
  Json provenance;  ///< an object
};

/// What is looked up in a profile.
struct CostQuery {
  std::string scheme;
  std::optional<std::uint64_t> rank;
  std::optional<std::string> values;
};
struct FoundCosts {
  SchemeCosts costs;
  bool is_exact = true;  ///< whether it was measured at this rank
};
/// The costs of a scheme. Of several ranks the nearest in ratio is taken. Nothing where the profile
/// lacks the scheme (or its type of values).
std::optional<FoundCosts> find_costs(const CostProfile& profile, const CostQuery& query);
/// What a profile holds, for people: "dense (bf16, fp16), topk".
std::string schemes_in(const CostProfile& profile);

/// The costs on a device whose memory is `faster` times as fast: what moves memory takes so many
/// times less there, launching and the host the same.
SchemeCosts with_memory(SchemeCosts costs, double faster);

/// The profile as it stands in a file.
Json to_json(const CostProfile& profile);
/// Reads a file that holds to_json(). Throws UserError where it is missing or malformed.
CostProfile load_cost_profile(const std::filesystem::path& path);

/// The profiles that ship with ringsim, named GPU-IMPLEMENTATION: from RINGSIM_DATA/profiles where
/// that is set, else installed with the program, else from the source tree.
std::vector<ShippedFile> shipped_cost_profiles();

}  // namespace ringsim
