#include "sim/timing/ready_times.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {
const Layers layers = {{"a", 0, 10}, {"b", 10, 20}, {"c", 30, 30}};
}

TEST_CASE("gradients become ready in proportion to operations", "[ready]") {
  // Forward 1 + 2 + 4 = 7, backward c 8, b 4, a 1 (it needs no derivative by its input): 20 in all.
  const auto times = ready_by_operations(layers, {1, 2, 4}, Seconds{2});
  CHECK(times.step == Seconds{2});
  CHECK(times.layer[2].value == Approx(1.5));
  CHECK(times.layer[1].value == Approx(1.9));
  CHECK(times.layer[0] == Seconds{2});
  CHECK(order_of_readiness(times) == std::vector<std::size_t>{2, 1, 0});
  // Without operations by parameters: forward 60, backward c 60, b 40, a 10.
  const auto even = ready_by_operations(layers, {0, 0, 0}, Seconds{17});
  CHECK(even.layer[2].value == Approx(12));
  CHECK(even.layer[1].value == Approx(16));
}

TEST_CASE("a bucket is ready when its last layer is, and the one before it", "[ready]") {
  const ReadyTimes times{.step = Seconds{9}, .layer = {Seconds{5}, Seconds{9}, Seconds{5}}};
  CHECK(order_of_readiness(times) == std::vector<std::size_t>{2, 0, 1});
  CHECK(bucket_ready_times(times, {{{1, 2}}, {{0}}}) ==
        std::vector<Seconds>{Seconds{9}, Seconds{9}});
  CHECK(bucket_ready_times(times, {{{0, 2}}, {{1}}}) ==
        std::vector<Seconds>{Seconds{5}, Seconds{9}});
  // One that its timer closed goes when that runs out.
  CHECK(bucket_ready_times(times, {{{0, 2}, Seconds{6}}, {{1}}}) ==
        std::vector<Seconds>{Seconds{6}, Seconds{9}});
}
