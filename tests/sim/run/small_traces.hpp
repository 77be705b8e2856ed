#pragma once
// Traces for tests, pruned from a few made-up gradients.
#include "sim/sources/prune_dump.hpp"
#include "tests/temporary_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// Traces of three ranks: with and without layers that are sent whole, with masks, of one layer.
class SmallTraces {
 public:
  SmallTraces() {
    prune("iwp", {2048, 40});
    prune("iwp-masks", {2048, 40});
    prune("cltk-no-whole", {2048, 1024});
    prune("iwp-one-layer", {4096});
  }
  std::vector<std::string> all() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "traces"))
      paths.push_back(entry.path().string());
    std::ranges::sort(paths);
    return paths;
  }

 private:
  /// A safetensors file of layers, with the ranks in front where there are any.
  std::filesystem::path write(const std::string& name, const std::vector<std::size_t>& layers,
                              std::optional<std::size_t> ranks, std::size_t seed) const {
    std::string header, data;
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      const std::size_t begin = data.size();
      for (std::size_t i = 0; i < ranks.value_or(1) * layers[layer]; ++i) {
        const float value = static_cast<float>((i * 7919 + seed * 104729) % 1009) / 504 - 1;
        data.append(reinterpret_cast<const char*>(&value), sizeof(value));
      }
      header += fmt::format(
          R"({}"layer{}": {{"dtype": "F32", "shape": [{}{}], "data_offsets": [{}, {}]}})",
          layer == 0 ? "" : ", ", layer, ranks ? fmt::format("{}, ", *ranks) : std::string(),
          layers[layer], begin, data.size());
    }
    header = "{" + header + "}";
    const std::uint64_t length = header.size();
    const auto path = folder_.path() / (name + ".safetensors");
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), sizeof(length));
    file << header << data;
    return path;
  }

  void prune(const std::string& name, const std::vector<std::size_t>& layers) {
    PruneOptions prune;
    prune.weights = write(name + "-w", layers, std::nullopt, 5);
    for (std::size_t step = 0; step < 2; ++step)
      prune.gradients.push_back(write(fmt::format("{}-g{}", name, step), layers, 3, step));
    std::filesystem::create_directories(folder_.path() / "traces");
    prune.output = folder_.path() / "traces" / name;
    prune.scheme = name.substr(0, name.find('-'));
    prune.write_masks = name.ends_with("masks");
    prune.scheme_options.set(scheme_option("density"), "0.1");
    prune_dump(prune, {});
  }

  TemporaryFolder folder_;
};

}  // namespace ringsim
