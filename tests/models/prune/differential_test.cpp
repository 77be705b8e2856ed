// Every engine on host memory, on 1, 2 and 3 threads, against the scalar one, bit for bit.
#include "base/error.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/nonfinite.hpp"
#include "tests/models/prune/buffers.hpp"
#include "tests/models/prune/masks.hpp"
#include "tests/random_cases.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <limits>

namespace ringsim::prune {
namespace {

using namespace test;  // NOLINT: the buffers of these tests

struct Contender {
  std::string name;
  std::unique_ptr<Engine> engine;
};

std::vector<Contender> contenders() {
  std::vector<Contender> result;
  for (const EngineDefinition* definition : engines()) {
    if (definition->memory != EngineMemory::host || !definition->unavailable().empty()) continue;
    if (definition->name == "scalar") continue;
    for (const std::size_t threads : {1, 2, 3})
      result.push_back({std::string(definition->name) + " on " + std::to_string(threads),
                        definition->make(threads)});
  }
  return result;
}

/// Runs select, pack and unpack on both engines and requires the same of every buffer.
void compare(Engine& reference, Contender& contender, const std::vector<std::size_t>& sizes,
             Values values, std::size_t shift, bool with_gradient, bool with_velocity) {
  const auto segments = layers(sizes, values);
  const Segment& last = segments.back();
  const std::size_t elements = last.offset + last.parameters;
  Buffers expected(elements, last.mask_offset + mask_words(last.parameters), shift);
  expected.fill(values, elements + shift);
  Buffers found = expected;
  std::vector<Statistics> expected_statistics(segments.size()), found_statistics(segments.size());
  INFO(contender.name << ", " << elements << " elements, shift " << shift << ", values "
                      << static_cast<int>(values) << ", gradient " << with_gradient << ", velocity "
                      << with_velocity);

  reference.select(expected.spans(shift, with_gradient, with_velocity), 0.9F, segments,
                   expected_statistics);
  contender.engine->select(found.spans(shift, with_gradient, with_velocity), 0.9F, segments,
                           found_statistics);
  REQUIRE(found.mask == expected.mask);
  REQUIRE(same(found.residual, expected.residual));
  REQUIRE(same(found.velocity, expected.velocity));
  for (std::size_t s = 0; s < segments.size(); ++s)
    REQUIRE(same(found_statistics[s], expected_statistics[s]));

  const std::uint64_t kept = count(expected.mask);
  Floats expected_packed(kept), found_packed(kept);
  const auto pack = [&](Engine& engine, Buffers& buffers, Floats& packed) {
    const auto spans = buffers.spans(shift, true, with_velocity);
    return engine.pack(spans.mask, segments, spans.residual, spans.velocity, packed);
  };
  REQUIRE(pack(reference, expected, expected_packed) == kept);
  REQUIRE(pack(*contender.engine, found, found_packed) == kept);
  REQUIRE(same(found_packed, expected_packed));
  REQUIRE(same(found.residual, expected.residual));
  REQUIRE(same(found.velocity, expected.velocity));

  reference.unpack(expected.mask, segments, expected_packed,
                   std::span(expected.weight).subspan(shift));
  contender.engine->unpack(found.mask, segments, found_packed,
                           std::span(found.weight).subspan(shift));
  REQUIRE(same(found.weight, expected.weight));
}

TEST_CASE("engines agree on one layer of every size") {
  const auto reference = make_scalar_engine();
  for (Contender& contender : contenders())
    for (const std::size_t size :
         {0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 511, 513, 1000, 4095, 4096, 4097, 8192 + 100})
      for (const Values values : {Values::normal, Values::bit_patterns, Values::ties})
        for (const std::size_t shift : {0, 1, 3})
          for (const bool with_gradient : {false, true})
            for (const bool with_velocity : {false, true})
              compare(*reference, contender, {size}, values, shift, with_gradient, with_velocity);
}

TEST_CASE("engines agree on a large layer") {
  const auto reference = make_scalar_engine();
  for (Contender& contender : contenders())
    for (const Values values : {Values::normal, Values::bit_patterns, Values::ties})
      compare(*reference, contender, {random_cases(1'000'000) + 3}, values, 1, true,
              values == Values::normal);
}

TEST_CASE("engines agree on many layers, as in ResNet-50") {
  // 161 tensors: convolutions of mixed sizes, each with the two small ones of a normalisation.
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; sizes.size() < 159; ++i) {
    sizes.push_back(std::size_t{64} * (1 + i % 7) * (9 + i));
    sizes.insert(sizes.end(), 2, 64 << i % 3);
  }
  sizes.insert(sizes.end(), {400'001, 1000});
  REQUIRE(sizes.size() == 161);
  const auto reference = make_scalar_engine();
  for (Contender& contender : contenders())
    for (const Values values : {Values::normal, Values::ties})
      compare(*reference, contender, sizes, values, 0, true, true);
}

TEST_CASE("the data of these tests keep some elements and have ties") {
  const auto engine = make_scalar_engine();
  for (const Values values : {Values::normal, Values::bit_patterns, Values::ties}) {
    auto segments = layers({100'000}, values);
    Buffers buffers(100'000, mask_words(100'000), 0);
    buffers.fill(values, 1);
    std::vector<Statistics> statistics(1);
    engine->select(buffers.spans(0, true, true), 0.5F, segments, statistics);
    CHECK(statistics[0].kept > 1000);
    CHECK(statistics[0].kept < 90'000);
    std::size_t ties = 0, denormals = 0, nonfinite = 0;
    for (std::size_t i = 0; i < 100'000; ++i) {
      const float scale = std::max(std::fabs(buffers.weight[i]), segments[0].floor);
      ties += std::fabs(buffers.residual[i]) == segments[0].threshold * scale ? 1 : 0;
      denormals += std::fpclassify(buffers.residual[i]) == FP_SUBNORMAL ? 1 : 0;
      nonfinite += std::isfinite(buffers.residual[i]) ? 0 : 1;
    }
    if (values == Values::ties) CHECK(ties > 1000);
    if (values == Values::bit_patterns) CHECK(denormals > 100);
    if (values == Values::bit_patterns) CHECK(nonfinite > 100);
  }
}

TEST_CASE("the engines keep denormals: nothing is flushed to zero") {
  for (const EngineDefinition* definition : engines()) {
    if (definition->memory != EngineMemory::host || !definition->unavailable().empty()) continue;
    const auto engine = definition->make(2);
    Floats gradient(64, 1e-45F), residual(64, 1e-45F), weight(64, 1e-45F);
    std::vector<MaskWord> mask(1);
    std::vector<Statistics> statistics(1);
    const Segment segment{.parameters = 64, .threshold = 1, .floor = 1e-45F};
    engine->select({gradient, residual, {}, weight, mask}, 0, {&segment, 1}, statistics);
    CHECK(mask[0] == ~MaskWord{0});
    CHECK(statistics[0].importance_sum == 128);
  }
}

struct NonFiniteCase {
  Floats gradient = Floats(300, 0.5F), residual = Floats(300), weight = Floats(300, 1);
  std::vector<Segment> segments = layers({100, 200}, Values::normal);
  std::vector<MaskWord> mask = std::vector<MaskWord>(2 + 4);
  std::vector<Statistics> statistics = std::vector<Statistics>(2);

  std::string message(Engine& engine) {
    const SelectBuffers buffers{gradient, residual, {}, weight, mask};
    engine.select(buffers, 0, segments, statistics);
    const std::vector<std::string> names = {"conv1.weight", "fc.weight"};
    try {
      require_finite(buffers, segments, statistics, names, "rank 3, step 17");
    } catch (const RunError& error) {
      return error.what();
    }
    return "finite";
  }
};

TEST_CASE("NaN and infinity in a gradient are an error that names the layer, or kept") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const EngineDefinition* definition : engines()) {
    if (definition->memory != EngineMemory::host || !definition->unavailable().empty()) continue;
    const auto engine = definition->make(1);
    CHECK(NonFiniteCase().message(*engine) == "finite");
    NonFiniteCase with_nan;
    with_nan.gradient[107] = std::nanf("");
    CHECK(with_nan.message(*engine) ==
          "rank 3, step 17: layer fc.weight: element 7 of the gradient is NaN");
    // Who does not ask goes on: the NaN is not kept, everything else is treated as ever.
    CHECK(std::isnan(with_nan.residual[107]));
    CHECK((with_nan.mask[2] & 1 << 7) == 0);
    NonFiniteCase with_infinity;
    with_infinity.gradient[99] = -infinity;
    CHECK(with_infinity.message(*engine) ==
          "rank 3, step 17: layer conv1.weight: element 99 of the gradient is -infinity");
    CHECK((with_infinity.mask[1] >> (99 - 64) & 1) == 1);
    NonFiniteCase overflow;
    overflow.gradient[0] = overflow.residual[0] = 3e38F;
    CHECK(overflow.message(*engine) ==
          "rank 3, step 17: layer conv1.weight: element 0 of the "
          "residual (the gradient is finite) is infinity");
    // An importance that overflows is no NaN in a gradient.
    NonFiniteCase large;
    large.gradient[5] = 3e38F;
    large.weight[5] = 0;
    CHECK(large.message(*engine) == "finite");
    CHECK(std::isinf(large.statistics[0].importance_sum));
  }
}

}  // namespace
}  // namespace ringsim::prune
