#include "sim/run/felt_options.hpp"

#include "base/error.hpp"
#include "models/schemes/bucketed.hpp"
#include "sim/run/options/rows.hpp"

#include <algorithm>
#include <variant>

namespace ringsim {
namespace {

constexpr Rank unknown_ranks = 64;  ///< where a topology has its own number

bool is_of_local_work(std::string_view name) {
  return name == "compress-time" || name == "gpu-memory-bandwidth" || name == "headroom";
}

bool is_of_collective(std::string_view name) {
  const auto* option = find_run_option(name);
  return name == "collective" || (option != nullptr && option->taken_by == TakenBy::collective);
}

/// The smallest and the largest layer, and the one that PowerSGD compresses most: what schemes do
/// with a layer depends on its size.
Layers extremes_of(const Layers& layers) {
  const auto compression = [](const Layer& layer) {
    const auto rows = static_cast<double>(layer.rows);
    const auto columns = static_cast<double>(layer.parameters) / std::max(1.0, rows);
    return static_cast<double>(layer.parameters) / (rows + columns);
  };
  const auto [least, most] = std::ranges::minmax(layers, {}, &Layer::parameters);
  Layers chosen = {least, most, std::ranges::max(layers, {}, compression)};
  std::size_t offset = 0;
  for (auto& layer : chosen) {
    layer.offset = offset;
    offset += layer.parameters;
  }
  return chosen;
}

}  // namespace

Layers small_layers(const RunOptions& options) {
  constexpr std::size_t rows = 1024;
  Layers layers = {{.name = "matrix", .offset = 0, .parameters = rows * rows, .rows = rows}};
  if (!options.bytes) layers.push_back({.name = "bias", .offset = rows * rows, .parameters = 16});
  return layers;
}

bool depends_on_stages(std::string_view name) {
  return is_of_local_work(name) || is_of_collective(name) || name == "reduce-rate";
}

bool is_felt_by(std::span<const Stage> stages, std::string_view name) {
  return std::ranges::any_of(stages, [&](const Stage& stage) {
    if (is_of_local_work(name)) return std::holds_alternative<LocalWork>(stage.what);
    const auto* reduce = std::get_if<AllReduce>(&stage.what);
    if (is_of_collective(name)) return reduce != nullptr && !reduce->at_owners;
    return reduce != nullptr || std::holds_alternative<SparseAllReduce>(stage.what);
  });
}

std::vector<Stage> stages_of_kind(const RunOptions& options, Rank ranks, const Layers& layers) {
  auto of_scheme = options.scheme_options;
  of_scheme.ranks = ranks;
  // They say how gradients that are trained are selected; of drawn ones there is none.
  std::erase_if(of_scheme.given, [&](const auto& given) {
    const auto& option = scheme_option(given.first);
    return (option.origins & from_model) == 0 || option.needs == "`source` train";
  });
  return find_scheme(options.scheme).synthesize(extremes_of(layers), of_scheme, 0).stages;
}

bool draws_by_seed(const SchemeDefinition& scheme, const Layers& layers, SchemeOptions options,
                   const std::vector<Bucket>& buckets) {
  const auto draw = [&](std::uint64_t seed) {
    options.seed = seed;
    return buckets.empty() ? scheme.synthesize(layers, options, 0)
                           : synthesize_bucketed(scheme, layers, options, buckets, 0);
  };
  const auto first = draw(1);
  constexpr std::uint64_t last_seed = 5;
  for (std::uint64_t seed = 2; seed <= last_seed; ++seed) {
    const auto other = draw(seed);
    if (other.stages != first.stages || other.layers != first.layers) return true;
  }
  return false;
}

bool may_draw(const RunOptions& options) {
  auto layers = small_layers(options);
  if (!options.bytes || options.bucket) {
    const auto begin = total_parameters(layers);
    layers.push_back({.name = "another", .offset = begin, .parameters = 8192, .rows = 64});
  }
  auto of_scheme = options.scheme_options;
  of_scheme.ranks = options.topology.ranks.value_or(unknown_ranks);
  try {
    return draws_by_seed(find_scheme(options.scheme), layers, of_scheme, {});
  } catch (const UserError&) {
    return true;
  }
}

bool computing_feels_gpu(const RunOptions& options) { return models_compute_time(options); }

bool may_feel_ddp(const RunOptions& options) { return may_add_ddp(options); }

bool may_feel(const RunOptions& options, std::string_view name) {
  try {
    return is_felt_by(stages_of_kind(options, options.topology.ranks.value_or(unknown_ranks),
                                     small_layers(options)),
                      name);
  } catch (const UserError&) {
    return true;
  }
}

}  // namespace ringsim
