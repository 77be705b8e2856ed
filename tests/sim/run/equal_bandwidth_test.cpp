// On links of the bandwidth that is found, a step takes as long as a dense one.
#include "tests/sim/run/given.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <string>

using namespace ringsim;
using namespace ringsim::test;

namespace {

const Given ring = {{"topology", "ring"},      {"ranks", "4"},          {"latency", "5us"},
                    {"model", "resnet50"},     {"source", "synthetic"}, {"compute-time", "100ms"},
                    {"compress-time", "10ms"}, {"steps", "2"}};
const Given overlapped = with(ring, {{"bucket", "ddp"}});

Given without(Given given, const std::string& name) {
  given.erase(name);
  return given;
}

Given at(const Given& base, double bandwidth) {
  return with(base, {{"bandwidth", fmt::format("{}Bps", bandwidth)}});
}

double step_of(const Given& given) { return summary_of(given).seconds_per_step.total; }

/// Looks from links of such a bandwidth.
void check_equal(const Given& base, double bandwidth, const char* values) {
  const auto found = summary_of(at(base, bandwidth)).equal_at_bandwidth;
  CHECK(found.slowest_link == bandwidth);
  const auto equal = std::string(values) == "fp32" ? found.dense_fp32 : found.dense_bf16;
  REQUIRE(equal.has_value());
  // Casts take what they take by default.
  const auto dense =
      without(with(base, {{"scheme", "dense"}, {"values", values}}), "compress-time");
  CHECK(step_of(at(base, *equal)) == Approx(step_of(at(dense, *equal))).epsilon(1e-5));
}

}  // namespace

TEST_CASE("on links of the bandwidth that is found dense gradients are as fast",
          "[equal_bandwidth]") {
  for (const double bandwidth : {1.25e8, 1.25e9, 1.25e12}) {
    check_equal(ring, bandwidth, "fp32");
    check_equal(ring, bandwidth, "bf16");
  }
  check_equal(overlapped, 1.25e8, "fp32");
  check_equal(with(ring, {{"jitter", "0.2"}}), 1.25e8, "fp32");
}

TEST_CASE("nothing is found where they never meet", "[equal_bandwidth]") {
  // Without a time for compressing, fewer bytes are never slower but for latency, which is 0 here.
  const auto free = with(without(ring, "compress-time"),
                         {{"compress-time", "none"}, {"latency", "0s"}, {"bandwidth", "1Gbps"}});
  const auto found = summary_of(free).equal_at_bandwidth;
  CHECK(found.slowest_link == 1.25e8);
  CHECK_FALSE(found.dense_fp32.has_value());
  const auto slow =
      with(without(ring, "compress-time"), {{"compress-time", "10000s"}, {"bandwidth", "1Gbps"}});
  CHECK_FALSE(summary_of(slow).equal_at_bandwidth.dense_fp32.has_value());
}

TEST_CASE("no bandwidth is looked for where there is no headroom", "[equal_bandwidth]") {
  const auto base = at(ring, 1.25e8);
  const auto dense = without(base, "compress-time");
  CHECK_FALSE(summary_of(with(dense, {{"scheme", "dense"}})).equal_at_bandwidth.slowest_link);
  CHECK_FALSE(summary_of(with(base, {{"headroom", "off"}})).equal_at_bandwidth.slowest_link);
}

TEST_CASE("all links are as many times as fast, whatever they have", "[equal_bandwidth]") {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "mixed.json").string();
  const auto write = [&](double times) {
    const auto link = [&](double bandwidth) {
      return fmt::format(R"("bandwidth": "{}Bps", "latency": "5us")", times * bandwidth);
    };
    std::ofstream(file) << fmt::format(
        R"({{"name": "mixed", "kind": "ring", "hosts": 4, "link": {{{}}}, "link_exceptions": [
            {{"link": "link1", {}}},
            {{"link": "link2", {}, "profile": [{{"at": "0s", "bandwidth": "{}Bps"}}]}},
            {{"link": "link3", {}, "sizes": [{{"from": "1MB", {}}}]}}]}})",
        link(1.25e9), link(1.25e8), link(1.25e9), times * 2e8, link(1.25e9), link(2.5e8));
  };
  write(1);
  const auto mixed = with(without(without(ring, "ranks"), "latency"), {{"topology", file}});
  const auto found = summary_of(mixed).equal_at_bandwidth;
  CHECK(found.slowest_link == 1.25e8);
  REQUIRE(found.dense_fp32.has_value());
  write(*found.dense_fp32 / 1.25e8);
  const auto dense = without(with(mixed, {{"scheme", "dense"}}), "compress-time");
  CHECK(step_of(mixed) == Approx(step_of(dense)).epsilon(1e-5));
}
