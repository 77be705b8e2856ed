// Exchanges of some of the ranks, and momentum factor masking.
#include "base/random.hpp"
#include "models/schemes/scheme.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace ringsim;

namespace {

const Layers& layers() {
  static const Layers all = {{"a", 0, 300}, {"b", 300, 7}};
  return all;
}

std::unique_ptr<Scheme> make(const SchemeDefinition& definition, Rank ranks) {
  SchemeOptions options;
  options.ranks = ranks;
  set(options, "density", 0.1);
  set(options, "whole-below", 100);
  // As many where two of three ranks take part: the first thresholds are quantiles for that many.
  if (definition.name == "iwp" || definition.name == "magnitude") set(options, "broadcasters", 2);
  return definition.make(layers(), options);
}

std::vector<std::vector<float>> draw_gradients(Rank ranks) {
  Random random(3, Purpose::batch_order);
  std::vector<std::vector<float>> gradients(ranks, std::vector<float>(307));
  for (auto& gradient : gradients) {
    for (float& value : gradient) value = static_cast<float>(random.normal());
  }
  return gradients;
}

bool equal(const StepOutcome& a, const StepOutcome& b) {
  return std::ranges::equal(a.mean, b.mean) && std::ranges::equal(a.mask, b.mask);
}

}  // namespace

TEST_CASE("an exchange among all ranks is the exchange", "[quorum]") {
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  if (!definition->takes_quorum) return;
  INFO(definition->name);
  const auto plain = make(*definition, 3), among = make(*definition, 3);
  const auto gradients = draw_gradients(3);
  const std::vector<float> weights(307, 0.5F);
  const std::vector<Rank> all = {0, 1, 2};
  for (std::uint64_t step = 0; step < 3; ++step) {
    for (const Rank rank : all) {
      plain->contribute(rank, step, gradients[rank], weights);
      among->contribute(rank, step, gradients[rank], weights);
    }
    CHECK(equal(plain->exchange(step), among->exchange_among(step, all)));
  }
}

TEST_CASE("an exchange among some ranks is that of as many ranks", "[quorum]") {
  // Not top-k, where what a rank samples depends on its number.
  const auto* name = GENERATE("dense", "iwp", "magnitude", "cltk", "randomk");
  INFO(name);
  const auto& definition = find_scheme(name);
  const auto some = make(definition, 3), two = make(definition, 2);
  const auto gradients = draw_gradients(3);
  const std::vector<float> weights(307, 0.5F);
  const std::vector<Rank> present = {0, 2};
  for (std::uint64_t step = 0; step < 3; ++step) {
    for (Rank i = 0; i < 2; ++i) {
      some->contribute(present[i], step, gradients[present[i]], weights);
      two->contribute(i, step, gradients[present[i]], weights);
    }
    some->keep(1, gradients[1]);
    CHECK(equal(some->exchange_among(step, present), two->exchange(step)));
  }
  // Rank 1 has kept everything, where the scheme keeps anything back.
  double kept = 0;
  for (const float value : gradients[1]) kept += 3 * std::abs(static_cast<double>(value));
  CHECK(some->drop(1) == Approx(definition.name == "dense" ? 0 : kept));
}

TEST_CASE("top-k ranks that are left out send nothing and lose nothing", "[quorum]") {
  const auto scheme = make(find_scheme("topk"), 3);
  const auto gradients = draw_gradients(3);
  const std::vector<Rank> present = {0, 2};
  for (const Rank rank : present) scheme->contribute(rank, 0, gradients[rank], {});
  scheme->keep(1, gradients[1]);
  const auto outcome = scheme->exchange_among(0, present);
  CHECK(std::ranges::all_of(outcome.rank_masks[1], [](auto word) { return word == 0; }));
  CHECK(std::ranges::any_of(outcome.rank_masks[2], [](auto word) { return word != 0; }));
  // The small layer is sent whole: the mean of the two.
  for (std::size_t i = 300; i < 307; ++i)
    CHECK(outcome.mean[i] == Approx((gradients[0][i] + gradients[2][i]) / 2));
  const auto& parts = std::get<AllGather>(outcome.stages[1].what).parts;
  CHECK(parts[1] == Payload{});
  CHECK(parts[2].values.count > 0);
  double kept = 0;
  for (const float value : gradients[1]) kept += std::abs(static_cast<double>(value));
  CHECK(scheme->drop(1) == Approx(kept));
}

TEST_CASE("without factor masking what was sent keeps its momentum", "[quorum]") {
  // A threshold of 0 sends everything. After a gradient of 1 and one of 0 the velocity is 0.9, or 0
  // where the first step cleared it.
  const bool masks = GENERATE(true, false);
  SchemeOptions options;
  options.momentum = 0.9;
  set(options, "threshold", "fixed:0");
  set(options, "factor-masking", masks);
  const auto scheme = find_scheme("iwp").make({{"a", 0, 2000}}, options);
  const std::vector<float> ones(2000, 1.0F), zeros(2000, 0.0F);
  for (Rank rank = 0; rank < 2; ++rank) scheme->contribute(rank, 0, ones, ones);
  CHECK(scheme->exchange(0).mean[7] == 1);
  for (Rank rank = 0; rank < 2; ++rank) scheme->contribute(rank, 1, zeros, ones);
  CHECK(scheme->exchange(1).mean[7] == (masks ? 0.0F : 0.9F));
}
