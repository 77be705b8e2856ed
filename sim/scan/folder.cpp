#include "sim/scan/folder.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

void sync_to_disk(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

bool is_same(const fs::path& path, const std::string& text) {
  std::error_code error;
  return fs::is_regular_file(path, error) && read_file(path, {}, most_of_records) == text;
}

/// A file of a scan that was not whole when its process was killed, or the scan was stopped.
bool is_partial(const fs::path& path) {
  return is_abandoned(path, manifest_name) || is_abandoned(path, table_name);
}

/// Anything but what a scan has left that ended before its manifest was there.
bool holds_others(const fs::path& folder) {
  if (!fs::is_directory(folder)) return true;
  return std::ranges::any_of(fs::directory_iterator(folder),
                             [](const auto& entry) { return !is_partial(entry.path()); });
}

}  // namespace

void remove_partial_files(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (is_partial(entry.path())) fs::remove(entry.path(), ignored);
  }
}

void write_whole(const fs::path& path, const std::string& text) {
  if (is_same(path, text)) return;
  AtomicFile file(path);
  file.write(text);
  file.commit();
  sync_to_disk(path);
  sync_to_disk(path.parent_path());
}

std::string hash_of(const Manifest& manifest) { return sha256(to_text(manifest)); }

void open_scan_folder(const fs::path& folder, const Manifest& manifest) {
  const Place place{folder.string(), {}};
  const auto path = folder / manifest_name;
  std::error_code error;
  if (fs::exists(path, error)) {
    const auto was = read_manifest(path);
    const auto found =
        was.shard == manifest.shard
            ? difference(was, manifest)
            : fmt::format("it was shard {}, and is {}", was.shard ? shard_text(*was.shard) : "none",
                          manifest.shard ? shard_text(*manifest.shard) : "none");
    if (!found) return;
    throw UserError(place, fmt::format("holds another scan: {}", *found),
                    "the folder of the same scan, or a new or empty one, is accepted",
                    "choose another folder for -o, or remove this one");
  }
  if (fs::exists(folder, error) && holds_others(folder)) {
    throw UserError(place, "is no folder of a scan, and is not empty",
                    "the folder of the same scan, or a new or empty one, is accepted",
                    "choose another folder for -o");
  }
  fs::create_directories(folder, error);
  if (error) {
    throw UserError(place, fmt::format("cannot be created ({})", error.message()),
                    "a folder that can be written to is accepted", "choose another folder for -o");
  }
  write_whole(path, to_text(manifest));
}

}  // namespace ringsim
