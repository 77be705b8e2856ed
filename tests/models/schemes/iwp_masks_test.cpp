// The stochastic tail of iwp's masks, and masks that serve several steps.
#include "base/error.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/set_bits.hpp"
#include "models/schemes/iwp.hpp"
#include "models/schemes/layer_split.hpp"
#include "models/schemes/random_mask.hpp"
#include "models/schemes/shared_mask.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;
using namespace ringsim::test;

namespace {

constexpr std::size_t pruned_parameters = 3000 + 1025;

/// Bits of the pruned layers.
std::uint64_t kept_of(const StepOutcome& outcome) {
  return outcome.layers[0].kept + outcome.layers[2].kept;
}

std::vector<prune::MaskWord> copy_of(std::span<const prune::MaskWord> mask) {
  return {mask.begin(), mask.end()};
}

bool has_stage(const StepOutcome& outcome, std::string_view phase) {
  return std::ranges::any_of(outcome.stages,
                             [&](const Stage& s) { return s.phase.text() == phase; });
}

/// Nothing is above the threshold: what is kept is the tail.
SchemeOptions tail_alone(Rank broadcasters, double tail) {
  auto o = small_options(4);
  set(o, "threshold", "fixed:1e9");
  set(o, "broadcasters", broadcasters);
  set(o, "tail", tail);
  return o;
}

}  // namespace

TEST_CASE("bits are drawn independently with their share", "[iwp]") {
  constexpr std::size_t n = 1'000'000;
  Random random(3, Purpose::stochastic_tail);
  std::vector<prune::MaskWord> mask(prune::mask_words(n));
  const std::size_t drawn = draw_bits(random, 0.01, n, mask);
  CHECK(drawn == prune::count(mask));
  // Binomial: mean 10,000, standard deviation 99.5; five of them, as everywhere here, are missed by
  // chance in one of 1.7 million sequences.
  CHECK(std::fabs(static_cast<double>(drawn) - 10'000) < 5 * 99.5);
  // The first half, in words of which all bits count, has 499,968 bits.
  const auto half = prune::count(std::span(mask).first(n / 128));
  CHECK(std::fabs(static_cast<double>(half) - 4999.68) < 5 * 70.4);
  // Neighbours: both set with 1e-4, 100 pairs on average, standard deviation 10.
  std::size_t last = n, pairs = 0;
  prune::for_each_set_bit(mask, [&](std::size_t i) {
    pairs += i == last + 1 ? 1 : 0;
    last = i;
  });
  CHECK(std::fabs(static_cast<double>(pairs) - 100) < 5 * 10.2);
}

TEST_CASE("bits that were set stay, and those behind the end are not touched", "[iwp]") {
  std::vector<prune::MaskWord> mask = {1, 0};
  Random random(1, Purpose::stochastic_tail);
  CHECK(draw_bits(random, 0, 70, mask) == 0);
  CHECK(mask == std::vector<prune::MaskWord>{1, 0});
  CHECK(draw_bits(random, 1, 70, mask) == 70);
  CHECK(mask == std::vector<prune::MaskWord>{~prune::MaskWord{0}, 0x3f});
  CHECK(draw_bits(random, 0.5, 0, mask) == 0);
}

TEST_CASE("each broadcaster keeps what is below the threshold at the tail's chance", "[iwp]") {
  const Rank broadcasters = GENERATE(1, 3);
  constexpr std::uint64_t steps = 200;
  IwpScheme scheme(small_layers(), tail_alone(broadcasters, 0.05));
  std::uint64_t kept = 0;
  run_steps(scheme, 4, steps, [&](std::uint64_t, const auto&, const StepOutcome& outcome) {
    kept += kept_of(outcome);
  });
  const double share = 1 - std::pow(0.95, broadcasters), draws = steps * pruned_parameters;
  CHECK(std::fabs(static_cast<double>(kept) - draws * share) <
        5 * std::sqrt(draws * share * (1 - share)));
}

TEST_CASE("the bytes of a mask with a tail are those of its encoding", "[iwp]") {
  const LayerSplit split(small_layers(), small_options(4));
  IwpScheme scheme(small_layers(), tail_alone(1, 0.02));
  run_steps(scheme, 4, 5, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    // One broadcaster: the union is its mask.
    const auto message = encode_masks(outcome.mask, split.segments, nullptr);
    const auto& part = stage<AllGather>(outcome, "masks").parts[scheme.broadcasters(step).front()];
    CHECK(part.masks.count == message.mask_bytes);
    CHECK(part.headers.count == message.header_bytes);
    CHECK(stage<AllReduce>(outcome, "values").elements == kept_of(outcome) + 70);
  });
}

TEST_CASE("a tail adds to what is important, anew in every step, by its seed", "[iwp]") {
  auto o = small_options(4);
  set(o, "threshold", "fixed:1.5");
  set(o, "broadcasters", 2);
  const auto masks_of = [&](std::optional<double> tail, std::uint64_t seed) {
    auto with = o;
    if (tail) set(with, "tail", *tail);
    with.seed = seed;
    IwpScheme scheme(small_layers(), with);
    std::vector<std::vector<prune::MaskWord>> masks;
    run_steps(scheme, 4, 2, [&](std::uint64_t, const auto&, const StepOutcome& outcome) {
      masks.push_back(copy_of(outcome.mask));
    });
    return masks;
  };
  const auto without = masks_of({}, 1), with = masks_of(0.01, 1);
  CHECK(masks_of(0, 1) == without);
  CHECK(masks_of(0.01, 1) == with);
  for (std::size_t word = 0; word < with[0].size(); ++word)
    CHECK((without[0][word] & ~with[0][word]) == 0);
  CHECK(prune::count(with[0]) > prune::count(without[0]));
  auto first = tail_alone(1, 0.05), other = first;
  other.seed = 2;
  std::vector<std::vector<prune::MaskWord>> tails;
  for (const auto& options : {first, other}) {
    IwpScheme scheme(small_layers(), options);
    run_steps(scheme, 4, 2, [&](std::uint64_t, const auto&, const StepOutcome& outcome) {
      tails.push_back(copy_of(outcome.mask));
    });
  }
  for (std::size_t i = 0; i < tails.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(tails[i] != tails[j]);
}

TEST_CASE("the density counts what the tail keeps", "[iwp]") {
  auto o = small_options(4);
  set(o, "density", 0.04);
  set(o, "broadcasters", 2);
  set(o, "tail", 0.01);
  IwpScheme scheme(small_layers(), o);
  double kept = 0;
  run_steps(scheme, 4, 500, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    if (step >= 200) kept += static_cast<double>(outcome.layers[0].kept) / 3000;
  });
  CHECK(kept / 300 == Approx(0.04).epsilon(0.1));
}

TEST_CASE("masks serve as many steps as they are asked to", "[iwp]") {
  auto o = small_options(4);
  set(o, "density", 0.05);
  set(o, "broadcasters", 2);
  set(o, "mask-interval", 3);
  IwpScheme scheme(small_layers(), o);
  std::vector<prune::MaskWord> last;
  bool differs = false;
  run_steps(scheme, 4, 12, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    const bool makes = step % 3 == 0;
    CHECK(has_stage(outcome, "masks") == makes);
    CHECK(has_stage(outcome, "select") == makes);
    CHECK(has_stage(outcome, "accumulate") == !makes);
    CHECK(outcome.layers[0].threshold.has_value() == makes);
    CHECK(outcome.layers[0].importance_mean.has_value() == makes);
    CHECK(scheme.selection(0, step)->broadcasts ==
          (makes && scheme.broadcasters(step).front() == 0));
    CHECK((prune::count(scheme.selection(0, step)->mask) > 0) == makes);
    CHECK(scheme.broadcasters(step) == scheme.broadcasters(step - step % 3));
    if (!makes) CHECK(copy_of(outcome.mask) == last);
    if (makes && step > 0) differs |= copy_of(outcome.mask) != last;
    last = copy_of(outcome.mask);
    CHECK(stage<AllReduce>(outcome, "values").elements == kept_of(outcome) + 70);
  });
  CHECK(differs);
}

TEST_CASE("the density is steered where masks serve several steps", "[iwp]") {
  auto o = small_options(4);
  set(o, "density", 0.02);
  set(o, "mask-interval", 4);
  IwpScheme scheme(small_layers(), o);
  double kept = 0;
  run_steps(scheme, 4, 2000, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    if (step >= 800) kept += static_cast<double>(outcome.layers[0].kept) / 3000;
  });
  CHECK(kept / 1200 == Approx(0.02).epsilon(0.1));
}

TEST_CASE("masks of one step are those of a scheme without an interval", "[iwp]") {
  auto o = small_options(4);
  set(o, "density", 0.05);
  o.momentum = 0.5;
  IwpScheme without(small_layers(), o);
  set(o, "mask-interval", 1);
  set(o, "tail", 0);
  IwpScheme with(small_layers(), o);
  std::vector<std::vector<float>> means;
  std::vector<std::uint64_t> bytes;
  run_steps(without, 4, 6, [&](std::uint64_t, const auto&, const StepOutcome& outcome) {
    means.emplace_back(outcome.mean.begin(), outcome.mean.end());
    for (const auto& part : stage<AllGather>(outcome, "masks").parts)
      bytes.push_back(part.total().count);
  });
  std::size_t next = 0;
  run_steps(with, 4, 6, [&](std::uint64_t step, const auto&, const StepOutcome& outcome) {
    CHECK(std::ranges::equal(outcome.mean, means[step]));
    for (const auto& part : stage<AllGather>(outcome, "masks").parts)
      CHECK(part.total().count == bytes[next++]);
  });
}

TEST_CASE("drawn masks serve as many steps as they are asked to", "[iwp]") {
  auto o = small_options(4);
  set(o, "density", 0.05);
  const auto& definition = find_scheme("iwp");
  const auto first = definition.synthesize(small_layers(), o, 4);
  set(o, "mask-interval", 4);
  const auto same = definition.synthesize(small_layers(), o, 4);
  CHECK(same.stages.size() == first.stages.size());
  CHECK(same.layers[0].kept == first.layers[0].kept);
  for (std::uint64_t step = 5; step < 8; ++step) {
    const auto drawn = definition.synthesize(small_layers(), o, step);
    CHECK(drawn.stages.front().phase.text() == "accumulate");
    CHECK(drawn.stages[1].phase.text() == "pack");
    CHECK(drawn.layers[0].kept == first.layers[0].kept);
  }
  CHECK(definition.synthesize(small_layers(), o, 12).layers[0].kept != first.layers[0].kept);
}

TEST_CASE("drawn masks by quantiles cost what they do in training", "[iwp]") {
  const std::string_view name = GENERATE("iwp", "magnitude");
  auto o = small_options(4);
  set(o, "density", 0.05);
  set(o, "broadcasters", 1);
  const auto select_of = [&](const auto& outcome) {
    return std::get<LocalWork>(outcome.stages[0].what);
  };
  const auto steered = select_of(find_scheme(name).synthesize(small_layers(), o, 4));
  set(o, "threshold", "quantile");
  const auto drawn = find_scheme(name).synthesize(small_layers(), o, 4);
  const auto work = select_of(drawn);
  CHECK(work.counts.calls == steered.counts.calls + 1);
  run_steps(*make_scheme(name, o), 4, 5, [&](std::uint64_t step, const auto&, const auto& outcome) {
    const Rank other = (draw_broadcasters(o.seed, step, 4, 1).front() + 1) % 4;
    if (step < 4 || other == draw_broadcasters(o.seed, 4, 4, 1).front()) return;
    CHECK(work.moved[other] == select_of(outcome).moved[other]);
    CHECK(work.coded[other] == select_of(outcome).coded[other]);
    CHECK(work.counts == select_of(outcome).counts);
  });
  set(o, "mask-interval", 4);
  CHECK(find_scheme(name).synthesize(small_layers(), o, 5).stages[0].phase.text() == "accumulate");
}

TEST_CASE("by quantiles layers send what they should in every step", "[iwp]") {
  auto o = small_options(4);
  set(o, "density", 0.05);
  const auto largest = [&] {
    double ratio = 0;
    for (std::uint64_t step = 0; step < 50; ++step) {
      const auto drawn = find_scheme("iwp").synthesize(small_layers(), o, step);
      ratio = std::max(ratio, static_cast<double>(drawn.layers[2].kept) / (0.05 * 1025));
    }
    return ratio;
  };
  CHECK(largest() > 1.8);
  set(o, "threshold", "quantile");
  CHECK(largest() < 1.3);
}

TEST_CASE("tails out of range are errors", "[iwp]") {
  auto o = small_options(4);
  set(o, "broadcasters", 2);
  SECTION("a chance") {
    CHECK_THROWS_WITH(
        set(o, "tail", 1),
        "`tail`: found \"1\"; a number from 0 and below 1, or a fraction such as 1/64, "
        "is accepted");
  }
  SECTION("a tail above the density") {
    set(o, "density", 0.0199);  // 1 - (1 - 0.01)^2
    set(o, "tail", 0.011);
    // 1 - (1 - 0.011)^2 = 0.021879
    CHECK_THROWS_WITH(IwpScheme(small_layers(), o),
                      "`tail`: found 0.011; below 0.01 is accepted: 2 broadcasters would keep "
                      "0.0219 by chance alone, more than `density` 0.0199");
    set(o, "tail", 0.0099);
    CHECK_NOTHROW(IwpScheme(small_layers(), o));
  }
  SECTION("a tail where nothing is compared") {
    set(o, "tail", 0.001);
    CHECK_THROWS_WITH(find_scheme("iwp").synthesize(small_layers(), o, 0),
                      "`tail`: has no effect with `source` synthetic; leave it out: nothing is "
                      "compared with a threshold");
  }
}
