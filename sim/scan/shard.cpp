#include "sim/scan/shard.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace ringsim {
namespace {

constexpr std::uint64_t most_shards = 1'000'000;

}  // namespace

Shard parse_shard(std::string_view text) {
  if (text == "slurm") return slurm_shard([](const char* name) { return std::getenv(name); });
  const auto slash = text.find('/');
  const auto number = parse_whole_number(text.substr(0, slash));
  const auto count =
      slash == std::string_view::npos ? std::nullopt : parse_whole_number(text.substr(slash + 1));
  if (!number || !count || *number < 1 || *number > *count || *count > most_shards) {
    throw UserError(option_place("shard"), fmt::format("found \"{}\"", text),
                    "I/N with I from 1 to N, such as 3/8, or slurm in a task of a Slurm array, is "
                    "accepted");
  }
  return {static_cast<std::uint32_t>(*number - 1), static_cast<std::uint32_t>(*count)};
}

std::string shard_text(const Shard& shard) {
  return fmt::format("{}/{}", shard.index + 1, shard.count);
}

Shard slurm_shard(const std::function<const char*(const char*)>& variable) {
  const auto read = [&](const char* name, std::uint64_t minimum) {
    const char* const text = variable(name);
    if (text == nullptr) {
      throw UserError({{}, name}, "is not set", "a task of a Slurm array is accepted",
                      "submit with sbatch --array=1-8, or give `shard` I/N");
    }
    const auto value = parse_whole_number(text);
    if (!value || *value < minimum) {
      throw UserError({{}, name}, fmt::format("found \"{}\"", text),
                      fmt::format("a whole number from {} is accepted", minimum));
    }
    return *value;
  };
  const auto id = read("SLURM_ARRAY_TASK_ID", 0), first = read("SLURM_ARRAY_TASK_MIN", 0),
             last = read("SLURM_ARRAY_TASK_MAX", 0), count = read("SLURM_ARRAY_TASK_COUNT", 1);
  // Distinct ids that all stand on the grid are all of it.
  const std::uint64_t gaps = count - 1;
  const bool is_grid = last >= first && count <= most_shards &&
                       (gaps == 0 ? last == first : (last - first) % gaps == 0 && last > first);
  const std::uint64_t step = is_grid && gaps > 0 ? (last - first) / gaps : 1;
  if (!is_grid || id < first || id > last || (id - first) % step != 0) {
    throw UserError({{}, "SLURM_ARRAY_TASK_ID"},
                    fmt::format("found {} of {} ids from {} to {}", id, count, first, last),
                    "evenly spaced ids are accepted, such as --array=1-8 or --array=0-28:4",
                    "give `shard` I/N for other ones");
  }
  return {static_cast<std::uint32_t>((id - first) / step), static_cast<std::uint32_t>(count)};
}

std::vector<PointGroup> groups_of_shard(const std::vector<PointGroup>& groups, const Shard& shard) {
  std::size_t points = 0;
  for (const auto& group : groups) points += group.size();
  const std::size_t begin = points * shard.index / shard.count,
                    end = points * (shard.index + 1) / shard.count;
  std::vector<PointGroup> own;
  std::size_t first = 0;
  for (const auto& group : groups) {
    const std::size_t from = std::clamp(begin, first, first + group.size()) - first,
                      to = std::clamp(end, first, first + group.size()) - first;
    if (from < to) {
      own.emplace_back(group.begin() + static_cast<std::ptrdiff_t>(from),
                       group.begin() + static_cast<std::ptrdiff_t>(to));
    }
    first += group.size();
  }
  return own;
}

}  // namespace ringsim
