#include "tools/ringsim/progress_text.hpp"

#include <catch2/catch.hpp>

namespace ringsim {
namespace {

TEST_CASE("waiting times are written to the second, and long ones in hours", "[progress]") {
  CHECK(waiting_time(Seconds{0}) == "0s");
  CHECK(waiting_time(Seconds{0.4}) == "0s");
  CHECK(waiting_time(Seconds{59.4}) == "59s");
  CHECK(waiting_time(Seconds{59.6}) == "1m 00s");
  CHECK(waiting_time(Seconds{185}) == "3m 05s");
  CHECK(waiting_time(Seconds{3599}) == "59m 59s");
  CHECK(waiting_time(Seconds{3600}) == "1h 00m");
  CHECK(waiting_time(Seconds{100 * 3600 + 59 * 60 + 59}) == "100h 59m");
  CHECK(waiting_time(Seconds{1e18}) == "1e+18s");
}

TEST_CASE("a step says what is known of it", "[progress]") {
  // A quarter took 30 s, so that three quarters take 90 s; 10 steps in 30 s are a third a second.
  CHECK(step_text({10, 40, {}, {}}, Seconds{30}) == "step 10 of 40, 1m 30s left, 0.333 a second");
  CHECK(step_text({10, 40, 0.123456, 0.88125, Seconds{2.5}}, Seconds{0.005}) ==
        "step 10 of 40, 0s left, loss 0.1235, accuracy 88.12 %, 2.5s simulated, 2000 a second");
  CHECK(step_text({1, 1, {}, {}}, Seconds{0}) == "step 1 of 1, 0s left");
}

TEST_CASE("points that were done before do not count for the rate", "[progress]") {
  // 20 of the 80 that were left took 10 s, and the 60 others take 30 s.
  CHECK(points_text({40, 0, 100}, 20, Seconds{10}) == "40 of 100 points, 30s left, 2 a second");
  CHECK(points_text({40, 3, 100}, 20, Seconds{10}) ==
        "40 of 100 points, 3 failed, 30s left, 2 a second");
}

}  // namespace
}  // namespace ringsim
