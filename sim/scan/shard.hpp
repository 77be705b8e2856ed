#pragma once
// A scan in several parts, each on a machine of its own.
#include "sim/scan/groups.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Part `index` (from 0) of `count`. Text: "3/8" is the third of eight.
struct Shard {
  std::uint32_t index = 0, count = 1;

  friend bool operator==(const Shard&, const Shard&) = default;
};

/// "3/8", or "slurm" for what slurm_shard() says. Throws UserError at "shard".
Shard parse_shard(std::string_view text);
std::string shard_text(const Shard& shard);

/// The shard of a task of a Slurm array, from SLURM_ARRAY_TASK_ID, _MIN, _MAX and _COUNT, whatever
/// its ids are, as long as they are evenly spaced (--array=1-8, 0-28:4, 3,7,11): task
/// (ID-MIN)/STEP of COUNT with STEP = (MAX-MIN)/(COUNT-1). (Of a list such as 3,7,11, Slurm's own
/// _STEP is 1.) `variable` looks one up. Throws UserError at the variable where one is missing or
/// the ids are not evenly spaced.
Shard slurm_shard(const std::function<const char*(const char*)>& variable);

/// The groups' points that a shard has: consecutive ones, so that as few recordings as possible are
/// made in several shards, and numbers that differ by one at most.
std::vector<PointGroup> groups_of_shard(const std::vector<PointGroup>& groups, const Shard& shard);

}  // namespace ringsim
