#include "sim/scan/merge.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "sim/scan/folder.hpp"
#include "sim/scan/journal.hpp"
#include "traces/csv.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

struct ShardFolder {
  fs::path path;
  Manifest manifest;
};

/// Points of the shard: as groups_of_shard() has it.
std::uint64_t points_of(const Manifest& manifest) {
  const auto [index, count] = *manifest.shard;
  return manifest.points * (index + 1) / count - manifest.points * index / count;
}

std::vector<ShardFolder> read_folders(const std::vector<fs::path>& paths) {
  std::vector<ShardFolder> shards;
  for (const auto& path : paths) {
    shards.push_back({path, read_manifest(path / manifest_name)});
    const auto& manifest = shards.back().manifest;
    const Place place{path.string(), {}};
    if (!manifest.shard) throw UserError(place, "holds a whole scan", "shards are accepted");
    const auto& first = shards.front();
    if (const auto found = difference(first.manifest, manifest)) {
      throw UserError(place, fmt::format("does not belong to {}: {}", first.path.string(), *found),
                      "shards of one scan are accepted");
    }
    if (manifest.shard->count != first.manifest.shard->count) {
      throw UserError(place,
                      fmt::format("is shard {}, and {} is shard {}", shard_text(*manifest.shard),
                                  first.path.string(), shard_text(*first.manifest.shard)),
                      "shards of one scan are accepted");
    }
    for (const auto& other : std::span(shards).first(shards.size() - 1)) {
      if (other.manifest.shard == manifest.shard) {
        throw UserError(
            place,
            fmt::format("is shard {}, as {} is", shard_text(*manifest.shard), other.path.string()),
            "each shard once is accepted");
      }
    }
  }
  return shards;
}

void check_all_are_there(const std::vector<ShardFolder>& shards) {
  const auto& first = shards.front();
  const auto count = first.manifest.shard->count;
  if (shards.size() == count) return;  // each is there once
  constexpr std::size_t most_named = 8;
  std::vector<std::string> missing;
  for (std::uint32_t index = 0; index < count && missing.size() < most_named; ++index) {
    const Shard shard{index, count};
    if (std::ranges::none_of(shards, [&](const auto& s) { return s.manifest.shard == shard; }))
      missing.push_back(shard_text(shard));
  }
  const auto unnamed = count - shards.size() - missing.size();
  if (unnamed > 0) missing.push_back(fmt::format("and {} more", unnamed));
  throw UserError({{}, "merge"},
                  fmt::format("found {} of {} shards; {} missing", shards.size(), count,
                              join(missing, ", ") + (missing.size() == 1 ? " is" : " are")),
                  "all shards of a scan are accepted", "name their folders too");
}

}  // namespace

MergeOutcome merge_shards(const std::vector<fs::path>& folders, const fs::path& target) {
  const auto shards = read_folders(folders);
  check_all_are_there(shards);
  auto whole = shards.front().manifest;
  whole.shard.reset();
  std::map<std::uint32_t, DoneRow> rows;
  for (const auto& [path, manifest] : shards) {
    const Place place{path.string(), {}};
    const auto own = Journal::read(path / journal_name, hash_of(manifest));
    if (own.size() != points_of(manifest)) {
      throw UserError(place,
                      fmt::format("has {} of the {} points of shard {}", own.size(),
                                  points_of(manifest), shard_text(*manifest.shard)),
                      "complete shards are accepted", "run its scan once more, which goes on");
    }
    for (const auto& [point, row] : own) {
      if (!rows.emplace(point, row).second)
        throw UserError(place, fmt::format("has point {}, as another shard has", point));
    }
  }
  std::string csv = csv_line(whole.columns);
  MergeOutcome outcome{rows.size(), 0};
  open_scan_folder(target, whole);
  Journal journal(target / journal_name, hash_of(whole));
  for (const auto& [point, row] : rows) {
    csv += row.text;
    outcome.failed += row.failed ? 1 : 0;
    if (!journal.rows().contains(point)) journal.add(point, row);
  }
  journal.sync();
  write_whole(target / table_name, csv);
  return outcome;
}

}  // namespace ringsim
