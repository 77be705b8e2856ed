// Whole sentences of the verdicts.
#include "tools/ringsim/verdict.hpp"

#include "tools/ringsim/comparison_verdict.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace ringsim;

namespace {

Summary pruned() {
  Summary summary;
  summary.scheme = "iwp";
  summary.ranks = 8;
  summary.seconds_per_step = {.compute = 240e-6,
                              .compress = 4.93e-6,
                              .exchange = 800e-6,
                              .exposed_exchange = 770e-6,
                              .total = 1.015e-3};
  summary.basis = {"modelled", "extrapolated", "calibrated"};
  summary.headroom_seconds = {12.7e-3, -2e-3};
  summary.equal_at_bandwidth = {1.25e8, 2.5e9, 5e7};
  summary.bottleneck = {"latency", "link0", 0.5254};
  return summary;
}

Contender timed(std::string name, double seconds, std::optional<double> accuracy = {}) {
  return {.name = std::move(name),
          .seconds = seconds,
          .basis = {"measured", std::nullopt, "calibrated"},
          .accuracy = accuracy};
}

}  // namespace

TEST_CASE("a run's verdict says what it holds against and what is not known", "[verdict]") {
  const auto verdict = run_verdict(pruned(), {"ring", "V100, fp32, 9TFLOPS"});
  CHECK(
      verdict.sentences ==
      std::vector<std::string>{
          "iwp takes 1.02ms a step on 8 ranks: 240us computing, 4.93us compressing, 770us "
          "waiting for the exchange.",
          "Latency binds: 52.54 % of the critical path, most of it at link0.",
          "It is faster than dense fp32 until compressing takes 12.7ms longer a step, and slower "
          "than dense bf16 by 2ms a step.",
          "With faster links (the slowest has 1Gbps) it stays ahead of dense fp32 up to 20Gbps (20 "
          "times). With slower links (the slowest has 1Gbps) it would be ahead of dense bf16 below "
          "400Mbps (0.4 times).",
          "Computing is modelled, not measured; compressing is extrapolated, not measured; the "
          "exchange is calibrated.",
          "Accuracy was not simulated."});
  CHECK(verdict_text(verdict).find("\nAssumed: ring; V100, fp32, 9TFLOPS.\n") != std::string::npos);
}

TEST_CASE("a run with training says what it ends at, and of dense what it is", "[verdict]") {
  auto summary = pruned();
  summary.accuracy = 0.8893;
  summary.headroom_seconds = {};
  summary.target = {0.8, 150, 0.301};
  auto sentences = run_verdict(summary, {}).sentences;
  REQUIRE(sentences.size() == 6);
  CHECK(sentences[2] == "Dense gradients were not timed beside it.");
  CHECK(sentences[4] ==
        "It ends at an accuracy of 88.93 % (one seed); that of dense gradients was not simulated.");
  CHECK(sentences[5] == "An accuracy of 80.00 % was reached after 150 steps and 301ms.");
  summary.scheme = "dense";
  summary.basis.compress.reset();
  summary.target = {0.9, std::nullopt, std::nullopt};
  sentences = run_verdict(summary, {}, "mean of 3 seeds").sentences;
  REQUIRE(sentences.size() == 5);
  CHECK(sentences[3] == "It ends at an accuracy of 88.93 % (mean of 3 seeds).");
  CHECK(sentences[4] == "An accuracy of 90.00 % was not reached.");
}

TEST_CASE("runs are held against the first, and the first against the next", "[verdict]") {
  CHECK(comparison_verdict({timed("dense", 13.75e-3, 0.8921), timed("iwp", 1e-3, 0.8893)}, {})
            .sentences ==
        std::vector<std::string>{
            "iwp is fastest: 1ms a step, 13.75x as fast as dense (13.8ms).",
            "The exchange is calibrated; computing is as given.",
            "iwp ends 0.28 points of accuracy below dense (88.93 % against 89.21 %, one seed "
            "each)."});
  const auto of_three = comparison_verdict(
      {timed("first", 1e-3), timed("slow", 3e-3), timed("second", 1.004e-3)}, {});
  CHECK(of_three.sentences.front() ==
        "first is fastest of 3: 1ms a step, 0.4 % less than second (1ms).");
  CHECK(of_three.sentences.back() == no_accuracy);
  CHECK(lead_text(timed("a", 1), timed("b", 1 + 1e-12), "a step", 2) ==
        "a and b take the same: 1s a step.");
}

TEST_CASE("a winner by a time that was not measured says until when it stays one", "[verdict]") {
  auto best = timed("iwp", 1e-3);
  const auto rival = timed("dense", 3e-3);
  best.basis.compress = "extrapolated";
  const auto text =
      "What iwp takes to compress is extrapolated, not measured: it stays faster than dense at "
      "least while that takes no more than 2ms longer a step.";
  CHECK(uncertain_lead_text(best, rival) == text);
  CHECK(comparison_verdict({rival, best}, {}).sentences[1] == text);
  CHECK(uncertain_lead_text(best, timed("dense", 1e-3 + 1e-15)).empty());
  best.headroom.dense_fp32 = 2e-3;
  CHECK(uncertain_lead_text(best, rival).empty());
  best.headroom = {};
  for (const auto* basis : {"measured", "calibrated"}) {
    best.basis.compress = basis;
    CHECK(uncertain_lead_text(best, rival).empty());
  }
}

TEST_CASE("runs that learnt less are passed over, whichever is the first", "[verdict]") {
  const std::vector<Contender> runs = {timed("late", 1e-3, 0.8), timed("dense", 3e-3, 0.85),
                                       timed("iwp", 2e-3, 0.845)};
  const auto sentences = comparison_verdict(runs, {}).sentences;
  REQUIRE(sentences.size() == 4);
  CHECK(sentences[0] ==
        "Within a point of the best accuracy iwp is fastest: 2ms a step, 1.50x as fast as dense "
        "(3ms).");
  CHECK(sentences[1] == "Faster, but further below: late (1ms a step, 80.00 %).");
  CHECK(sentences[3] ==
        "iwp ends 0.50 points of accuracy below dense (84.50 % against 85.00 %, one seed each).");
  const auto alone = comparison_verdict({runs[0], runs[1]}, {}).sentences;
  CHECK(alone[0] == "Only dense comes within a point of the best accuracy: 3ms a step.");
  CHECK(alone.back() ==
        "dense ends 5.00 points of accuracy above late (85.00 % against 80.00 %, one seed each).");
  // What was ranked by the time to a target accuracy has reached it.
  CHECK(comparison_verdict(runs, {}, RankedBy::time_to_target).sentences[0] ==
        "late is fastest of 3: 1ms to the target accuracy, 2.00x as fast as iwp (2ms).");
}

TEST_CASE("up to which bandwidth it holds", "[verdict]") {
  auto one = timed("iwp", 1e-3);
  CHECK(bandwidth_text(one).empty());
  one.headroom = {1e-3, 5e-4};
  one.equal_at = {1.25e9, 3.575e10, std::nullopt};
  CHECK(bandwidth_text(one) ==
        "With faster links (the slowest has 10Gbps) it stays ahead of dense fp32 up to 286Gbps "
        "(28.6 times) and of dense bf16 at a thousand times the bandwidth, too.");
  one.equal_at.dense_fp32.reset();
  CHECK(
      bandwidth_text(one) ==
      "With faster links (the slowest has 10Gbps) it stays ahead of dense fp32 and dense bf16 at a "
      "thousand times the bandwidth, too.");
  one.equal_at.dense_fp32 = 3.575e10;
  one.headroom = {-1e-3, -2e-3};
  CHECK(bandwidth_text(one) ==
        "With slower links (the slowest has 10Gbps) it would be ahead of dense fp32 below 286Gbps "
        "(28.6 times). On links of a thousandth of the bandwidth it is slower than dense bf16, "
        "too.");
  one.headroom = {1e-3, 0};
  CHECK(bandwidth_text(one) ==
        "With faster links (the slowest has 10Gbps) it stays ahead of dense fp32 up to 286Gbps "
        "(28.6 times).");
}

TEST_CASE("an accuracy of one run alone is no comparison", "[verdict]") {
  CHECK(accuracy_text(timed("a", 1, 0.5), timed("b", 2)) ==
        "a ends at an accuracy of 50.00 %; that of b was not simulated.");
  CHECK(accuracy_text(timed("a", 1), timed("b", 2, 0.5)) ==
        "b ends at an accuracy of 50.00 %; that of a was not simulated.");
  CHECK(accuracy_text(timed("a", 1, 0.5), timed("b", 2, 0.5)) ==
        "a ends at the accuracy of b (50.00 % against 50.00 %, one seed each).");
}

TEST_CASE("the basis of a time is the worst of all", "[verdict]") {
  const std::array bases = {TimeBasis{"measured", std::nullopt, "calibrated"},
                            TimeBasis{"modelled", "measured", "modelled"}};
  CHECK(basis_text(bases) ==
        "Computing and the exchange are modelled, not measured; compressing is measured or as "
        "given.");
}

TEST_CASE("what binds has the words of the field, and nothing binds without a path", "[verdict]") {
  auto one = timed("a", 1);
  CHECK(binding_text(one).empty());
  one.bottleneck = {"link", "link3", 0.5};
  CHECK(binding_text(one) ==
        "The bandwidth of links binds: 50.00 % of the critical path, most of it at link3.");
}

TEST_CASE("dense bf16 is no rival of itself", "[verdict]") {
  auto one = timed("dense", 1e-3);
  one.headroom = {1e-3, 1e-18};
  CHECK(headroom_text(one) ==
        "It is faster than dense fp32 until compressing takes 1ms longer a step.");
  one.headroom = {-1e-3, -2e-3};
  CHECK(headroom_text(one) ==
        "It is slower than dense fp32 by 1ms a step, and than dense bf16 by 2ms a step.");
}

TEST_CASE("a verdict's Markdown has no markup of users", "[verdict]") {
  const Verdict verdict{{"<b>*x* is fastest."}, {"a|b"}};
  CHECK(verdict_markdown(verdict) ==
        "**Verdict.** \\<b\\>\\*x\\* is fastest.\n\nAssumed: a\\|b.\n");
}
