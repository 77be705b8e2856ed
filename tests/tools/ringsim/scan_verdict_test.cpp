// What a scan's verdict says of small tables.
#include "tools/ringsim/scan_verdict.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace ringsim;

namespace {

using Row = std::vector<std::string>;

std::vector<std::string> ask_nothing(std::uint32_t /*point*/) { return {}; }

const std::vector<std::string> figures = {"scheme",          "seconds_per_step.total",
                                          "basis.compute",   "basis.compress",
                                          "basis.exchange",  "bottleneck.kind",
                                          "bottleneck.name", "bottleneck.share",
                                          "accuracy",        "error"};

/// A scan of these options; a row has their values, the scheme, the seconds and the accuracy.
ScanRows scan_of(const std::vector<std::string>& options, const std::vector<Row>& points) {
  ScanRows scan{{"point"}, {}};
  for (const auto& option : options) scan.names.push_back("option." + option);
  scan.names.insert(scan.names.end(), figures.begin(), figures.end());
  for (const auto& point : points) {
    Row row = {std::to_string(scan.rows.size())};
    row.insert(row.end(), point.begin(), point.end() - 3);
    const auto& scheme = point[point.size() - 3];
    const auto& seconds = point[point.size() - 2];
    for (const auto& cell :
         {scheme, seconds, std::string("modelled"),
          scheme == "dense" ? std::string() : std::string("modelled"), std::string("modelled"),
          std::string("link"), std::string("link0"), std::string("0.75"), point.back(),
          seconds.empty() ? std::string("it failed") : std::string()}) {
      row.push_back(cell);
    }
    scan.rows.push_back(row);
  }
  return scan;
}

}  // namespace

TEST_CASE("one case has a winner, against dense where there is one", "[scan_verdict]") {
  const auto scan = scan_of({"scheme", "density"}, {{"dense", "", "dense", "0.03", ""},
                                                    {"iwp", "1/64", "iwp", "0.01", ""},
                                                    {"iwp", "1/16", "iwp", "0.02", ""}});
  std::vector<std::uint32_t> asked;
  const auto verdict = scan_verdict(scan, [&](std::uint32_t point) -> std::vector<std::string> {
    asked.push_back(point);
    return {"ring"};
  });
  CHECK(
      verdict ==
      Verdict{{"scheme=iwp density=1/64 is fastest of 3: 10ms a step, 3.00x as fast as "
               "scheme=dense (30ms).",
               "The bandwidth of links binds: 75.00 % of the critical path, most of it at link0.",
               "What scheme=iwp density=1/64 takes to compress is modelled, not measured: it stays "
               "faster than scheme=dense at least while that takes no more than 20ms longer a "
               "step.",
               "Computing, compressing and the exchange are modelled, not measured.",
               "Accuracy was not simulated."},
              {"ring"}});
  CHECK(asked == std::vector<std::uint32_t>{1, 0});
}

TEST_CASE("along one option the winners are told value by value", "[scan_verdict]") {
  const auto scan = scan_of({"bandwidth", "scheme"}, {{"1Gbps", "dense", "dense", "4", "0.81"},
                                                      {"1Gbps", "iwp", "iwp", "1", "0.805"},
                                                      {"10Gbps", "dense", "dense", "3", "0.81"},
                                                      {"10Gbps", "iwp", "iwp", "1", "0.815"},
                                                      {"100Gbps", "dense", "dense", "1", "0.82"},
                                                      {"100Gbps", "iwp", "iwp", "2", "0.8"}});
  const auto verdict = scan_verdict(scan, ask_nothing);
  REQUIRE(verdict.sentences.size() == 6);
  CHECK(verdict.sentences[0] ==
        "scheme=iwp is fastest at bandwidth 1Gbps to 10Gbps (3.00x to 4.00x as fast as dense); "
        "scheme=dense at 100Gbps (2.00x as fast as the next).");
  CHECK(verdict.sentences[1] == "The command breakeven finds where that changes.");
  CHECK(verdict.sentences[2] == "What binds the fastest, of 3 cases: the bandwidth of links in 3.");
  CHECK(verdict.sentences[3] ==
        "What the fastest take to compress is modelled, not measured, in 2 of 3 cases: they stay "
        "faster than dense at least while that takes no more than 2s (at bandwidth=10Gbps) to 3s "
        "(at bandwidth=1Gbps) longer a step.");
  CHECK(verdict.sentences[5] == "The fastest end at accuracies of 80.50 % to 82.00 %.");
}

TEST_CASE("leads that hardly matter are told", "[scan_verdict]") {
  const auto sentences =
      scan_verdict(scan_of({"bandwidth", "scheme"}, {{"1Gbps", "dense", "dense", "2", ""},
                                                     {"1Gbps", "iwp", "iwp", "1", ""},
                                                     {"10Gbps", "dense", "dense", "1.005", ""},
                                                     {"10Gbps", "iwp", "iwp", "1", ""}}),
                   ask_nothing)
          .sentences;
  CHECK(sentences[0] ==
        "scheme=iwp is fastest at bandwidth 1Gbps to 10Gbps (1.00x to 2.00x as fast as dense).");
  CHECK(sentences[1] == "In 1 of 2 cases the fastest leads by less than 1 %.");
}

TEST_CASE("over several options the winners are counted", "[scan_verdict]") {
  std::vector<Row> points;
  for (const auto* ranks : {"4", "8"}) {
    for (const auto* bandwidth : {"1Gbps", "10Gbps"}) {
      points.push_back({ranks, bandwidth, "dense", "dense", "2", ""});
      points.push_back(
          {ranks, bandwidth, "iwp", "iwp", bandwidth == Row{"1Gbps"}[0] ? "1" : "3", ""});
    }
  }
  points.back()[4] = "";
  const auto sentences =
      scan_verdict(scan_of({"ranks", "bandwidth", "scheme"}, points), ask_nothing).sentences;
  CHECK(sentences.front() ==
        "scheme=dense is fastest in 2 of 4 cases; scheme=iwp in 2 (2.00x as fast as dense).");
  CHECK(sentences.back() == "1 of 8 points failed.");
}

TEST_CASE("seeds are averaged over", "[scan_verdict]") {
  const auto scan = scan_of({"seed", "scheme"}, {{"1", "dense", "dense", "2", "0.90"},
                                                 {"1", "iwp", "iwp", "1", "0.80"},
                                                 {"2", "dense", "dense", "2", "0.92"},
                                                 {"2", "iwp", "iwp", "3", "0.84"}});
  const auto sentences = scan_verdict(scan, ask_nothing).sentences;
  // Both take 2 s in the mean.
  CHECK(sentences.front() == "scheme=dense and scheme=iwp take the same: 2s a step.");
  CHECK(sentences.back() ==
        "scheme=dense ends 9.00 points of accuracy above scheme=iwp (91.00 % against 82.00 %, "
        "means of 2 seeds).");
}

TEST_CASE("a lead in time to a target has no bound, and a headroom that is known is not offered",
          "[scan_verdict]") {
  auto scan = scan_of({"bandwidth", "scheme"}, {{"1Gbps", "dense", "dense", "4", ""},
                                                {"1Gbps", "iwp", "iwp", "1", ""},
                                                {"10Gbps", "dense", "dense", "3", ""},
                                                {"10Gbps", "iwp", "iwp", "1", ""}});
  const auto says = [](const ScanRows& rows, const std::string& words) {
    const auto sentences = scan_verdict(rows, ask_nothing).sentences;
    return std::ranges::any_of(sentences,
                               [&](const auto& sentence) { return sentence.starts_with(words); });
  };
  CHECK(says(scan, "What the fastest take to compress is modelled"));
  // Against dense the lead says it.
  CHECK_FALSE(says(scan, "With --headroom on"));
  auto against_topk = scan;
  for (auto& row : against_topk.rows) {
    if (row[2] == "dense") row[2] = row[3] = "topk";
  }
  CHECK(says(against_topk, "What the fastest take to compress is modelled"));
  CHECK(says(against_topk, "With --headroom on"));
  auto known = against_topk;
  known.names.insert(known.names.end() - 1, "headroom_seconds.dense_fp32");
  for (auto& row : known.rows) row.insert(row.end() - 1, row[2] == "iwp" ? "2.5" : "");
  CHECK(says(known, "What the fastest take to compress is modelled"));
  CHECK_FALSE(says(known, "With --headroom on"));
  auto to_target = scan;
  to_target.names.insert(to_target.names.end() - 1, {"target.accuracy", "target.seconds"});
  for (auto& row : to_target.rows)
    row.insert(row.end() - 1, {"0.85", row[2] == "iwp" ? "20" : "30"});
  CHECK_FALSE(says(to_target, "What the fastest take"));
  CHECK(says(to_target, "With --headroom on"));
}

TEST_CASE("where nothing is chosen the ends are told", "[scan_verdict]") {
  const auto scan = scan_of(
      {"bandwidth"},
      {{"1Gbps", "dense", "3", ""}, {"10Gbps", "dense", "1", ""}, {"100Gbps", "dense", "2", ""}});
  CHECK(scan_verdict(scan, ask_nothing).sentences.front() ==
        "It takes least at bandwidth=10Gbps: 1s a step; most at bandwidth=1Gbps: 3s.");
  CHECK(scan_verdict(scan_of({"bandwidth"}, {{"1Gbps", "dense", "", ""}}), ask_nothing).sentences ==
        std::vector<std::string>{"No point has a result.", "1 of 1 points failed."});
}

TEST_CASE("what learnt less than the best is not recommended", "[scan_verdict]") {
  const auto scan = scan_of({"staleness"}, {{"0", "dense", "0.0138", "0.8511"},
                                            {"1", "dense", "0.0135", "0.8226"},
                                            {"4", "dense", "0.0130", "0.0996"}});
  const auto verdict = scan_verdict(scan, ask_nothing);
  REQUIRE(verdict.sentences.size() == 5);
  CHECK(verdict.sentences[0] ==
        "Only staleness=0 comes within a point of the best accuracy: 13.8ms a step.");
  CHECK(verdict.sentences[1] ==
        "Faster, but further below: staleness=4 (13ms a step, 9.96 %) and staleness=1 (13.5ms a "
        "step, 82.26 %).");
  CHECK(verdict.sentences[4] == "It ends at an accuracy of 85.11 %.");
}

TEST_CASE("names are no range, and of several cases, too, the fastest is one that learns",
          "[scan_verdict]") {
  const auto scan = scan_of({"topology", "scheme"}, {{"fast", "dense", "dense", "2", "0.85"},
                                                     {"fast", "iwp", "iwp", "1", "0.85"},
                                                     {"worn.json", "dense", "dense", "6", "0.85"},
                                                     {"worn.json", "iwp", "iwp", "2", "0.845"},
                                                     {"worn.json", "topk", "topk", "1", "0.3"}});
  const auto sentences = scan_verdict(scan, ask_nothing).sentences;
  CHECK(sentences[0] ==
        "Within a point of the best accuracy scheme=iwp is fastest at topology fast and worn.json "
        "(2.00x to 3.00x as fast as dense).");
  CHECK(sentences[1] ==
        "In 1 of 2 cases something else is faster, but ends more than a point below the best "
        "accuracy.");
}

TEST_CASE("among those that learnt the fastest wins", "[scan_verdict]") {
  const auto scan = scan_of(
      {"staleness"},
      {{"0", "dense", "3", "0.85"}, {"1", "dense", "2", "0.845"}, {"4", "dense", "1", "0.3"}});
  const auto verdict = scan_verdict(scan, ask_nothing);
  REQUIRE(verdict.sentences.size() == 5);
  CHECK(verdict.sentences[0] ==
        "Within a point of the best accuracy staleness=1 is fastest: 2s a step, 1.50x as fast as "
        "staleness=0 (3s).");
  CHECK(verdict.sentences[1] == "Faster, but further below: staleness=4 (1s a step, 30.00 %).");
}
