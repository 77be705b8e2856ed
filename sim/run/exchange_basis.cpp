#include "sim/run/exchange_basis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ringsim {

std::vector<Bytes> call_sizes(const Experiment& experiment) {
  if (experiment.options.bytes) return {*experiment.options.bytes};
  const auto layers = layers_of(experiment);
  const auto bytes_of = [](std::uint64_t parameters) { return Bytes{parameters * sizeof(float)}; };
  std::vector<Bytes> sizes;
  for (const auto& bucket : experiment.buckets) {
    std::uint64_t parameters = 0;
    for (const auto layer : bucket.layers) parameters += layers[layer].parameters;
    sizes.push_back(bytes_of(parameters));
  }
  if (sizes.empty()) {
    std::uint64_t parameters = 0;
    for (const auto& layer : layers) parameters += layer.parameters;
    sizes.push_back(bytes_of(parameters));
  }
  return sizes;
}

namespace {

/// Whether NVLink's switch adds up what a call exchanges: nobody measured that here.
bool adds_in_switch(const Experiment& experiment) {
  if (!experiment.topology.nvls() || !experiment.collective.algorithm->is_library) return false;
  auto call = experiment.collective.request;
  return std::ranges::any_of(call_sizes(experiment), [&](Bytes size) {
    call.elements = size.count;
    call.element_bytes = Bytes{1};
    return experiment.collective.algorithm->describe(call).starts_with("nvls");
  });
}

}  // namespace

Basis exchange_basis(const Experiment& experiment) {
  if (adds_in_switch(experiment)) return Basis::modelled;
  const auto& scope = experiment.topology.calibration();
  if (experiment.collective.algorithm->is_library && !(scope && scope->model))
    return Basis::modelled;
  if (!scope) {
    const auto features = experiment.topology.features();
    const bool is_fitted = std::ranges::find(features, "sizes") != features.end();
    return is_fitted ? Basis::calibrated : Basis::modelled;
  }
  const auto sizes = call_sizes(experiment);
  const auto [smallest, largest] = std::ranges::minmax(sizes);
  const bool is_dense = experiment.scheme.name == "dense";
  const auto per_node = experiment.topology.gpus_per_node();
  CollectiveCalls calls{.operation = {},
                        .ranks = experiment.ranks,
                        .nodes = {},
                        .smallest = is_dense ? smallest : std::max(scope->smallest, smallest),
                        .largest = largest};
  if (is_dense) calls.operation = "all_reduce";
  if (per_node > 1) calls.nodes = (experiment.ranks + per_node - 1) / per_node;
  return basis_of(scope, calls);
}

std::string exchange_note(const Experiment& experiment) {
  if (exchange_basis(experiment) != Basis::extrapolated) return {};
  const auto& scope = *experiment.topology.calibration();
  return fmt::format(
      "the exchange's times are extrapolated: {} was fitted to {} on {} ranks, {} to {}",
      experiment.topology.name(), fmt::join(scope.operations, ", "), fmt::join(scope.ranks, ", "),
      format(scope.smallest), format(scope.largest));
}

}  // namespace ringsim
