#pragma once
// Running schemes on random gradients.
#include "base/random.hpp"
#include "models/schemes/scheme.hpp"
#include "tests/scheme_options.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace ringsim::test {

/// Two matrices and a bias; `rows` of the matrices as given.
inline Layers small_layers() {
  return {{"a.weight", 0, 3000, 50}, {"a.bias", 3000, 70}, {"b.weight", 3070, 1025, 25}};
}
constexpr std::size_t small_parameters = 4095;

inline SchemeOptions small_options(Rank ranks) {
  SchemeOptions o;
  o.ranks = ranks;
  set(o, "whole-below", 100);
  o.steps_per_epoch = 1000;
  return o;
}

inline std::unique_ptr<Scheme> make_scheme(std::string_view name, const SchemeOptions& options) {
  return find_scheme(name).make(small_layers(), options);
}

inline std::vector<float> normal_values(std::uint64_t seed, Rank rank, std::uint64_t step) {
  std::vector<float> values(small_parameters);
  Random random(seed, Purpose::initial_weights, rank, step);
  for (auto& value : values) value = static_cast<float>(random.normal());
  return values;
}

inline bool is_sent(std::span<const prune::MaskWord> mask, std::size_t layer, std::size_t i) {
  const auto layers = small_layers();
  std::size_t offset = 0;
  for (std::size_t l = 0; l < layer; ++l) offset += prune::mask_words(layers[l].parameters);
  return (mask[offset + i / 64] >> (i % 64) & 1) != 0;
}

using Gradients = std::vector<std::vector<float>>;

/// Runs steps with random gradients and calls check(step, gradients, outcome) after each.
template <class Check>
void run_steps(Scheme& scheme, Rank ranks, std::uint64_t steps, Check&& check) {
  const auto weights = normal_values(7, 0, 0);
  for (std::uint64_t step = 0; step < steps; ++step) {
    Gradients gradients;
    for (Rank rank = 0; rank < ranks; ++rank) gradients.push_back(normal_values(1, rank, step));
    for (Rank rank = 0; rank < ranks; ++rank)
      scheme.contribute(rank, step, gradients[rank], weights);
    check(step, gradients, scheme.exchange(step));
  }
}

/// The first stage of this phase, which has to be there.
template <class What>
const What& stage(const StepOutcome& outcome, std::string_view phase) {
  for (const auto& stage : outcome.stages) {
    if (stage.phase.text() == phase && std::holds_alternative<What>(stage.what))
      return std::get<What>(stage.what);
  }
  throw std::logic_error("no such stage");
}

}  // namespace ringsim::test
