#pragma once
#include "models/networks/network.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ringsim {

/// Labelled samples, normalised to mean 0 and variance 1 over the training set.
struct Samples {
  std::size_t input_size = 0;
  std::vector<float> inputs;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
};

struct DataFile {
  std::string name;
  std::string sha256;
};

struct Dataset {
  Samples train, test;
  std::vector<DataFile> files;  ///< for the provenance of results
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
