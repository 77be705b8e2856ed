#pragma once
// The inner loops of advance_ring, one version for each instruction set. All give the same numbers.
#include <cstddef>
#include <vector>

namespace ringsim::ring_kernels {

// A ring is cut into pieces of consecutive ranks, and `lanes` pieces are advanced side by side, so
// that a vector holds one rank of every piece, and its neighbours stand in the vectors before and
// after it.
constexpr std::size_t lanes = 8;
/// Rounds that go through the ranks together: round r works r ranks behind.
constexpr std::size_t fused = 4;

/// One rank of every piece.
struct alignas(64) Lanes {
  double value[lanes];
};

/// `rounds`, a multiple of `fused`, rounds of s'[x] = max(e[x-1], e[x], e[x+1]), e = s + d, over
/// 0 <= x < length. With each round one more s on either edge is too low, for want of a neighbour.
using AdvanceUniform = void (*)(Lanes* s, const Lanes* d, std::size_t length, std::size_t rounds);

/// The same for d = latency + size * per_byte with the size of part x - j in round j:
/// `size[x + rounds - j]`, so there are length + rounds of them. Any number of rounds.
using AdvanceSized = void (*)(Lanes* s, const Lanes* latency, const Lanes* per_byte,
                              const Lanes* size, std::size_t length, std::size_t rounds);

struct Kernels {
  AdvanceUniform uniform;
  AdvanceSized sized;
};

/// Those that this processor can run, the fastest first.
std::vector<Kernels> available();

}  // namespace ringsim::ring_kernels
