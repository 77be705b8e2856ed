// The schemes that send every value in few bits: qsgd, terngrad, signsgd.
#include "base/error.hpp"
#include "models/schemes/quantized.hpp"
#include "models/schemes/scales.hpp"
#include "models/schemes/signsgd.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace ringsim;
using namespace ringsim::test;

namespace {

Quantization qsgd(std::uint32_t levels, std::size_t block) {
  return {Quantization::Scale::euclidean_norm, levels, block, {}};
}
const Quantization ternary = {Quantization::Scale::largest_magnitude, 1, {}, {}};

/// decode(encode(values)); the message has to be of the size that the quantization states.
std::vector<float> through_the_wire(const Quantization& quantization, std::span<const float> values,
                                    Random& random) {
  std::vector<std::uint8_t> bytes;
  encode_layer(quantization, values, random, bytes);
  REQUIRE(bytes.size() ==
          quantization.scale_bytes(values.size()) + quantization.code_bytes(values.size()));
  std::vector<float> decoded(values.size());
  REQUIRE(decode_layer(quantization, bytes, decoded).empty());
  return decoded;
}

float scale_at(const Quantization& quantization, std::span<const float> values, std::size_t i) {
  const std::size_t size = quantization.block.value_or(values.size());
  const std::size_t begin = i / size * size;
  double square = 0;
  float largest = 0;
  for (const float value : values.subspan(begin, std::min(size, values.size() - begin))) {
    square += static_cast<double>(value) * value;
    largest = std::max(largest, std::fabs(value));
  }
  return quantization.scale == Quantization::Scale::euclidean_norm
             ? static_cast<float>(std::sqrt(square))
             : largest;
}

}  // namespace

TEST_CASE("a quantized value is the level below or above", "[quantized]") {
  const auto values = normal_values(3, 0, 0);
  for (const auto& quantization :
       {qsgd(1, 64), qsgd(7, 512), qsgd(7, 100), qsgd(100, 4095), qsgd(32767, 1), ternary}) {
    Random random(1, Purpose::stochastic_rounding);
    const auto decoded = through_the_wire(quantization, values, random);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double step =
          scale_at(quantization, values, i) / static_cast<double>(quantization.levels);
      const double level = decoded[i] / step;
      // The decoded value is rounded to fp32, so the level is whole up to 2^-23 of the largest.
      if (!(std::fabs(level - std::round(level)) < 1e-6 * quantization.levels + 1e-6))
        FAIL("parameter " << i << " has level " << level);
      if (!(std::fabs(decoded[i] - values[i]) < step * 1.01)) FAIL("parameter " << i);
    }
  }
}

TEST_CASE("quantization is without bias", "[quantized]") {
  // The mean of T draws of a two-point distribution of width w = scale/levels has a standard
  // deviation of at most w / (2 sqrt(T)). 5 of them are exceeded by one value in 1.7 million.
  constexpr int draws = 400;
  const auto all = normal_values(4, 0, 0);
  const auto values = std::span(all).first(1000);
  for (const auto& quantization : {qsgd(3, 128), ternary}) {
    std::vector<double> sum(values.size());
    Random random(2, Purpose::stochastic_rounding);
    std::size_t changed = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const auto decoded = through_the_wire(quantization, values, random);
      for (std::size_t i = 0; i < values.size(); ++i) {
        sum[i] += decoded[i];
        changed += std::fabs(decoded[i] - values[i]) > 0.01;
      }
    }
    CHECK(changed > draws * values.size() / 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double width =
          scale_at(quantization, values, i) / static_cast<double>(quantization.levels);
      const double bound = 5 * width / (2 * std::sqrt(draws));
      if (!(std::fabs(sum[i] / draws - values[i]) < bound)) FAIL("parameter " << i);
    }
  }
}

TEST_CASE("zeros stay zeros, and NaN and infinity harm no other block", "[quantized]") {
  std::vector<float> values(20, 0.0F);
  values[0] = std::numeric_limits<float>::quiet_NaN();
  values[5] = std::numeric_limits<float>::infinity();
  values[15] = -2;
  Random random(1, Purpose::stochastic_rounding);
  const auto decoded = through_the_wire(qsgd(7, 5), values, random);
  CHECK(std::all_of(decoded.begin() + 10, decoded.begin() + 15, [](float v) { return v == 0; }));
  CHECK(decoded[15] == -2);  // the only value of its block is its norm
  CHECK(std::all_of(decoded.begin() + 16, decoded.end(), [](float v) { return v == 0; }));
  CHECK(through_the_wire(qsgd(7, 5), {}, random).empty());
}

TEST_CASE("clipping limits to standard deviations", "[quantized]") {
  // Mean 0, variance (4 * 1 + 2 * 16) / 6 = 6.
  std::vector<float> values = {1, -1, 1, -1, 4, -4};
  clip_to_deviations(1, values);
  const auto limit = static_cast<float>(std::sqrt(6.0));
  CHECK(values == std::vector<float>{1, -1, 1, -1, limit, -limit});
}

TEST_CASE("qsgd's and terngrad's bytes are those of the messages", "[quantized]") {
  auto o = small_options(3);
  const auto check_bytes = [&](const char* name, std::size_t values, std::size_t headers) {
    const auto scheme = make_scheme(name, o);
    run_steps(*scheme, 3, 2, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
      REQUIRE(out.stages.size() == 3);
      for (const auto& part : stage<AllGather>(out, "values").parts) {
        CHECK(part.values == Bytes{values});
        CHECK(part.masks == Bytes{});
        CHECK(part.headers == Bytes{headers});
      }
      CHECK(out.layers[0].kept == 3000);
      CHECK(out.mask.empty());
    });
  };
  // 4 bits: 1500 + 35 + 513 bytes (512.5 rounded up); blocks of 512: 6 + 1 + 3 scales.
  check_bytes("qsgd", 1500 + 35 + 513, 4 * 10);
  // 2 bits: 750 + 18 (17.5) + 257 (256.25) bytes; a scale a layer.
  check_bytes("terngrad", 750 + 18 + 257, 4 * 3);
  // ceil(log2(2*8 + 1)) = 5 bits: 1875 + 44 (43.75) + 641 (640.6); blocks of 1000: 3 + 1 + 2.
  set(o, "levels", 8);
  set(o, "block", 1000);
  check_bytes("qsgd", 1875 + 44 + 641, 4 * 6);
}

TEST_CASE("the mean of quantized gradients is without bias where nothing is clipped",
          "[quantized]") {
  const auto* name = GENERATE("qsgd", "terngrad");
  auto o = small_options(4);
  set(o, "clip-deviations", 100);
  const auto scheme = make_scheme(name, o);
  std::vector<double> sum(small_parameters), exact(small_parameters);
  constexpr std::uint64_t steps = 60;
  double widest = 0;
  run_steps(
      *scheme, 4, steps, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
        for (const auto& gradient : gradients) {
          for (const auto& layer : small_layers()) {
            const auto values = std::span(gradient).subspan(layer.offset, layer.parameters);
            const auto quantization = std::string_view(name) == "qsgd" ? qsgd(7, 512) : ternary;
            for (std::size_t i = 0; i < values.size(); i += 512) {
              const double scale = scale_at(quantization, values, i);
              widest = std::max(widest, scale / static_cast<double>(quantization.levels));
            }
          }
        }
        for (std::size_t i = 0; i < small_parameters; ++i) {
          sum[i] += out.mean[i];
          for (const auto& gradient : gradients) exact[i] += gradient[i] / 4.0;
        }
      });
  // 240 independent draws, each with a standard deviation of at most half its width.
  const double bound = 5 * widest / 2 * std::sqrt(static_cast<double>(steps) / 4);
  std::size_t differ = 0;
  for (std::size_t i = 0; i < small_parameters; ++i) {
    if (!(std::fabs(sum[i] - exact[i]) < bound)) FAIL("parameter " << i);
    differ += std::fabs(sum[i] - exact[i]) > bound / 50;
  }
  CHECK(differ > small_parameters / 2);
}

TEST_CASE("ranks and steps draw different numbers, seeds too", "[quantized]") {
  const auto first_means = [](std::uint64_t seed) {
    auto o = small_options(2);
    o.seed = seed;
    const auto scheme = make_scheme("terngrad", o);
    const auto gradient = normal_values(1, 0, 0);
    std::vector<std::vector<float>> means;
    for (std::uint64_t step = 0; step < 2; ++step) {
      for (const Rank rank : {1, 0}) scheme->contribute(rank, step, gradient, gradient);
      const auto outcome = scheme->exchange(step);
      means.emplace_back(outcome.mean.begin(), outcome.mean.end());
    }
    return means;
  };
  const auto means = first_means(1);
  CHECK(means == first_means(1));
  CHECK(means[0] != means[1]);
  CHECK(means[0] != first_means(2)[0]);
  // Some draws of two ranks with equal gradients differ, so that half a scale comes out.
  const std::set<float> values(means[0].begin(), means[0].begin() + 3000);
  CHECK(values.size() == 5);
}

TEST_CASE("signsgd applies the majority's sign times the mean scale", "[signsgd]") {
  SignsgdScheme scheme({{"w", 0, 3, 1}, {"b", 3, 1, 1}}, [] {
    SchemeOptions o;
    o.ranks = 4;
    set(o, "vote", "all-gather");
    return o;
  }());
  // Scales of w: 2, 1, 3, 2; mean 2. Signs: 3 of 4 minus; 2 of 4, a tie; all plus (0 counts as
  // plus).
  const Gradients gradients = {{-3, 2, 1, 4}, {-1, 2, 0, -4}, {-4, -3, 2, 4}, {2, -2, 2, 8}};
  for (Rank rank = 0; rank < 4; ++rank) scheme.contribute(rank, 0, gradients[rank], gradients[0]);
  const auto outcome = scheme.exchange(0);
  CHECK(std::vector<float>(outcome.mean.begin(), outcome.mean.end()) ==
        std::vector<float>{-2, 0, 2, 5});
  // What rank 2 did not say: p - 3 * sign(p); and 4 - 4.
  const auto error = scheme.error(2);
  CHECK(std::vector<float>(error.begin(), error.end()) == std::vector<float>{-1, 0, -1, 0});
  // The next step adds it: p = (-1, 0, -1) + (1, 1, 1) = (0, 1, 0), scale 1/3.
  const std::vector<float> ones(4, 1);
  for (Rank rank = 0; rank < 4; ++rank) scheme.contribute(rank, 1, ones, ones);
  CHECK(scheme.error(2)[1] == Approx(1 - 1.0 / 3));
  CHECK(scheme.error(2)[0] == Approx(-1.0 / 3));
}

TEST_CASE("signsgd: where owners count and votes are equal, the owner's own decides", "[signsgd]") {
  // Layers of 9 and 1 signs: bytes 0, 1 and 2, of which rank 0 owns the first and 1 the second, 2
  // the third, and 3 none.
  SchemeOptions o;
  o.ranks = 4;
  SignsgdScheme scheme({{"w", 0, 9, 1}, {"b", 9, 1, 1}}, o);
  std::vector<std::vector<float>> gradients(4, std::vector<float>(10, 1));
  for (const Rank rank : {0, 2}) gradients[rank][0] = -1;     // a tie that rank 0 turns to minus
  for (const Rank rank : {2, 3}) gradients[rank][1] = -1;     // and one to plus
  for (const Rank rank : {0, 1}) gradients[rank][8] = -1;     // a tie that rank 1 turns to minus
  for (const Rank rank : {0, 1, 3}) gradients[rank][9] = -1;  // no tie
  for (Rank rank = 0; rank < 4; ++rank) scheme.contribute(rank, 0, gradients[rank], gradients[0]);
  const auto outcome = scheme.exchange(0);
  CHECK(std::vector<float>(outcome.mean.begin(), outcome.mean.end()) ==
        std::vector<float>{-1, 1, 1, 1, 1, 1, 1, 1, -1, -1});
}

TEST_CASE("signsgd votes alike whichever way, but where votes are equal", "[signsgd]") {
  // Votes of an odd number of ranks are never equal.
  for (const Rank ranks : {2, 3, 5, 6}) {
    std::vector<std::vector<float>> means;
    for (const auto* vote : {"all-gather", "pairwise"}) {
      auto o = small_options(ranks);
      set(o, "vote", vote);
      SignsgdScheme scheme(small_layers(), o);
      run_steps(scheme, ranks, 1, [&](std::uint64_t, const Gradients&, const StepOutcome& out) {
        means.emplace_back(out.mean.begin(), out.mean.end());
      });
    }
    std::size_t ties = 0;
    for (std::size_t i = 0; i < small_parameters; ++i) {
      ties += means[0][i] == 0 ? 1 : 0;
      if (means[0][i] != 0) REQUIRE(means[1][i] == means[0][i]);
      REQUIRE(means[1][i] != 0);
    }
    CHECK((ties == 0) == (ranks % 2 == 1));
  }
}

TEST_CASE("signsgd's votes travel so that less is sent", "[signsgd]") {
  const auto exchanges = [](Rank ranks, const char* vote) {
    auto o = small_options(ranks);
    set(o, "vote", vote);
    const auto step = find_scheme("signsgd").synthesize(small_layers(), o, 0);
    std::vector<std::string> kinds;
    for (const auto& stage : step.stages) {
      if (const auto* gather = std::get_if<AllGather>(&stage.what)) {
        CHECK(gather->parts.size() == ranks);
        kinds.push_back(fmt::format("{} gathers {}+{}", stage.phase.text(),
                                    gather->parts[0].values.count, gather->parts[0].headers.count));
      } else if (const auto* reduce = std::get_if<AllReduce>(&stage.what)) {
        CHECK(reduce->at_owners);
        CHECK(reduce->element_bytes == Bytes{1});
        kinds.push_back(fmt::format("{} at owners {}", stage.phase.text(), reduce->elements));
      }
    }
    return kinds;
  };
  using Kinds = std::vector<std::string>;
  // 3000, 70 and 1025 bits are 375 + 9 + 129 bytes; three scales. A rank sends 2(N-1)/N times the
  // signs to owners and back, N-1 times in an all-gather: as much with two ranks.
  const Kinds gathered = {"values gathers 513+12"};
  const Kinds pairwise = {"scales gathers 0+12", "values at owners 513"};
  CHECK(exchanges(2, "auto") == gathered);
  CHECK(exchanges(3, "auto") == pairwise);
  CHECK(exchanges(64, "all-gather") == gathered);
  CHECK(exchanges(2, "pairwise") == pairwise);
}

TEST_CASE("signsgd: what was sent plus what stays is what was accumulated", "[signsgd]") {
  SignsgdScheme scheme(small_layers(), small_options(2));
  std::vector<double> accumulated(small_parameters), sent(small_parameters);
  run_steps(scheme, 2, 20, [&](std::uint64_t, const Gradients& gradients, const StepOutcome&) {
    std::size_t at = 0;
    for (const auto& layer : small_layers()) {
      const double scale = read_scale(scheme.message(1).subspan(at));
      for (std::size_t i = 0; i < layer.parameters; ++i) {
        const bool minus = (scheme.message(1)[at + 4 + i / 8] >> (i % 8) & 1) != 0;
        sent[layer.offset + i] += minus ? -scale : scale;
        accumulated[layer.offset + i] += gradients[1][layer.offset + i];
      }
      at += 4 + (layer.parameters + 7) / 8;
    }
    CHECK(at == scheme.message(1).size());
  });
  for (std::size_t i = 0; i < small_parameters; ++i) {
    // 40 additions of values up to 20.
    if (!(std::fabs(sent[i] + scheme.error(1)[i] - accumulated[i]) < 1e-4)) FAIL("parameter " << i);
    if (!(std::fabs(scheme.error(1)[i]) < 20)) FAIL("parameter " << i);
  }
}

TEST_CASE("signsgd's bytes are those of the messages", "[signsgd]") {
  auto o = small_options(3);
  set(o, "vote", "all-gather");
  const auto scheme = make_scheme("signsgd", o);
  run_steps(*scheme, 3, 1, [](std::uint64_t, const Gradients&, const StepOutcome& out) {
    for (const auto& part : stage<AllGather>(out, "values").parts) {
      CHECK(part.values == Bytes{375 + 9 + 129});  // 3000, 70 and 1025 bits
      CHECK(part.headers == Bytes{4 * 3});
    }
  });
}

TEST_CASE("wrong options of the quantizing schemes are errors", "[quantized]") {
  auto o = small_options(2);
  CHECK_THROWS_WITH(set(o, "levels", 0),
                    "`levels`: found \"0\"; a whole number from 1 to 32767 is accepted");
  CHECK_THROWS_WITH(
      set(o, "block", 0),
      "`block`: found \"0\"; a whole number from 1 to 18446744073709551615 is accepted");
  CHECK_THROWS_WITH(set(o, "clip-deviations", 0),
                    "`clip-deviations`: found \"0\"; a number from 1e-09 to 1000000000, or a "
                    "fraction such as 1/64, is accepted");
}
