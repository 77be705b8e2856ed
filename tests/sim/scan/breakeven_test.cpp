#include "sim/scan/breakeven.hpp"

#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;

namespace {

const Place place{{}, "`option`"};

SearchAxis axis_of(std::string_view option, std::string_view item) {
  return {option, parse_range(item, place).value(), item, place};
}

/// Configuration a takes f(value), b takes 1 s.
Breakeven find(std::string_view option, std::string_view item, std::size_t grid, double accuracy,
               double (*f)(double)) {
  const auto axis = axis_of(option, item);
  return find_breakeven(axis, grid, accuracy, [&](const std::string& text) {
    return Comparison{text, f(leading_number(text)->value), 1};
  });
}

std::vector<std::string> grid_texts(const SearchAxis& axis, std::size_t count) {
  std::vector<std::string> texts;
  for (const double position : axis.grid(count)) texts.push_back(axis.text(position));
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an axis has the values that its option takes", "[breakeven]") {
  // Above 0: in logarithms.
  CHECK(grid_texts(axis_of("bandwidth", "1Gbps..100Gbps"), 3) ==
        Texts{"1Gbps", "10Gbps", "100Gbps"});
  CHECK(grid_texts(axis_of("bandwidth", "100Gbps..1Gbps"), 3) ==
        Texts{"100Gbps", "10Gbps", "1Gbps"});
  CHECK(grid_texts(axis_of("jitter", "0..1"), 3) == Texts{"0", "0.5", "1"});
  CHECK(grid_texts(axis_of("ranks", "2..9"), 3) == Texts{"2", "6", "9"});
  CHECK(grid_texts(axis_of("ranks", "2..4"), 9) == Texts{"2", "3", "4"});
  CHECK(grid_texts(axis_of("bytes", "1kB..2kB"), 3) == Texts{"1000B", "1500B", "2000B"});
  CHECK(grid_texts(axis_of("ranks", "16..64+16"), 9) == Texts{"16", "32", "48", "64"});
}

TEST_CASE("bisection ends when the bracket is as narrow as asked for", "[breakeven]") {
  // a: 10 Gbps over the bandwidth.
  const auto found =
      find("bandwidth", "1Gbps..64Gbps", 2, 1e-3, [](double value) { return 10 / value; });
  REQUIRE(found.crossings.size() == 1);
  const auto& [low, high, width] = found.crossings[0];
  const double a = leading_number(low.value)->value, b = leading_number(high.value)->value;
  CHECK(a < 10);
  CHECK(b > 10);
  CHECK(b / a - 1 <= 1e-3);
  CHECK(width.value() == Approx(b / a - 1).epsilon(1e-6));
  CHECK(low.a > low.b);
  CHECK(high.a < high.b);
}

TEST_CASE("bisection ends between neighbours", "[breakeven]") {
  const auto root = [](double value) { return std::sqrt(value / 100.5); };
  const auto whole = find("ranks", "2..1000", 2, 1e-9, root);
  REQUIRE(whole.crossings.size() == 1);
  CHECK(whole.crossings[0].low.value == "100");
  CHECK(whole.crossings[0].high.value == "101");
  const auto listed = find("ranks", "16..256+16", 2, 1e-9, root);
  REQUIRE(listed.crossings.size() == 1);
  CHECK(listed.crossings[0].low.value == "96");
  CHECK(listed.crossings[0].high.value == "112");
  CHECK_FALSE(listed.crossings[0].width);
}

TEST_CASE("every change on the grid is a crossing, and none is said to be none", "[breakeven]") {
  // 1 +- 1/2, changing at 0.5, 1.5, ...
  const auto wave = [](double value) { return 1 + std::cos(value * 3.14159265358979) / 2; };
  const auto found = find("jitter", "0..3", 4, 1e-6, wave);
  REQUIRE(found.crossings.size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(leading_number(found.crossings[i].low.value)->value ==
          Approx(static_cast<double>(i) + 0.5).epsilon(1e-5));
  CHECK(find("jitter", "0..2", 2, 1e-6, wave).crossings.empty());
  CHECK(find("jitter", "0..2", 2, 1e-6, wave).grid.size() == 2);
}

TEST_CASE("where both are equal the bracket is one value", "[breakeven]") {
  const auto line = [](double value) { return value; };
  const auto at_grid = find("jitter", "0..2", 3, 1e-6, line);
  REQUIRE(at_grid.crossings.size() == 1);
  CHECK(at_grid.crossings[0].low == at_grid.crossings[0].high);
  CHECK(at_grid.crossings[0].low.value == "1");
  const auto between = find("jitter", "0..2", 2, 1e-6, line);
  REQUIRE(between.crossings.size() == 1);
  CHECK(between.crossings[0].low.value == "1");
  CHECK(between.crossings[0].width == 0.0);
}
