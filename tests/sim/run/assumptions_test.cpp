// What a result rests on that nobody has said.
#include "sim/run/assumptions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace ringsim;

namespace {

using Texts = std::vector<std::string>;

Texts assumed(const std::vector<std::pair<std::string, std::string>>& given) {
  RunOptions options;
  for (const auto& [name, value] : given) set_run_option(options, name, value);
  return assumptions(options);
}

const std::vector<std::pair<std::string, std::string>> exchange = {
    {"topology", "ring"}, {"ranks", "8"},     {"bandwidth", "10Gbps"},
    {"latency", "5us"},   {"bytes", "100MB"}, {"compute-time", "0s"}};

std::vector<std::pair<std::string, std::string>> with(
    std::vector<std::pair<std::string, std::string>> given,
    const std::vector<std::pair<std::string, std::string>>& more) {
  given.insert(given.end(), more.begin(), more.end());
  return given;
}

}  // namespace

TEST_CASE("without options everything that decides is named", "[assumptions]") {
  CHECK(assumed({}) == Texts{"ring8-1g (links of 1Gbps and 25us)", "collective ring", "model mlp",
                             "32 samples per rank", "1 epoch", "V100, fp32, 9TFLOPS",
                             "compressing as its bytes move through memory",
                             "no overlap of exchange and computing", "scheme iwp", "density 1/84",
                             "broadcasters 4", "values fp32"});
}

TEST_CASE("what was given, and what is not felt, is not named", "[assumptions]") {
  CHECK(assumed(with(exchange, {{"scheme", "dense"}})) == Texts{"collective ring", "values fp32"});
  // Gradients travel in the type in which they are born.
  CHECK(assumed(with(exchange, {{"scheme", "dense"}, {"gradients", "bf16"}})) ==
        Texts{"collective ring"});
  CHECK(assumed(with(exchange, {{"scheme", "dense"},
                                {"values", "bf16"},
                                {"collective", "tree"},
                                {"compress-time", "none"}}))
            .empty());
  // The file names the GPU; nothing but its precision is left open.
  const auto on_a100 = assumed({{"topology", "dgx-a100x4"},
                                {"model", "resnet50"},
                                {"source", "synthetic"},
                                {"batch", "64"},
                                {"bucket", "ddp"},
                                {"scheme", "dense"},
                                {"values", "fp32"}});
  REQUIRE(on_a100.size() == 2);
  CHECK(on_a100[0] == "collective hierarchical");
  CHECK(on_a100[1].starts_with("tf32, "));
}

TEST_CASE("late updates run beside the next step, whatever their own waits for", "[assumptions]") {
  const auto all = assumed({{"scheme", "dense"}, {"staleness", "2"}});
  CHECK(std::find(all.begin(), all.end(), "no overlap of exchange and computing") == all.end());
  CHECK(std::find(all.begin(), all.end(), "exchanges start when the backward pass has ended") !=
        all.end());
}

TEST_CASE("the rank of a matrix is no GPU", "[assumptions]") {
  const auto all = assumed(with(exchange, {{"scheme", "powersgd"}}));
  CHECK(std::find(all.begin(), all.end(), "matrices of rank 4") != all.end());
}

TEST_CASE("a threshold that is fixed meets no density", "[assumptions]") {
  const auto all = assumed({{"scheme", "iwp"}, {"threshold", "fixed:0.01"}});
  CHECK(std::find(all.begin(), all.end(), "density 1/84") == all.end());
}

TEST_CASE("a topology that is gone leaves out what depends on it", "[assumptions]") {
  RunOptions options;
  set_run_option(options, "scheme", "dense");
  set_run_option(options, "compute-time", "1ms");
  options.topology.what = "gone/topology.json";
  options.given.emplace_back("topology");
  CHECK(assumptions(options) == Texts{"model mlp", "32 samples per rank", "1 epoch",
                                      "no overlap of exchange and computing", "values fp32"});
}
