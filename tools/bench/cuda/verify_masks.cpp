// Compares the scalar and the AVX2 engine with the GPU on random elements of many kinds, bit for
// bit: masks, residuals, statistics, packed values. Exit status 0, 1 where anything differs, 77
// where there is no GPU.
//   verify_masks [ELEMENTS]     in total; 1e9 by default
#include "base/parallel.hpp"
#include "base/random.hpp"
#include "models/prune/cpu_engine.hpp"
#include "models/prune/cuda/engine.hpp"
#include "models/prune/cuda/plan.hpp"
#include "models/prune/engine.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace ringsim::prune {
namespace {

/// What the elements of a round are like.
enum class Kind { normal, bit_patterns, denormal, tie, near_tie, zero };
struct KindDefinition {
  Kind kind;
  const char* name;
  float threshold, floor;
};
constexpr std::array<KindDefinition, 6> kinds = {
    {{Kind::normal, "normal", 2.5F, 0.01F},
     {Kind::bit_patterns, "any bit pattern", 1.3F, 1e-3F},
     {Kind::denormal, "denormals", 1.0F, 1e-42F},
     {Kind::tie, "ties", 2.0F, 1.0F},
     {Kind::near_tie, "one unit in the last place apart", 1.7F, 1e-3F},
     {Kind::zero, "zeros", 1.0F, 1e-3F}}};

struct Element {
  float gradient, residual, weight;
};

float any_bits(Random& random) { return std::bit_cast<float>(random.next()); }

float small_integer(Random& random) {
  return static_cast<float>(random.next() >> 29) - 4.0F;  // -4 .. 3
}

/// Near normal: the sum of four uniform numbers, which is cheap.
float bell(Random& random) {
  const std::uint32_t bits = random.next();
  int sum = 0;
  for (unsigned shift = 0; shift < 32; shift += 8) sum += static_cast<int>(bits >> shift & 255);
  return (static_cast<float>(sum) - 510.0F + static_cast<float>(random.next()) * 0x1p-32F) * 0.001F;
}

Element draw(const KindDefinition& kind, Random& random) {
  switch (kind.kind) {
    case Kind::normal:
      return {bell(random), bell(random), bell(random)};
    case Kind::bit_patterns:
      return {any_bits(random), any_bits(random), any_bits(random)};
    case Kind::denormal: {
      const auto denormal = [&] { return std::bit_cast<float>(random.next() & 0x807fffffU); };
      return {denormal(), denormal(), denormal()};
    }
    case Kind::tie:  // small integers: |r| = T*scale often, exactly
      return {small_integer(random), small_integer(random), small_integer(random)};
    case Kind::near_tie: {
      // The gradient is 0, and the residual the threshold, or a neighbour of it.
      const float weight = bell(random);
      const float scale = std::fabs(weight) > kind.floor ? std::fabs(weight) : kind.floor;
      const auto border = std::bit_cast<std::uint32_t>(kind.threshold * scale);
      const auto near = std::bit_cast<float>(border + random.next() % 3 - 1);
      return {0.0F, (random.next() & 1) != 0 ? near : -near, weight};
    }
    case Kind::zero: {
      const auto zero = [&] { return std::bit_cast<float>(random.next() & 0x80000000U); };
      return {zero(), zero(), (random.next() & 1) != 0 ? zero() : bell(random)};
    }
  }
  std::abort();
}

struct Totals {
  std::atomic<std::uint64_t> elements{0}, kept{0}, ties{0}, denormals{0}, zeros{0}, nonfinite{0};
  std::atomic<std::uint64_t> mask_words{0}, residuals{0}, statistics{0}, packed{0};  ///< differing

  std::uint64_t differences() const { return mask_words + residuals + statistics + packed; }
};

template <class Float>
bool same(Float a, Float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

template <class Float>
std::uint64_t differing(std::span<const Float> a, std::span<const Float> b) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += same(a[i], b[i]) ? 0 : 1;
  return count;
}

/// One model's worth of elements, and what the GPU made of it.
class Round {
 public:
  static constexpr std::size_t layers = 64;

  Round(const KindDefinition& kind, std::size_t layer_elements, std::uint64_t seed)
      : kind_(kind), seed_(seed) {
    const std::size_t words = mask_words(layer_elements);
    for (std::size_t s = 0; s < layers; ++s)
      segments_.push_back({.offset = s * layer_elements,
                           .parameters = layer_elements,
                           .mask_offset = s * words,
                           .threshold = kind.threshold,
                           .floor = kind.floor});
    for (std::vector<float>* buffer :
         {&gradient_, &residual_, &weight_, &device_residual_, &device_cleared_, &device_packed_})
      buffer->resize(layers * layer_elements);
    device_mask_.resize(layers * words);
    device_statistics_.resize(layers);
  }

  void run(ThreadPool& pool, Totals& totals) {
    pool.for_each(layers, [&](std::size_t s) { fill(segments_[s], s); });
    run_on_device();
    pool.for_each(layers, [&](std::size_t s) { check_layer(s, totals); });
    totals.elements += gradient_.size();
  }

 private:
  void fill(const Segment& segment, std::size_t layer) {
    Random random(seed_, Purpose::initial_weights, static_cast<std::uint32_t>(layer));
    for (std::size_t i = segment.offset; i < segment.offset + segment.parameters; ++i) {
      const Element element = draw(kind_, random);
      gradient_[i] = element.gradient;
      residual_[i] = element.residual;
      weight_[i] = element.weight;
    }
  }

  template <class T>
  static void copy(std::vector<T>& to, const cuda::DeviceArray<T>& from) {
    cuda::require(cudaMemcpy(to.data(), from.data(), to.size() * sizeof(T), cudaMemcpyDeviceToHost),
                  "copying from the device");
  }

  template <class T>
  static cuda::DeviceArray<T> upload(const std::vector<T>& from) {
    cuda::DeviceArray<T> to(from.size());
    cuda::require(
        cudaMemcpy(to.data(), from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice),
        "copying to the device");
    return to;
  }

  void run_on_device() {
    const auto gradient = upload(gradient_), residual = upload(residual_), weight = upload(weight_);
    const cuda::DeviceArray<MaskWord> mask(device_mask_.size());
    const cuda::DeviceArray<Statistics> statistics(layers);
    const cuda::DeviceArray<float> packed(residual_.size());
    cuda::Plan plan(segments_);
    plan.select({gradient.data(), residual.data(), nullptr, weight.data(), mask.data()}, 0,
                statistics.data(), nullptr);
    copy(device_residual_, residual);
    plan.pack(mask.data(), residual.data(), nullptr, packed.data(), nullptr, nullptr);
    copy(device_cleared_, residual);
    copy(device_mask_, mask);
    copy(device_statistics_, statistics);
    copy(device_packed_, packed);
    packed_before_.assign(1, 0);
    for (const Statistics& layer : device_statistics_)
      packed_before_.push_back(packed_before_.back() + layer.kept);
  }

  void check_layer(std::size_t s, Totals& totals) const {
    check_layer_on(*make_scalar_engine(), s, totals, &totals);
    if (avx2_supported())
      check_layer_on(*make_cpu_engine("avx2", avx2_kernels, 1), s, totals, nullptr);
  }

  /// Also counts what the elements are like, where `seen` is given.
  void check_layer_on(Engine& engine, std::size_t s, Totals& totals, Totals* seen) const {
    const Segment& whole = segments_[s];
    Segment segment = whole;
    segment.offset = segment.mask_offset = 0;
    const auto part = [&](const std::vector<float>& buffer) {
      return std::span(buffer).subspan(whole.offset, whole.parameters);
    };
    std::vector<float> residual(part(residual_).begin(), part(residual_).end());
    std::vector<MaskWord> mask(mask_words(whole.parameters));
    Statistics statistics;
    engine.select({part(gradient_), residual, {}, part(weight_), mask}, 0, {&segment, 1},
                  {&statistics, 1});
    const Statistics& device = device_statistics_[s];
    for (std::size_t i = 0; i < mask.size(); ++i)
      totals.mask_words += mask[i] != device_mask_[whole.mask_offset + i] ? 1 : 0;
    totals.residuals += differing<float>(residual, part(device_residual_));
    if (statistics.kept != device.kept || !same(statistics.importance_sum, device.importance_sum) ||
        !same(statistics.importance_square_sum, device.importance_square_sum))
      ++totals.statistics;
    if (seen) observe(residual, part(weight_), statistics.kept, *seen);
    if (statistics.kept != device.kept) return;  // packed values have other places
    std::vector<float> packed(statistics.kept);
    engine.pack(mask, {&segment, 1}, residual, {}, packed);
    totals.packed +=
        differing<float>(packed, std::span(device_packed_).subspan(packed_before_[s], device.kept));
    totals.residuals += differing<float>(residual, part(device_cleared_));
  }

  void observe(std::span<const float> residual, std::span<const float> weight, std::uint64_t kept,
               Totals& totals) const {
    std::uint64_t ties = 0, denormals = 0, zeros = 0, nonfinite = 0;
    for (std::size_t i = 0; i < residual.size(); ++i) {
      const float size = std::fabs(residual[i]);
      const float scale = std::fabs(weight[i]) > kind_.floor ? std::fabs(weight[i]) : kind_.floor;
      ties += size == kind_.threshold * scale ? 1 : 0;
      denormals += std::fpclassify(size) == FP_SUBNORMAL ? 1 : 0;
      zeros += size == 0 ? 1 : 0;
      nonfinite += std::isfinite(size) ? 0 : 1;
    }
    totals.ties += ties;
    totals.denormals += denormals;
    totals.zeros += zeros;
    totals.nonfinite += nonfinite;
    totals.kept += kept;
  }

  KindDefinition kind_;
  std::uint64_t seed_;
  std::vector<Segment> segments_;
  std::vector<float> gradient_, residual_, weight_;
  std::vector<float> device_residual_, device_cleared_, device_packed_;
  std::vector<MaskWord> device_mask_;
  std::vector<Statistics> device_statistics_;
  std::vector<std::uint64_t> packed_before_;
};

void print_row(const char* name, const Totals& totals) {
  const auto number = [](const std::atomic<std::uint64_t>& value) {
    return static_cast<unsigned long long>(value.load());
  };
  std::printf("%-34s %12llu %11llu %10llu %10llu %10llu %10llu | %6llu %9llu %10llu %7llu\n", name,
              number(totals.elements), number(totals.kept), number(totals.ties),
              number(totals.denormals), number(totals.zeros), number(totals.nonfinite),
              number(totals.mask_words), number(totals.residuals), number(totals.statistics),
              number(totals.packed));
}

int verify(double wanted) {
  constexpr int skipped = 77;
  if (const std::string why = cuda::unavailable(); !why.empty()) {
    std::printf("skipped: %s\n", why.c_str());
    return skipped;
  }
  const auto start = std::chrono::steady_clock::now();
  std::printf("engines: scalar, %scuda\n", avx2_supported() ? "avx2, " : "(no avx2 here) ");
  std::printf("%-34s %12s %11s %10s %10s %10s %10s | %6s %9s %10s %7s\n", "elements drawn from",
              "elements", "kept", "ties", "denormals", "zeros", "nonfinite", "masks", "residuals",
              "statistics", "packed");
  ThreadPool pool;
  // Layers of whole tiles, and of odd lengths, which begin at every alignment.
  constexpr std::array<std::size_t, 2> layer_elements = {std::size_t{1} << 19, 500'009};
  std::array<Totals, kinds.size()> totals;
  double done = 0;
  for (std::uint64_t round = 0; done < wanted; ++round) {
    const std::size_t kind = round % kinds.size();
    const std::size_t elements = layer_elements[round / kinds.size() % layer_elements.size()];
    Round(kinds[kind], elements, round).run(pool, totals[kind]);
    done += static_cast<double>(Round::layers * elements);
  }
  std::uint64_t differences = 0;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    print_row(kinds[i].name, totals[i]);
    differences += totals[i].differences();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%.4g elements in %.1f s: %s\n", done, took.count(),
              differences == 0 ? "every bit is the same" : "THE ENGINES DIFFER");
  return differences == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ringsim::prune

int main(int argc, char** argv) {
  try {
    return ringsim::prune::verify(argc > 1 ? std::atof(argv[1]) : 1e9);
  } catch (const std::exception& error) {
    std::printf("failed: %s\n", error.what());
    return 1;
  }
}
