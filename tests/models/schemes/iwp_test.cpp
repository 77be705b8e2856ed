#include "models/schemes/iwp.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>

using namespace ringsim;

namespace {

const Layers layers = {{"a.weight", 0, 3000}, {"a.bias", 3000, 70}, {"b.weight", 3070, 1025}};
constexpr std::size_t parameters = 4095;

SchemeOptions options(Rank ranks) {
  SchemeOptions o;
  o.ranks = ranks;
  set(o, "whole-below", 100);
  o.steps_per_epoch = 5;
  return o;
}

std::vector<float> normal_values(std::uint64_t seed, Rank rank, std::uint64_t step) {
  std::vector<float> values(parameters);
  Random random(seed, Purpose::initial_weights, rank, step);
  for (auto& value : values) value = static_cast<float>(random.normal());
  return values;
}

bool sent(const StepOutcome& outcome, std::size_t layer, std::size_t i) {
  std::size_t offset = 0;
  for (std::size_t l = 0; l < layer; ++l) offset += prune::mask_words(layers[l].parameters);
  return (outcome.mask[offset + i / 64] >> (i % 64) & 1) != 0;
}

/// Runs steps with random gradients and calls check(step, gradients, outcome) after each.
template <class Check>
void run_steps(IwpScheme& scheme, Rank ranks, std::uint64_t steps, Check&& check) {
  const auto weights = normal_values(7, 0, 0);
  for (std::uint64_t step = 0; step < steps; ++step) {
    std::vector<std::vector<float>> gradients;
    for (Rank rank = 0; rank < ranks; ++rank) gradients.push_back(normal_values(1, rank, step));
    for (Rank rank = 0; rank < ranks; ++rank)
      scheme.contribute(rank, step, gradients[rank], weights);
    check(step, gradients, scheme.exchange(step));
  }
}

}  // namespace

TEST_CASE("what was packed plus what stays is what was accumulated", "[iwp]") {
  const bool correction = GENERATE(false, true);
  const char* policy = GENERATE("density", "fixed:0.7", "dispersion:1");
  const bool plain = GENERATE(true, false);
  auto o = options(4);
  if (!plain) {
    set(o, "tail", 0.002);
    set(o, "mask-interval", 3);
  }
  o.momentum = 0.5;
  set(o, "momentum-correction", correction);
  set(o, "threshold", policy);
  IwpScheme scheme(layers, o);
  // Per rank and layer, in doubles: the sum of all u = m*u + g, where factor masking clears u at
  // what was sent. u is followed here on its own, from the gradients and the masks.
  std::vector<std::vector<double>> u(4, std::vector<double>(parameters));
  std::vector<std::vector<double>> accumulated(4, std::vector<double>(layers.size())),
      packed = accumulated;
  std::size_t kept_pruned = 0;
  run_steps(scheme, 4, 12, [&](std::uint64_t, const auto& gradients, const StepOutcome& outcome) {
    for (Rank rank = 0; rank < 4; ++rank) {
      auto value = scheme.packed(rank).begin();
      for (const std::size_t l : {0, 2, 1}) {  // pruned layers first, whole ones behind
        const auto& layer = layers[l];
        const bool whole = l == 1;
        for (std::size_t i = 0; i < layer.parameters; ++i) {
          auto& velocity = u[rank][layer.offset + i];
          velocity = (correction ? 0.5 * velocity : 0) + gradients[rank][layer.offset + i];
          accumulated[rank][l] += velocity;
          if (!sent(outcome, l, i)) continue;
          packed[rank][l] += *value++;
          if (!whole) {
            velocity = 0;
            ++kept_pruned;
          }
        }
      }
      CHECK(value == scheme.packed(rank).end());
    }
  });
  CHECK(kept_pruned > 0);
  for (Rank rank = 0; rank < 4; ++rank) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      double stays = 0;
      for (const float r : scheme.residual(rank).subspan(layers[l].offset, layers[l].parameters))
        stays += r;
      // 12 steps of fp32 additions of values near 1: 1e-7 * 12 * 3000 at worst, far less on
      // average.
      CHECK(packed[rank][l] + stays == Approx(accumulated[rank][l]).margin(1e-3));
    }
  }
}

TEST_CASE("the mean over the ranks arrives on the mask and nothing off it", "[iwp]") {
  auto o = options(3);
  set(o, "threshold", "fixed:0.5");
  set(o, "broadcasters", 2);
  IwpScheme scheme(layers, o);
  run_steps(scheme, 3, 1, [&](std::uint64_t, const auto& gradients, const StepOutcome& outcome) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      std::size_t kept = 0;
      for (std::size_t i = 0; i < layers[l].parameters; ++i) {
        const std::size_t at = layers[l].offset + i;
        const float mean = ((gradients[0][at] + gradients[1][at]) + gradients[2][at]) / 3.0F;
        const bool is_sent = sent(outcome, l, i);
        if (outcome.mean[at] != (is_sent ? mean : 0.0F)) FAIL("parameter " << at);
        kept += is_sent;
      }
      CHECK(outcome.layers[l].kept == kept);
      CHECK(kept > 0);
      CHECK((kept == layers[l].parameters) == (l == 1));  // the bias is sent whole
    }
  });
}

TEST_CASE("the mask is the union of what the broadcasters find important", "[iwp]") {
  auto o = options(4);
  set(o, "threshold", "fixed:0.8");
  set(o, "broadcasters", 2);
  set(o, "floor", 1);
  IwpScheme scheme(layers, o);
  const auto weights = normal_values(7, 0, 0);
  const auto chosen = scheme.broadcasters(0);
  run_steps(scheme, 4, 1, [&](std::uint64_t, const auto& gradients, const StepOutcome& outcome) {
    for (const std::size_t l : {0, 2}) {
      double square = 0;
      for (std::size_t i = 0; i < layers[l].parameters; ++i) {
        square += std::pow(weights[layers[l].offset + i], 2);
      }
      const auto floor =
          static_cast<float>(std::sqrt(square / static_cast<double>(layers[l].parameters)));
      for (std::size_t i = 0; i < layers[l].parameters; ++i) {
        const std::size_t at = layers[l].offset + i;
        const float scale = std::max(std::fabs(weights[at]), floor);
        bool important = false;
        for (const Rank rank : chosen) important |= std::fabs(gradients[rank][at]) > 0.8F * scale;
        if (sent(outcome, l, i) != important) FAIL("parameter " << at);
      }
    }
  });
}

TEST_CASE("the density policy meets its target", "[iwp]") {
  auto o = options(4);
  set(o, "density", 0.02);
  IwpScheme scheme(layers, o);
  double kept = 0;
  run_steps(scheme, 4, 500, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    if (step >= 200) kept += static_cast<double>(outcome.layers[0].kept) / 3000;
  });
  // 300 steps, after those in which the residuals fill up.
  CHECK(kept / 300 == Approx(0.02).epsilon(0.1));
}

TEST_CASE("the density policy meets its target from the first steps on", "[iwp]") {
  const std::uint64_t steps = GENERATE(1, 4, 12, 64, 100);
  const Rank broadcasters = GENERATE(1, 4);
  const auto importance = GENERATE(Importance::ratio, Importance::magnitude);
  INFO(steps << " steps, " << broadcasters << " broadcasters");
  auto o = options(4);
  set(o, "density", "1/84");
  set(o, "broadcasters", broadcasters);
  IwpScheme scheme(layers, o, importance);
  double kept = 0;
  std::vector<std::size_t> headers;
  run_steps(scheme, 4, steps, [&](std::uint64_t, const auto&, const StepOutcome& outcome) {
    kept += static_cast<double>(outcome.layers[0].kept + outcome.layers[2].kept);
    std::size_t sum = 0;
    for (const auto& stage : outcome.stages) {
      if (const auto* gather = std::get_if<AllGather>(&stage.what))
        for (const auto& part : gather->parts) sum += part.headers.count;
    }
    headers.push_back(sum);
  });
  // Four masks of normal numbers overlap less in the first step than those of training do.
  const double tolerance = steps == 1 && broadcasters > 1 ? 0.35 : 0.1;
  CHECK(kept / static_cast<double>(steps) / (3000 + 1025) == Approx(1.0 / 84).epsilon(tolerance));
  // The thresholds of two layers travel once, when they become the same on all ranks.
  if (steps >= 64) CHECK(headers[63] == headers[62] + broadcasters * 2 * 4);
}

TEST_CASE("the quantile policy meets its target in every step", "[iwp]") {
  const auto importance = GENERATE(Importance::ratio, Importance::magnitude);
  auto o = options(4);
  set(o, "density", 0.02);
  set(o, "threshold", "quantile");
  IwpScheme scheme(layers, o, importance);
  double kept = 0;
  std::size_t least = parameters, most = 0;
  run_steps(scheme, 4, 300, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    if (step < 100) return;
    const std::size_t count = outcome.layers[0].kept;
    kept += static_cast<double>(count) / 3000;
    least = std::min(least, count);
    most = std::max(most, count);
  });
  CHECK(kept / 200 == Approx(0.02).epsilon(0.02));
  CHECK(least >= 50);  // of 60
  CHECK(most <= 70);
}

TEST_CASE("the warm-up sends more in the first epochs", "[iwp]") {
  auto o = options(4);
  set(o, "density", 0.01);
  set(o, "warmup", 2);
  o.steps_per_epoch = 60;
  IwpScheme scheme(layers, o);
  std::vector<double> kept(3);
  run_steps(scheme, 4, 180, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    if (step % 60 >= 30) kept[step / 60] += static_cast<double>(outcome.layers[0].kept) / 3000 / 30;
  });
  CHECK(kept[0] == Approx(0.25).epsilon(0.2));
  CHECK(kept[1] == Approx(0.0625).epsilon(0.2));
  CHECK(kept[2] == Approx(0.01).epsilon(0.5));
}

TEST_CASE("payloads are the bytes of the real messages", "[iwp]") {
  auto o = options(4);
  set(o, "threshold", "fixed:1");
  set(o, "broadcasters", 2);
  set(o, "mask-encoding", "bitmap");
  IwpScheme scheme(layers, o);
  run_steps(scheme, 4, 1, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    const auto& parts = std::get<AllGather>(outcome.stages[1].what).parts;
    const auto chosen = scheme.broadcasters(step);
    const std::set<Rank> broadcasters(chosen.begin(), chosen.end());
    for (Rank rank = 0; rank < 4; ++rank) {
      const bool broadcasts = broadcasters.count(rank) > 0;
      // Bitmaps of 3000 and 1025 bits: 375 + 129 bytes; headers: id and a LEB128 length of two
      // bytes each.
      CHECK(parts[rank].masks.count == (broadcasts ? 375 + 129 : 0));
      CHECK(parts[rank].headers.count == (broadcasts ? 6 : 0));
      CHECK(parts[rank].values.count == 0);
    }
    const auto& values = std::get<AllReduce>(outcome.stages[3].what);
    CHECK(values.elements == outcome.layers[0].kept + 70 + outcome.layers[2].kept);
    CHECK(values.element_bytes == Bytes{4});
  });
}

TEST_CASE("finding thresholds in what was accumulated is work of its own", "[iwp]") {
  // One more pass over layers of 3000 and 1025 parameters reads r and w and writes a bit: 32,200 +
  // 503 bytes.
  constexpr std::size_t pass = 8 * 4025 + 4025 / 8;
  const auto select_of = [](const char* policy, std::uint64_t in_step) {
    auto o = options(4);
    set(o, "threshold", policy);
    IwpScheme scheme(layers, o);
    LocalWork work;
    run_steps(scheme, 4, in_step + 1, [&](std::uint64_t, const auto&, const StepOutcome& outcome) {
      work = std::get<LocalWork>(outcome.stages[0].what);
    });
    for (std::size_t rank = 0; rank < 4; ++rank) work.moved[rank].count -= work.coded[rank].count;
    return work;
  };
  const auto plain = select_of("fixed:1", 0);
  const auto passes_of = [](const LocalWork& work) {
    CHECK(work.counts.tensors == 2 * work.counts.calls);
    CHECK(work.counts.elements == 4025 * work.counts.calls);
    return work.counts.calls;
  };
  CHECK(passes_of(plain) == 1);
  // The mean and the deviation come from the pass that accumulates: there is no sample.
  const auto first = select_of("dispersion:1", 0), second = select_of("dispersion:1", 1);
  CHECK(passes_of(first) == 2);
  CHECK(first.moved[2] == plain.moved[2] + Bytes{pass});
  CHECK(passes_of(second) == 1);
  CHECK(second.moved[2] == plain.moved[2]);
  // A rank that broadcasts nothing codes nothing but its sample: all of so small layers, at 28
  // bytes (read r and w, write the importance, read it four times).
  CHECK(passes_of(select_of("quantile", 70)) == 2);
  auto o = options(4);
  set(o, "broadcasters", 1);
  IwpScheme scheme(layers, o);
  run_steps(scheme, 4, 66, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    const auto& work = std::get<LocalWork>(outcome.stages[0].what);
    const Rank other = (scheme.broadcasters(step).front() + 1) % 4;
    CHECK(passes_of(work) == (step < 64 ? 2 : 1));
    CHECK(work.coded[other] == Bytes{step < 64 ? std::size_t{28} * 4025 : 0});
    CHECK(work.moved[other] == plain.moved[2] + work.coded[other] + Bytes{step < 64 ? pass : 0});
  });
}

TEST_CASE("broadcasters are distinct, change, and depend on the seed", "[iwp]") {
  auto o = options(8);
  set(o, "broadcasters", 3);
  const IwpScheme scheme(layers, o);
  o.seed = 2;
  const IwpScheme other(layers, o);
  std::set<Rank> seen;
  bool differs = false;
  for (std::uint64_t step = 0; step < 50; ++step) {
    const auto ranks = scheme.broadcasters(step);
    CHECK(std::set<Rank>(ranks.begin(), ranks.end()).size() == 3);
    seen.insert(ranks.begin(), ranks.end());
    differs |= ranks != other.broadcasters(step);
  }
  CHECK(seen.size() == 8);
  CHECK(differs);
}

TEST_CASE("iwp options out of range are errors", "[iwp]") {
  auto o = options(4);
  SECTION("density") {
    CHECK_THROWS_WITH(set(o, "density", 0),
                      "`density`: found \"0\"; a number above 0 and at most 1 such as 0.01 or 1/64 "
                      "is accepted");
  }
  SECTION("broadcasters") {
    set(o, "broadcasters", 5);
    CHECK_THROWS_WITH(IwpScheme(layers, o),
                      "`broadcasters`: found 5; 1 to 4 (the number of ranks) is accepted");
  }
  SECTION("a density beside another policy") {
    set(o, "density", 0.01);
    set(o, "threshold", "fixed:1");
    CHECK_THROWS_WITH(
        IwpScheme(layers, o),
        "`density`: has no effect with `threshold` fixed:1; use `threshold` density, or leave the "
        "option out");
  }
  SECTION("a warm-up beside another policy") {
    set(o, "warmup", 1);
    set(o, "threshold", "dispersion:2");
    CHECK_THROWS_WITH(
        IwpScheme(layers, o),
        "`warmup`: has no effect with `threshold` dispersion:2; use `threshold` density, or leave "
        "the option out");
  }
  SECTION("encoding") {
    CHECK_THROWS_WITH(set(o, "mask-encoding", "bitmp"),
                      Catch::StartsWith("`mask-encoding`: unknown encoding \"bitmp\" (did "
                                        "you mean \"bitmap\"?); accepted: auto, bitmap"));
  }
}
