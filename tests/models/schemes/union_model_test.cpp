#include "models/schemes/union_model.hpp"

#include "models/networks/network.hpp"
#include "models/schemes/scheme.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

using namespace ringsim;

namespace {

/// What the union of the masks of 1, 2, ... ranks keeps of the pruned layers, drawn for a network.
SparseAllReduce drawn_ring(const char* network, Rank ranks, std::uint64_t step = 0,
                           std::uint64_t seed = 1) {
  SchemeOptions options;
  options.ranks = ranks;
  options.seed = seed;
  set(options, "sparse-sum", "ring");
  const auto layers = find_network(network).make()->layers();
  const auto drawn = find_scheme("topk").synthesize(layers, options, step);
  for (const auto& stage : drawn.stages)
    if (const auto* sparse = std::get_if<SparseAllReduce>(&stage.what)) return *sparse;
  throw std::logic_error("no such stage");
}

/// What the largest chunk keeps of the union of all masks, over the mean of the chunks.
double largest_chunk(const ChunkParts& parts) {
  double most = 0, all = 0;
  for (const auto& chunk : parts.chunks) {
    double kept = 0;
    for (const auto& part : chunk) kept += part.elements * parts.curves[part.curve].back();
    most = std::max(most, kept);
    all += kept;
  }
  return most * static_cast<double>(parts.chunks.size()) / all;
}

}  // namespace

TEST_CASE("unions of top-k masks grow as those of the model's probabilities", "[mask-model]") {
  // Without a spread all active elements are alike: 0.5 (1 - (1 - 0.02/0.5)^m).
  const auto even = shares_of_unions({.active = 0.5, .sigma = 0, .of_rows = 1}, 0.02, 40);
  for (std::uint32_t masks = 1; masks <= 40; ++masks)
    CHECK(even[masks - 1] == Approx(0.5 * (1 - std::pow(1 - 0.04, masks))));
  // No union is larger than what is active, but one mask may be.
  CHECK(shares_of_unions(fitted_unions, 0.3, 1000).back() <= 0.60);
  CHECK(shares_of_unions(fitted_unions, 0.9, 3).front() == Approx(0.9).epsilon(0.01));
  CHECK(shares_of_unions(fitted_unions, 0, 3).back() == Approx(0).margin(1e-12));
}

TEST_CASE("the mean over a layer's rows is what the layer keeps", "[union-model]") {
  // 1000 rows at the middles of their quantiles; of those that are active, a root of 0.96 or 0.60.
  constexpr std::size_t rows = 1000, parameters = 1000 * rows;
  for (const bool reads_samples : {true, false}) {
    for (const std::uint32_t masks : {1U, 8U, 64U}) {
      const UnitedLayer layer = {parameters, rows, reads_samples, parameters / 84};
      const auto parts = draw_chunk_parts(std::array{layer}, masks, 1, 0);
      double kept = 0;
      for (const auto& chunk : parts.chunks) {
        double elements = 0;
        for (const auto& part : chunk) {
          elements += part.elements;
          kept += part.elements * parts.curves[part.curve].back();
        }
        CHECK(elements == Approx(parameters / static_cast<double>(masks)));
      }
      const auto shares = shares_of_unions(union_model_of(layer), 1.0 / 84, masks);
      CHECK(kept / parameters == Approx(shares.back()).epsilon(0.02));
    }
  }
}

TEST_CASE("chunks of few rows differ, those of many rows hardly do", "[union-model]") {
  const auto largest = [](std::size_t rows, std::uint32_t chunks) {
    const UnitedLayer layer = {rows * 100, rows, true, rows * 100 / 84};
    return largest_chunk(draw_chunk_parts(std::array{layer}, chunks, 1, 0));
  };
  CHECK(largest(160, 16) > 1.15);
  CHECK(largest(160'000, 16) < 1.02);
  CHECK(largest(160, 16) > largest(1600, 16));
}

TEST_CASE("rows are drawn by seed and layer, and stay from step to step", "[union-model]") {
  const UnitedLayer layer = {10'000, 100, false, 119};
  const std::array layers = {layer, layer};
  const auto parts = draw_chunk_parts(layers, 8, 1, 0);
  CHECK(parts == draw_chunk_parts(layers, 8, 1, 0));
  CHECK(parts != draw_chunk_parts(layers, 8, 2, 0));
  CHECK(parts.chunks[0] != parts.chunks[4]);
  CHECK(drawn_ring("mlp", 8, 0).parts == drawn_ring("mlp", 8, 5).parts);
}

TEST_CASE("what unions keep is added up over the layers that are pruned", "[union-model]") {
  auto options = test::small_options(3);
  set(options, "density", 0.02);
  set(options, "sparse-sum", "ring");
  const auto drawn = find_scheme("topk").synthesize(test::small_layers(), options, 0);
  const auto& sparse = std::get<SparseAllReduce>(drawn.stages[1].what);
  // One mask keeps 60 of 3000 and 20 of 1025; three of them up to three times as many.
  const auto large = shares_of_unions(fitted_unions, 60 / 3000.0, 3);
  const auto small = shares_of_unions(fitted_unions, 20 / 1025.0, 3);
  REQUIRE(sparse.union_kept.size() == 3);
  CHECK(sparse.union_kept[0] == 80);
  for (std::size_t h = 1; h < 3; ++h) {
    CHECK(static_cast<double>(sparse.union_kept[h]) ==
          Approx(3000 * large[h] + 1025 * small[h]).margin(0.5));
    CHECK(sparse.union_kept[h] > sparse.union_kept[h - 1]);
  }
  double elements = 0;
  REQUIRE(sparse.parts.chunks.size() == 3);
  for (const auto& chunk : sparse.parts.chunks) {
    for (const auto& part : chunk) elements += part.elements;
  }
  CHECK(elements == Approx(4025).epsilon(0.05));
}

// What trainings with top-k at 1/84 gave, the mean over the seeds 1 to 4: in the second half of two
// epochs of the 784-256-128-10 network, and of 100, 40, 30 and 20 steps of lenet5.
TEST_CASE("unions of top-k masks are those of training, of an mlp within 3 %", "[mask-model]") {
  struct Trained {
    const char* network;
    Rank ranks;
    double share, within;
  };
  for (const auto& trained :
       {Trained{"mlp", 8, 0.0850, 0.03}, Trained{"mlp", 16, 0.1563, 0.03},
        Trained{"mlp", 32, 0.2710, 0.03}, Trained{"mlp", 64, 0.4469, 0.03},
        Trained{"mlp", 128, 0.6192, 0.03}, Trained{"lenet5", 8, 0.0758, 0.03},
        Trained{"lenet5", 32, 0.2092, 0.03}, Trained{"lenet5", 64, 0.2834, 0.06},
        Trained{"lenet5", 128, 0.3451, 0.16}}) {
    INFO(trained.network << " " << trained.ranks);
    const auto sparse = drawn_ring(trained.network, trained.ranks);
    REQUIRE(sparse.union_kept.size() == trained.ranks);
    double elements = 0;
    for (const auto& chunk : sparse.parts.chunks) {
      for (const auto& part : chunk) elements += part.elements;
    }
    CHECK(static_cast<double>(sparse.union_kept.back()) / elements ==
          Approx(trained.share).epsilon(trained.within));
  }
}

// The largest chunk of the sum over the mean, in the same trainings. Nothing of the model was
// fitted to it.
TEST_CASE("the largest chunk is that of training within 5 %", "[union-model]") {
  struct Trained {
    Rank ranks;
    double largest;
  };
  for (const auto& trained : {Trained{8, 1.25}, Trained{16, 1.34}, Trained{32, 1.47},
                              Trained{64, 1.51}, Trained{128, 1.48}}) {
    INFO(trained.ranks);
    constexpr std::uint64_t seeds = 20;
    double drawn = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      drawn += largest_chunk(drawn_ring("mlp", trained.ranks, 0, seed).parts) / seeds;
    CHECK(drawn == Approx(trained.largest).epsilon(0.05));
  }
}
