// The simgrid backend. SimGrid's libraries take 26 MiB and 25 ms to load, and few commands want
// them: what runs on SimGrid (run.hpp) is a module, which is loaded when it is first asked for.
#include "sim/backend/backend.hpp"

#include "base/option_names.hpp"
#include "base/shipped_folder.hpp"
#include "sim/simgrid/run.hpp"
#include "sim/simgrid/stacks.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace ringsim {

extern const BackendDefinition simgrid_backend;

namespace {

using RunOnSimGrid = decltype(ringsim_simgrid_run);

const std::filesystem::path& module_path() {
  static const auto path = shipped_module("ringsim_simgrid.so", RINGSIM_MODULES_FROM_PROGRAM,
                                          RINGSIM_BUILT_MODULE, RINGSIM_INSTALLED_MODULES);
  return path;
}

/// Null where the module or a library that it needs cannot be loaded.
RunOnSimGrid* loaded() {
  static auto* const run = []() -> RunOnSimGrid* {
    void* module = dlopen(module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) return nullptr;
    return reinterpret_cast<RunOnSimGrid*>(dlsym(module, "ringsim_simgrid_run"));
  }();
  return run;
}

std::optional<BackendRefusal> unavailable() {
  if (std::filesystem::exists(module_path())) return std::nullopt;
  return BackendRefusal{
      "the simgrid backend's module \"" + module_path().string() + "\" is missing",
      "install all of ringsim, or build the target ringsim_simgrid"};
}

/// The module stays loaded, for the processes, too, that are forked to run it.
std::optional<BackendRefusal> why_not(const Topology& /*topology*/, Rank ranks) {
  if (loaded() != nullptr) return too_many_actors(ranks, stack_room());
  return BackendRefusal{
      "the simgrid backend's module \"" + module_path().string() + "\" cannot be loaded",
      "install SimGrid's library (Debian's libsimgrid3.32), which it needs"};
}

BackendResult run(const Topology& topology, const Program& program, const Observer& observer) {
  require_available(simgrid_backend);
  require_able(simgrid_backend, topology, program.ranks);
  const auto actors = std::uint64_t{program.ranks} * program.streams_per_rank;
  if (const auto refusal = too_many_actors(actors, stack_room()))
    throw UserError(option_place("backend"), refusal->found, {}, refusal->fix);
  BackendResult result;
  loaded()(topology, program, observer, result);
  return result;
}

}  // namespace

const BackendDefinition simgrid_backend = {
    .name = "simgrid",
    .description = "SimGrid 3.32: links are shared by all that flows over them",
    .unavailable = unavailable,
    .why_not = why_not,
    .run = run,
    .is_always_exact = true,
    .runs_once_per_process = true,
    .clock_rounding = 1e-12};

}  // namespace ringsim
