#include "base/random.hpp"

#include "base/error.hpp"

#include <cmath>
#include <numbers>

namespace ringsim {

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> c,
                                           std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

// The seed (64 bit) is the key, mixed once with the purpose; (draw, rank, step) is the counter.
Random::Random(std::uint64_t seed, Purpose purpose, std::uint32_t rank, std::uint64_t step)
    : counter_{0, rank, static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)} {
  const auto mixed =
      philox4x32_10({static_cast<std::uint32_t>(purpose), 0, 0, 0},
                    {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  key_ = {mixed[0], mixed[1]};
}

void Random::refill() {
  block_ = philox4x32_10(counter_, key_);
  ++counter_[0];
  check(counter_[0] != 0, "a random sequence is exhausted");
  used_ = 0;
}

std::uint32_t Random::next() {
  if (used_ == 4) refill();
  return block_[used_++];
}

std::uint64_t Random::next64() {
  const std::uint64_t high = next();
  return high << 32 | next();
}

double Random::uniform() { return static_cast<double>(next64() >> 11) * 0x1p-53; }

std::uint64_t Random::below(std::uint64_t bound) {
  check(bound > 0, "Random::below: the bound is 0");
  // Draws below 2^64 mod bound would favour small results; they are drawn again.
  const std::uint64_t threshold = -bound % bound;
  for (;;) {
    const std::uint64_t value = next64();
    if (value >= threshold) return value % bound;
  }
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

}  // namespace ringsim
