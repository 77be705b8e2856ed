#pragma once
// Gradients that were dumped elsewhere (PyTorch, NumPy): a file of weights, and a file per step.
#include "base/formats/tensor.hpp"
#include "base/rank.hpp"
#include "models/layers.hpp"

#include <filesystem>
#include <span>
#include <vector>

namespace ringsim {

/// The tensors of a weights file are the layers, in the order of their bytes. A step's file has a
/// tensor of the same name for each (.npy files, which have one tensor, may be named as they like),
/// of the same shape (one rank) or with one more dimension in front, whose extent is the number of
/// ranks. Names are equal whether or not they hold what DistributedDataParallel, torch.compile,
/// FSDP and activation checkpointing put there ("module." before them, "_orig_mod.",
/// "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."). A weights file may be a state_dict:
/// tensors of which the first step has no gradient (buffers, frozen parameters) and counters are
/// passed over.
class GradientDump {
 public:
  /// Reads the weights, and of the first step's file the number of ranks. Throws UserError.
  /// `finite`: weights that are NaN or infinite are errors.
  GradientDump(const std::filesystem::path& weights, std::vector<std::filesystem::path> steps,
               bool finite = true);

  const Layers& layers() const { return layers_; }
  std::span<const float> weights() const { return weights_; }
  Rank ranks() const { return ranks_; }
  /// Names of the tensors of the weights file that are no layers, as they have no gradient.
  const std::vector<std::string>& passed_over() const { return passed_over_; }
  std::size_t steps() const { return steps_.size(); }

  struct Step {
    std::vector<std::vector<float>> gradients;  ///< one flat buffer per rank
    std::string sha256;                         ///< of the file
  };
  /// Reads a step. Throws UserError where the file does not
  /// fit the weights or the first step; with `finite`, too, where a gradient is NaN or infinite.
  Step read_step(std::size_t step, bool finite) const;

  /// SHA-256 of the weights file.
  const std::string& weights_sha256() const { return weights_sha256_; }
  const std::filesystem::path& step_file(std::size_t step) const { return steps_[step]; }

 private:
  bool is_layer(const Tensor& weight, const TensorFile& first) const;
  const Tensor& tensor_of(const TensorFile& file, std::size_t layer) const;
  Rank ranks_of(const Tensor& tensor, std::size_t layer) const;

  Layers layers_;
  std::vector<std::vector<std::size_t>> shapes_;  ///< of the layers
  std::vector<float> weights_;
  std::vector<std::string> passed_over_;
  std::vector<std::filesystem::path> steps_;
  std::string weights_sha256_;
  bool weights_are_npy_ = false;
  Rank ranks_ = 0;
};

}  // namespace ringsim
