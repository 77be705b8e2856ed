// What breakeven's verdict says of small tables.
#include "tools/ringsim/crossings.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

const Compared compared{"bandwidth", "scheme=dense", "scheme=iwp"};

BothSummaries both(double a, double b) {
  BothSummaries found;
  found.a.seconds_per_step.total = a;
  found.b.seconds_per_step.total = b;
  found.a.basis = {"modelled", std::nullopt, "modelled"};
  found.b.basis = {"modelled", "modelled", "modelled"};
  found.a.bottleneck = {"compute", "rank 0", 0.9};
  found.b.bottleneck = {"latency", "link0", 0.5};
  return found;
}

/// iwp is faster at 1Gbps, dense at 100Gbps.
Breakeven crossing_at_ten() {
  Breakeven result;
  result.grid = {{"1Gbps", 4, 1}, {"10Gbps", 1.1, 1}, {"100Gbps", 0.5, 1}};
  result.crossings = {{{"12Gbps", 1.001, 1}, {"12.5Gbps", 0.999, 1}, 0.0417}};
  result.compress_basis_b = "modelled";
  result.at_first = both(4, 1);
  result.at_last = both(0.5, 1);
  return result;
}

}  // namespace

TEST_CASE("a crossing is told with both ends and what it rests on", "[crossings]") {
  CHECK(breakeven_verdict(compared, crossing_at_ten()).sentences ==
        std::vector<std::string>{
            "scheme=iwp is faster at a bandwidth up to 12Gbps, scheme=dense beyond.",
            "At 1Gbps scheme=iwp takes 1s a step, 4.00x as fast as scheme=dense (4s); at 100Gbps "
            "scheme=dense takes 500ms a step, 2.00x as fast as scheme=iwp (1s).",
            "What binds the faster one: latency at 1Gbps (scheme=iwp, 50.00 % of the critical "
            "path); computing at 100Gbps (scheme=dense, 90.00 % of the critical path).",
            "What scheme=iwp takes to compress is modelled, not measured: where it is faster, it "
            "stays so at least while that takes no more than 100ms (at 10Gbps) to 3s (at 1Gbps) "
            "longer a step.",
            "Computing, compressing and the exchange are modelled, not measured.",
            "Accuracy was not simulated.",
            "Two crossings between neighbouring values of the table would not be seen (--grid)."});
  CHECK(near_lines(crossing_at_ten()).size() == 1);
  CHECK(crossing_lines(compared, crossing_at_ten()).size() == 3);
}

TEST_CASE("ends are told with their option where their unit does not tell it", "[crossings]") {
  Breakeven result;
  result.grid = {{"4", 1, 1}, {"64", 2, 1.99}};
  CHECK(breakeven_verdict({"ranks", "a", "b"}, result).sentences[1] ==
        "At ranks=4 both take the same (1s a step); at ranks=64 b takes 1.99s a step, 0.5 % less "
        "than a (2s).");
}

TEST_CASE("without a crossing one is faster everywhere", "[crossings]") {
  Breakeven result;
  result.grid = {{"1Gbps", 4, 1}, {"10Gbps", 2, 1}};
  const auto sentences = breakeven_verdict(compared, result).sentences;
  CHECK(sentences.front() ==
        "There is no crossing: scheme=iwp is faster at all 2 values of bandwidth from 1Gbps to "
        "10Gbps.");
  CHECK(crossing_lines(compared, result).empty());
}

TEST_CASE("downwards and twice, the segments are in order", "[crossings]") {
  Breakeven result;
  result.grid = {{"9s", 1, 2}, {"5s", 2, 1}, {"1s", 1, 2}};
  result.crossings = {{{"7s", 1.4, 1.5}, {"6.9s", 1.5, 1.4}, 0.01},
                      {{"3s", 1.5, 1.4}, {"2.9s", 1.4, 1.5}, 0.01}};
  CHECK(breakeven_verdict({"jitter", "a", "b"}, result).sentences.front() ==
        "a is faster at a jitter down to 7s, b from there to 3s, a beyond.");
}

TEST_CASE("where both take the same is no part of either", "[crossings]") {
  const Compared two{"jitter", "a", "b"};
  Breakeven touch;
  touch.grid = {{"1s", 2, 1}, {"2s", 1, 1}, {"3s", 2, 1}};
  touch.crossings = {{touch.grid[1], touch.grid[1], 0}};
  CHECK(breakeven_verdict(two, touch).sentences.front() ==
        "b is faster at every jitter but where they are equal.");
  Breakeven plateau;
  plateau.grid = {{"1s", 2, 1}, {"2s", 1, 1}, {"3s", 1, 1}, {"4s", 1, 2}};
  plateau.crossings = {{plateau.grid[1], plateau.grid[2], 0.5}};
  CHECK(breakeven_verdict(two, plateau).sentences.front() ==
        "b is faster at a jitter up to 2s, both take the same from there to 3s, a beyond.");
  Breakeven from_start;
  from_start.grid = {{"1s", 1, 1}, {"2s", 1, 1}, {"3s", 1, 2}};
  from_start.crossings = {{from_start.grid[0], from_start.grid[1], 1}};
  CHECK(breakeven_verdict(two, from_start).sentences.front() ==
        "Both take the same at a jitter up to 2s, a beyond.");
}
