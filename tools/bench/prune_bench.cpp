// Google Benchmark of the pruning engines on this machine's CPU, their rivals and the encodings.
//
//   ringsim_bench_prune --benchmark_repetitions=9 --benchmark_report_aggregates_only=true
//       --benchmark_enable_random_interleaving=true --benchmark_filter='select|limit|rival'
//
// Names are WHAT/ELEMENTS[/KEEP ONE IN][/threads:T]. bytes_per_second counts what has to be read or
// written once: 16 per element for the limit, 16.125 for select and for its rivals.
#include "base/parallel.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/measure.hpp"
#include "tools/bench/rivals.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

namespace ringsim::bench {
namespace {

using prune::Engine;
using prune::MaskWord;
using prune::Segment;

constexpr std::size_t sizes[] = {1'000'000, 25'600'000, 61'100'000};
constexpr std::size_t keep_one_in[] = {128, 1000};

/// Uniform residuals in [-1, 1) and weights below the floor of 1: a threshold of 1-d keeps a share
/// d. The gradient is too small to change anything.
struct Layer {
  std::vector<float> gradient, zeros, residual, weight, packed, scratch;
  std::vector<MaskWord> mask;
  std::vector<std::uint8_t> byte_mask;
  Segment segment;

  explicit Layer(std::size_t elements)
      : gradient(elements, 1e-12F),
        zeros(elements),
        residual(elements),
        weight(elements),
        packed(elements / 50),
        mask(prune::mask_words(elements)),
        segment{.offset = 0, .parameters = elements, .mask_offset = 0, .threshold = 1, .floor = 1} {
    std::uint64_t state = 1;
    for (std::vector<float>* buffer : {&residual, &weight})
      for (float& value : *buffer) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        value = static_cast<float>(state >> 40) * 0x1p-23F - 1;
      }
  }

  prune::Statistics select(Engine& engine) {
    prune::Statistics statistics;
    engine.select({gradient, residual, {}, weight, mask}, 0, {&segment, 1}, {&statistics, 1});
    return statistics;
  }

  Job job() {
    scratch.resize(residual.size());
    byte_mask.resize(residual.size());
    return {gradient,  residual, weight, 1 - 1.0F / 128, 1, residual.size() / 128,
            byte_mask, scratch};
  }
};

/// The layer of this size; only one is held at a time.
Layer& layer(std::size_t elements) {
  static std::unique_ptr<Layer> held;
  if (!held || held->residual.size() != elements) {
    held.reset();
    held = std::make_unique<Layer>(elements);
  }
  return *held;
}

void set_bytes(benchmark::State& state, double bytes_per_element, std::size_t elements) {
  const double bytes = bytes_per_element * static_cast<double>(elements);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) *
                          static_cast<std::int64_t>(state.iterations()));
}

void set_per_kept(benchmark::State& state, std::uint64_t kept) {
  state.counters["time_per_kept"] =
      benchmark::Counter(static_cast<double>(kept), benchmark::Counter::kIsIterationInvariantRate |
                                                        benchmark::Counter::kInvert);
}

void limit(benchmark::State& state, std::size_t elements, std::size_t threads) {
  Layer& data = layer(elements);
  ThreadPool pool(threads);
  for (auto _ : state)
    pool.for_each(threads, [&](std::size_t part) {
      const std::size_t first = elements * part / threads;
      prune::accumulate_bare(data.gradient.data() + first, data.zeros.data() + first,
                             data.residual.data() + first, elements * (part + 1) / threads - first);
    });
  set_bytes(state, 16, elements);
}

void select(benchmark::State& state, const prune::EngineDefinition& definition,
            std::size_t elements, std::size_t threads) {
  Layer& data = layer(elements);
  data.segment.threshold = 1 - 1.0F / 128;
  const auto engine = definition.make(threads);
  for (auto _ : state) benchmark::DoNotOptimize(data.select(*engine));
  set_bytes(state, 16.125, elements);
}

void rival(benchmark::State& state, Outcome (*run)(const Job&), std::size_t elements) {
  const Job job = layer(elements).job();
  for (auto _ : state) benchmark::DoNotOptimize(run(job));
  set_bytes(state, 16.125, elements);
}

void pack(benchmark::State& state, const prune::EngineDefinition& definition, std::size_t elements,
          std::size_t one_in, std::size_t threads) {
  Layer& data = layer(elements);
  data.segment.threshold = 1 - 1.0F / static_cast<float>(one_in);
  const auto engine = definition.make(threads);
  const std::uint64_t kept = data.select(*engine).kept;
  const std::span<const Segment> segments(&data.segment, 1);
  for (auto _ : state) {
    engine->pack(data.mask, segments, data.residual, {}, data.packed);
    state.PauseTiming();
    engine->unpack(data.mask, segments, data.packed, data.residual);
    state.ResumeTiming();
  }
  set_per_kept(state, kept);
}

void encode(benchmark::State& state, const MaskEncoding& encoding, std::size_t elements,
            std::size_t one_in) {
  Layer& data = layer(elements);
  data.segment.threshold = 1 - 1.0F / static_cast<float>(one_in);
  const std::uint64_t kept = data.select(*prune::make_engine()).kept;
  std::vector<std::uint8_t> bytes;
  for (auto _ : state) {
    bytes.clear();
    encoding.encode(data.mask, elements, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  set_per_kept(state, kept);
  state.counters["bits_per_kept"] =
      8 * static_cast<double>(bytes.size()) / static_cast<double>(kept);
}

void decode(benchmark::State& state, const MaskEncoding& encoding, std::size_t elements,
            std::size_t one_in) {
  Layer& data = layer(elements);
  data.segment.threshold = 1 - 1.0F / static_cast<float>(one_in);
  const std::uint64_t kept = data.select(*prune::make_engine()).kept;
  std::vector<std::uint8_t> bytes;
  encoding.encode(data.mask, elements, bytes);
  std::vector<MaskWord> decoded(data.mask.size());
  for (auto _ : state) {
    std::fill(decoded.begin(), decoded.end(), 0);
    if (!encoding.decode(bytes, elements, decoded)) state.SkipWithError("refused");
  }
  set_per_kept(state, kept);
}

template <class Run>
void add(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), run)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MinTime(0.05);
}

void register_engine(const prune::EngineDefinition& engine, std::size_t n) {
  for (const std::size_t threads : {1, 2}) {
    if (threads > 1 && engine.name == "scalar") continue;
    const std::string end = "/threads:" + std::to_string(threads);
    const std::string middle = "/" + std::string(engine.name) + "/" + std::to_string(n);
    add("select" + middle + end,
        [&engine, n, threads](benchmark::State& s) { select(s, engine, n, threads); });
    for (const std::size_t one_in : keep_one_in)
      add("pack" + middle + "/" + std::to_string(one_in) + end,
          [&engine, n, one_in, threads](benchmark::State& s) {
            pack(s, engine, n, one_in, threads);
          });
  }
}

void register_all() {
  for (const std::size_t n : sizes) {
    const std::string size = "/" + std::to_string(n);
    for (const std::size_t threads : {1, 2})
      add("limit" + size + "/threads:" + std::to_string(threads),
          [n, threads](benchmark::State& s) { limit(s, n, threads); });
    for (const prune::EngineDefinition* engine : prune::engines())
      if (engine->memory == prune::EngineMemory::host && engine->unavailable().empty())
        register_engine(*engine, n);
    add("rival/eigen" + size, [n](benchmark::State& s) { rival(s, select_with_eigen, n); });
    add("rival/nth_element" + size,
        [n](benchmark::State& s) { rival(s, top_k_with_nth_element, n); });
    for (const std::size_t one_in : keep_one_in)
      for (const MaskEncoding* encoding : mask_encodings()) {
        const std::string end =
            "/" + std::string(encoding->name) + size + "/" + std::to_string(one_in);
        add("encode" + end,
            [encoding, n, one_in](benchmark::State& s) { encode(s, *encoding, n, one_in); });
        add("decode" + end,
            [encoding, n, one_in](benchmark::State& s) { decode(s, *encoding, n, one_in); });
      }
  }
}

}  // namespace
}  // namespace ringsim::bench

int main(int argc, char** argv) {
  ringsim::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
