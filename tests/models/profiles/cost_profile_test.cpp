#include "models/profiles/cost_profile.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>

namespace ringsim {
namespace {

SchemeCosts powersgd(std::uint64_t rank, double per_matrix) {
  return {.scheme = "powersgd",
          .rank = rank,
          .values = {},
          .description = "an example",
          .stages = {{.stage = CostStage::encode,
                      .host_seconds_per = {.calls = 1e-4, .matrices = per_matrix},
                      .device_seconds_per = {.calls = 2e-5, .elements = 1e-11, .matrices = 1e-6},
                      .fitted = CostErrors{7, 0.04, 0.2},
                      .held_out = {}}}};
}

CostProfile example() {
  CostProfile profile{.implementation = "torch",
                      .gpu = "h100",
                      .device = "an example",
                      .memory_bandwidth = BytesPerSecond{3.35e12},
                      .driver = "1.2",
                      .versions = {{"torch", "2.11"}},
                      .schemes = {powersgd(1, 5e-5), powersgd(4, 1.5e-4)},
                      .provenance = Json::Object{{"command", "none"}}};
  for (const auto* values : {"bf16", "fp16"}) {
    profile.schemes.push_back({.scheme = "dense",
                               .rank = {},
                               .values = values,
                               .description = "a hook",
                               .stages = {{.stage = CostStage::decode,
                                           .host_seconds_per = {},
                                           .device_seconds_per = {.elements = 2e-12},
                                           .fitted = {},
                                           .held_out = {}}}});
  }
  return profile;
}

TEST_CASE("a stage takes the larger of what the host and the device take", "[profiles]") {
  const auto costs = powersgd(4, 1.5e-4);
  // Host: 100 us + 10 * 150 us = 1.6 ms. Device: 20 us + 10 us + 25e6 * 1e-11 s = 0.28 ms.
  CostCounts counts{.calls = 1, .elements = 25e6, .matrices = 10};
  CHECK(costs.time(CostStage::encode, counts).value == Approx(1.6e-3));
  // A matrix of 1e9 elements takes the device 10 ms, the host 0.25 ms.
  counts = {.calls = 1, .elements = 1e9, .matrices = 1};
  CHECK(costs.time(CostStage::encode, counts).value == Approx(20e-6 + 10e-3 + 1e-6));
  CHECK(costs.time(CostStage::decode, counts) == Seconds{});
}

TEST_CASE("on faster memory only what moves memory takes less time", "[profiles]") {
  const auto costs = with_memory(powersgd(4, 0), 2);
  // 20 us and 1 us are launches; 1e9 elements take 5 ms in place of 10.
  const CostCounts counts{.calls = 1, .elements = 1e9, .matrices = 1};
  CHECK(costs.time(CostStage::encode, counts).value == Approx(20e-6 + 5e-3 + 1e-6));
  CHECK(costs.time(CostStage::encode, {.calls = 1}).value == Approx(1e-4));  // the host
}

TEST_CASE("costs are found by scheme, type of values, and the nearest rank", "[profiles]") {
  const auto profile = example();
  const auto found = find_costs(profile, {"powersgd", 4, "fp32"});
  REQUIRE(found);
  CHECK(found->is_exact);
  CHECK(found->costs.rank == 4);
  const auto nearest = find_costs(profile, {"powersgd", 32, {}});
  REQUIRE(nearest);
  CHECK_FALSE(nearest->is_exact);
  CHECK(nearest->costs.rank == 4);
  CHECK(find_costs(profile, {"dense", {}, "fp16"})->costs.values == "fp16");
  CHECK_FALSE(find_costs(profile, {"dense", {}, "fp32"}));
  CHECK_FALSE(find_costs(profile, {"topk", {}, {}}));
  CHECK(schemes_in(profile) == "powersgd rank 1, powersgd rank 4, dense bf16, dense fp16");
}

/// What load_cost_profile() says of the example with a text replaced, behind the file's name.
std::string refusal(const std::string& from, const std::string& to) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "p.json";
  std::string text = to_text(to_json(example()));
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  std::ofstream(path) << text.replace(at, from.size(), to);
  try {
    const auto read = load_cost_profile(path);
    CHECK(to_text(to_json(read)) == text);
  } catch (const UserError& error) {
    const std::string message = error.what();
    REQUIRE(message.starts_with(path.string()));
    return message.substr(path.string().size());
  }
  return "accepted";
}

TEST_CASE("a profile comes back from its file, and what is malformed names its place",
          "[profiles]") {
  CHECK(refusal("an example", "another one") == "accepted");
  CHECK(refusal("cost profile 1", "cost profile 2") ==
        ": /format: found the string \"ringsim cost profile 2\"; \"ringsim cost profile 1\" is "
        "accepted; cost_profile.py and `ringsim bench` write such a file");
  CHECK(refusal("\"encode\"", "\"coding\"") ==
        ": /schemes/0/stages/0/stage: found the string \"coding\"; \"encode\", \"between\" or "
        "\"decode\" is accepted");
  CHECK(refusal("\"3350000000000Bps\"", "null") ==
        ": /memory_bandwidth: found null; the memory bandwidth of the GPU, such as \"3350GBps\", "
        "is accepted");
  CHECK(refusal("\"rank\": 4", "\"rank\": 1") ==
        ": /schemes: found a list; a list of schemes, each once (for each \"rank\" or type of "
        "\"values\"), is accepted");
  CHECK(refusal("\"matrix\": 5e-05", "\"matrix\": -1") ==
        ": /schemes/0/stages/0/host_seconds_per/matrix: found the number -1; a number from 0 to "
        "1000000 is accepted");
  // Elements cost the host nothing.
  CHECK(refusal("\"call\": 0.0001", "\"element\": 0.0001")
            .starts_with(": /schemes/0/stages/0/host_seconds_per/element: unknown key; accepted "
                         "keys: call, tensor, matrix, "));
}

TEST_CASE("what ships is whole", "[profiles]") {
  std::string names;
  for (const auto& shipped : shipped_cost_profiles()) {
    const auto profile = load_cost_profile(shipped.path);
    CHECK(shipped.name == *profile.gpu + "-" + profile.implementation);
    for (const auto& costs : profile.schemes) {
      for (const auto& stage : costs.stages) {
        REQUIRE(stage.held_out);
        // The H200's host issued the same kernels up to 2.6 times as slowly in one minute as in
        // another (docs/validation.md), which shows most in PowerSGD of rank 1.
        CHECK(stage.held_out->median < (*profile.gpu == "h200" ? 0.75 : 0.4));
      }
    }
    names += shipped.name + " ";
  }
  CHECK(names == "h100-fused h100-torch h200-torch ");
}

}  // namespace
}  // namespace ringsim
