#include "models/dataset.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/gzip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>

namespace ringsim {
namespace {

constexpr std::string_view package = "dataset-fashion-mnist";
constexpr std::string_view accepted_files =
    "the files of the Debian package dataset-fashion-mnist are accepted";
constexpr std::string_view install_again = "install the package again";
/// The largest file has 26 MB.
constexpr std::uint64_t most_packed = std::uint64_t{64} << 20;

/// A file of the dataset, unpacked; the bytes of the file itself are hashed for the provenance.
struct IdxFile {
  std::string path;
  std::string unpacked;
  std::string digest;

  /// `unpacked` as numbers from 0 to 255.
  std::span<const std::uint8_t> bytes() const {
    return {reinterpret_cast<const std::uint8_t*>(unpacked.data()), unpacked.size()};
  }
};

[[noreturn]] void broken(const std::string& path, std::size_t offset, const std::string& found) {
  throw UserError({path, fmt::format("byte {} of the unpacked data", offset)}, found,
                  accepted_files, install_again);
}

/// `most`: bytes that it may have, unpacked.
IdxFile read_idx(const std::filesystem::path& folder, std::string_view name, std::size_t most) {
  const auto path = folder / name;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw UserError({path.string(), {}}, "no such file", "Fashion-MNIST is accepted",
                    fmt::format("install the Debian package {}", package));
  }
  const std::string packed = read_file(path, {}, most_packed);
  return {path.string(),
          unpack_gzip(packed, most,
                      {.path = path.string(), .accepted = accepted_files, .fix = install_again}),
          sha256(packed)};
}

std::uint32_t big_endian(const IdxFile& file, std::size_t offset) {
  if (file.bytes().size() < offset + 4)
    broken(file.path, file.bytes().size(), "the header is cut off");
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | file.bytes()[offset + i];
  return value;
}

/// Checks an IDX header (the magic number 0x800 + dimensions, then each dimension) and returns
/// where the data starts.
std::size_t check_header(const IdxFile& file, std::span<const std::uint32_t> dimensions) {
  const std::uint32_t magic = 0x800 + static_cast<std::uint32_t>(dimensions.size());
  if (big_endian(file, 0) != magic) {
    broken(
        file.path, 0,
        fmt::format("found the magic number {:#x} in place of {:#x}", big_endian(file, 0), magic));
  }
  std::size_t expected = 4 + 4 * dimensions.size(), data = 1;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    const std::uint32_t found = big_endian(file, 4 + 4 * i);
    if (found != dimensions[i]) {
      broken(file.path, 4 + 4 * i,
             fmt::format("found the dimension {} in place of {}", found, dimensions[i]));
    }
    data *= dimensions[i];
  }
  if (file.bytes().size() != expected + data) {
    broken(file.path, file.bytes().size(),
           fmt::format("the data ends here in place of byte {}", expected + data));
  }
  return expected;
}

std::string images_file(std::string_view part) {
  return fmt::format("{}-images-idx3-ubyte.gz", part);
}
std::string labels_file(std::string_view part) {
  return fmt::format("{}-labels-idx1-ubyte.gz", part);
}

constexpr std::uint32_t side = 28;

Samples read_samples(const std::filesystem::path& folder, std::string_view prefix,
                     std::uint32_t count, std::vector<DatasetFile>& files) {
  constexpr std::uint32_t classes = 10;
  // Where a file is longer, its sizes are what is said to be wrong.
  constexpr std::size_t spare = std::size_t{1} << 20;
  const auto images =
      read_idx(folder, images_file(prefix), std::size_t{count} * side * side + spare);
  const auto labels = read_idx(folder, labels_file(prefix), count + spare);
  const auto pixels = images.bytes().subspan(check_header(images, std::array{count, side, side}));
  const std::size_t first_label = check_header(labels, std::array{count});
  const auto classes_of = labels.bytes().subspan(first_label);
  for (std::size_t i = 0; i < classes_of.size(); ++i) {
    if (classes_of[i] >= classes)
      broken(labels.path, first_label + i, fmt::format("found the label {}", classes_of[i]));
  }
  for (const auto* file : {&images, &labels}) {
    files.push_back({std::filesystem::path(file->path).filename().string(), file->digest});
  }
  return {std::size_t{side} * side,
          {pixels.begin(), pixels.end()},
          {classes_of.begin(), classes_of.end()}};
}

/// What a pixel of each value is where `pixels` together have mean 0 and standard deviation 1.
std::array<float, 256> normalised(std::span<const std::uint8_t> pixels) {
  std::array<std::uint64_t, 256> counts{};
  for (const auto pixel : pixels) ++counts[pixel];
  std::uint64_t sum = 0, square_sum = 0;
  for (std::size_t pixel = 0; pixel < counts.size(); ++pixel) {
    sum += counts[pixel] * pixel;
    square_sum += counts[pixel] * pixel * pixel;
  }
  const auto count = static_cast<double>(pixels.size());
  const double mean = static_cast<double>(sum) / count;
  const double stddev = std::sqrt(static_cast<double>(square_sum) / count - mean * mean);
  std::array<float, 256> inputs{};
  for (std::size_t pixel = 0; pixel < inputs.size(); ++pixel)
    inputs[pixel] = static_cast<float>((static_cast<double>(pixel) - mean) / stddev);
  return inputs;
}

}  // namespace

std::vector<std::filesystem::path> fashion_mnist_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto* part : {"train", "t10k"}) {
    files.push_back(folder / images_file(part));
    files.push_back(folder / labels_file(part));
  }
  return files;
}

std::filesystem::path fashion_mnist_folder() {
  const char* const datasets = std::getenv("RINGSIM_DATASETS");
  return std::filesystem::path(datasets != nullptr ? datasets : "/usr/share/datasets") /
         "fashion-mnist";
}

void Samples::copy_inputs(std::size_t first, std::size_t count, std::span<float> inputs) const {
  std::ranges::transform(std::span(pixels).subspan(first * input_size, count * input_size),
                         inputs.begin(), [this](std::uint8_t pixel) { return input_of[pixel]; });
}

void Samples::gather(std::span<const std::uint32_t> indices, std::span<float> inputs,
                     std::span<std::uint8_t> gathered_labels) const {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    copy_inputs(indices[i], 1, inputs.subspan(i * input_size));
    gathered_labels[i] = labels[indices[i]];
  }
}

Dataset load_fashion_mnist(const std::filesystem::path& folder) {
  Dataset data;
  data.train = read_samples(folder, "train", 60000, data.files);
  data.test = read_samples(folder, "t10k", 10000, data.files);
  data.train.input_of = data.test.input_of = normalised(data.train.pixels);
  return data;
}

void hold_out_validation(Dataset& data, std::size_t samples) {
  auto& train = data.train;
  check(samples < train.size(), "hold_out_validation: nothing would be left to train on");
  const std::size_t kept = train.size() - samples;
  const auto first_pixel = static_cast<std::ptrdiff_t>(kept * train.input_size);
  const auto first_label = static_cast<std::ptrdiff_t>(kept);
  data.test = {train.input_size,
               {train.pixels.begin() + first_pixel, train.pixels.end()},
               {train.labels.begin() + first_label, train.labels.end()},
               train.input_of};
  train.pixels.resize(kept * train.input_size);
  train.labels.resize(kept);
}

}  // namespace ringsim
