#include "models/optimizer.hpp"

#include "models/schedule.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using namespace ringsim;

namespace {

float next(Optimizer& optimizer, float mean) {
  std::vector<float> update(1);
  optimizer.update(std::vector<float>{mean}, update);
  return update[0];
}

}  // namespace

TEST_CASE("without momentum the update of sgd and nesterov is the mean", "[optimizer]") {
  for (const auto* name : {"sgd", "nesterov"}) {
    const auto optimizer = find_optimizer(name).make(2, 0);
    const std::vector<float> mean = {1, -2};
    std::vector<float> update(2);
    for (int step = 0; step < 3; ++step) optimizer->update(mean, update);
    CHECK(update == mean);
    CHECK(find_optimizer(name).state_bytes(2, 0) == Bytes{0});
  }
}

TEST_CASE("momentum adds up earlier means", "[optimizer]") {
  const auto sgd = find_optimizer("sgd").make(1, 0.5);
  CHECK(next(*sgd, 4) == 4);
  CHECK(next(*sgd, 1) == 3);    // 0.5*4 + 1
  CHECK(next(*sgd, 0) == 1.5);  // 0.5*3
  CHECK(find_optimizer("sgd").state_bytes(3, 0.5) == Bytes{12});
}

TEST_CASE("Nesterov's update looks one step ahead", "[optimizer]") {
  const auto nesterov = find_optimizer("nesterov").make(1, 0.5);
  CHECK(next(*nesterov, 4) == 6);     // velocity 4: 4 + 0.5*4
  CHECK(next(*nesterov, 1) == 2.5);   // velocity 3: 1 + 0.5*3
  CHECK(next(*nesterov, 0) == 0.75);  // velocity 1.5: 0 + 0.5*1.5
}

TEST_CASE("Adam divides the corrected average by the corrected root mean square", "[optimizer]") {
  const auto adam = find_optimizer("adam").make(1, 0.9);
  // First step: both corrections make up for the zeros before, so the update is the sign.
  CHECK(next(*adam, -3) == Approx(-1));
  // Second: average (0.9*0.1*-3 + 0.1*1) / (1 - 0.9^2), square (0.999*0.001*9 + 0.001*1) / (1 -
  // 0.999^2).
  const double average = (0.9 * 0.1 * -3 + 0.1) / (1 - 0.81),
               square = (0.999 * 0.001 * 9 + 0.001) / (1 - 0.999 * 0.999);
  // beta2 is 0.999 only to fp32 rounding, 1e-7 absolute: 1e-4 of 1 - beta2, but the same in
  // numerator and correction.
  CHECK(next(*adam, 1) == Approx(average / std::sqrt(square)).epsilon(1e-4));
  CHECK(find_optimizer("adam").state_bytes(3, 0.9) == Bytes{24});
  // A gradient that was always 0 stays 0 (and not 0/0).
  CHECK(next(*find_optimizer("adam").make(1, 0.9), 0) == 0);
}

TEST_CASE("every optimizer finds the minimum of a parabola", "[optimizer]") {
  for (const auto* definition : optimizers()) {
    const auto optimizer = definition->make(2, 0.9);
    // 0.5*(x-1)^2 + 5*(y+2)^2, from (0, 0).
    std::vector<float> point(2), gradient(2), update(2);
    for (std::uint64_t step = 0; step < 500; ++step) {
      gradient = {point[0] - 1, 10 * (point[1] + 2)};
      optimizer->update(gradient, update);
      const auto rate = static_cast<float>(learning_rate_at("cosine", 0.05, step, 500));
      for (std::size_t i = 0; i < 2; ++i) point[i] -= rate * update[i];
    }
    INFO(definition->name);
    CHECK(point[0] == Approx(1).margin(1e-2));
    CHECK(point[1] == Approx(-2).margin(1e-2));
  }
}

TEST_CASE("an unknown optimizer is an error", "[optimizer]") {
  CHECK_THROWS_WITH(find_optimizer("adm"),
                    "`optimizer`: unknown optimizer \"adm\" (did you mean \"adam\"?); accepted: "
                    "sgd, nesterov, adam");
}

TEST_CASE("learning rate schedules", "[schedule]") {
  CHECK(learning_rate_at("constant", 0.1, 7, 8) == 0.1);
  CHECK(learning_rate_at("cosine", 0.1, 0, 8) == 0.1);
  CHECK(learning_rate_at("cosine", 0.1, 4, 8) == Approx(0.05));          // cos(pi/2) = 0
  CHECK(learning_rate_at("cosine", 0.1, 2, 8) == Approx(0.0853553391));  // 0.05*(1 + sqrt(1/2))
  CHECK(learning_rate_at("step", 0.1, 3, 8) == 0.1);
  CHECK(learning_rate_at("step", 0.1, 4, 8) == Approx(0.01));
  CHECK(learning_rate_at("step", 0.1, 5, 8) == Approx(0.01));
  CHECK(learning_rate_at("step", 0.1, 6, 8) == Approx(0.001));
  for (const auto& name : schedule_names()) CHECK(learning_rate_at(name, 0.1, 0, 8) == 0.1);
}
