#pragma once
// Runs a kernel on the CPU, one block after the other, each thread of a block as a fiber. It stands
// in for the CUDA language where a .cuh file is included by a C++ compiler, as far as the kernels
// of the pruning engine use it. Shared memory is a static variable, as it was left by the block
// before. Blocks run from the last to the first, so that a block may wait for those after it, and
// none can lean on those before it.
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

// NOLINTBEGIN(bugprone-reserved-identifier): CUDA's names
#define __device__
#define __global__
#define __shared__ static
#define __restrict__
#define __launch_bounds__(...)

namespace emulation {

struct Index {
  unsigned x = 0;
};

inline constexpr unsigned warp_size = 32;
inline constexpr std::size_t stack_bytes = 64 * 1024;

/// The block that runs.
class Block {
 public:
  static Block& current() {
    static Block block;
    return block;
  }

  Index thread, block, block_size;

  void run(unsigned index, unsigned threads, const std::function<void()>& body) {
    block.x = index;
    block_size.x = threads;
    body_ = &body;
    if (fibers_.size() < threads) fibers_.resize(threads);
    live_ = threads;
    for (unsigned t = 0; t < threads; ++t) start(t);
    while (live_ != 0)
      for (unsigned t = 0; t < threads; ++t)
        if (!fibers_[t].done) resume(t);
  }

  /// Leaves `value` for the other threads of the warp, waits for theirs, and returns a reader of
  /// them. All threads of the warp that still run have to take part.
  template <class T>
  auto exchange(T value) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    Fiber& own = fibers_[thread.x];
    ++own.exchanges;
    // Two slots: a fast thread may be at its next exchange while a slow one still reads.
    const std::uint64_t number = own.exchanges, slot = number % 2;
    std::memcpy(&own.slots[slot], &value, sizeof value);
    const unsigned first = thread.x / warp_size * warp_size;
    const unsigned last = std::min(first + warp_size, block_size.x);
    wait([&] {
      for (unsigned t = first; t < last; ++t)
        if (!fibers_[t].done && fibers_[t].exchanges < number) return false;
      return true;
    });
    return [this, first, slot](unsigned lane) {
      T result;
      std::memcpy(&result, &fibers_[first + lane].slots[slot], sizeof result);
      return result;
    };
  }

  void barrier() {
    const std::uint64_t number = ++fibers_[thread.x].barriers;
    wait([&] {
      for (unsigned t = 0; t < block_size.x; ++t)
        if (!fibers_[t].done && fibers_[t].barriers < number) return false;
      return true;
    });
  }

  void yield() {
    const unsigned own = thread.x;
    swapcontext(&fibers_[own].context, &scheduler_);
    thread.x = own;
  }

 private:
  struct Fiber {
    ucontext_t context{};
    std::unique_ptr<char[]> stack;
    bool done = false;
    std::uint64_t exchanges = 0, barriers = 0;
    std::array<std::uint64_t, 2> slots{};
  };

  void start(unsigned t) {
    Fiber& fiber = fibers_[t];
    if (!fiber.stack) fiber.stack = std::make_unique<char[]>(stack_bytes);
    fiber.done = false;
    fiber.exchanges = fiber.barriers = 0;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = stack_bytes;
    fiber.context.uc_link = &scheduler_;
    makecontext(&fiber.context, &Block::enter, 0);
  }

  void resume(unsigned t) {
    thread.x = t;
    swapcontext(&scheduler_, &fibers_[t].context);
  }

  static void enter() {
    Block& block = current();
    (*block.body_)();
    block.fibers_[block.thread.x].done = true;
    --block.live_;
  }

  template <class Condition>
  void wait(Condition condition) {
    while (!condition()) yield();
  }

  std::vector<Fiber> fibers_;
  ucontext_t scheduler_{};
  const std::function<void()>* body_ = nullptr;
  unsigned live_ = 0;
};

/// kernel<<<blocks, threads>>>(arguments...)
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), std::size_t blocks, unsigned threads,
            Arguments... arguments) {
  const std::function<void()> body = [&] { kernel(arguments...); };
  for (std::size_t b = blocks; b-- != 0;)
    Block::current().run(static_cast<unsigned>(b), threads, body);
}

}  // namespace emulation

// The rest are the names that CUDA gives to its built-in variables, types and functions.
#define threadIdx (emulation::Block::current().thread)
#define blockIdx (emulation::Block::current().block)
#define blockDim (emulation::Block::current().block_size)

struct alignas(16) float4 {
  float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

template <class T>
T __ldcs(const T* pointer) {
  return *pointer;
}
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline long long __double_as_longlong(double value) { return std::bit_cast<long long>(value); }
inline double __longlong_as_double(long long value) { return std::bit_cast<double>(value); }
inline int __popcll(unsigned long long value) { return std::popcount(value); }
inline int __ffsll(long long value) {
  return value == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(value)) + 1;
}
inline void __syncthreads() { emulation::Block::current().barrier(); }
inline void __nanosleep(unsigned) { emulation::Block::current().yield(); }

template <class T>
T __shfl_sync(unsigned /*mask*/, T value, unsigned lane) {
  return emulation::Block::current().exchange(value)(lane);
}
template <class T>
T __shfl_xor_sync(unsigned /*mask*/, T value, unsigned lanes) {
  return emulation::Block::current().exchange(value)(threadIdx.x % emulation::warp_size ^ lanes);
}
template <class T>
T __shfl_up_sync(unsigned /*mask*/, T value, unsigned lanes) {
  const unsigned lane = threadIdx.x % emulation::warp_size;
  const auto read = emulation::Block::current().exchange(value);
  return lane < lanes ? value : read(lane - lanes);
}
template <class T>
T __shfl_down_sync(unsigned /*mask*/, T value, unsigned lanes) {
  const unsigned lane = threadIdx.x % emulation::warp_size;
  const auto read = emulation::Block::current().exchange(value);
  return lane + lanes >= emulation::warp_size ? value : read(lane + lanes);
}
inline unsigned __ballot_sync(unsigned /*mask*/, bool predicate) {
  const auto read = emulation::Block::current().exchange(predicate);
  unsigned ballot = 0;
  for (unsigned lane = 0; lane < emulation::warp_size; ++lane)
    ballot |= (read(lane) ? 1U : 0U) << lane;
  return ballot;
}
inline unsigned __reduce_add_sync(unsigned /*mask*/, unsigned value) {
  const auto read = emulation::Block::current().exchange(value);
  unsigned sum = 0;
  for (unsigned lane = 0; lane < emulation::warp_size; ++lane) sum += read(lane);
  return sum;
}
// NOLINTEND(bugprone-reserved-identifier)
