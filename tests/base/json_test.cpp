#include "base/json_reader.hpp"
#include "base/json_writer.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace ringsim;

namespace {

JsonValue parse(const char* text) { return parse_json(text, "a.json"); }

}  // namespace

TEST_CASE("fields are read with their types", "[json]") {
  const auto o =
      parse(R"({"s": "x", "n": -1.5, "i": 7, "b": true, "l": [1, 2], "o": {"k": null},
                           "bytes": "25MiB", "seconds": "5us", "bandwidth": "10Gbps"})")
          .object({"s", "n", "i", "b", "l", "o", "bytes", "seconds", "bandwidth", "other"});
  CHECK(o["s"].string() == "x");
  CHECK(o["n"].number(-2, 2) == -1.5);
  CHECK(o["i"].number(0, 10) == 7);
  CHECK(o["i"].integer(0, 10) == 7);
  CHECK(o["b"].boolean());
  CHECK(o["l"].array()[1].integer(0, 5) == 2);
  CHECK(o["o"].object({"k"})["k"].is_null());
  CHECK(o["bytes"].bytes() == Bytes{25U << 20});
  CHECK(o["seconds"].seconds() == Seconds{5e-6});
  CHECK(o["bandwidth"].bandwidth() == BytesPerSecond{1.25e9});
  CHECK(!o.find("other"));
}

TEST_CASE("wrong fields are errors with file and pointer", "[json]") {
  const auto error_of = [](const char* text, auto&& read) -> std::string {
    try {
      read(parse(text));
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(error_of(R"({"bandwith": 1})",
                 [](const JsonValue& v) {
                   v.object({"bandwidth", "latency"});
                 }) ==
        "a.json: /bandwith: unknown key (did you mean \"bandwidth\"?); accepted keys: bandwidth, "
        "latency");
  CHECK(error_of(R"({"l": [{}]})", [](const JsonValue& v) {
          v.find("l")->array()[0].object({"latency"})["latency"];
        }) == "a.json: /l/0: the key \"latency\" is missing; add \"latency\"");
  CHECK(error_of(R"({"b": 10})", [](const JsonValue& v) { v.find("b")->bandwidth(); }) ==
        "a.json: /b: found the number 10; a bandwidth such as \"10Gbps\" is accepted; write it as "
        "a string with its "
        "unit");
  CHECK(error_of(R"({"n": 3})", [](const JsonValue& v) { v.find("n")->integer(4, 9); }) ==
        "a.json: /n: found the number 3; a whole number from 4 to 9 is accepted");
  CHECK(error_of(R"({"n": 4.5})", [](const JsonValue& v) { v.find("n")->integer(4, 9); }) ==
        "a.json: /n: found the number 4.5; a whole number from 4 to 9 is accepted");
  CHECK(error_of(R"({"n": "4"})", [](const JsonValue& v) { v.find("n")->number(0, 1); }) ==
        "a.json: /n: found the string \"4\"; a number from 0 to 1 is accepted");
  CHECK(error_of(R"([])", [](const JsonValue& v) { v.object({"a"}); }) ==
        "a.json: found a list; an object is accepted");
  CHECK(error_of(R"({"a~b/c": 1})", [](const JsonValue& v) { v.find("a~b/c")->string(); }) ==
        "a.json: /a~0b~1c: found the number 1; a string is accepted");
}

TEST_CASE("a key that stands twice is an error", "[json]") {
  CHECK_THROWS_WITH(
      parse(R"({"x": [0, {"a": 1, "a": 2}]})"),
      "a.json: /x/1: the key \"a\" stands twice; each key once; remove one of the two");
}

TEST_CASE("broken JSON is an error with line and column", "[json]") {
  CHECK_THROWS_WITH(parse("{\n  \"a\": 1,\n}"),
                    Catch::StartsWith("a.json: line 3, column 1: broken JSON: "));
  CHECK_THROWS_WITH(parse(""), Catch::StartsWith("a.json: line 1, column 1: broken JSON: "));
  CHECK_THROWS_WITH(parse("{\"a\": 1} x"),
                    Catch::StartsWith("a.json: line 1, column 10: broken JSON: "));
}

TEST_CASE("what is written reads back equal, and what is absent is null", "[json]") {
  const Json json = Json::Object{{"z", 0.1},
                                 {"a", std::uint64_t{18446744073709551615U}},
                                 {"text", "\"\n"},
                                 {"absent", std::optional<double>()},
                                 {"infinite", std::numeric_limits<double>::infinity()},
                                 {"list", Json::Array{1, true, nullptr}}};
  CHECK(to_text(json) ==
        "{\n  \"z\": 0.1,\n  \"a\": 18446744073709551615,\n  \"text\": \"\\\"\\n\",\n  \"absent\": "
        "null,\n  "
        "\"infinite\": null,\n  \"list\": [\n    1,\n    true,\n    null\n  ]\n}\n");
  const auto o = parse_json(to_text(json), "a.json");
  CHECK(o.find("z")->number(0, 1) == 0.1);
  CHECK(o.find("a")->integer(0, ~std::uint64_t{0}) == ~std::uint64_t{0});
}
