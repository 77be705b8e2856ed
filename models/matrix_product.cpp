#include "models/matrix_product.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace ringsim {
namespace {

const MatrixProducts& choose() {
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const char* const wanted = std::getenv("RINGSIM_MATRIX_PRODUCTS");
  if (wanted == nullptr) return has_avx2 ? avx2_matrix_products : portable_matrix_products;
  if (std::string_view(wanted) == "portable") return portable_matrix_products;
  if (std::string_view(wanted) == "avx2" && has_avx2) return avx2_matrix_products;
  throw UserError({{}, "RINGSIM_MATRIX_PRODUCTS"}, fmt::format("found \"{}\"", wanted),
                  has_avx2 ? "accepted: portable, avx2" : "accepted on this processor: portable");
}

}  // namespace

const MatrixProducts& matrix_products() {
  static const MatrixProducts& chosen = choose();
  return chosen;
}

}  // namespace ringsim
