#pragma once
// Folders as ringsim.capture writes them, for tests.
#include "tests/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace ringsim {

/// Three layers in two buckets, with and without what PowerSGD took to compress them.
class SmallCaptures {
 public:
  SmallCaptures() {
    write(plain());
    write(with_costs());
    write(with_costs(), "compression.json", R"({"format": "ringsim cost profile 1",
      "implementation": "torch", "gpu": null, "device": "a GPU", "memory_bandwidth": null,
      "driver": null, "versions": {}, "provenance": {}, "schemes": [{"scheme": "powersgd",
      "description": "as measured", "stages": [{"stage": "encode", "host_seconds_per": {},
      "device_seconds_per": {"element": 1e-6}, "fitted": null, "held_out": null}]}]})");
  }
  std::string plain() const { return (folder_.path() / "plain").string(); }
  std::string with_costs() const { return (folder_.path() / "costs").string(); }

 private:
  static void write(const std::filesystem::path& folder, std::string_view name,
                    std::string_view text) {
    std::ofstream(folder / name) << text;
  }
  static void write(const std::filesystem::path& folder) {
    std::filesystem::create_directory(folder);
    write(folder, "capture.json", R"({"format": "ringsim capture 1", "model": "mine",
      "batch": 4, "ranks": 3, "gpu": "a100", "bucket_bytes": [8320, 131072], "measured": {},
      "machine": {}, "notes": []})");
    write(folder, "model.json", R"({"name": "mine", "description": "", "sample": "",
      "step_times": [], "buffers": 0, "layers": [
      {"name": "a", "shape": [256, 128], "forward_flop": 1e6},
      {"name": "b", "shape": [32, 64], "forward_flop": 1e6},
      {"name": "c", "shape": [32], "forward_flop": 0}]})");
    write(folder, "ready.csv", "layer,ready_s\nc,0.001\nb,0.002\na,0.004\n");
  }

  TemporaryFolder folder_;
};

}  // namespace ringsim
