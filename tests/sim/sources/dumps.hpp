#pragma once
// Gradient dumps of a small model, for tests of what is made of them.
#include "base/files.hpp"
#include "base/formats/tensor.hpp"
#include "base/random.hpp"
#include "sim/sources/prune_dump.hpp"
#include "tests/scheme_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <vector>

namespace ringsim::test {

inline const Layers two_layers = {{"fc.weight", 0, 3000}, {"fc.bias", 3000, 20}};
inline constexpr std::size_t parameters = 3020;

inline std::vector<float> random_values(std::size_t count, std::uint64_t stream) {
  Random random(7, Purpose::initial_weights, 0, stream);
  std::vector<float> values(count);
  // Heavy-tailed, as gradients are.
  for (float& value : values) value = static_cast<float>(std::pow(random.uniform() * 2 - 1, 9));
  return values;
}

inline std::vector<float> gradient(Rank rank, std::uint64_t step) {
  return random_values(parameters, 1000 + step * 100 + rank);
}

inline std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

inline void write(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

/// The dump of a model of two layers: `ranks` ranks, `steps` steps.
inline PruneOptions write_dump(const std::filesystem::path& folder, Rank ranks,
                               std::uint64_t steps) {
  const auto file = [&](const std::vector<std::vector<float>>& rows, bool stacked) {
    std::vector<float> weight, bias;
    for (const auto& row : rows) {
      weight.insert(weight.end(), row.begin(), row.begin() + 3000);
      bias.insert(bias.end(), row.begin() + 3000, row.end());
    }
    std::vector<std::size_t> shape = {30, 100}, bias_shape = {20};
    if (stacked) {
      shape.insert(shape.begin(), rows.size());
      bias_shape.insert(bias_shape.begin(), rows.size());
    }
    const std::vector<TensorBytes> tensors = {{"fc.weight", "F32", shape, bytes_of(weight)},
                                              {"fc.bias", "F32", bias_shape, bytes_of(bias)}};
    return to_safetensors(tensors);
  };
  PruneOptions options;
  options.weights = folder / "w.safetensors";
  options.output = folder / "trace";
  write(options.weights, file({random_values(parameters, 1)}, false));
  for (std::uint64_t step = 0; step < steps; ++step) {
    std::vector<std::vector<float>> rows;
    for (Rank rank = 0; rank < ranks; ++rank) rows.push_back(gradient(rank, step));
    options.gradients.push_back(folder / fmt::format("g{}.safetensors", step));
    write(options.gradients.back(), file(rows, ranks > 1));
  }
  set(options.scheme_options, "density", 1.0 / 20);
  set(options.scheme_options, "broadcasters", std::min<Rank>(ranks, 2));
  return options;
}

}  // namespace ringsim::test
