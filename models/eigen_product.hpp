#pragma once
// The products themselves, for the two files that compile them. Eigen stands in another namespace
// in each of them
// (`#define Eigen ...` before this header), so that the linker cannot put one's templates in the
// other's place.
#include <Eigen/Core>
#include <cstddef>

namespace Eigen {  // NOLINT: the renamed namespace

using RowMajor32 = Matrix<float, Dynamic, Dynamic, RowMajor>;
using ConstMap = Map<const RowMajor32>;
using MutableMap = Map<RowMajor32>;

// Blocking depends on the sizes of the caches, and the order of summation on blocking: fixed, so
// that every machine gives the same bits.
inline void fix_blocking() {
  static const bool done = (setCpuCacheSizes(32 << 10, 512 << 10, 8 << 20), true);
  static_cast<void>(done);
}

inline void product_ab(const float* a, const float* b, float* c, std::ptrdiff_t m, std::ptrdiff_t k,
                       std::ptrdiff_t n) {
  fix_blocking();
  MutableMap(c, m, n).noalias() = ConstMap(a, m, k) * ConstMap(b, k, n);
}

inline void product_abt(const float* a, const float* b, float* c, std::ptrdiff_t m,
                        std::ptrdiff_t k, std::ptrdiff_t n) {
  fix_blocking();
  MutableMap(c, m, n).noalias() = ConstMap(a, m, k) * ConstMap(b, n, k).transpose();
}

inline void product_atb(const float* a, const float* b, float* c, std::ptrdiff_t m,
                        std::ptrdiff_t k, std::ptrdiff_t n) {
  fix_blocking();
  MutableMap(c, m, n).noalias() = ConstMap(a, k, m).transpose() * ConstMap(b, k, n);
}

inline void add_product_atb(const float* a, const float* b, float* c, std::ptrdiff_t m,
                            std::ptrdiff_t k, std::ptrdiff_t n, std::ptrdiff_t stride, bool adds) {
  fix_blocking();
  const ConstMap left(a, k, m);
  const Map<const RowMajor32, 0, OuterStride<>> right(b, k, n, OuterStride<>(stride));
  Map<RowMajor32, 0, OuterStride<>> sum(c, m, n, OuterStride<>(stride));
  // Small products, those with vectors and every block of a long sum are added to C one by one;
  // a sum of up to 256 terms is a single block.
  const bool adds_once = k <= 256 && m > 1 && n > 1 && m + k + n >= 20;
  if (!adds) {
    sum.noalias() = left.transpose() * right;
  } else if (adds_once) {
    sum.noalias() += left.transpose() * right;
  } else {
    const RowMajor32 product = left.transpose() * right;
    sum += product;
  }
}

}  // namespace Eigen
