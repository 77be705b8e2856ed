#include "traces/summary.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace ringsim;

namespace {

Summary example() {
  Summary s;
  s.ranks = 8;
  s.scheme = "iwp";
  s.collective = "ring";
  s.backend = "simgrid";
  s.steps = 100;
  s.simulated_seconds = 1.5;
  s.seconds_per_step = {0.1, 0.2, 0.3, 0.4, 0.5};
  s.basis = {"measured", std::nullopt, "calibrated"};
  s.bytes_sent_per_rank = {1000, 20.5, 3, 1023.5};
  s.compression_ratio = {64, 64, 60.5, std::nullopt};
  s.density = 0.015;
  s.staleness_steps = {1, 2, 3, 4, 0, 0};
  s.accuracy = 0.88;
  s.loss = 0.3;
  s.wall_seconds = 2;
  s.provenance = {"0.1.0", "ringsim run", 7, {{"ring8-1g", "abc"}}};
  return s;
}

}  // namespace

TEST_CASE("a summary has exactly the members of the contract, absent ones null", "[summary]") {
  CHECK(to_text(to_json(example())) == R"({
  "ranks": 8,
  "scheme": "iwp",
  "collective": "ring",
  "backend": "simgrid",
  "steps": 100,
  "simulated_seconds": 1.5,
  "seconds_per_step": {
    "compute": 0.1,
    "compress": 0.2,
    "exchange": 0.3,
    "exposed_exchange": 0.4,
    "total": 0.5
  },
  "basis": {
    "compute": "measured",
    "compress": null,
    "exchange": "calibrated"
  },
  "headroom_seconds": {
    "dense_fp32": null,
    "dense_bf16": null
  },
  "equal_at_bandwidth": {
    "slowest_link": null,
    "dense_fp32": null,
    "dense_bf16": null
  },
  "bytes_sent_per_rank": {
    "values": 1000.0,
    "masks": 20.5,
    "headers": 3.0,
    "total": 1023.5
  },
  "compression_ratio": {
    "kept": 64.0,
    "values": 64.0,
    "wire": 60.5,
    "wire_after_warmup": null
  },
  "density": 0.015,
  "staleness_steps": {
    "mean": 1.0,
    "p50": 2.0,
    "p95": 3.0,
    "max": 4.0,
    "delay_mean": 0.0,
    "delay_max": 0.0
  },
  "left_out_ranks": null,
  "target": null,
  "bottleneck": null,
  "accuracy": 0.88,
  "loss": 0.3,
  "wall_seconds": 2.0,
  "provenance": {
    "version": "0.1.0",
    "command": "ringsim run",
    "seed": 7,
    "inputs": [
      {
        "name": "ring8-1g",
        "sha256": "abc"
      }
    ]
  }
}
)");
}

TEST_CASE("a summary that was written reads back equal, and another file is an error",
          "[summary]") {
  const auto path =
      std::filesystem::temp_directory_path() / ("ringsim-summary-" + std::to_string(getpid()));
  auto summary = example();
  SECTION("round trip") {
    summary.bottleneck = Summary::Bottleneck{"link", "link3", 0.9};
    summary.left_out_ranks = 1.5;
    summary.ranks = GENERATE(1, 8);
    const bool is_reached = GENERATE(true, false);
    summary.target = Summary::Target{0.85, std::nullopt, std::nullopt};
    if (is_reached) summary.target = Summary::Target{0.85, 234, 2.5};
    std::ofstream(path) << to_text(to_json(summary));
    CHECK(to_text(to_json(read_summary(path))) == to_text(to_json(summary)));
  }
  SECTION("a file of another kind") {
    std::ofstream(path) << R"({"ranks": 8, "colour": "red"})";
    CHECK_THROWS_WITH(read_summary(path),
                      Catch::StartsWith(path.string() + ": /colour: unknown key; accepted keys: "));
  }
  std::filesystem::remove(path);
}
