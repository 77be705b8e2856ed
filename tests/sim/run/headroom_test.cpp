// Headroom is what it says: with so much more time for compressing, a step takes as long as a dense
// one.
#include "tests/sim/run/given.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <string>

using namespace ringsim;
using namespace ringsim::test;

namespace {

const Given slow = {{"topology", "ring"},      {"ranks", "4"},        {"bandwidth", "10Gbps"},
                    {"latency", "5us"},        {"model", "resnet50"}, {"source", "synthetic"},
                    {"compute-time", "100ms"}, {"steps", "2"}};
const Given overlapped = with(slow, {{"bucket", "ddp"}});

double step_of(const Given& given) { return summary_of(given).seconds_per_step.total; }

/// Runs `iwp` with 1 ms for compressing, and with its headroom to dense `values` more.
void check_headroom(const Given& base, const char* values, double accuracy) {
  const auto found = summary_of(with(base, {{"compress-time", "1ms"}})).headroom_seconds;
  const auto headroom = std::string(values) == "fp32" ? found.dense_fp32 : found.dense_bf16;
  REQUIRE(headroom.has_value());
  CHECK(*headroom > 0);
  const auto longer = fmt::format("{}s", 1e-3 + *headroom);
  const double dense = step_of(with(base, {{"scheme", "dense"}, {"values", values}}));
  CHECK(step_of(with(base, {{"compress-time", longer}})) ==
        Approx(dense).epsilon(accuracy).margin(0));
}

}  // namespace

TEST_CASE("with its headroom more, compressing makes a step as long as a dense one", "[headroom]") {
  check_headroom(slow, "fp32", 1e-9);
  check_headroom(slow, "bf16", 1e-9);
  check_headroom(overlapped, "fp32", 1e-5);
  check_headroom(overlapped, "bf16", 1e-5);
  check_headroom(with(slow, {{"jitter", "0.2"}}), "fp32", 1e-9);
}

TEST_CASE("what hides behind the backward pass is headroom, too", "[headroom]") {
  const auto own = summary_of(with(overlapped, {{"compress-time", "1ms"}}));
  const double dense = step_of(with(overlapped, {{"scheme", "dense"}}));
  CHECK(own.headroom_seconds.dense_fp32.value() >= dense - own.seconds_per_step.total);
}

TEST_CASE("headroom is negative where dense is faster", "[headroom]") {
  const auto own = summary_of(with(slow, {{"compress-time", "10s"}}));
  const double dense = step_of(with(slow, {{"scheme", "dense"}}));
  // 10 s against 6/4 * 102.2 MB at 10 Gbit/s, 123 ms, less what iwp exchanges.
  CHECK(own.headroom_seconds.dense_fp32.value() < -9.877);
  CHECK(own.headroom_seconds.dense_fp32.value() > -9.89);
  CHECK(own.headroom_seconds.dense_fp32.value() ==
        Approx(dense - own.seconds_per_step.total).epsilon(1e-9));
}

TEST_CASE("there is no headroom where nothing is compressed, or nobody asks", "[headroom]") {
  CHECK_FALSE(summary_of(with(slow, {{"scheme", "dense"}})).headroom_seconds.dense_fp32);
  CHECK_FALSE(summary_of(with(slow, {{"headroom", "off"}})).headroom_seconds.dense_bf16);
  // Casting is compressing: dense bf16 may take longer, and is itself.
  const auto bf16 = summary_of(with(slow, {{"scheme", "dense"}, {"values", "bf16"}}));
  CHECK(bf16.headroom_seconds.dense_fp32.value() > 0);
  CHECK(bf16.headroom_seconds.dense_bf16.value() == 0);
}
