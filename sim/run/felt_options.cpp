#include "sim/run/felt_options.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <variant>

namespace ringsim {
namespace {

bool is_of_local_work(std::string_view name) {
  return name == "compress-time" || name == "gpu-memory-bandwidth";
}

bool is_of_all_reduce(std::string_view name) {
  if (name == "collective" || name == "reduce-rate") return true;
  const auto* option = find_run_option(name);
  return option != nullptr && option->taken_by == TakenBy::collective;
}

/// A matrix that every scheme compresses (PowerSGD up to a rank of 255), and a layer that schemes
/// send whole; of `bytes` there is no such layer.
Layers small_layers(const RunOptions& options) {
  constexpr std::size_t rows = 1024;
  Layers layers = {{.name = "matrix", .offset = 0, .parameters = rows * rows, .rows = rows}};
  if (!options.bytes) layers.push_back({.name = "bias", .offset = rows * rows, .parameters = 16});
  return layers;
}

}  // namespace

bool depends_on_stages(std::string_view name) {
  return is_of_local_work(name) || is_of_all_reduce(name);
}

bool has_stage_for(const RunOptions& options, std::string_view name) {
  constexpr Rank many = 64;
  auto of_scheme = options.scheme_options;
  of_scheme.ranks = options.topology.ranks.value_or(many);
  std::erase_if(of_scheme.given, [&](const auto& given) {
    return (scheme_option(given.first).origins & from_model) == 0;
  });
  try {
    const auto step = find_scheme(options.scheme).synthesize(small_layers(options), of_scheme, 0);
    return std::ranges::any_of(step.stages, [&](const Stage& stage) {
      if (is_of_local_work(name)) return std::holds_alternative<LocalWork>(stage.what);
      return std::holds_alternative<AllReduce>(stage.what) ||
             std::holds_alternative<SparseAllReduce>(stage.what);
    });
  } catch (const UserError&) {
    return true;
  }
}

}  // namespace ringsim
