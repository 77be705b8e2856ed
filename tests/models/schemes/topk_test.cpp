// Top-k: what each rank finds largest.
#include "models/schemes/topk.hpp"

#include "models/prune/encodings/encoding.hpp"
#include "models/prune/set_bits.hpp"
#include "models/schemes/layer_split.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/top_k.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("topk adds up what each rank found largest", "[topk]") {
  auto o = small_options(3);
  set(o, "density", 0.02);
  set(o, "sample", 1);
  TopkScheme scheme(small_layers(), o);
  run_steps(scheme, 3, 1, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    std::size_t sent_by_all = 0, kept = 0;
    for (std::size_t i = 0; i < 3000; ++i) {
      float sum = 0;
      bool any = false;
      for (Rank rank = 0; rank < 3; ++rank) {
        if (!is_sent(scheme.mask(rank), 0, i)) continue;
        sum += gradients[rank][i];
        any = true;
        ++kept;
      }
      if (out.mean[i] != sum / 3 || is_sent(out.mask, 0, i) != any) FAIL("parameter " << i);
      sent_by_all += any;
    }
    // Without ties a threshold on the whole layer keeps exactly 2 % on every rank.
    CHECK(kept == 3 * 60);
    CHECK(sent_by_all > 60);
    CHECK(out.layers[0].kept == 60);
    for (std::size_t i = 3000; i < 3070; ++i) {
      const float mean = ((gradients[0][i] + gradients[1][i]) + gradients[2][i]) / 3;
      if (out.mean[i] != mean) FAIL("parameter " << i);
    }
  });
}

namespace {

/// What the authors' code (github.com/synxlin/deep-gradient-compression) selects of `values` from
/// the sample that starts at `first`, in the float arithmetic of its tensors.
std::vector<std::size_t> published_selection(const std::vector<float>& values, std::size_t wanted,
                                             std::size_t first, std::size_t stride,
                                             double density) {
  std::vector<float> sample;
  for (std::size_t i = first; i < values.size(); i += stride)
    sample.push_back(std::fabs(values[i]));
  std::sort(sample.begin(), sample.end(), std::greater<>());
  const auto of_sample = std::ceil(density * static_cast<double>(values.size() / stride));
  float threshold = sample[static_cast<std::size_t>(of_sample) - 1];
  std::vector<std::size_t> found;
  const auto find = [&] {
    found.clear();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::fabs(values[i]) >= threshold) found.push_back(i);
  };
  find();
  for (int round = 0; round < 10 && stride > 1; ++round) {
    const auto count = static_cast<double>(found.size()), target = static_cast<double>(wanted);
    if (count > 1.3 * target) {
      std::sort(found.begin(), found.end(), [&](std::size_t a, std::size_t b) {
        return std::fabs(values[a]) > std::fabs(values[b]);
      });
      break;
    }
    if (count >= 0.8 * target) break;
    threshold *= 0.8F;
    find();
  }
  if (found.size() > wanted) found.resize(wanted);
  std::sort(found.begin(), found.end());
  return found;
}

/// Normal numbers whose tail is that of gradients: a few are far larger than the others.
std::vector<float> heavy_values(Rank rank, std::uint64_t step, std::size_t count) {
  std::vector<float> values(count);
  Random random(1, Purpose::initial_weights, rank, step);
  for (auto& value : values) {
    const double spread = std::exp(1.5 * random.normal());
    value = static_cast<float>(spread * random.normal());
  }
  return values;
}

}  // namespace

TEST_CASE("topk selects what Deep Gradient Compression selects as published", "[topk]") {
  constexpr std::size_t n = 20'000;
  constexpr double density = 1.0 / 84;
  const Layers layers = {{"a.weight", 0, n, 100}};
  SchemeOptions o;
  o.ranks = 2;
  o.steps_per_epoch = 1000;
  set(o, "density", "1/84");
  TopkScheme scheme(layers, o);
  const std::vector<float> weights(n);
  std::size_t lowered = 0, truncated = 0, whole_share = 0, sent = 0;
  constexpr std::uint64_t steps = 50;
  const std::size_t stride = sample_stride(n, 0.01, density);
  REQUIRE(stride > 1);
  for (std::uint64_t step = 0; step < steps; ++step) {
    for (Rank rank = 0; rank < 2; ++rank) {
      const auto& before = scheme.residuals().of(rank).residual;
      std::vector<float> values = heavy_values(rank, step, n);
      const auto gradient = values;
      for (std::size_t i = 0; i < n; ++i) values[i] += before[i];
      scheme.contribute(rank, step, gradient, weights);
      Random start(o.seed, Purpose::sample_start, rank, step);
      const auto expected =
          published_selection(values, n / 84, start.below(stride), stride, density);
      std::vector<std::size_t> selected;
      prune::for_each_set_bit(scheme.mask(rank), [&](std::size_t i) { selected.push_back(i); });
      REQUIRE(selected == expected);
      whole_share += selected.size() == n / 84;
      lowered += selected.size() < n / 84;
      sent += selected.size();
      float smallest_sent = INFINITY, largest_left = 0;
      for (std::size_t i = 0; i < n; ++i) {
        auto& bound = is_sent(scheme.mask(rank), 0, i) ? smallest_sent : largest_left;
        const float m = std::fabs(values[i]);
        bound = &bound == &smallest_sent ? std::min(bound, m) : std::max(bound, m);
      }
      truncated += largest_left > smallest_sent;
    }
    scheme.exchange(step);
  }
  // All of the rule's branches were taken, and what is sent is nearly what was asked for.
  CHECK(lowered > 0);
  CHECK(truncated > 0);
  CHECK(whole_share > truncated);
  CHECK(static_cast<double>(sent) / (2 * steps) > 0.93 * (n / 84));
}

TEST_CASE("topk of a whole layer keeps its share exactly, of equal values the first", "[topk]") {
  auto o = small_options(2);
  set(o, "density", 0.01);
  set(o, "sample", 1);
  TopkScheme scheme(small_layers(), o);
  const std::vector<float> ones(small_parameters, 1.0F);
  for (Rank rank = 0; rank < 2; ++rank) scheme.contribute(rank, 0, ones, ones);
  CHECK(prune::count(scheme.mask(0)) == 30 + 10);
  for (std::size_t i = 0; i < 3000; ++i) {
    if (is_sent(scheme.mask(0), 0, i) != (i < 30)) FAIL("parameter " << i);
  }
}

TEST_CASE("topk's bytes are those of the messages", "[topk]") {
  auto o = small_options(4);
  set(o, "density", 0.02);
  set(o, "values", GENERATE("fp32", "bf16"));
  set(o, "mask-encoding", GENERATE("index", "auto"));
  const std::uint64_t width = value_type_of(o) == ValueType::bf16 ? 2 : 4;
  TopkScheme scheme(small_layers(), o);
  run_steps(scheme, 4, 3, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
    const auto& parts = stage<AllGather>(out, "values").parts;
    for (Rank rank = 0; rank < 4; ++rank) {
      const auto& split = scheme.residuals().split();
      const auto kept = prune::count(scheme.mask(rank));
      CHECK(parts[rank].values.count == width * kept);
      // Layers of fewer than 2^16 elements: whatever the encoding, the message that was decoded.
      const MaskEncoding* index = nullptr;
      for (const auto* encoding : mask_encodings())
        if (encoding->name == "index") index = encoding;
      const auto message = encode_masks(scheme.mask(rank), split.segments,
                                        mask_encoding_of(o) != nullptr ? index : nullptr);
      CHECK(parts[rank].masks.count + parts[rank].headers.count == message.bytes.size());
      CHECK(parts[rank].headers.count == message.header_bytes);
    }
    CHECK(stage<AllReduce>(out, "whole").elements == 70);
    CHECK(stage<AllReduce>(out, "whole").element_bytes == Bytes{width});
  });
}

TEST_CASE("topk on a ring sends the same coordinates, and rounds sums on the way", "[topk]") {
  auto o = small_options(3);
  set(o, "density", 0.2);
  TopkScheme gathered(small_layers(), o);
  set(o, "sparse-sum", "ring");
  TopkScheme ring(small_layers(), o);
  set(o, "values", "bf16");
  TopkScheme rounded(small_layers(), o);
  const auto run = [&](TopkScheme& scheme) {
    std::vector<float> mean;
    run_steps(scheme, 3, 1, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
      mean.assign(out.mean.begin(), out.mean.end());
      if (&scheme == &gathered) return;
      const auto& sparse = stage<SparseAllReduce>(out, "values");
      REQUIRE(sparse.masks.size() == 3);
      for (Rank rank = 0; rank < 3; ++rank)
        CHECK(std::ranges::equal(sparse.masks[rank], scheme.mask(rank)));
      CHECK(sparse.value_bytes == Bytes{&scheme == &rounded ? 2U : 4U});
      CHECK(sparse.index_bytes == Bytes{4});
      CHECK(stage<AllReduce>(out, "whole").elements == 70);
    });
    return mean;
  };
  CHECK(run(ring) == run(gathered));
  const auto mean = run(rounded);
  const auto gradients = [] {
    Gradients all;
    for (Rank rank = 0; rank < 3; ++rank) all.push_back(normal_values(1, rank, 0));
    return all;
  }();
  const auto bf16 = [](float value) { return from_bf16(to_bf16(value)); };
  std::size_t summed = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    float sum = 0;
    int ranks = 0;
    for (Rank rank = 0; rank < 3; ++rank) {
      if (!is_sent(rounded.mask(rank), 0, i)) continue;
      sum = bf16(sum + bf16(gradients[rank][i]));
      ++ranks;
    }
    summed += ranks > 1;
    if (mean[i] != sum / 3) FAIL("parameter " << i);
  }
  CHECK(summed > 100);
  CHECK_THROWS_WITH(set(o, "sparse-sum", "tree"),
                    "`sparse-sum`: found \"tree\"; accepted: all-gather, ring");
  set(o, "sparse-sum", "ring");
  set(o, "mask-encoding", "rice");
  CHECK_THROWS_WITH(TopkScheme(small_layers(), o),
                    "`mask-encoding`: has no effect with `sparse-sum` ring; leave it out: an index "
                    "of four bytes travels with every value");
}

TEST_CASE("topk clips the norm of a rank's gradient", "[topk]") {
  auto o = small_options(4);
  set(o, "density", 1);
  set(o, "sample", 1);
  set(o, "clip", 3);
  TopkScheme scheme(small_layers(), o);
  run_steps(scheme, 4, 1, [&](std::uint64_t, const Gradients&, const StepOutcome&) {
    for (Rank rank = 0; rank < 4; ++rank) {
      double square = 0;
      for (const float value : scheme.residuals().of(rank).packed)
        square += static_cast<double>(value) * value;
      CHECK(std::sqrt(square) == Approx(3 / std::sqrt(4.0)));  // of a norm near 64
    }
  });
  set(o, "clip", 1000);  // more than the norm: nothing is clipped
  TopkScheme loose(small_layers(), o);
  run_steps(loose, 4, 1, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    std::vector<float> mean(small_parameters);
    mean_over_ranks(gradients, mean);
    CHECK(std::ranges::equal(out.mean, mean));
  });
}

TEST_CASE("topk clears residual and velocity where it sends", "[topk]") {
  auto o = small_options(2);
  set(o, "density", 0.1);
  o.momentum = 0.5;
  TopkScheme scheme(small_layers(), o);
  CHECK(scheme.has_momentum_correction());
  std::vector<double> u(3000), r(3000);
  run_steps(scheme, 2, 6, [&](std::uint64_t, const Gradients& gradients, const StepOutcome&) {
    for (std::size_t i = 0; i < 3000; ++i) {
      u[i] = 0.5 * u[i] + gradients[1][i];
      r[i] += u[i];
      if (is_sent(scheme.mask(1), 0, i)) u[i] = r[i] = 0;
      const auto& own = scheme.residuals().of(1);
      if (!(std::fabs(own.velocity[i] - u[i]) < 1e-5 && std::fabs(own.residual[i] - r[i]) < 1e-5))
        FAIL("parameter " << i);
    }
  });
}
