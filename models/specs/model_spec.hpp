#pragma once
// Models that are known by their tensors and operations alone: what they cost can be simulated,
// training them cannot. models/specs/README.md has the format of the files.
#include "base/shipped.hpp"
#include "models/layers.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// What a file may hold of one tensor, and its operations for a sample.
inline constexpr std::uint64_t most_tensor_parameters = std::uint64_t{1} << 48;
inline constexpr std::size_t most_extents = 8;
inline constexpr double most_forward_flop = 1e30;

/// How fast somebody has measured one GPU to train the model.
struct PublishedSpeed {
  std::string gpu, precision;  ///< "V100 16GB", "fp32"
  double samples_per_second;
  std::string source;
};

struct ModelSpec {
  std::string name, description;
  std::string sample;  ///< what the operations are for: "an image of 3x224x224"
  Layers layers;
  /// Floating-point operations of the forward pass, one per layer, for one sample (a multiply-add
  /// counts as two). Products and convolutions alone are counted.
  std::vector<double> forward_flop;
  std::vector<PublishedSpeed> published;
  /// Tensors that are no parameters and that DistributedDataParallel broadcasts before each step:
  /// three of each batch normalisation.
  std::uint64_t buffers = 0;
};

/// Operations of the backward pass for one sample, one per layer: by the weights and by the input,
/// which the model's first layer does without.
std::vector<double> backward_flop(const std::vector<double>& forward_flop);
/// The operations of the forward and the backward pass together.
double flop_per_sample(const ModelSpec& spec);

/// Reads a file. Throws UserError with the file and the JSON pointer.
ModelSpec load_model_spec(const std::filesystem::path& path);

/// The specifications that ship with ringsim, by name: from RINGSIM_DATA/models where that is set,
/// else installed with the program, else from the source tree.
std::vector<ShippedFile> shipped_model_specs();

/// The file of the specification that `model` WHAT names: a file (a name with "/" or ".json"), a
/// shipped one, or the model.json of a folder; nothing where WHAT is none of them.
std::optional<std::filesystem::path> model_spec_file(std::string_view what);

}  // namespace ringsim
