#pragma once
// What kernels are written in: vectors of doubles, and functions for instruction sets that not
// every processor has. Included by kernels alone.
//
// The loops are inlined into functions with a target of their own, so that nothing else is compiled
// for it. Vectors are handed on by reference, since how they are passed by value depends on the
// target. No operation is contracted (-ffp-contract=off): all instruction sets give the same
// numbers.
#if defined(__x86_64__)
#define RINGSIM_TARGET(set) __attribute__((target(set)))
#endif
#define RINGSIM_INLINE __attribute__((always_inline)) inline

namespace ringsim::ring_kernels {

using Vector16 = double __attribute__((vector_size(16)));
using Vector32 = double __attribute__((vector_size(32)));
using Vector64 = double __attribute__((vector_size(64)));

template <class Vector>
RINGSIM_INLINE void load(Vector& vector, const double* from) {
  __builtin_memcpy(&vector, from, sizeof vector);
}

template <class Vector>
RINGSIM_INLINE void store(double* to, const Vector& vector) {
  __builtin_memcpy(to, &vector, sizeof vector);
}

template <class Vector>
RINGSIM_INLINE void keep_later(Vector& a, const Vector& b) {
  a = a > b ? a : b;
}

template <class Vector>
RINGSIM_INLINE void keep_earlier(Vector& a, const Vector& b) {
  a = a < b ? a : b;
}

}  // namespace ringsim::ring_kernels
