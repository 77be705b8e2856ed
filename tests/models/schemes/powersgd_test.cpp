#include "models/schemes/powersgd.hpp"

#include "base/error.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_options.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("columns become orthonormal and span the same", "[powersgd]") {
  std::vector<float> matrix(30 * 4);
  Random random(1, Purpose::power_iteration);
  for (auto& value : matrix) value = static_cast<float>(random.normal());
  for (std::size_t row = 0; row < 30; ++row) matrix[row * 4 + 2] = 0;
  const auto before = matrix;
  orthonormalize(matrix, 4);
  const auto product = [](const std::vector<float>& x, std::size_t a, const std::vector<float>& y,
                          std::size_t b) {
    double sum = 0;
    for (std::size_t row = 0; row < 30; ++row)
      sum += static_cast<double>(x[row * 4 + a]) * y[row * 4 + b];
    return sum;
  };
  for (std::size_t a = 0; a < 4; ++a)
    for (std::size_t b = 0; b < 4; ++b)
      CHECK(product(matrix, a, matrix, b) == Approx(a == b && a != 2).margin(1e-6));
  // The last column was a combination of the columns that came out: its projections hold its norm.
  double projected = 0;
  for (const std::size_t a : {0, 1, 3}) projected += std::pow(product(matrix, a, before, 3), 2);
  CHECK(projected == Approx(product(before, 3, before, 3)));
}

TEST_CASE("what rounding leaves of a column that others span is orthogonal to them", "[powersgd]") {
  // The second column is a third of the first one, but for the rounding to float.
  std::vector<float> matrix(30 * 2);
  Random random(1, Purpose::power_iteration);
  for (std::size_t row = 0; row < 30; ++row) {
    matrix[row * 2] = static_cast<float>(random.normal());
    matrix[row * 2 + 1] = matrix[row * 2] / 3;
  }
  orthonormalize(matrix, 2);
  double norm = 0, product = 0;
  for (std::size_t row = 0; row < 30; ++row) {
    norm += static_cast<double>(matrix[row * 2 + 1]) * matrix[row * 2 + 1];
    product += static_cast<double>(matrix[row * 2]) * matrix[row * 2 + 1];
  }
  CHECK(norm == Approx(1).margin(1e-6));
  CHECK(product == Approx(0).margin(1e-6));
}

TEST_CASE("powersgd: what is applied and what stays add up to all gradients", "[powersgd]") {
  auto o = small_options(3);
  set(o, "rank", 2);
  const bool rounded = GENERATE(false, true);
  if (rounded) set(o, "values", "bf16");
  PowersgdScheme scheme(small_layers(), o);
  std::vector<double> accumulated(small_parameters), applied(small_parameters);
  run_steps(scheme, 3, 10, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    for (std::size_t i = 0; i < small_parameters; ++i) {
      for (const auto& gradient : gradients) accumulated[i] += gradient[i] / 3.0;
      applied[i] += out.mean[i];
    }
  });
  // Matrices alone; the bias is sent whole. Rounded factors are a worse product, and the error
  // feedback takes the difference back: no looser bound.
  for (std::size_t i = 0; i < 3000; ++i) {
    double stays = 0;
    for (Rank rank = 0; rank < 3; ++rank) stays += scheme.error(rank)[i] / 3.0;
    if (!(std::fabs(applied[i] + stays - accumulated[i]) < 1e-4)) FAIL("parameter " << i);
  }
  for (std::size_t i = 3000; i < 3070; ++i) CHECK(scheme.error(0)[i] == 0);
}

TEST_CASE("a matrix of low rank arrives whole", "[powersgd]") {
  auto o = small_options(2);
  set(o, "rank", 2);
  PowersgdScheme scheme(small_layers(), o);
  // The first matrix of each rank is a b' with the same b, so that the mean has rank 1; the product
  // of the first power iteration spans it already.
  const auto noise = normal_values(9, 0, 0);
  for (Rank rank = 0; rank < 2; ++rank) {
    std::vector<float> gradient = noise;
    for (std::size_t row = 0; row < 50; ++row)
      for (std::size_t column = 0; column < 60; ++column)
        gradient[row * 60 + column] = noise[row + 100 * rank] * noise[300 + column];
    scheme.contribute(rank, 0, gradient, noise);
  }
  const auto outcome = scheme.exchange(0);
  double error = 0, norm = 0;
  for (std::size_t row = 0; row < 50; ++row) {
    for (std::size_t column = 0; column < 60; ++column) {
      const double exact = (noise[row] + noise[row + 100]) / 2.0 * noise[300 + column];
      error += std::pow(outcome.mean[row * 60 + column] - exact, 2);
      norm += exact * exact;
    }
  }
  CHECK(std::sqrt(error / norm) < 1e-5);
}

TEST_CASE("the power iteration goes on from step to step", "[powersgd]") {
  // The same gradient in every step, without error feedback in effect on the first matrix's largest
  // part: diag(5, 4, 1, 1, ...) / 10. The best approximation of rank 2 leaves the ones.
  auto o = small_options(1);
  set(o, "rank", 2);
  const Layers layers = {{"w", 0, 1600, 40}};
  std::vector<float> gradient(1600);
  for (std::size_t i = 0; i < 40; ++i) gradient[i * 41] = i == 0 ? 5 : i == 1 ? 4 : 0.1F;
  PowersgdScheme scheme(layers, o);
  std::vector<double> errors;
  for (std::uint64_t step = 0; step < 4; ++step) {
    scheme.contribute(0, step, gradient, gradient);
    const auto outcome = scheme.exchange(step);
    errors.push_back(std::fabs(outcome.mean[0] - 5) + std::fabs(outcome.mean[41] - 4));
  }
  CHECK(errors[0] > 1e-6);
  CHECK(errors[3] < 0.01);
}

TEST_CASE("a start from zero gradients recovers", "[powersgd]") {
  auto o = small_options(1);
  set(o, "rank", 2);
  PowersgdScheme scheme(small_layers(), o);
  const std::vector<float> zeros(small_parameters);
  scheme.contribute(0, 0, zeros, zeros);
  scheme.exchange(0);
  const auto gradient = normal_values(1, 0, 0);
  scheme.contribute(0, 1, gradient, zeros);
  const auto outcome = scheme.exchange(1);
  CHECK(std::any_of(outcome.mean.begin(), outcome.mean.begin() + 3000,
                    [](float value) { return value != 0; }));
}

TEST_CASE("powersgd all-reduces P, then Q, then what stays whole", "[powersgd]") {
  auto o = small_options(3);
  set(o, "rank", 4);
  set(o, "values", GENERATE("fp32", "fp16"));
  const Bytes value{value_type_of(o) == ValueType::fp32 ? 4U : 2U};
  const auto scheme = make_scheme("powersgd", o);
  run_steps(*scheme, 3, 1, [&](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    std::vector<std::pair<std::string, std::size_t>> exchanges;
    for (const auto& stage : out.stages) {
      if (const auto* reduce = std::get_if<AllReduce>(&stage.what)) {
        exchanges.emplace_back(stage.phase.text(), reduce->elements);
        CHECK(reduce->element_bytes == value);
      }
    }
    // a is 50 x 60, (50 + 60) * 4 * 2 = 880 < 3000; b is 25 x 41, (25 + 41) * 4 * 2 = 528 < 1025.
    CHECK(exchanges == std::vector<std::pair<std::string, std::size_t>>{
                           {"p", 4 * (50 + 25)}, {"q", 4 * (60 + 41)}, {"whole", 70}});
    std::vector<std::vector<float>> biases;
    for (const auto& gradient : gradients) {
      biases.emplace_back(gradient.begin() + 3000, gradient.begin() + 3070);
      round_values(value_type_of(o), biases.back());
    }
    std::vector<float> mean(70);
    mean_over_ranks(biases, mean, value_type_of(o));
    CHECK(std::equal(mean.begin(), mean.end(), out.mean.begin() + 3000));
  });
}

TEST_CASE("a rank that saves nothing leaves all whole", "[powersgd]") {
  auto o = small_options(2);
  set(o, "rank", 14);  // 2 * 14 * (50 + 60) = 3080 is not below 3000
  const auto scheme = make_scheme("powersgd", o);
  run_steps(*scheme, 2, 1, [](std::uint64_t, const Gradients& gradients, const StepOutcome& out) {
    REQUIRE(out.stages.size() == 1);
    CHECK(stage<AllReduce>(out, "whole").elements == small_parameters);
    std::vector<float> mean(small_parameters);
    mean_over_ranks(gradients, mean);
    CHECK(std::ranges::equal(out.mean, mean));
  });
  CHECK_THROWS_WITH(set(o, "rank", 0),
                    "`rank`: found \"0\"; a whole number from 1 to 1000000 is accepted");
}
