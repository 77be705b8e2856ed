#include "models/optimizer.hpp"

#include "models/schedule.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("without momentum the update is the mean", "[optimizer]") {
  MomentumSgd sgd(2, 0);
  const std::vector<float> mean = {1, -2};
  std::vector<float> update(2);
  for (int step = 0; step < 3; ++step) sgd.update(mean, update);
  CHECK(update == mean);
}

TEST_CASE("momentum adds up earlier means", "[optimizer]") {
  MomentumSgd sgd(1, 0.5);
  std::vector<float> update(1);
  sgd.update(std::vector<float>{4}, update);
  CHECK(update[0] == 4);
  sgd.update(std::vector<float>{1}, update);  // 0.5*4 + 1
  CHECK(update[0] == 3);
  sgd.update(std::vector<float>{0}, update);  // 0.5*3
  CHECK(update[0] == 1.5);
}

TEST_CASE("learning rate schedules", "[schedule]") {
  CHECK(learning_rate_at("constant", 0.1, 7, 8) == 0.1);
  CHECK(learning_rate_at("cosine", 0.1, 0, 8) == 0.1);
  CHECK(learning_rate_at("cosine", 0.1, 4, 8) == Approx(0.05));          // cos(pi/2) = 0
  CHECK(learning_rate_at("cosine", 0.1, 2, 8) == Approx(0.0853553391));  // 0.05*(1 + sqrt(1/2))
}
