#include "base/option_limits.hpp"

#include "base/option_names.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

constexpr Limits layers = WholeNumber{1, 64};
constexpr Limits share = Number{.minimum = 0, .maximum = 1, .above_minimum = true};
constexpr Limits chance = Number{.minimum = 0, .maximum = 1, .below_maximum = true};
constexpr Limits type = OneOf{[] { return std::vector<std::string>{"fp32", "fp16", "bf16"}; }};
constexpr Limits piece = WithUnit{WithUnit::Kind::bytes, true};

}  // namespace

TEST_CASE("values within their limits are read as the type that the limits stand for",
          "[option_limits]") {
  CHECK(value_as<std::uint32_t>(parse_value(layers, "64", "x")) == 64);
  CHECK(value_as<double>(parse_value(share, "1/64", "x")) == 1.0 / 64);
  CHECK(value_as<double>(parse_value(chance, "0", "x")) == 0);
  CHECK(value_as<bool>(parse_value(OnOff{}, "on", "x")));
  CHECK(value_as<std::string>(parse_value(type, "bf16", "x")) == "bf16");
  CHECK(value_as<Bytes>(parse_value(piece, "4KiB", "x")) == Bytes{4096});
}

TEST_CASE("values outside their limits are errors at the option", "[option_limits]") {
  CHECK_THROWS_WITH(parse_value(layers, "65", "x"),
                    "`x`: found \"65\"; a whole number from 1 to 64 is accepted");
  CHECK_THROWS_WITH(
      parse_value(share, "0", "x"),
      "`x`: found \"0\"; a number above 0 and at most 1 such as 0.01 or 1/64 is accepted");
  CHECK_THROWS_WITH(parse_value(chance, "1", "x"),
                    "`x`: found \"1\"; a number from 0 and below 1, or a fraction such as 1/64, is "
                    "accepted");
  CHECK_THROWS_WITH(parse_value(type, "fp8", "x"),
                    "`x`: found \"fp8\"; accepted: fp32, fp16, bf16");
  CHECK_THROWS_WITH(parse_value(piece, "0B", "x"),
                    "`x`: found \"0B\"; a size above zero such as 512KiB is accepted");
}

TEST_CASE("the help says meaning, limits and default", "[option_limits]") {
  CHECK(help_of({.name = "block",
                 .value = "N",
                 .meaning = "values that share a scale",
                 .limits = WholeNumber{.minimum = 1},
                 .default_value = "512",
                 .default_note = "the paper's"}) ==
        "values that share a scale; a whole number from 1 on; default 512 (the paper's)");
  CHECK(help_of({.name = "overlap",
                 .value = "on|off",
                 .meaning = "whether",
                 .limits = OnOff{},
                 .default_note = "on with `bucket`"}) == "whether; default on with `bucket`");
  CHECK(limit_text(type) == "fp32, fp16 or bf16");
}

TEST_CASE("the command line shows option names with dashes", "[option_names]") {
  CHECK(with_dashes("`whole-below`: found 2; give `lr` too") ==
        "--whole-below: found 2; give --lr too");
  CHECK(with_dashes("`ringsim bench` writes `x` and `Y` and one `") ==
        "`ringsim bench` writes --x and `Y` and one `");
  CHECK(option_place("lr").text() == "`lr`");
}
