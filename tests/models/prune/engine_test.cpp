// The contract of models/prune/engine.hpp, by hand, on the reference engine.
#include "models/prune/engine.hpp"

#include "tests/models/prune/masks.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <numeric>

namespace ringsim::prune {
namespace {

using Floats = std::vector<float>;
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("select accumulates, tests in the multiply form and gathers statistics") {
  const auto engine = make_scalar_engine();
  Floats gradient = {1, -2, 0.5F, 0}, residual = {1, -2, 0, 0.25F}, weight = {2, -1, 0, -0.5F};
  std::vector<MaskWord> mask(1, 0xff);
  std::vector<Statistics> statistics(1);
  const Segment segment{.parameters = 4, .threshold = 1.5F, .floor = 0.25F};
  engine->select({gradient, residual, {}, weight, mask}, 0.9F, {&segment, 1}, statistics);
  CHECK(residual == Floats{2, -4, 0.5F, 0.25F});
  // Scales 2, 1, 0.25, 0.5: importances 1, 4, 2, 0.5.
  CHECK(mask.front() == 0b0110);
  CHECK(statistics[0].kept == 2);
  CHECK(statistics[0].importance_sum == 7.5);
  CHECK(statistics[0].importance_square_sum == 21.25);
}

TEST_CASE("select with a velocity corrects the momentum, without fused multiply-add") {
  const auto engine = make_scalar_engine();
  // 0.1F*3 + 1 in one rounding differs from the rounded product plus 1.
  const float momentum = 0.1F;
  const float product = momentum * 3.0000002F;
  REQUIRE(std::fma(momentum, 3.0000002F, -product) != 0);
  Floats gradient = {-product}, residual = {1}, velocity = {3.0000002F}, weight = {1};
  std::vector<MaskWord> mask(1);
  std::vector<Statistics> statistics(1);
  const Segment segment{.parameters = 1, .threshold = 0.5F, .floor = 0.25F};
  engine->select({gradient, residual, velocity, weight, mask}, momentum, {&segment, 1}, statistics);
  CHECK(velocity == Floats{0});
  CHECK(residual == Floats{1});
  CHECK(mask.front() == 1);
}

TEST_CASE("select without a gradient tests the residual and changes nothing") {
  const auto engine = make_scalar_engine();
  Floats residual = {1, 3}, velocity = {5, 7}, weight = {1, 1};
  std::vector<MaskWord> mask(1);
  std::vector<Statistics> statistics(1);
  const Segment segment{.parameters = 2, .threshold = 2, .floor = 0.25F};
  engine->select({{}, residual, velocity, weight, mask}, 0.9F, {&segment, 1}, statistics);
  CHECK(residual == Floats{1, 3});
  CHECK(velocity == Floats{5, 7});
  CHECK(mask.front() == 0b10);
  CHECK(statistics[0].importance_sum == 4);
}

TEST_CASE("ties are not kept, nor NaN, a NaN weight counts as the floor, and infinities are kept") {
  const auto engine = make_scalar_engine();
  Floats residual = {2, std::nextafter(2.0F, 3.0F), nan, 3, infinity, -infinity, 1, 1e-45F};
  Floats weight = {1, 1, 1, nan, 1, 0, infinity, 0};
  std::vector<MaskWord> mask(1);
  std::vector<Statistics> statistics(1);
  const Segment segment{.parameters = 8, .threshold = 2, .floor = 1};
  engine->select({{}, residual, {}, weight, mask}, 0, {&segment, 1}, statistics);
  CHECK(mask.front() == 0b00111010);
  CHECK(std::isnan(statistics[0].importance_sum));
  // A threshold of infinity keeps nothing; the policies gather their first statistics so.
  const Segment nothing{.parameters = 8, .threshold = infinity, .floor = 1};
  engine->select({{}, residual, {}, weight, mask}, 0, {&nothing, 1}, statistics);
  CHECK(mask.front() == 0);
}

TEST_CASE("denormal residuals and weights count") {
  const auto engine = make_scalar_engine();
  Floats residual = {3e-45F, 1e-45F}, weight = {1e-45F, 1e-45F};
  std::vector<MaskWord> mask(1);
  std::vector<Statistics> statistics(1);
  const Segment segment{.parameters = 2, .threshold = 1, .floor = 1e-45F};
  engine->select({{}, residual, {}, weight, mask}, 0, {&segment, 1}, statistics);
  CHECK(mask.front() == 0b01);
  CHECK(statistics[0].importance_sum == 3);
}

TEST_CASE("statistics are summed in 32 lanes per chunk of 4096, chunks in order") {
  const auto engine = make_scalar_engine();
  constexpr std::size_t parameters = 4096 + 37;
  Floats residual(parameters), weight(parameters, 1);
  Random random(3, Purpose::initial_weights);
  for (auto& r : residual) r = static_cast<float>(random.normal() * 1e6);
  residual[17] = 1e20F;  // so that the order of the additions shows
  std::vector<MaskWord> mask(mask_words(parameters));
  std::vector<Statistics> statistics(1);
  const Segment segment{.parameters = parameters, .threshold = 1e9F, .floor = 1};
  engine->select({{}, residual, {}, weight, mask}, 0, {&segment, 1}, statistics);
  double expected = 0;
  for (std::size_t chunk = 0; chunk < parameters; chunk += 4096) {
    double lane[32] = {};
    for (std::size_t i = chunk; i < std::min(chunk + 4096, parameters); ++i)
      lane[i % 32] += static_cast<double>(std::fabs(residual[i]));
    for (const int half : {16, 8, 4, 2, 1})
      for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
    expected += lane[0];
  }
  CHECK(statistics[0].importance_sum == expected);
  const double plain = std::accumulate(residual.begin(), residual.end(), 0.0,
                                       [](double sum, float r) { return sum + std::fabs(r); });
  CHECK(statistics[0].importance_sum != plain);
}

TEST_CASE("segments have their own thresholds, words of the mask and statistics") {
  const auto engine = make_scalar_engine();
  Floats residual(200, 1), weight(200, 1);
  std::vector<MaskWord> mask(4, ~MaskWord{0});
  const std::vector<Segment> segments = {
      {.offset = 100, .parameters = 70, .mask_offset = 0, .threshold = 0.5F, .floor = 0.1F},
      {.offset = 3, .parameters = 0, .mask_offset = 2, .threshold = 0.5F, .floor = 0.1F},
      {.offset = 1, .parameters = 9, .mask_offset = 3, .threshold = 2, .floor = 0.1F}};
  residual[1] = residual[9] = 3;
  residual[0] = residual[10] = 5;
  std::vector<Statistics> statistics(3);
  engine->select({{}, residual, {}, weight, mask}, 0, segments, statistics);
  CHECK(mask == std::vector<MaskWord>{~MaskWord{0}, 0x3f, ~MaskWord{0}, 0b100000001});
  CHECK(statistics[0].kept == 70);
  CHECK(statistics[1].kept == 0);
  CHECK(statistics[1].importance_sum == 0);
  CHECK(statistics[2].kept == 2);
}

TEST_CASE("pack moves and clears, unpack puts back") {
  const auto engine = make_scalar_engine();
  Floats residual(140), velocity(140, 9);
  std::iota(residual.begin(), residual.end(), 0.0F);
  const std::vector<Segment> segments = {
      {.offset = 70, .parameters = 70, .mask_offset = 0, .floor = 1},
      {.offset = 0, .parameters = 10, .mask_offset = 2, .floor = 1}};
  const std::vector<MaskWord> mask = {0b101, 0b100000, 0b1000000001};
  Floats packed(5, -1);
  CHECK(engine->pack(mask, segments, residual, velocity, packed) == 5);
  CHECK(packed == Floats{70, 72, 139, 0, 9});
  CHECK(std::accumulate(residual.begin(), residual.end(), 0.0) ==
        139 * 70 - (70 + 72 + 139 + 0 + 9));
  CHECK(std::count(velocity.begin(), velocity.end(), 0.0F) == 5);
  CHECK(velocity[72] == 0);
  engine->unpack(mask, segments, packed, residual);
  Floats all(140);
  std::iota(all.begin(), all.end(), 0.0F);
  CHECK(residual == all);
}

TEST_CASE("unite and count") {
  std::vector<MaskWord> mask = {0b0011, 0, ~MaskWord{0}};
  const std::vector<MaskWord> other = {0b0110, MaskWord{1} << 63, 5};
  unite(mask, other);
  CHECK(mask == std::vector<MaskWord>{0b0111, MaskWord{1} << 63, ~MaskWord{0}});
  CHECK(count(mask) == 3 + 1 + 64);
  CHECK(count({}) == 0);
}

}  // namespace
}  // namespace ringsim::prune
