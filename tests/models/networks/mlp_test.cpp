#include "models/networks/mlp.hpp"

#include "base/random.hpp"
#include "models/matrix_product.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>

using namespace ringsim;

namespace {

std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  Random random(seed, Purpose::batch_order);
  for (auto& value : values) value = static_cast<float>(random.normal());
  return values;
}

}  // namespace

TEST_CASE("the loss of equal scores is the logarithm of the number of classes", "[mlp]") {
  const auto network = make_mlp({3, 4});
  const std::vector<float> weights(total_parameters(network->layers()));
  const std::vector<float> inputs = {1, 2, 3};
  const std::vector<std::uint8_t> labels = {2};
  std::vector<float> gradient(weights.size());
  const double loss = network->make_pass()->loss_and_gradient(weights, {inputs, labels}, gradient);
  CHECK(loss == Approx(std::log(4.0)));
  // d loss / d bias = softmax - one-hot.
  CHECK(gradient[12 + 0] == Approx(0.25));
  CHECK(gradient[12 + 2] == Approx(-0.75));
  CHECK(gradient[2 * 3 + 1] == Approx(-0.75 * 2));  // weight [2, 1]: times input 1
}

TEST_CASE("the portable and the AVX2 products agree with a plain loop", "[mlp]") {
  std::vector<const MatrixProducts*> all = {&portable_matrix_products};
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    all.push_back(&avx2_matrix_products);
  }
  constexpr std::ptrdiff_t m = 13, k = 29, n = 17;
  const auto a = normal_values(m * k, 1), b = normal_values(k * n, 2);
  std::vector<float> a_transposed(m * k), b_transposed(k * n), c(m * n);
  std::vector<double> expected(m * n);
  for (std::ptrdiff_t i = 0; i < m; ++i) {
    for (std::ptrdiff_t p = 0; p < k; ++p) {
      a_transposed[static_cast<std::size_t>(p * m + i)] = a[static_cast<std::size_t>(i * k + p)];
      for (std::ptrdiff_t j = 0; j < n; ++j) {
        b_transposed[static_cast<std::size_t>(j * k + p)] = b[static_cast<std::size_t>(p * n + j)];
        expected[static_cast<std::size_t>(i * n + j)] +=
            static_cast<double>(a[static_cast<std::size_t>(i * k + p)]) *
            b[static_cast<std::size_t>(p * n + j)];
      }
    }
  }
  const auto matches = [&] {
    for (std::size_t i = 0; i < c.size(); ++i) {
      if (std::fabs(c[i] - expected[i]) > 1e-4)
        return false;  // 29 products near 1, rounded to 1e-7 each
    }
    return true;
  };
  for (const auto* products : all) {
    products->ab(a.data(), b.data(), c.data(), m, k, n);
    CHECK(matches());
    products->abt(a.data(), b_transposed.data(), c.data(), m, k, n);
    CHECK(matches());
    products->atb(a_transposed.data(), b.data(), c.data(), m, k, n);
    CHECK(matches());
  }
}

TEST_CASE("a product that is added is, to the bit, the product that is written", "[mlp]") {
  std::vector<const MatrixProducts*> all = {&portable_matrix_products};
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    all.push_back(&avx2_matrix_products);
  }
  // [m, k, n]: tiny, vectors, uneven, and sums of more terms than Eigen adds up at a time.
  const std::vector<std::array<std::ptrdiff_t, 3>> shapes = {
      {2, 3, 4}, {1, 40, 30}, {30, 40, 1}, {13, 29, 50}, {10, 32, 784}, {16, 700, 60}};
  for (const auto* products : all) {
    for (const auto& [m, k, n] : shapes) {
      INFO(products->name << " " << m << " " << k << " " << n);
      const auto size = [](std::ptrdiff_t x, std::ptrdiff_t y) {
        return static_cast<std::size_t>(x * y);
      };
      const auto a = normal_values(size(k, m), 1), b = normal_values(size(k, n), 2),
                 before = normal_values(size(m, n), 3);
      std::vector<float> product(size(m, n)), expected = before, whole = before, parts = before;
      products->atb(a.data(), b.data(), product.data(), m, k, n);
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += product[i];
      products->add_atb(a.data(), b.data(), whole.data(), m, k, n, n, true);
      CHECK(whole == expected);
      for (std::ptrdiff_t column = 0; column < n; column += 24) {
        products->add_atb(a.data(), b.data() + column, parts.data() + column, m, k,
                          std::min<std::ptrdiff_t>(24, n - column), n, true);
      }
      if (m > 1 && m + k > 19) CHECK(parts == expected);
      products->add_atb(a.data(), b.data(), whole.data(), m, k, n, n, false);
      CHECK(whole == product);
    }
  }
}

TEST_CASE("the shipped mlp has 235,146 parameters in six layers", "[mlp]") {
  const auto network = find_network("mlp").make();
  CHECK(network->layers().size() == 6);
  CHECK(total_parameters(network->layers()) == 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
  CHECK(network->flop_per_sample() == 2.0 * (2 * 784 * 256 + 3 * 256 * 128 + 3 * 128 * 10));
  CHECK_THROWS_WITH(
      find_network("mlq"),
      "`model`: unknown model \"mlq\" (did you mean \"mlp\"?); accepted: mlp, lenet5, cnn-bn");
}
