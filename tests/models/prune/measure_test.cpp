#include "models/prune/measure.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace ringsim::prune {
namespace {

TEST_CASE("measuring fills every rate") {
  MeasureOptions options;
  options.elements = {200'000, 100'000};
  options.repetitions = 2;
  options.threads = 3;  // as few machines have cores
  std::vector<std::size_t> announced;
  const EngineRates rates =
      measure_engine(options, [&](std::size_t elements) { announced.push_back(elements); });
  CHECK(announced == std::vector<std::size_t>{100'000, 200'000});
  CHECK(rates.threads == 3);
  REQUIRE(rates.sizes.size() == 2);
  for (const SizeRates& size : rates.sizes) {
    for (const BytesPerSecond rate :
         {size.copy, size.limit, size.select, size.select_with_velocity}) {
      CHECK(rate.value > 1e6);
      CHECK(rate.value < 1e13);
    }
    REQUIRE(size.masks.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const MaskRates& mask = size.masks[i];
      const double expected = static_cast<double>(size.elements) / (i == 0 ? 1000 : 128);
      CHECK(static_cast<double>(mask.kept) == Approx(expected).epsilon(0.4));
      CHECK(mask.pack.value > 0);
      REQUIRE(mask.encodings.size() == 7);
      CHECK(mask.encodings.back().encoding == "auto");
      for (const EncodingRates& each : mask.encodings)
        CHECK(each.size.count >= mask.encodings.back().size.count);
    }
  }
  CHECK(to_text(to_json(rates)).find("\"select_with_velocity_bytes_per_second\"") !=
        std::string::npos);
}

TEST_CASE("what cannot be measured is an error") {
  const auto refused = [](const MeasureOptions& options) -> std::string {
    try {
      measure_engine(options);
    } catch (const UserError& error) {
      return error.what();
    }
    return "accepted";
  };
  MeasureOptions small;
  small.elements = {100};
  CHECK(refused(small) == "`elements`: found 100; 65536 elements or more are accepted");
  MeasureOptions dense;
  dense.elements = {65536};
  dense.densities = {0.9};
  CHECK(refused(dense) == "`density`: found 0.9; a density from 0.0005 to 0.5 is accepted");
}

TEST_CASE("the yardstick adds") {
  for (const std::size_t size : {0, 1, 7, 8, 9, 100}) {
    std::vector<float> g(size, 1), w(size, 2), r(size + 1, 3);
    accumulate_bare(g.data(), w.data(), r.data(), size);
    std::vector<float> expected(size, 6);
    expected.push_back(3);
    CHECK(r == expected);
  }
}

}  // namespace
}  // namespace ringsim::prune
