#include "sim/recurrence/ring_kernels.hpp"

#include "sim/recurrence/vectors.hpp"

namespace ringsim::ring_kernels {
namespace {

template <class Vector>
RINGSIM_INLINE void advance_uniform(Lanes* s, const Lanes* d, std::size_t length,
                                    std::size_t rounds) {
  for (std::size_t lane = 0; lane < lanes; lane += sizeof(Vector) / sizeof(double)) {
    for (std::size_t round = 0; round < rounds; round += fused) {
      Vector before[fused] = {}, here[fused] = {};  // times are not below 0
      const auto step = [&](Vector& time, std::size_t x, std::size_t last) {
#pragma GCC unroll 8
        for (std::size_t r = 0; r < last; ++r) {
          Vector duration;
          load(duration, d[x - r].value + lane);
          const Vector after = time + duration;
          time = after;
          keep_later(time, here[r]);
          keep_later(time, before[r]);
          before[r] = here[r];
          here[r] = after;
        }
      };
      for (std::size_t x = 0; x < length; ++x) {
        Vector time;
        load(time, s[x].value + lane);
        if (x < fused) {
          step(time, x, x + 1);
          continue;
        }
        step(time, x, fused);
        __builtin_memcpy(s[x - fused].value + lane, &time, sizeof time);
      }
    }
  }
}

template <class Vector>
RINGSIM_INLINE void advance_sized(Lanes* s, const Lanes* latency, const Lanes* per_byte,
                                  const Lanes* size, std::size_t length, std::size_t rounds) {
  for (std::size_t lane = 0; lane < lanes; lane += sizeof(Vector) / sizeof(double)) {
    for (std::size_t round = 0; round < rounds; ++round) {
      Vector before = {}, here = {};
      for (std::size_t x = 0; x < length; ++x) {
        Vector time, fixed, factor, bytes;
        load(time, s[x].value + lane);
        load(fixed, latency[x].value + lane);
        load(factor, per_byte[x].value + lane);
        load(bytes, size[x + rounds - round].value + lane);
        const Vector after = time + (fixed + bytes * factor);
        time = after;
        keep_later(time, here);
        keep_later(time, before);
        before = here;
        here = after;
        if (x > 0) __builtin_memcpy(s[x - 1].value + lane, &time, sizeof time);
      }
    }
  }
}

void uniform_any(Lanes* s, const Lanes* d, std::size_t length, std::size_t rounds) {
  advance_uniform<Vector16>(s, d, length, rounds);
}
void sized_any(Lanes* s, const Lanes* latency, const Lanes* per_byte, const Lanes* size,
               std::size_t length, std::size_t rounds) {
  advance_sized<Vector16>(s, latency, per_byte, size, length, rounds);
}
#ifdef RINGSIM_TARGET
RINGSIM_TARGET("avx2")
void uniform_avx2(Lanes* s, const Lanes* d, std::size_t length, std::size_t rounds) {
  advance_uniform<Vector32>(s, d, length, rounds);
}
RINGSIM_TARGET("avx2")
void sized_avx2(Lanes* s, const Lanes* latency, const Lanes* per_byte, const Lanes* size,
                std::size_t length, std::size_t rounds) {
  advance_sized<Vector32>(s, latency, per_byte, size, length, rounds);
}
RINGSIM_TARGET("avx512f")
void uniform_avx512(Lanes* s, const Lanes* d, std::size_t length, std::size_t rounds) {
  advance_uniform<Vector64>(s, d, length, rounds);
}
RINGSIM_TARGET("avx512f")
void sized_avx512(Lanes* s, const Lanes* latency, const Lanes* per_byte, const Lanes* size,
                  std::size_t length, std::size_t rounds) {
  advance_sized<Vector64>(s, latency, per_byte, size, length, rounds);
}
#endif

}  // namespace

std::vector<Kernels> available() {
  std::vector<Kernels> kernels;
#ifdef RINGSIM_TARGET
  if (__builtin_cpu_supports("avx512f")) kernels.push_back({uniform_avx512, sized_avx512});
  if (__builtin_cpu_supports("avx2")) kernels.push_back({uniform_avx2, sized_avx2});
#endif
  kernels.push_back({uniform_any, sized_any});
  return kernels;
}

}  // namespace ringsim::ring_kernels
