#pragma once
// The folder that ringsim.capture (tools/python) writes of a training in PyTorch.
#include "base/units.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct CaptureFolder {
  std::filesystem::path folder;
  std::size_t batch;           ///< samples of a rank
  std::string gpu;             ///< as GPUs are named ("h100"); empty where it is not known
  std::vector<Bytes> buckets;  ///< DistributedDataParallel's, in the order of their exchange

  std::filesystem::path model() const { return folder / "model.json"; }
  std::filesystem::path ready_times() const { return folder / "ready.csv"; }
  /// What compressing these layers took there, a cost profile; absent where that was not measured.
  std::optional<std::filesystem::path> compression() const;
  /// All that is read of it but the model.
  std::vector<std::filesystem::path> files() const;
};

/// Whether this is such a folder: one that has a capture.json.
bool is_capture_folder(const std::filesystem::path& path);
/// Reads capture.json. Throws UserError with the file and the JSON pointer.
CaptureFolder read_capture_folder(const std::filesystem::path& folder);

}  // namespace ringsim
