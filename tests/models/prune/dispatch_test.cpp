#include "models/prune/dispatch.hpp"

#include "base/error.hpp"
#include "models/prune/cpu_kernels.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cstdlib>

namespace ringsim::prune {
namespace {

std::string refusal(std::string_view name) {
  try {
    find_engine(name);
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

std::string available() {
  std::string names = "auto";
  for (const EngineDefinition* engine : engines())
    if (engine->unavailable().empty()) names += ", " + std::string(engine->name);
  return names;
}

std::string_view best() {
  if (avx512_supported()) return "avx512";
  return avx2_supported() ? "avx2" : "scalar";
}

/// RINGSIM_ENGINE for the time of a test.
struct Environment {
  explicit Environment(const char* value) { setenv("RINGSIM_ENGINE", value, 1); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { unsetenv("RINGSIM_ENGINE"); }
};

TEST_CASE("auto takes the best engine on host memory") {
  unsetenv("RINGSIM_ENGINE");
  CHECK(find_engine("auto").name == best());
  CHECK(make_engine()->name() == find_engine("auto").name);
}

TEST_CASE("an engine is made by name") {
  for (const EngineDefinition* engine : engines())
    if (engine->memory == EngineMemory::host && engine->unavailable().empty())
      CHECK(make_engine(engine->name, 2)->name() == engine->name);
  CHECK(find_engine("scalar").name == "scalar");
}

TEST_CASE("RINGSIM_ENGINE overrides auto, a name overrides RINGSIM_ENGINE") {
  {
    const Environment environment("scalar");
    CHECK(find_engine("auto").name == "scalar");
    if (avx2_supported()) CHECK(find_engine("avx2").name == "avx2");
  }
  const Environment environment("auto");
  CHECK(find_engine("auto").name == best());
}

TEST_CASE("an unknown engine is an error that lists what is available") {
  CHECK(refusal("scaler") ==
        "`engine`: the engine \"scaler\" is unknown (did you mean \"scalar\"?)"
        "; available here: " +
            available());
  CHECK(refusal("") == "`engine`: the engine \"\" is unknown; available here: " + available());
  const Environment environment("sse9000");
  CHECK(refusal("auto") ==
        "RINGSIM_ENGINE: the engine \"sse9000\" is unknown; available here: " + available());
}

TEST_CASE("an engine that this machine or build lacks is an error with the reason") {
  for (const EngineDefinition* engine : engines()) {
    const std::string why = engine->unavailable();
    if (why.empty()) continue;
    CHECK(refusal(engine->name) ==
          fmt::format("`engine`: the engine \"{}\" is not available: {}; available here: {}",
                      engine->name, why, available()));
  }
#ifndef RINGSIM_HAVE_CUDA
  CHECK(refusal("cuda") ==
        "`engine`: the engine \"cuda\" is not available: this build is without "
        "CUDA; available here: " +
            available());
#endif
}

}  // namespace
}  // namespace ringsim::prune
