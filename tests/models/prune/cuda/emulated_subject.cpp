// In a program of its own: nvcc makes functions of the same names for the real kernels.
#include "tests/models/prune/cuda/emulation.hpp"
// The kernels need the names above.
#include "models/prune/cuda/pack.cuh"
#include "models/prune/cuda/select.cuh"
#include "tests/models/prune/cuda/subject.hpp"

#include <vector>

namespace ringsim::prune::test {

namespace {

using namespace cuda;  // NOLINT: this file is about its kernels

/// Does what plan.cu does, with emulated launches.
class EmulatedSubject final : public Subject {
 public:
  std::string_view name() const override { return "emulated"; }

  void select(const SelectBuffers& buffers, float momentum, std::span<const Segment> segments,
              std::span<Statistics> statistics) override {
    const std::vector<Tile> tiles = make_tiles(segments, select_tile);
    std::vector<Limits> limits;
    for (const Segment& segment : segments) limits.push_back({segment.threshold, segment.floor});
    std::vector<Partial> partials(columns * tiles.size(), absent);
    const SelectArguments arguments{.gradient = buffers.gradient.data(),
                                    .residual = buffers.residual.data(),
                                    .velocity = buffers.velocity.data(),
                                    .weight = buffers.weight.data(),
                                    .mask = buffers.mask.data(),
                                    .tiles = tiles.data(),
                                    .limits = limits.data(),
                                    .partials = partials.data(),
                                    .statistics = statistics.data(),
                                    .tile_count = static_cast<unsigned>(tiles.size()),
                                    .momentum = momentum};
    if (buffers.gradient.empty()) {
      launch<Input::test_only>(arguments);
    } else if (buffers.velocity.empty()) {
      launch<Input::gradient>(arguments);
    } else {
      launch<Input::gradient_and_velocity>(arguments);
    }
    for (const Partial partial : partials)
      if (partial != absent) throw std::runtime_error("a partial sum is left for the next launch");
  }

  std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                   std::span<float> residual, std::span<float> velocity,
                   std::span<float> packed) override {
    MaskWord kept = 0;
    move<Move::pack>(mask, segments, residual.data(), velocity.data(), packed.data(), &kept);
    return kept;
  }

  void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
              std::span<const float> packed, std::span<float> target) override {
    move<Move::unpack>(mask, segments, target.data(), nullptr, const_cast<float*>(packed.data()),
                       nullptr);
  }

  void unite(std::span<MaskWord> mask, std::span<const MaskWord> other) override {
    constexpr unsigned threads = 64;
    emulation::launch(unite_kernel, (mask.size() + threads - 1) / threads, threads, mask.data(),
                      other.data(), std::uint64_t{mask.size()});
  }

  std::vector<std::uint32_t> count_chunks(std::span<const MaskWord> mask,
                                          std::span<const Segment> segments) override {
    const std::vector<Tile> tiles = make_tiles(segments, select_tile);
    std::vector<std::uint32_t> counts(tiles.size());
    emulation::launch(count_tiles_kernel, (tiles.size() + 1) / 2, 64, mask.data(), tiles.data(),
                      static_cast<unsigned>(tiles.size()), counts.data());
    return counts;
  }

  void set_select_threads(unsigned threads) override { threads_ = threads; }

 private:
  template <Input input>
  void launch(const SelectArguments& arguments) {
    void (*const kernel)(SelectArguments) = threads_ == 256   ? select_kernel<256, input>
                                            : threads_ == 512 ? select_kernel<512, input>
                                                              : select_kernel<1024, input>;
    emulation::launch(kernel, arguments.tile_count + 1, threads_, arguments);
  }

  template <Move direction>
  static void move(std::span<const MaskWord> mask, std::span<const Segment> segments, float* flat,
                   float* velocity, float* packed, MaskWord* kept) {
    const std::vector<Tile> tiles = make_tiles(segments, pack_tile);
    const auto tile_count = static_cast<unsigned>(tiles.size());
    std::vector<std::uint32_t> before(tiles.size());
    std::vector<unsigned long long> groups((tiles.size() + count_group - 1) / count_group);
    const Counts counts{before.data(), groups.data()};
    emulation::launch(count_kernel, groups.size(), 32 * count_group, mask.data(), tiles.data(),
                      tile_count, counts);
    const MoveArguments arguments{.mask = mask.data(),
                                  .tiles = tiles.data(),
                                  .counts = counts,
                                  .tile_count = tile_count,
                                  .flat = flat,
                                  .velocity = velocity,
                                  .packed = packed,
                                  .kept = kept};
    emulation::launch(move_kernel<direction>, tiles.size(), detail::pack_threads, arguments);
  }

  unsigned threads_ = 512;
};

}  // namespace

std::unique_ptr<Engine> make_engine_under_test(std::string_view /*kind*/) {
  return std::make_unique<EmulatedSubject>();
}
std::string untestable() { return {}; }

}  // namespace ringsim::prune::test
