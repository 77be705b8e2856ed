#include "base/text.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("fractions and numbers are read", "[text]") {
  CHECK(parse_number_or_fraction("1/64") == 1.0 / 64);
  CHECK(parse_number_or_fraction("0.25") == 0.25);
  CHECK(parse_number_or_fraction("1e-3") == 1e-3);
  for (const char* wrong : {"", "x", "1/", "1/0", "1/2/3", "1 2", "inf"}) {
    INFO(wrong);
    CHECK(!parse_number_or_fraction(wrong));
  }
}

TEST_CASE("whole numbers are read", "[text]") {
  CHECK(parse_whole_number("0") == 0);
  CHECK(parse_whole_number("18446744073709551615") == 18446744073709551615U);
  for (const char* wrong :
       {"", "x", "-1", "+1", " 1", "1 ", "1.0", "1e3", "18446744073709551616"}) {
    INFO(wrong);
    CHECK(!parse_whole_number(wrong));
  }
}

TEST_CASE("the nearest word is offered where it is near", "[text]") {
  const std::vector<std::string> words = {"bandwidth", "latency", "name"};
  CHECK(did_you_mean("bandwith", words) == " (did you mean \"bandwidth\"?)");
  CHECK(did_you_mean("nmae", words) == " (did you mean \"name\"?)");  // a swap counts as one change
  // A third of the letters may be wrong, and one where that is less than one.
  CHECK(did_you_mean("bandwdht", words) == " (did you mean \"bandwidth\"?)");
  CHECK(nearest("ns", std::vector<std::string>{"ms"}) == "ms");
  CHECK(!nearest("ns", std::vector<std::string>{"kB"}));
  CHECK(did_you_mean("colour", words).empty());
}

TEST_CASE("a number is parted from what follows it", "[text]") {
  const auto number = leading_number("1.5e2  MB");
  REQUIRE(number);
  CHECK(number->value == 150);
  CHECK(number->rest == "MB");
  CHECK(!leading_number("MB"));
  CHECK(!leading_number(""));
  CHECK(!leading_number("1e999"));
}

TEST_CASE("words are joined", "[text]") {
  const std::vector<std::string> words = {"a", "b", "c"};
  CHECK(join(words, ", ") == "a, b, c");
  CHECK(join(std::vector<std::string>(), ", ").empty());
  CHECK(join(std::vector<std::string_view>{"one"}, ", ") == "one");
}

TEST_CASE("an error joins the parts that there are", "[text]") {
  CHECK(std::string(UserError({"a.json", "/x"}, "found 1", "2 is accepted", "write 2").what()) ==
        "a.json: /x: found 1; 2 is accepted; write 2");
  CHECK(std::string(UserError({{}, "--x"}, "found 1").what()) == "--x: found 1");
  CHECK(std::string(UserError({"a.json", {}}, "is empty", {}, "fill it").what()) ==
        "a.json: is empty; fill it");
  CHECK(Place{"f", "/a"}.member("b/c~d").position == "/a/b~1c~0d");
}
