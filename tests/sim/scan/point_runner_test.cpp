// Points that run together give what each gives alone.
#include "sim/scan/point_runner.hpp"

#include "base/json_writer.hpp"
#include "traces/summary.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

std::string text_of(const PointResult& result) {
  return result.summary ? to_text(to_json(*result.summary)) : result.error;
}

/// Runs points of all these networks alone, and then together.
void check_together(const std::vector<Assignment>& work, bool can_run_several) {
  std::vector<std::vector<Assignment>> points;
  for (const char* bandwidth : {"1Gbps", "10Gbps", "11Gbps"}) {
    for (const char* latency : {"1us", "20us"}) {
      for (const char* compute_time : {"1us", "3ms"}) {
        auto& point = points.emplace_back(work);
        point.insert(
            point.end(),
            {{"bandwidth", bandwidth}, {"latency", latency}, {"compute-time", compute_time}});
      }
    }
  }
  PointRunner runner;
  std::vector<std::string> alone;
  for (const auto& point : points) alone.push_back(text_of(runner.run(point)));
  REQUIRE(runner.has_recording(points.front()));
  CHECK(runner.can_run_several(points.front()) == can_run_several);
  const auto together = runner.run_several(points);
  REQUIRE(together.size() == points.size());
  for (std::size_t i = 0; i < points.size(); ++i) CHECK(text_of(together[i]) == alone[i]);
}

std::vector<Assignment> synthetic(std::vector<Assignment> others) {
  std::vector<Assignment> work = {{"model", "resnet50"}, {"source", "synthetic"}, {"steps", "2"}};
  work.insert(work.end(), others.begin(), others.end());
  return work;
}

}  // namespace

TEST_CASE("points that differ in links run side by side as they do alone", "[point_runner]") {
  for (const char* scheme : {"dense", "iwp", "qsgd"}) {
    INFO(scheme);
    check_together(
        synthetic({{"topology", "ring"}, {"ranks", "64"}, {"scheme", scheme}, {"jitter", "0.1"}}),
        true);
  }
  check_together(synthetic({{"topology", "ring"}, {"ranks", "8"}, {"scheme", "dense"}}), true);
  check_together(synthetic({{"topology", "switch"},
                            {"ranks", "65"},
                            {"scheme", "iwp"},
                            {"broadcasters", "1"},
                            {"backend", "recurrence"}}),
                 true);
}

TEST_CASE("points with contention, buckets or another collective run alone among others",
          "[point_runner]") {
  const std::vector<Assignment> ring = {{"topology", "ring"}, {"ranks", "64"}, {"scheme", "dense"}};
  const auto with = [&](Assignment other) {
    auto work = synthetic(ring);
    work.push_back(std::move(other));
    return work;
  };
  check_together(with({"bucket", "64MiB"}), false);
  check_together(with({"collective", "halving-doubling"}), false);
  check_together(with({"reduce-rate", "10GBps"}), false);
}
