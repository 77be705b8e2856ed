#include "models/dataset.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

using namespace ringsim;

namespace fs = std::filesystem;

namespace {

/// A folder of the test's own, with links to the real files.
struct Folder {
  Folder() : path(fs::temp_directory_path() / ("ringsim-dataset-" + std::to_string(getpid()))) {
    fs::create_directories(path);
    for (const auto& entry : fs::directory_iterator("/usr/share/datasets/fashion-mnist")) {
      fs::create_symlink(entry.path(), path / entry.path().filename());
    }
  }
  ~Folder() { fs::remove_all(path); }
  void replace(const std::string& name, const std::string& unpacked) const {
    fs::remove(path / name);
    gzFile file = gzopen((path / name).c_str(), "wb");
    gzwrite(file, unpacked.data(), static_cast<unsigned>(unpacked.size()));
    gzclose(file);
  }
  std::string file(const std::string& name) const { return (path / name).string(); }
  fs::path path;
};

const std::string labels = "t10k-labels-idx1-ubyte.gz";
const std::string advice =
    "; the files of the Debian package dataset-fashion-mnist are accepted; install the package "
    "again";

}  // namespace

TEST_CASE("Fashion-MNIST is read and normalised", "[dataset]") {
  const auto data = load_fashion_mnist();
  REQUIRE(data.train.size() == 60000);
  REQUIRE(data.test.size() == 10000);
  REQUIRE(data.train.pixels.size() == 60000U * 784);
  std::vector<float> inputs(data.train.pixels.size());
  data.train.copy_inputs(0, data.train.size(), inputs);
  CHECK(data.files.size() == 4);
  double sum = 0, square_sum = 0;
  for (const float value : inputs) {
    sum += value;
    square_sum += static_cast<double>(value) * value;
  }
  // Pixels of 0 and 255, of mean .286 and deviation .353 of 1.
  const auto [darkest, brightest] = std::minmax_element(inputs.begin(), inputs.end());
  CHECK(*darkest == Approx(-0.286 / 0.353).epsilon(0.01));
  CHECK(*brightest == Approx((1 - 0.286) / 0.353).epsilon(0.01));
  const double n = 60000.0 * 784;
  CHECK(sum / n == Approx(0).margin(1e-5));
  CHECK(square_sum / n == Approx(1).epsilon(1e-5));
  std::vector<int> per_class(10);
  for (const auto label : data.train.labels) ++per_class[label];
  for (const int count : per_class) CHECK(count == 6000);
}

TEST_CASE("the validation split is the end of the training set", "[dataset]") {
  Dataset data{.train = {2, {1, 2, 3, 4, 5, 6}, {7, 8, 9}}, .test = {2, {0, 0}, {1}}, .files = {}};
  for (std::size_t pixel = 0; pixel < 256; ++pixel)
    data.train.input_of[pixel] = static_cast<float>(pixel) / 2;
  hold_out_validation(data, 1);
  CHECK(data.train.pixels == std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(data.train.labels == std::vector<std::uint8_t>{7, 8});
  CHECK(data.test.pixels == std::vector<std::uint8_t>{5, 6});
  CHECK(data.test.labels == std::vector<std::uint8_t>{9});
  CHECK(data.test.input_size == 2);
  std::vector<float> inputs(2);
  data.test.copy_inputs(0, 1, inputs);
  CHECK(inputs == std::vector<float>{2.5F, 3});
  data.train.copy_inputs(1, 1, inputs);
  CHECK(inputs == std::vector<float>{1.5F, 2});
}

TEST_CASE("a missing dataset names the package to install", "[dataset]") {
  CHECK_THROWS_WITH(load_fashion_mnist("/nonexistent"),
                    "/nonexistent/train-images-idx3-ubyte.gz: no such file; Fashion-MNIST is "
                    "accepted; install the "
                    "Debian package dataset-fashion-mnist");
}

TEST_CASE("a broken dataset names the file and the byte", "[dataset]") {
  const Folder folder;
  SECTION("wrong magic number") {
    folder.replace(labels, std::string("\0\0\x08\x03\0\0\x27\x10", 8) + std::string(10000, '\0'));
    CHECK_THROWS_WITH(load_fashion_mnist(folder.path),
                      folder.file(labels) +
                          ": byte 0 of the unpacked data: found the magic number 0x803 in place of "
                          "0x801" +
                          advice);
  }
  SECTION("too short") {
    folder.replace(labels, std::string("\0\0\x08\x01\0\0\x27\x10", 8) + std::string(9999, '\0'));
    CHECK_THROWS_WITH(
        load_fashion_mnist(folder.path),
        folder.file(labels) +
            ": byte 10007 of the unpacked data: the data ends here in place of byte 10008" +
            advice);
  }
  SECTION("a label out of range") {
    folder.replace(labels,
                   std::string("\0\0\x08\x01\0\0\x27\x10", 8) + std::string(9999, '\0') + '\x0a');
    CHECK_THROWS_WITH(
        load_fashion_mnist(folder.path),
        folder.file(labels) + ": byte 10007 of the unpacked data: found the label 10" + advice);
  }
  SECTION("a cut gzip stream") {
    const auto whole = "/usr/share/datasets/fashion-mnist/" + labels;
    fs::remove(folder.path / labels);
    fs::copy_file(whole, folder.path / labels);
    fs::resize_file(folder.path / labels, 1000);
    CHECK_THROWS_WITH(
        load_fashion_mnist(folder.path),
        Catch::StartsWith(folder.file(labels) + ": byte ") &&
            Catch::EndsWith(" of the unpacked data: the gzip stream is cut off" + advice));
  }
}
