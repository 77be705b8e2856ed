#pragma once
// What the differential tests are about: the kernels of the cuda engine, run on a GPU or emulated
// on the CPU. Buffers are host memory either way.
#include "models/prune/engine.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim::prune::test {

class Subject : public Engine {
 public:
  virtual void unite(std::span<MaskWord> mask, std::span<const MaskWord> other) = 0;
  /// Set bits per chunk of 4096 elements of a segment.
  virtual std::vector<std::uint32_t> count_chunks(std::span<const MaskWord> mask,
                                                  std::span<const Segment> segments) = 0;
  virtual void set_select_threads(unsigned threads) = 0;
};

/// Each test program has its own source for these. `kind` is "kernels", a Subject, or "copying",
/// the engine that copies host buffers to the device.
std::unique_ptr<Engine> make_engine_under_test(std::string_view kind);
/// Why nothing can be tested on this machine; empty where it can.
std::string untestable();

}  // namespace ringsim::prune::test
