#include "base/json_reader.hpp"
#include "base/json_writer.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace ringsim;

namespace {

JsonValue parse(const char* text) { return parse_json(text, "a.json"); }

/// The message with which `read` refuses what the text holds.
template <class Read>
std::string error_of(const char* text, Read&& read) {
  try {
    read(parse(text));
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

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
                    "a.json: line 3, column 1: broken JSON: found }; a key in double quotes is "
                    "accepted");
  CHECK_THROWS_WITH(
      parse(""), "a.json: line 1, column 1: broken JSON: the file ends here; a value is accepted");
  CHECK_THROWS_WITH(
      parse("[1,\n2"),
      "a.json: line 2, column 2: broken JSON: the file ends here; a comma or ] is accepted");
  CHECK_THROWS_WITH(
      parse("{\"a\": 1} x"),
      "a.json: line 1, column 10: broken JSON: found \"x\"; the end of the file is accepted");
  CHECK_THROWS_WITH(parse("{\"a\": 01}"),
                    "a.json: line 1, column 7: broken JSON: found \"01\"; a value is accepted");
}

TEST_CASE("a byte that is not UTF-8 is an error, and is not repeated in it", "[json]") {
  CHECK_THROWS_WITH(parse("{\"a\": \"\xff\"}"),
                    "a.json: line 1, column 8: broken JSON: a text with bytes that are not UTF-8");
}

TEST_CASE("numbers that no double holds and deep nesting are errors", "[json]") {
  CHECK_THROWS_WITH(
      parse("{\"a\":\n 1e999}"),
      "a.json: line 2, column 2: the number 1e999 is too large; a number of magnitude "
      "below 1.8e308 is accepted");
  CHECK_NOTHROW(parse_json(std::string(100, '[') + std::string(100, ']'), "a.json"));
  CHECK_THROWS_WITH(parse_json(std::string(1'000'000, '['), "a.json"),
                    "a.json: lists and objects nest more than 100 deep");
}

TEST_CASE("every type is refused where another is wanted, and described", "[json]") {
  const auto as_string = [](const JsonValue& value) { value.string(); };
  CHECK(error_of("null", as_string) == "a.json: found null; a string is accepted");
  CHECK(error_of("true", as_string) == "a.json: found true; a string is accepted");
  CHECK(error_of("-3", as_string) == "a.json: found the number -3; a string is accepted");
  CHECK(error_of("0.5", as_string) == "a.json: found the number 0.5; a string is accepted");
  CHECK(error_of("[]", as_string) == "a.json: found a list; a string is accepted");
  CHECK(error_of("{}", as_string) == "a.json: found an object; a string is accepted");
  CHECK(error_of("1", [](const JsonValue& v) { v.boolean(); }) ==
        "a.json: found the number 1; true or false is accepted");
  CHECK(error_of("{}", [](const JsonValue& v) { v.array("a list of links is accepted"); }) ==
        "a.json: found an object; a list of links is accepted");
  CHECK(error_of("-1", [](const JsonValue& v) { v.integer(0, 9); }) ==
        "a.json: found the number -1; a whole number from 0 to 9 is accepted");
  CHECK(error_of("18446744073709551616", [](const JsonValue& v) { v.integer(0, 9); }) ==
        "a.json: found the number 1.8446744073709552e+19; a whole number from 0 to 9 is accepted");
  CHECK(error_of("1.5", [](const JsonValue& v) { v.number(0, 1); }) ==
        "a.json: found the number 1.5; a number from 0 to 1 is accepted");
  CHECK(error_of("\"10\"", [](const JsonValue& v) { v.seconds(); }) ==
        "a.json: \"10\" has no unit; a time such as 5us, 1.5ms or 2s is accepted; write the unit "
        "after the number");
  CHECK(
      error_of("7", [](const JsonValue& v) { v.bytes(); }) ==
      "a.json: found the number 7; a size such as \"25MiB\" is accepted; write it as a string with "
      "its unit");
  CHECK(error_of("9", [](const JsonValue& v) { v.flop_rate(); }) ==
        "a.json: found the number 9; a rate such as \"9TFLOPS\" is accepted; write it as a string "
        "with "
        "its unit");
}

TEST_CASE("a value outlives the document that it was found in", "[json]") {
  const auto inner = parse(R"({"a": {"b": "text"}})").find("a")->find("b");
  CHECK(inner->string() == "text");
  CHECK(inner->place().text() == "a.json: /a/b");
}

TEST_CASE("text that is not UTF-8 is written with the replacement character", "[json]") {
  CHECK(to_text(Json(std::string("a\xff"))) == "\"a\xef\xbf\xbd\"\n");
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
