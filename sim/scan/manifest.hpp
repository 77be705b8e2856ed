#pragma once
// What a scan is made of (scan.json in its folder): a scan goes on where all of it is the same.
#include "base/json.hpp"
#include "sim/scan/points.hpp"
#include "sim/scan/shard.hpp"
#include "traces/records.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringsim {

struct Manifest {
  std::string version;                                                    ///< of ringsim
  std::vector<std::pair<std::string, std::vector<std::string>>> options;  ///< by name: values
  bool zip = false;
  std::uint64_t points = 0;
  std::optional<Shard> shard;
  std::vector<Summary::Input> inputs;  ///< files that the points read
  std::vector<std::string> columns;    ///< of scan.csv
};

/// Reads (and hashes) what the options of the points name: topologies, traces, tables of times,
/// data sets, the points file. Throws UserError.
Manifest make_manifest(const ScanRequest& request, const PointSet& points,
                       const std::optional<Shard>& shard, std::vector<std::string> columns);

std::string to_text(const Manifest& manifest);
/// Throws UserError.
Manifest read_manifest(const std::filesystem::path& path);

/// The first thing in which they differ, but for the shard: "`bandwidth` was 1Gbps, and is
/// 1Gbps,10Gbps"; nothing where they are the same.
std::optional<std::string> difference(const Manifest& was, const Manifest& is);

}  // namespace ringsim
