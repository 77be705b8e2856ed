#pragma once
// Seeded random numbers without hidden state. A generator is keyed by what it is for, so that
// adding a draw in one place changes no other, and all ranks can draw the same numbers without a
// message.
#include <array>
#include <cstdint>

namespace ringsim {

/// What a sequence of random numbers is for. The values are part of the results: never reuse or
/// renumber one.
enum class Purpose : std::uint32_t {
  initial_weights = 1,
  batch_order = 2,
  broadcasters = 3,
  compute_jitter = 4,
  synthetic_masks = 6,
  label_skew = 9,
  random_coordinates = 16,
  sample_start = 17,
  stochastic_rounding = 18,
  power_iteration = 19,
  stochastic_tail = 20,
};

/// One block of Philox4x32-10 from a counter and a key.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key);

/// Philox4x32-10 (Salmon et al., SC 2011, "Parallel random numbers: as easy as 1, 2, 3"):
/// counter-based; the same key gives the same sequence on every machine.
class Random {
 public:
  /// The sequence for (seed, purpose, rank, step). `rank` and `step` are 0 where they do not apply.
  Random(std::uint64_t seed, Purpose purpose, std::uint32_t rank = 0, std::uint64_t step = 0);

  std::uint32_t next();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in 0 .. bound-1, without bias. `bound` is above 0.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller).
  double normal();

 private:
  std::uint64_t next64();
  void refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

}  // namespace ringsim
