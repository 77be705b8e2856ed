#pragma once
// Makes one scan of its shards.
#include "sim/scan/manifest.hpp"

#include <filesystem>
#include <vector>

namespace ringsim {

struct MergeOutcome {
  std::size_t points = 0, failed = 0;
};

/// Writes into `target`, a new or empty folder, what a scan without shards would have written.
/// Throws UserError where the folders are not the shards of one scan, each once and all of them
/// complete.
MergeOutcome merge_shards(const std::vector<std::filesystem::path>& folders,
                          const std::filesystem::path& target);

}  // namespace ringsim
