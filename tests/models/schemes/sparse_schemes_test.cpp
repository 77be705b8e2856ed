// The schemes that send some of the coordinates, and dense, which sends all.
#include "base/error.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/cltk.hpp"
#include "models/schemes/iwp.hpp"
#include "models/schemes/layer_split.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/topk.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("what is applied and what stays add up to all gradients", "[schemes]") {
  // Sum of the means that were applied + mean residual = sum of the mean gradients.
  const char* values = GENERATE("fp32", "fp16", "bf16");
  auto o = small_options(4);
  set(o, "density", 0.02);
  set(o, "values", values);
  const auto check_conservation = [&](auto& scheme, const auto& residual, bool adds_on_the_way) {
    std::vector<double> accumulated(small_parameters), applied(small_parameters);
    std::size_t zeros = 0;
    run_steps(scheme, 4, 10,
              [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
                for (std::size_t i = 0; i < small_parameters; ++i) {
                  for (const auto& gradient : gradients) accumulated[i] += gradient[i] / 4.0;
                  applied[i] += out.mean[i];
                  zeros += out.mean[i] == 0;
                }
              });
    CHECK(zeros > 10 * small_parameters / 2);
    // fp32: ten additions of values up to 10, 2^-24 relative each. 16 bits: what a rank sends is
    // rounded with its error kept; the partial sums (up to 40) of at most 10 steps are rounded to 8
    // (bf16) or 11 (fp16) bits and lose at most 3 * 40 * 2^-9 or 2^-12 a step, over 4.
    const std::string_view type = values;
    const double margin = type == "fp32" ? 1e-5 : type == "fp16" ? 0.08 : 0.6;
    for (std::size_t i = 0; i < small_parameters; ++i) {
      double stays = 0;
      for (Rank rank = 0; rank < 4; ++rank) stays += residual(rank)[i] / 4.0;
      const bool whole = i >= 3000 && i < 3070;  // which are all-reduced by every scheme
      const double bound = adds_on_the_way || whole ? margin : 1e-5;
      if (!(std::fabs(applied[i] + stays - accumulated[i]) <= bound))
        FAIL("parameter " << i << ": " << applied[i] << " + " << stays << " is not "
                          << accumulated[i]);
    }
  };
  SECTION("iwp and magnitude") {
    for (const auto importance : {Importance::ratio, Importance::magnitude}) {
      IwpScheme scheme(small_layers(), o, importance);
      check_conservation(
          scheme, [&](Rank rank) { return scheme.residual(rank); }, true);
    }
  }
  SECTION("cltk") {
    CltkScheme scheme(small_layers(), o);
    check_conservation(
        scheme, [&](Rank rank) { return scheme.residuals().of(rank).residual; }, true);
  }
  SECTION("topk, of which partial sums are not rounded") {
    TopkScheme scheme(small_layers(), o);
    check_conservation(
        scheme, [&](Rank rank) { return scheme.residuals().of(rank).residual; }, false);
  }
}

TEST_CASE("a rank keeps what the rounding took off", "[schemes]") {
  auto o = small_options(2);
  set(o, "density", 1);
  set(o, "values", "bf16");
  CltkScheme scheme(small_layers(), o);
  run_steps(scheme, 2, 1, [&](std::uint64_t, const Gradients& gradients, const StepOutcome&) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < small_parameters; ++i) {
      const float sent = from_bf16(to_bf16(gradients[1][i]));
      if (scheme.residuals().of(1).residual[i] != gradients[1][i] - sent) FAIL("parameter " << i);
      kept += sent != gradients[1][i];
    }
    CHECK(kept > small_parameters / 2);
  });
}

TEST_CASE("dense sends the rounded gradients and their rounded sums", "[schemes]") {
  const auto o = [] {
    auto options = small_options(3);
    set(options, "values", "fp16");
    return options;
  }();
  const auto scheme = make_scheme("dense", o);
  run_steps(*scheme, 3, 2, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    const auto rounded = [](float value) { return from_fp16(to_fp16(value)); };
    std::size_t differ = 0;
    for (std::size_t i = 0; i < small_parameters; ++i) {
      float sum = rounded(gradients[0][i]);
      for (const Rank rank : {1, 2}) sum = rounded(sum + rounded(gradients[rank][i]));
      if (out.mean[i] != sum / 3) FAIL("parameter " << i);
      differ += sum != gradients[0][i] + gradients[1][i] + gradients[2][i];
    }
    CHECK(differ > small_parameters / 2);
    const auto& values = stage<AllReduce>(out, "values");
    CHECK(values.elements == small_parameters);
    CHECK(values.element_bytes == Bytes{2});
    // Reads 4 bytes and writes 2 before, the other way round after.
    CHECK(stage<LocalWork>(out, "encode").moved[1] == Bytes{6 * small_parameters});
    CHECK(stage<LocalWork>(out, "decode").moved[2] == Bytes{6 * small_parameters});
  });
}

TEST_CASE("magnitude selects the largest residuals whatever the weight", "[magnitude]") {
  auto o = small_options(2);
  set(o, "threshold", "fixed:1.5");
  set(o, "broadcasters", 1);
  IwpScheme scheme(small_layers(), o, Importance::magnitude);
  const auto weights = normal_values(7, 0, 0);
  const Rank broadcaster = scheme.broadcasters(0).front();
  run_steps(scheme, 2, 1, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    for (const std::size_t l : {0, 2}) {
      const auto layer = small_layers()[l];
      double square = 0;
      for (std::size_t i = layer.offset; i < layer.offset + layer.parameters; ++i)
        square += static_cast<double>(weights[i]) * weights[i];
      const auto rms =
          static_cast<float>(std::sqrt(square / static_cast<double>(layer.parameters)));
      for (std::size_t i = 0; i < layer.parameters; ++i) {
        const bool large = std::fabs(gradients[broadcaster][layer.offset + i]) > 1.5F * rms;
        if (is_sent(out.mask, l, i) != large) FAIL("parameter " << i);
      }
    }
    // 12 bytes for every parameter, one bit for the pruned ones, no weights; the broadcaster also
    // codes its mask.
    CHECK(stage<LocalWork>(out, "select").moved[1 - broadcaster] ==
          Bytes{12 * small_parameters + 4025 / 8});
  });
}

TEST_CASE("randomk draws the same number of coordinates each step, every one as often",
          "[randomk]") {
  auto o = small_options(2);
  set(o, "density", 0.1);
  const auto scheme = make_scheme("randomk", o);
  std::vector<int> drawn(3000);
  run_steps(*scheme, 2, 400, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
    REQUIRE(out.layers[0].kept == 300);
    REQUIRE(out.layers[1].kept == 70);
    REQUIRE(out.layers[2].kept == 102);  // 102.5 rounded down
    for (std::size_t i = 0; i < 3000; ++i) drawn[i] += is_sent(out.mask, 0, i);
    REQUIRE(out.stages.size() == 4);  // nothing but values is exchanged
    CHECK(stage<AllReduce>(out, "values").elements == 300 + 70 + 102);
  });
  // Each count is binomial(400, 0.1), variance 36; their sum is fixed. Chi-square with 2999 degrees
  // of freedom: mean 2999, standard deviation 77; 5 of them are exceeded once in a million seeds.
  double chi_square = 0;
  for (const int count : drawn) chi_square += (count - 40.0) * (count - 40.0) / 36;
  CHECK(chi_square > 2999 - 5 * 77);
  CHECK(chi_square < 2999 + 5 * 77);
}

TEST_CASE("randomk with density 1 is dense", "[randomk]") {
  auto o = small_options(3);
  set(o, "density", 1);
  const auto scheme = make_scheme("randomk", o);
  run_steps(*scheme, 3, 2, [](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    std::vector<float> mean(small_parameters);
    mean_over_ranks(gradients, mean);
    CHECK(std::ranges::equal(out.mean, mean));
  });
}

TEST_CASE("randomk depends on the seed and the step alone", "[randomk]") {
  auto o = small_options(2);
  const auto masks = [&](std::uint64_t seed) {
    o.seed = seed;
    std::vector<prune::MaskWord> words;
    const auto scheme = make_scheme("randomk", o);
    run_steps(*scheme, 2, 2, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
      words.insert(words.end(), out.mask.begin(), out.mask.end());
    });
    return words;
  };
  const auto first = masks(1);
  CHECK(first == masks(1));
  CHECK(first != masks(2));
  CHECK_FALSE(std::equal(first.begin(),
                         first.begin() + static_cast<std::ptrdiff_t>(first.size() / 2),
                         first.begin() + static_cast<std::ptrdiff_t>(first.size() / 2)));
}

TEST_CASE("cltk sends the leader's largest residuals, leaders take turns", "[cltk]") {
  auto o = small_options(3);
  set(o, "density", 0.01);
  CltkScheme scheme(small_layers(), o);
  std::vector<std::vector<float>> residuals(3, std::vector<float>(small_parameters));
  run_steps(scheme, 3, 7,
            [&](std::uint64_t step, const Gradients& gradients, const StepOutcome& out) {
              for (Rank rank = 0; rank < 3; ++rank)
                for (std::size_t i = 0; i < small_parameters; ++i)
                  residuals[rank][i] += gradients[rank][i];
              const Rank leader = step % 3;
              float smallest_sent = 1e9F, largest_kept = 0;
              for (std::size_t i = 0; i < 3000; ++i) {
                const float magnitude = std::fabs(residuals[leader][i]);
                if (is_sent(out.mask, 0, i)) {
                  smallest_sent = std::min(smallest_sent, magnitude);
                  const float mean = (residuals[0][i] + residuals[1][i] + residuals[2][i]) / 3;
                  if (out.mean[i] != mean) FAIL("parameter " << i);
                } else {
                  largest_kept = std::max(largest_kept, magnitude);
                  if (out.mean[i] != 0) FAIL("parameter " << i);
                }
              }
              CHECK(smallest_sent >= largest_kept);
              CHECK(out.layers[0].kept == 30);
              CHECK(out.layers[0].threshold == static_cast<double>(smallest_sent));
              CHECK(out.layers[2].kept == 10);
              const auto message =
                  encode_masks(out.mask, LayerSplit(small_layers(), o).segments, nullptr);
              for (Rank rank = 0; rank < 3; ++rank) {
                const auto& parts = stage<AllGather>(out, "masks").parts;
                CHECK(parts[rank].masks.count == (rank == leader ? message.mask_bytes : 0));
                CHECK(parts[rank].headers.count == (rank == leader ? message.header_bytes : 0));
                CHECK(scheme.selection(rank, step)->broadcasts == (rank == leader));
                for (std::size_t l = 0, i = 0; l < 3; ++l)
                  for (std::size_t j = 0; j < small_layers()[l].parameters; ++j, ++i)
                    if (is_sent(out.mask, l, j)) residuals[rank][i] = 0;
              }
            });
}

TEST_CASE("cltk's filter keeps (1-B) m + B (m + g - sent)", "[cltk]") {
  auto o = small_options(2);
  set(o, "density", 0.05);
  set(o, "filter", 0.25);
  CltkScheme scheme(small_layers(), o);
  std::vector<double> m(small_parameters);
  run_steps(scheme, 2, 5, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    for (std::size_t i = 0; i < 3000; ++i) {
      const double sent = is_sent(out.mask, 0, i) ? m[i] + gradients[1][i] : 0;
      m[i] = 0.75 * m[i] + 0.25 * (m[i] + gradients[1][i] - sent);
      if (!(std::fabs(scheme.residuals().of(1).residual[i] - m[i]) < 1e-5)) FAIL("parameter " << i);
    }
  });
  CHECK_THROWS_WITH(
      set(o, "filter", 2),
      "`filter`: found \"2\"; a number from 1e-09 to 1, or a fraction such as 1/64, is "
      "accepted");
  set(o, "filter", 0.5);
  set(o, "momentum-correction", true);
  CHECK_THROWS_WITH(
      CltkScheme(small_layers(), o),
      "`filter`: has no effect with `momentum-correction` on; leave one of the two out");
}

TEST_CASE("the warm-up of topk, cltk and randomk begins at a quarter", "[schemes]") {
  const auto* name = GENERATE("topk", "cltk", "randomk");
  auto o = small_options(2);
  set(o, "density", 0.01);
  set(o, "warmup", 1);
  o.steps_per_epoch = 2;
  CHECK(find_scheme(name).warmup_steps(o) == 2);
  const auto scheme = make_scheme(name, o);
  run_steps(*scheme, 2, 3, [&](std::uint64_t step, const Gradients&, const StepOutcome& out) {
    CHECK(static_cast<double>(out.layers[0].kept) / 3000 ==
          Approx(step < 2 ? 0.25 : 0.01).epsilon(0.31));
  });
}

TEST_CASE("wrong options of the sparse schemes are errors", "[schemes]") {
  SchemeOptions o;
  CHECK_THROWS_WITH(
      set(o, "density", 1.5),
      "`density`: found \"1.5\"; a number above 0 and at most 1 such as 0.01 or 1/64 is accepted");
  CHECK_THROWS_WITH(set(o, "values", "fp8"), "`values`: found \"fp8\"; accepted: fp32, fp16, bf16");
  CHECK_THROWS_WITH(
      set(o, "sample", 0),
      "`sample`: found \"0\"; a number from 1e-09 to 1, or a fraction such as 1/64, is "
      "accepted");
  CHECK_THROWS_WITH(
      set(o, "clip", -1),
      "`clip`: found \"-1\"; a number from 1e-09 to 1000000000, or a fraction such as "
      "1/64, is accepted");
}
