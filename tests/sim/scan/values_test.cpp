#include "sim/scan/values.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

using Texts = std::vector<std::string>;

Texts expand(std::string_view text) { return expand_values(text, {{}, "`option`"}); }

}  // namespace

TEST_CASE("a list has its values as they are", "[scan]") {
  CHECK(expand("dense") == Texts{"dense"});
  CHECK(expand("dense,iwp,topk") == Texts{"dense", "iwp", "topk"});
  CHECK(expand("1/64,1/128") == Texts{"1/64", "1/128"});
  CHECK(expand(R"(a\,b.json,c.json)") == Texts{"a,b.json", "c.json"});
}

TEST_CASE("a range goes on to its last value", "[scan]") {
  CHECK(expand("1..5") == Texts{"1", "2", "3", "4", "5"});
  CHECK(expand("7..7") == Texts{"7"});
  CHECK(expand("0..8+2") == Texts{"0", "2", "4", "6", "8"});
  CHECK(expand("0..9+4") == Texts{"0", "4", "8"});
  CHECK(expand("8..0+-4") == Texts{"8", "4", "0"});
  CHECK(expand("8..64*2") == Texts{"8", "16", "32", "64"});
  CHECK(expand("8..63*2") == Texts{"8", "16", "32"});
  CHECK(expand("1/2..1/16*1/2") == Texts{"0.5", "0.25", "0.125", "0.0625"});
  CHECK(expand("2,8..16*2") == Texts{"2", "8", "16"});
}

TEST_CASE("rounding neither loses a range's last value nor shows", "[scan]") {
  // 0.1 + 2 * 0.1 is 0.30000000000000004.
  CHECK(expand("0.1..0.3+0.1") == Texts{"0.1", "0.2", "0.3"});
  // 10^(5/2) is no double.
  CHECK(expand("1..1000*10").back() == "1000");
  CHECK(expand("9007199254740990..9007199254740992").size() == 3);
}

TEST_CASE("a range of quantities has the unit of its first one", "[scan]") {
  CHECK(expand("1Gbps..100Gbps*10") == Texts{"1Gbps", "10Gbps", "100Gbps"});
  CHECK(expand("500Mbps..2Gbps*2") == Texts{"500Mbps", "1000Mbps", "2000Mbps"});
  CHECK(expand("1us..2us+500ns") == Texts{"1us", "1.5us", "2us"});
  CHECK(expand("0s..1ms+500us") == Texts{"0s", "0.0005s", "0.001s"});
}

TEST_CASE("what does not begin with a number is no range", "[scan]") {
  CHECK(expand("../mine.json") == Texts{"../mine.json"});
  CHECK(expand("trace:../a..b") == Texts{"trace:../a..b"});
  CHECK(expand("./1..2") == Texts{"./1..2"});
}

TEST_CASE("wrong lists and ranges say what is accepted", "[scan]") {
  const std::string forms =
      "; FIRST..LAST, FIRST..LAST+STEP or FIRST..LAST*FACTOR is accepted, such as 8..64*2 or "
      "10Gbps..50Gbps+10Gbps";
  CHECK_THROWS_WITH(expand("a,,b"),
                    "`option`: found \"a,,b\"; values with a comma between each two are accepted");
  CHECK_THROWS_WITH(expand("1,2,1"),
                    "`option`: found \"1,2,1\", which has 1 twice; each value once is accepted");
  CHECK_THROWS_WITH(expand("8..x"), "`option`: found \"8..x\"" + forms);
  CHECK_THROWS_WITH(expand("8..64*y"), "`option`: found \"8..64*y\"" + forms);
  CHECK_THROWS_WITH(expand("1Gbps..2Gbps*2Gbps"),
                    "`option`: found \"1Gbps..2Gbps*2Gbps\": a factor has no unit" + forms);
  CHECK_THROWS_WITH(
      expand("1Gbps..5us*2"),
      "`option`: found \"1Gbps..5us*2\": \"Gbps\" and \"us\" do not go together" + forms);
  CHECK_THROWS_WITH(
      expand("1Gbps..5*2"),
      "`option`: found \"1Gbps..5*2\": \"Gbps\" and no unit do not go together" + forms);
  const std::string needs =
      ": it needs a step" + forms + "; write for example +STEP or *FACTOR after the last value";
  CHECK_THROWS_WITH(expand("1Gbps..2Gbps"), "`option`: found \"1Gbps..2Gbps\"" + needs);
  CHECK_THROWS_WITH(expand("0.5..1"), "`option`: found \"0.5..1\"" + needs);
  CHECK_THROWS_WITH(expand("5..1"), "`option`: found \"5..1\"" + needs);
  const std::string leads = ": its step does not lead from its first value to its last one" + forms;
  for (const std::string text : {"8..64*1", "8..64*0.5", "64..8*2", "0..8*2", "1..5+0", "1..5+-1"})
    CHECK_THROWS_WITH(expand(text), "`option`: found \"" + text + "\"" + leads);
  CHECK_THROWS_WITH(expand("0..1000000"),
                    "`option`: found \"0..1000000\": it has more than 1000000 values" + forms);
}
