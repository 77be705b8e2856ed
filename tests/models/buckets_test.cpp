#include "models/buckets.hpp"

#include "models/schemes/bucketed.hpp"
#include "models/specs/model_spec.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

using namespace ringsim;
using namespace ringsim::test;

namespace {

std::vector<std::size_t> backwards(const Layers& layers) {
  std::vector<std::size_t> order(layers.size());
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
  return order;
}

std::vector<std::string> mebibytes(const Layers& layers, const std::vector<Bucket>& buckets) {
  std::vector<std::string> sizes;
  for (const auto& bucket : buckets) {
    const double bytes = 4.0 * static_cast<double>(total_parameters(layers_of(layers, bucket)));
    sizes.push_back(fmt::format("{:.2f}", bytes / (1024 * 1024)));
  }
  return sizes;
}

Layers of_sizes(const std::vector<std::size_t>& sizes) {
  Layers layers;
  for (const std::size_t size : sizes)
    layers.push_back({fmt::format("l{}", layers.size()), total_parameters(layers), size});
  return layers;
}

using Indices = std::vector<std::vector<std::size_t>>;
Indices indices(const std::vector<Bucket>& buckets) {
  Indices all;
  for (const auto& bucket : buckets) all.push_back(bucket.layers);
  return all;
}

}  // namespace

TEST_CASE("resnet50's buckets are those of DistributedDataParallel", "[buckets]") {
  const auto spec = load_model_spec(*model_spec_file("resnet50"));
  const auto buckets = fill_buckets(spec.layers, backwards(spec.layers), ddp_buckets());
  CHECK(mebibytes(spec.layers, buckets) ==
        std::vector<std::string>{"7.82", "30.04", "25.04", "25.32", "9.27"});
  // In the order in which they become ready: the first one holds the last layers.
  CHECK(buckets.front().layers == std::vector<std::size_t>{159, 160});
  CHECK(buckets.back().layers.front() == 0);
}

TEST_CASE("buckets of a fixed size are closed before they overflow", "[buckets]") {
  const auto layers = of_sizes({3, 1, 2, 9, 1, 1});
  const BucketRule rule{.overshoots = false, .cap = Bytes{16}, .first = Bytes{16}};
  // From behind, 4 values a bucket: 1+1, then 9 alone, 2+1, 3.
  CHECK(indices(fill_buckets(layers, backwards(layers), rule)) ==
        Indices{{4, 5}, {3}, {1, 2}, {0}});
  // Overshooting: 1+1+9 once 4 values are reached, 2+1+3.
  const BucketRule ddp{.overshoots = true, .cap = Bytes{16}, .first = Bytes{16}};
  CHECK(indices(fill_buckets(layers, backwards(layers), ddp)) == Indices{{3, 4, 5}, {0, 1, 2}});
  // The first bucket has a size of its own; another order of readiness.
  const std::vector<std::size_t> order = {0, 5, 4, 3, 2, 1};
  const BucketRule first{.overshoots = true, .cap = Bytes{16}, .first = Bytes{4}};
  CHECK(indices(fill_buckets(layers, order, first)) == Indices{{0}, {3, 4, 5}, {1, 2}});
  // Sizes that are known take the place of both, and afterwards the cap counts.
  const BucketRule known{.overshoots = true,
                         .cap = Bytes{16},
                         .first = Bytes{4},
                         .timeout = {},
                         .sizes = {Bytes{16}, Bytes{4}}};
  CHECK(indices(fill_buckets(layers, order, known)) == Indices{{0, 5}, {4}, {3}, {1, 2}});
}

TEST_CASE("a fusion timer sends what is there when it runs out", "[buckets]") {
  // Layers of 4 bytes, from behind; at most 3 in a bucket. In s: 10 goes at once, the first one;
  // 11, 12 and 13 fill a bucket, which goes at 13; 14 and 15 go when 5 s have passed, at 18; by 23
  // nothing is there, so that 30 goes when it is ready, with what is ready then; 35, on the dot,
  // and 33 go at 35; 41 is the last.
  const auto layers = of_sizes({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  std::vector<Seconds> ready;
  for (const double at : {41, 35, 33, 30, 30, 15, 14, 13, 12, 11, 10}) ready.push_back(Seconds{at});
  BucketRule rule{.overshoots = false, .cap = Bytes{12}, .first = Bytes{12}, .timeout = Seconds{5}};
  const auto buckets = fill_buckets(layers, backwards(layers), rule, ready);
  CHECK(indices(buckets) == Indices{{10}, {7, 8, 9}, {5, 6}, {3, 4}, {1, 2}, {0}});
  std::vector<double> goes_at;
  for (const auto& bucket : buckets) goes_at.push_back(bucket.goes_at.value);
  CHECK(goes_at == std::vector<double>{10, 0, 18, 30, 35, 0});
  // With no time to wait each moment's gradients go alone; with much they fill buckets.
  rule.timeout = Seconds{0};
  CHECK(fill_buckets(layers, backwards(layers), rule, ready).size() == 10);
  rule.timeout = Seconds{1000};
  CHECK(indices(fill_buckets(layers, backwards(layers), rule, ready)) ==
        Indices{{10}, {7, 8, 9}, {4, 5, 6}, {1, 2, 3}, {0}});
}

TEST_CASE("a buffer is cut into layers that fill the buckets", "[buckets]") {
  const BucketRule rule{.overshoots = true, .cap = Bytes{40}, .first = Bytes{12}};
  const auto layers = cut_into_layers(25, rule);
  std::vector<std::size_t> sizes;
  for (const auto& layer : layers) sizes.push_back(layer.parameters);
  CHECK(sizes == std::vector<std::size_t>{2, 10, 10, 3});
  CHECK(layers[2].offset == 12);
  CHECK(fill_buckets(layers, backwards(layers), rule).size() == 4);
}

TEST_CASE("a scheme on buckets sends what one on all layers does", "[buckets]") {
  // All that a layer sends depends on the layer alone, but for what is drawn anew per bucket.
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  INFO(definition->name);
  const bool draws = definition->name == "randomk" || definition->name == "qsgd" ||
                     definition->name == "terngrad" || definition->name == "powersgd";
  const std::vector<Bucket> buckets = {{{2}}, {{0, 1}}}, apart = {{{0, 2}}, {{1}}};
  auto o = small_options(3);
  set(o, "density", 0.05);
  set(o, "sample", 1);
  for (const auto& split : {buckets, apart}) {
    const auto whole = definition->make(small_layers(), o);
    const auto parts = std::make_unique<BucketedScheme>(*definition, small_layers(), o, split);
    CHECK(parts->state_bytes() == whole->state_bytes());
    CHECK(parts->is_exact() == whole->is_exact());
    std::vector<std::vector<float>> means;
    std::vector<std::vector<prune::MaskWord>> masks;
    run_steps(*whole, 3, 3, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
      means.emplace_back(out.mean.begin(), out.mean.end());
      masks.emplace_back(out.mask.begin(), out.mask.end());
    });
    run_steps(*parts, 3, 3, [&](std::uint64_t step, const Gradients&, const StepOutcome& out) {
      REQUIRE(out.layers.size() == 3);
      std::vector<std::uint32_t> numbers;
      for (const auto& stage : out.stages) numbers.push_back(stage.bucket);
      CHECK(std::ranges::is_sorted(numbers));
      CHECK(numbers.back() == 1);
      if (draws) return;
      CHECK(std::ranges::equal(out.mean, means[step]));
      CHECK(std::ranges::equal(out.mask, masks[step]));
    });
  }
}

TEST_CASE("a quorum on buckets is one on all layers, and so is what it leaves out", "[buckets]") {
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  if (!definition->takes_quorum || definition->name == "randomk") return;  // draws per bucket
  INFO(definition->name);
  auto o = small_options(3);
  set(o, "density", 0.05);
  set(o, "sample", 1);
  const auto whole = definition->make(small_layers(), o);
  BucketedScheme parts(*definition, small_layers(), o, {{{0, 2}}, {{1}}});
  const std::vector<Rank> present = {0, 2};
  const auto weights = normal_values(7, 0, 0);
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Gradients gradients = {normal_values(1, 0, step), normal_values(1, 1, step),
                                 normal_values(1, 2, step)};
    for (Scheme* scheme : {whole.get(), static_cast<Scheme*>(&parts)}) {
      for (const Rank rank : present) scheme->contribute(rank, step, gradients[rank], weights);
      scheme->keep(1, gradients[1]);
    }
    const auto one = whole->exchange_among(step, present);
    const auto other = parts.exchange_among(step, present);
    CHECK(std::ranges::equal(one.mean, other.mean));
    CHECK(std::ranges::equal(one.mask, other.mask));
  }
  for (Scheme* scheme : {whole.get(), static_cast<Scheme*>(&parts)})
    scheme->contribute(1, 3, normal_values(1, 1, 3), weights);
  CHECK(whole->drop(1) == Approx(parts.drop(1)));
}

TEST_CASE("the mean of dense buckets may come from elsewhere", "[buckets]") {
  BucketedScheme parts(find_scheme("dense"), small_layers(), small_options(3), {{{0, 2}}, {{1}}});
  std::vector<float> mean(total_parameters(small_layers()));
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = static_cast<float>(i);
  parts.contribute_mean(mean);
  CHECK(std::ranges::equal(parts.exchange(0).mean, mean));
}

TEST_CASE("what is synthesized on buckets is what they send", "[buckets]") {
  const std::vector<Bucket> buckets = {{{2}}, {{0, 1}}};
  const auto o = small_options(3);
  const auto& dense = find_scheme("dense");
  const auto step = synthesize_bucketed(dense, small_layers(), o, buckets, 0);
  REQUIRE(step.stages.size() == 2);
  CHECK(std::get<AllReduce>(step.stages[0].what).elements == 1025);
  CHECK(std::get<AllReduce>(step.stages[1].what).elements == 3070);
  CHECK(step.stages[1].bucket == 1);
  CHECK(step.layers[1].kept == 70);
}
