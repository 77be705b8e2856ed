#include "models/prune/dispatch.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "models/prune/cpu_engine.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

namespace ringsim::prune {

#ifdef RINGSIM_HAVE_CUDA
extern const EngineDefinition cuda_engine;  // models/prune/cuda/
#else
namespace {
const EngineDefinition cuda_engine{
    .name = "cuda",
    .description = "GPUs of NVIDIA (not in this build)",
    .memory = EngineMemory::device,
    .unavailable = [] { return std::string("this build is without CUDA"); },
    .make = nullptr};
}  // namespace
#endif

namespace {

const EngineDefinition avx2_engine{
    .name = "avx2",
    .description = "x86-64 processors with AVX2, on several threads",
    .memory = EngineMemory::host,
    .unavailable = [] { return std::string(avx2_supported() ? "" : "this CPU is without AVX2"); },
    .make = [](std::size_t threads) { return make_cpu_engine("avx2", avx2_kernels, threads); }};

const EngineDefinition avx512_engine{
    .name = "avx512",
    .description = "x86-64 processors with AVX-512 (F, VL), on several threads",
    .memory = EngineMemory::host,
    .unavailable =
        [] { return std::string(avx512_supported() ? "" : "this CPU is without AVX-512"); },
    .make = [](std::size_t threads) { return make_cpu_engine("avx512", avx512_kernels, threads); }};

const EngineDefinition scalar_engine{
    .name = "scalar",
    .description = "the plain reference, on one thread",
    .memory = EngineMemory::host,
    .unavailable = [] { return std::string(); },
    .make = [](std::size_t /*threads*/) { return make_scalar_engine(); }};

[[noreturn]] void refuse(const Place& place, std::string_view name, const std::string& why) {
  std::vector<std::string> available = {"auto"};
  for (const EngineDefinition* engine : engines())
    if (engine->unavailable().empty()) available.emplace_back(engine->name);
  const std::string found = "the engine \"" + std::string(name) + "\" " + why;
  throw UserError(place, found + did_you_mean(name, available),
                  "available here: " + join(available, ", "));
}

const EngineDefinition& find_named(std::string_view name, const Place& place) {
  for (const EngineDefinition* engine : engines()) {
    if (engine->name != name) continue;
    const std::string why = engine->unavailable();
    if (!why.empty()) refuse(place, name, "is not available: " + why);
    return *engine;
  }
  refuse(place, name, "is unknown");
}

}  // namespace

std::span<const EngineDefinition* const> engines() {
  static constexpr std::array<const EngineDefinition*, 4> all = {&cuda_engine, &avx512_engine,
                                                                 &avx2_engine, &scalar_engine};
  return all;
}

const EngineDefinition& find_engine(std::string_view name, const Place& place) {
  if (name != "auto") return find_named(name, place);
  const char* wanted = std::getenv("RINGSIM_ENGINE");
  if (wanted && std::string_view(wanted) != "auto")
    return find_named(wanted, {"", "RINGSIM_ENGINE"});
  return **std::ranges::find_if(engines(), [](const EngineDefinition* engine) {
    return engine->memory == EngineMemory::host && engine->unavailable().empty();
  });
}

std::unique_ptr<Engine> make_engine(std::string_view name, std::size_t threads) {
  return find_engine(name).make(threads);
}

}  // namespace ringsim::prune
