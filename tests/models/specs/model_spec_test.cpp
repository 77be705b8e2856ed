#include "models/specs/model_spec.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "models/networks/network.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <map>
#include <numeric>

using namespace ringsim;

namespace {

ModelSpec shipped(const std::string& name) { return load_model_spec(*model_spec_file(name)); }

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

TEST_CASE("the shipped models have the published numbers of parameters", "[specs]") {
  const std::map<std::string, std::pair<std::size_t, std::size_t>> parameters_and_tensors = {
      {"alexnet", {61'100'840, 16}},      {"vgg16", {138'357'544, 32}},
      {"resnet50", {25'557'032, 161}},    {"resnet50-1001", {25'557'032 + 2048 + 1, 161}},
      {"resnet101", {44'549'160, 314}},   {"bert-base", {109'482'240, 199}},
      {"bert-large", {335'141'888, 391}}, {"gpt2-small", {124'439'808, 148}},
      {"gpt2-xl", {1'557'611'200, 580}}};
  CHECK(shipped_model_specs().size() == parameters_and_tensors.size());
  for (const auto& [name, expected] : parameters_and_tensors) {
    INFO(name);
    const auto spec = shipped(name);
    CHECK(spec.name == name);
    CHECK(total_parameters(spec.layers) == expected.first);
    CHECK(spec.layers.size() == expected.second);
    CHECK(spec.forward_flop.size() == spec.layers.size());
  }
}

TEST_CASE("alexnet's layers are those of torchvision, in forward order", "[specs]") {
  const auto spec = shipped("alexnet");
  const std::vector<std::size_t> expected = {23232,    64,   307200,  192, 663552,   384,
                                             884736,   256,  589824,  256, 37748736, 4096,
                                             16777216, 4096, 4096000, 1000};
  std::vector<std::size_t> found;
  for (const auto& layer : spec.layers) found.push_back(layer.parameters);
  CHECK(found == expected);
  CHECK(spec.layers.front().name == "features.0.weight");
  CHECK(spec.layers.front().rows == 64);  // 64 x (3*11*11)
  CHECK(spec.layers[1].rows == 1);        // a vector is no matrix
  CHECK(spec.layers.back().name == "classifier.6.bias");
  CHECK(spec.layers.back().offset == 61'100'840 - 1000);
}

TEST_CASE("operations are those of products and convolutions, twice backward", "[specs]") {
  // VGG-16: 15.47e9 multiply-adds a picture, as its authors and torchvision count them.
  CHECK(sum(shipped("vgg16").forward_flop) == 2 * 15'470'264'320.0);
  // BERT-base, a block at 128 tokens: 12 * 768^2 weights in products at each token, and two
  // products of 128 x 128 x 768; the pooler has 768^2 at one token.
  const double block = 2.0 * 128 * 12 * 768 * 768 + 2 * 2.0 * 128 * 128 * 768;
  CHECK(sum(shipped("bert-base").forward_flop) == 12 * block + 2.0 * 768 * 768);
  const std::vector<double> forward = {10, 0, 7};
  CHECK(backward_flop(forward) == std::vector<double>{10, 0, 14});
  ModelSpec spec;
  spec.forward_flop = forward;
  CHECK(flop_per_sample(spec) == 41);
}

TEST_CASE("a network's operations per layer add up to its own", "[specs]") {
  for (const auto* definition : networks()) {
    INFO(definition->name);
    const auto network = definition->make();
    REQUIRE(network->forward_flop().size() == network->layers().size());
    CHECK(sum(network->forward_flop()) + sum(backward_flop(network->forward_flop())) ==
          network->flop_per_sample());
  }
}

TEST_CASE("a wrong specification is an error that says where", "[specs]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.json";
  const auto read = [&](const std::string& layers, const std::string& more = "") {
    std::ofstream(path) << fmt::format(
        R"({{"name": "m", "description": "d", "sample": "s", "step_times": [{}], "layers": {}}})",
        more, layers);
    return load_model_spec(path);
  };
  const std::string file = path.string();
  CHECK(read(R"([{"name": "a", "shape": [2, 3, 4], "forward_flop": 5}])").layers[0].rows == 2);
  CHECK_THROWS_WITH(read("[]"), file + ": /layers: found a list; one layer or more is accepted");
  CHECK_THROWS_WITH(read(R"([{"name": "a", "shape": [], "forward_flop": 5}])"),
                    file + ": /layers/0/shape: found a list; a list of 1 to 8 extents is accepted");
  CHECK_THROWS_WITH(
      read(R"([{"name": "a", "shape": [2], "forward_flop": 1},
                             {"name": "a", "shape": [2], "forward_flop": 1}])"),
      file +
          ": /layers/1/name: found the string \"a\"; a name that no other layer has is accepted");
  CHECK_THROWS_WITH(read(R"([{"name": "a", "shape": [16777216, 16777216, 2], "forward_flop": 1}])"),
                    file +
                        ": /layers/0/shape: found a list; a tensor of at most 281474976710656 "
                        "parameters is accepted");
  CHECK_THROWS_WITH(read(R"([{"name": "a", "shape": [2]}])"),
                    Catch::Contains("/layers/0") && Catch::Contains("forward_flop"));
  CHECK_THROWS_WITH(
      read(R"([{"name": "a", "shape": [2], "forward_flop": 1}])", R"({"gpu": "V100"})"),
      Catch::Contains("/step_times/0") && Catch::Contains("precision"));
}
