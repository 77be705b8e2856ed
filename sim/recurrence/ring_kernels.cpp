#include "sim/recurrence/ring_kernels.hpp"

#include "sim/recurrence/vectors.hpp"

namespace ringsim::ring_kernels {
namespace {

/// `together` rounds in one pass over a ring: round r works r ranks behind, so that each start is
/// loaded and stored once. `load_duration(to, x, r)` has the message of the rank at x - r in round
/// r.
template <class Vector, std::size_t together, class LoadDuration>
RINGSIM_INLINE void advance_together(Lanes* s, std::size_t lane, std::size_t length,
                                     const LoadDuration& load_duration) {
  Vector before[together] = {}, here[together] = {};  // times are not below 0
  const auto step = [&](Vector& time, std::size_t x, std::size_t last) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < last; ++r) {
      Vector duration;
      load_duration(duration, x, r);
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
    if (x < together) {
      step(time, x, x + 1);
      continue;
    }
    step(time, x, together);
    store(s[x - together].value + lane, time);
  }
}

template <class Vector>
RINGSIM_INLINE void advance_uniform(Lanes* s, const Lanes* d, std::size_t length,
                                    std::size_t rounds) {
  for (std::size_t lane = 0; lane < lanes; lane += sizeof(Vector) / sizeof(double)) {
    const auto load_duration = [&](Vector& duration, std::size_t x, std::size_t r) {
      load(duration, d[x - r].value + lane);
    };
    for (std::size_t round = 0; round < rounds; round += fused)
      advance_together<Vector, fused>(s, lane, length, load_duration);
  }
}

template <class Vector>
RINGSIM_INLINE void advance_sized(Lanes* s, const Lanes* latency, const Lanes* per_byte,
                                  const Lanes* size, std::size_t length, std::size_t rounds) {
  for (std::size_t lane = 0; lane < lanes; lane += sizeof(Vector) / sizeof(double)) {
    std::size_t round = 0;
    const auto load_duration = [&](Vector& duration, std::size_t x, std::size_t r) {
      Vector factor, bytes;
      load(duration, latency[x - r].value + lane);
      load(factor, per_byte[x - r].value + lane);
      // The rank at x - r in round + r.
      load(bytes, size[x + rounds - round - 2 * r].value + lane);
      duration += bytes * factor;
    };
    for (; round + fused <= rounds; round += fused)
      advance_together<Vector, fused>(s, lane, length, load_duration);
    for (; round < rounds; ++round) advance_together<Vector, 1>(s, lane, length, load_duration);
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
