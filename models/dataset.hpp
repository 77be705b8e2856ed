#pragma once
#include "models/networks/network.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ringsim {

/// Labelled samples, whose inputs are kept as they are stored: a byte takes a quarter of a float's
/// memory, and no time until it is used.
struct Samples {
  std::size_t input_size = 0;
  std::vector<std::uint8_t> pixels;  ///< [sample][input_size]
  std::vector<std::uint8_t> labels;  ///< [sample]
  /// The input that a pixel of 0 to 255 stands for, normalised to mean 0 and variance 1 over the
  /// training set.
  std::array<float, 256> input_of = {};

  std::size_t size() const { return labels.size(); }
  /// Puts the inputs of `count` samples from `first` on into `inputs`: [sample][input_size].
  void copy_inputs(std::size_t first, std::size_t count, std::span<float> inputs) const;
  /// Puts the samples at `indices`, in this order, into `inputs`: [index][input_size], and
  /// `gathered_labels`.
  void gather(std::span<const std::uint32_t> indices, std::span<float> inputs,
              std::span<std::uint8_t> gathered_labels) const;
};

struct DatasetFile {
  std::string name;
  std::string sha256;
};

struct Dataset {
  Samples train, test;
  std::vector<DatasetFile> files;  ///< for the provenance of results
};

/// RINGSIM_DATASETS/fashion-mnist where that environment variable is set, else
/// /usr/share/datasets/fashion-mnist.
std::filesystem::path fashion_mnist_folder();

/// Fashion-MNIST (Xiao et al., 1708.07747): 60,000 + 10,000 images of 28x28, 10 classes, as the
/// gzipped IDX files of Debian's package dataset-fashion-mnist. Throws UserError: a missing file
/// names the package, a broken one the offset.
Dataset load_fashion_mnist(const std::filesystem::path& folder = fashion_mnist_folder());

/// The four files that load_fashion_mnist() reads.
std::vector<std::filesystem::path> fashion_mnist_files(
    const std::filesystem::path& folder = fashion_mnist_folder());

/// Puts the last `samples` training samples in the place of the test set, so that settings can be
/// chosen without it. (The normalisation stays that of the whole training set.)
void hold_out_validation(Dataset& data, std::size_t samples);

}  // namespace ringsim
