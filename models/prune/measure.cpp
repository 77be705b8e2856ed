#include "models/prune/measure.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "models/prune/cpu_kernels.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/encodings/encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <thread>

namespace ringsim::prune {

namespace {

/// The times that one piece of work took.
class Times {
 public:
  template <class Work>
  void add(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    seconds_.push_back(time.count());
  }

  Seconds median() {
    const auto middle = seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 2);
    std::ranges::nth_element(seconds_, middle);
    return {*middle};
  }
  BytesPerSecond rate(double bytes) { return {bytes / median().value}; }

 private:
  std::vector<double> seconds_;
};

/// Uniform in [-1, 1). Quick: base/random.hpp takes seconds for a hundred million of them.
class QuickUniform {
 public:
  float operator()() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<float>(state_ >> 40) * 0x1p-23F - 1;
  }

 private:
  std::uint64_t state_ = 1;
};

struct Buffers {
  std::vector<float> gradient, residual, weight, velocity, packed;
  std::vector<MaskWord> mask, other;
  Segment segment;
  Statistics statistics;

  /// With floor 1 and weights below it, a threshold of 1-d keeps a share d of uniform residuals.
  /// The gradient is too small to change them.
  explicit Buffers(std::size_t elements)
      : gradient(elements, 1e-12F),
        residual(elements),
        weight(elements),
        velocity(elements),
        mask(mask_words(elements)),
        segment{.offset = 0, .parameters = elements, .mask_offset = 0, .threshold = 1, .floor = 1} {
    QuickUniform uniform;
    for (float& value : residual) value = uniform();
    for (float& value : weight) value = uniform();
  }
};

class Measurement {
 public:
  Measurement(Engine& engine, std::size_t threads, std::size_t elements, std::size_t repetitions)
      : engine_(engine), pool_(threads), buffers_(elements), repetitions_(repetitions) {}

  SizeRates run(const std::vector<double>& densities) {
    const std::size_t elements = buffers_.residual.size();
    Times copy, limit, select, select_with_velocity;
    for (std::size_t i = 0; i < repetitions_ + 1; ++i) {
      if (i == 1) copy = limit = select = select_with_velocity = {};  // the first warms up
      // Select and its limit both come after a loop that leaves the caches full of changed
      // residuals: writing those back is part of their time. A copy leaves none.
      copy.add([&] { copy_on_threads(); });
      select_with_velocity.add([&] { select_once(buffers_.velocity); });
      limit.add([&] { accumulate_on_threads(); });
      select.add([&] { select_once({}); });
    }
    const auto n = static_cast<double>(elements);
    SizeRates rates{.elements = elements,
                    .copy = copy.rate(8 * n),
                    .limit = limit.rate(16 * n),
                    .select = select.rate(16.125 * n),
                    .select_with_velocity = select_with_velocity.rate(24.125 * n),
                    .masks = {}};
    for (const double density : densities) rates.masks.push_back(run_mask(density));
    std::ranges::sort(rates.masks, {}, &MaskRates::kept);
    return rates;
  }

 private:
  /// Calls body(first, count) for one part per thread.
  template <class Body>
  void in_parts(Body body) {
    const std::size_t elements = buffers_.residual.size(), parts = pool_.size();
    pool_.for_each(parts, [&](std::size_t part) {
      const std::size_t first = elements * part / parts;
      body(first, elements * (part + 1) / parts - first);
    });
  }

  void accumulate_on_threads() {
    in_parts([&](std::size_t first, std::size_t count) {
      // The gradient twice would be two reads; the velocity stands in for the weight, so that the
      // residual stays.
      accumulate_bare(buffers_.gradient.data() + first, buffers_.velocity.data() + first,
                      buffers_.residual.data() + first, count);
    });
  }

  void copy_on_threads() {
    in_parts([&](std::size_t first, std::size_t count) {
      std::memcpy(buffers_.velocity.data() + first, buffers_.gradient.data() + first,
                  count * sizeof(float));
    });
  }

  void select_once(std::span<float> velocity) {
    engine_.select({buffers_.gradient, buffers_.residual, velocity, buffers_.weight, buffers_.mask},
                   0, {&buffers_.segment, 1}, {&buffers_.statistics, 1});
  }

  MaskRates run_mask(double density) {
    Buffers& b = buffers_;
    b.segment.threshold = static_cast<float>(1 - density);
    select_once({});
    MaskRates rates;
    rates.kept = b.statistics.kept;
    b.other = b.mask;
    b.packed.resize(rates.kept);
    const std::span<const Segment> segments(&b.segment, 1);
    Times pack, pack_with_velocity, unpack, unite_times, count_times;
    for (std::size_t i = 0; i < repetitions_; ++i) {
      // Restored after each pack: residuals of 0 would not be selected again.
      pack.add([&] { engine_.pack(b.mask, segments, b.residual, {}, b.packed); });
      unpack.add([&] { engine_.unpack(b.mask, segments, b.packed, b.residual); });
      pack_with_velocity.add(
          [&] { engine_.pack(b.mask, segments, b.residual, b.velocity, b.packed); });
      engine_.unpack(b.mask, segments, b.packed, b.residual);
      unite_times.add([&] { unite(b.mask, b.other); });
      count_times.add([&] { check(count(b.mask) == rates.kept, "pack changes no mask"); });
    }
    rates.pack = pack.median();
    rates.pack_with_velocity = pack_with_velocity.median();
    rates.unpack = unpack.median();
    rates.unite = unite_times.median();
    rates.count = count_times.median();
    for (const MaskEncoding* encoding : mask_encodings())
      rates.encodings.push_back(run_encoding(encoding));
    rates.encodings.push_back(run_encoding(nullptr));
    return rates;
  }

  EncodingRates run_encoding(const MaskEncoding* encoding) {
    const std::span<const Segment> segments(&buffers_.segment, 1);
    EncodedMasks encoded;
    Times encode, decode;
    for (std::size_t i = 0; i < repetitions_; ++i) {
      encode.add([&] { encoded = encode_masks(buffers_.mask, segments, encoding); });
      decode.add([&] { decode_masks(encoded.bytes, segments, buffers_.other); });
    }
    check(buffers_.other == buffers_.mask, "a mask survives its encoding");
    return {.encoding = std::string(encoding ? encoding->name : "auto"),
            .size = {encoded.bytes.size()},
            .encode = encode.median(),
            .decode = decode.median()};
  }

  Engine& engine_;
  ThreadPool pool_;
  Buffers buffers_;
  std::size_t repetitions_;
};

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown";
}

void validate(const MeasureOptions& options, const EngineDefinition& engine) {
  if (engine.memory != EngineMemory::host)
    throw UserError(option_place("engine"),
                    fmt::format("the engine \"{}\" works on device memory", engine.name),
                    "an engine on host memory is accepted here");
  for (const std::size_t elements : options.elements)
    if (elements < 65536)
      throw UserError(option_place("elements"), fmt::format("found {}", elements),
                      "65536 elements or more are accepted");
  for (const double density : options.densities)
    if (!(density >= 0.0005 && density <= 0.5))
      throw UserError(option_place("density"), fmt::format("found {}", density),
                      "a density from 0.0005 to 0.5 is accepted");
  check(options.repetitions > 0 && !options.elements.empty() && !options.densities.empty(),
        "there is something to measure");
}

}  // namespace

EngineRates measure_engine(const MeasureOptions& options,
                           const std::function<void(std::size_t)>& progress) {
  const EngineDefinition& definition = find_engine(options.engine);
  validate(options, definition);
  const std::size_t threads =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  const auto engine = definition.make(threads);
  EngineRates profile{.engine = std::string(definition.name),
                      .processor = processor_name(),
                      .threads = threads,
                      .sizes = {}};
  auto sizes = options.elements;
  std::ranges::sort(sizes);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  for (const std::size_t elements : sizes) {
    if (progress) progress(elements);
    profile.sizes.push_back(
        Measurement(*engine, threads, elements, options.repetitions).run(options.densities));
  }
  return profile;
}

void accumulate_bare(const float* gradient, const float* weight, float* residual,
                     std::size_t elements) {
  if (avx2_supported()) {
    avx2_kernels.accumulate_bare(gradient, weight, residual, elements);
    return;
  }
  for (std::size_t i = 0; i < elements; ++i) residual[i] += gradient[i] + weight[i];
}

}  // namespace ringsim::prune
