#include "traces/capture_folder.hpp"

#include "base/json_reader.hpp"

#include <string_view>
#include <system_error>
#include <utility>

namespace ringsim {
namespace {

constexpr std::string_view file_name = "capture.json", known_format = "ringsim capture 1";

}  // namespace

std::optional<std::filesystem::path> CaptureFolder::compression() const {
  auto file = folder / "compression.json";
  std::error_code error;
  return std::filesystem::exists(file, error) ? std::optional(std::move(file)) : std::nullopt;
}

std::vector<std::filesystem::path> CaptureFolder::files() const {
  std::vector<std::filesystem::path> all = {folder / file_name, ready_times()};
  if (auto costs = compression()) all.push_back(*std::move(costs));
  return all;
}

bool is_capture_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path / file_name, error);
}

CaptureFolder read_capture_folder(const std::filesystem::path& folder) {
  constexpr std::uint64_t most_samples = 1'000'000, most_bytes = std::uint64_t{1} << 48;
  // "measured", "machine" and "notes" are for people.
  const auto object = load_json(folder / file_name)
                          .object({"format", "model", "batch", "ranks", "gpu", "bucket_bytes",
                                   "measured", "machine", "notes"});
  if (object["format"].string() != known_format)
    object["format"].wrong("\"ringsim capture 1\" is accepted");
  CaptureFolder capture{.folder = folder,
                        .batch = object["batch"].integer(1, most_samples),
                        .gpu = {},
                        .buckets = {}};
  if (!object["gpu"].is_null()) capture.gpu = object["gpu"].string();
  for (const auto& size : object["bucket_bytes"].array("a list of bytes is accepted"))
    capture.buckets.push_back(Bytes{size.integer(1, most_bytes)});
  return capture;
}

}  // namespace ringsim
