#pragma once
// Matrix products for the networks: Eigen's, compiled twice, with and without AVX2 and FMA, and
// chosen at run time. FMA rounds once where two instructions round twice, so the two give different
// last bits: a seed gives the same results on all machines with AVX2, and the same on all without.
#include <cstddef>
#include <string_view>

namespace ringsim {

/// Row-major matrices without gaps; C is overwritten and aliases neither A nor B.
struct MatrixProducts {
  std::string_view name;
  /// C[m,n] = A[m,k] * B[k,n]
  void (*ab)(const float* a, const float* b, float* c, std::ptrdiff_t m, std::ptrdiff_t k,
             std::ptrdiff_t n);
  /// C[m,n] = A[m,k] * B[n,k] transposed
  void (*abt)(const float* a, const float* b, float* c, std::ptrdiff_t m, std::ptrdiff_t k,
              std::ptrdiff_t n);
  /// C[m,n] = A[k,m] transposed * B[k,n]
  void (*atb)(const float* a, const float* b, float* c, std::ptrdiff_t m, std::ptrdiff_t k,
              std::ptrdiff_t n);
  /// C[m,n] += A[k,m] transposed * B[k,n] (`adds` false: C = ...), where rows of B and of C lie
  /// `stride` elements apart: to the bit what atb writes, added once.
  void (*add_atb)(const float* a, const float* b, float* c, std::ptrdiff_t m, std::ptrdiff_t k,
                  std::ptrdiff_t n, std::ptrdiff_t stride, bool adds);
};

extern const MatrixProducts portable_matrix_products;
extern const MatrixProducts avx2_matrix_products;

/// The fastest that this processor runs, or the one that the environment variable
/// RINGSIM_MATRIX_PRODUCTS names
/// ("portable", "avx2"; UserError for another name, or for one that this processor does not run).
const MatrixProducts& matrix_products();

}  // namespace ringsim
