#include "sim/run/machine.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/run/options/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

constexpr std::string_view default_gpu = "v100";
constexpr std::string_view usual_implementation = "torch";

struct NamedProfile {
  std::string name;
  std::filesystem::path path;
  CostProfile profile;
};

std::string topology_gpu_file(const Topology& topology) {
  try {
    return gpu_file(topology.gpu()).string();
  } catch (const UserError& error) {
    throw UserError(
        option_place("topology"),
        fmt::format("{} names the GPU \"{}\", which is unknown", topology.name(), topology.gpu()),
        "one of ringsim list gpus is accepted in the file", "name it there, or give `gpu`");
  }
}

/// The type that travels, where the scheme has a choice.
std::optional<std::string> values_of(const SchemeDefinition& scheme, const SchemeOptions& options) {
  if (std::ranges::find(scheme.options, &values_option) == scheme.options.end())
    return std::nullopt;
  return options.get<std::string>(values_option);
}

/// The rank of the products, where the scheme has one.
std::optional<std::uint64_t> rank_of(const SchemeDefinition& scheme, const SchemeOptions& options) {
  const auto found = std::ranges::find(scheme.options, std::string_view("rank"),
                                       [](const SchemeOption* option) { return option->name; });
  if (found == scheme.options.end()) return std::nullopt;
  return options.get<std::uint64_t>(**found);
}

NamedProfile load_shipped(std::string_view name) {
  for (const auto& shipped : shipped_cost_profiles()) {
    if (shipped.name == name) return {shipped.name, shipped.path, load_cost_profile(shipped.path)};
  }
  throw UserError(option_place("gpu"), fmt::format("names the profile \"{}\", unknown", name),
                  "the name of one of ringsim list profiles is accepted");
}

/// The first of the GPU's profiles of an implementation that holds the scheme, or else the first.
std::optional<NamedProfile> own_profile(const Gpu& gpu, std::string_view implementation,
                                        const CostQuery& query) {
  std::optional<NamedProfile> first;
  for (const auto& name : gpu.profiles) {
    auto found = load_shipped(name);
    if (found.profile.implementation != implementation) continue;
    if (find_costs(found.profile, query)) return found;
    if (!first) first = std::move(found);
  }
  return first;
}

/// The GPU's own, or else the first that ships.
NamedProfile profile_of(const Gpu& gpu, std::string_view implementation, const CostQuery& query) {
  if (auto own = own_profile(gpu, implementation, query)) return *std::move(own);
  std::vector<std::string> names;
  for (const auto& shipped : shipped_cost_profiles()) {
    NamedProfile found{shipped.name, shipped.path, load_cost_profile(shipped.path)};
    if (found.profile.implementation == implementation) return found;
    names.push_back(found.name);
  }
  throw UserError(option_place("compress-time"), fmt::format("found {}", implementation),
                  fmt::format("a profile is accepted; there are: {}", join(names, ", ")));
}

/// Scales what was found to the machine, and says what it is worth.
CompressionChoice scaled(const NamedProfile& named, FoundCosts found, const RunOptions& options,
                         const Machine& machine, const CostQuery& query) {
  CompressionChoice choice{.measured = std::move(found.costs),
                           .basis = found.is_exact ? Basis::measured : Basis::extrapolated,
                           .feels_memory = named.profile.memory_bandwidth.has_value()};
  if (named.path != named.name) choice.files.push_back(named.path);  // it ships
  std::vector<std::string> notes;
  if (!found.is_exact) {
    notes.push_back(
        fmt::format("measured at rank {}, taken for rank {}", *choice.measured->rank, *query.rank));
  }
  const auto& bandwidth = named.profile.memory_bandwidth;
  if (bandwidth && *bandwidth != machine.memory_bandwidth) {
    const double faster = machine.memory_bandwidth / *bandwidth;
    choice.measured = with_memory(*std::move(choice.measured), faster);
    notes.push_back(
        fmt::format("what moves memory is scaled to {}", format(machine.memory_bandwidth)));
  }
  if (named.profile.gpu && *named.profile.gpu != machine.gpu.name)
    notes.push_back(fmt::format("the GPU is {}", machine.gpu.name));
  // Where computing was measured, too, both are taken to be of the same device.
  if (!named.profile.gpu && models_compute_time(options)) {
    notes.push_back(fmt::format("measured on {}, and computing is that of a {}",
                                named.profile.device, machine.gpu.name));
  }
  if (notes.empty()) return choice;
  choice.basis = Basis::extrapolated;
  choice.note = fmt::format("compressing is extrapolated from the profile {}: {}", named.name,
                            join(notes, "; "));
  return choice;
}

/// What it took in a captured training; nothing where that was not measured. It holds for the GPU
/// that it was captured on, so for no other one that is named.
std::optional<CompressionChoice> as_captured(const RunOptions& options, const Machine& machine,
                                             const CostQuery& query) {
  const auto& file = options.compress_profile;
  if (file.empty() || is_given(options, "gpu") || is_given(options, "compress-time"))
    return std::nullopt;
  const NamedProfile named{file, file, load_cost_profile(file)};
  auto found = find_costs(named.profile, query);
  if (!found) return std::nullopt;
  return scaled(named, *std::move(found), options, machine, query);
}

CompressionChoice modelled(const CostQuery& query, const Gpu& gpu, bool has_profile) {
  return {.measured = std::nullopt,
          .basis = Basis::modelled,
          .feels_memory = true,
          .note = fmt::format("compressing is modelled as bytes moved, not measured: {} {}",
                              has_profile ? "the profile of PyTorch lacks"
                                          : "there is no profile "
                                            "of PyTorch for",
                              has_profile ? query.scheme : "the GPU " + gpu.name),
          .files = {}};
}

}  // namespace

Machine choose_machine(const RunOptions& options, const Topology& topology) {
  std::vector<std::filesystem::path> files;
  if (!options.gpu.empty()) {
    files.push_back(gpu_file(options.gpu));
  } else if (!topology.gpu().empty()) {
    files.emplace_back(topology_gpu_file(topology));
  }
  Gpu gpu = load_gpu(files.empty() ? gpu_file(default_gpu) : files.front());
  const FlopPerSecond speed =
      options.gpu_speed
          ? *options.gpu_speed
          : gpu.speed(options.precision.empty() ? gpu.default_precision : options.precision);
  const BytesPerSecond bandwidth = options.gpu_memory_bandwidth.value_or(gpu.memory_bandwidth);
  return {std::move(gpu), speed, bandwidth, std::move(files)};
}

Seconds modelled_compute_time(const Machine& machine, double flop, std::size_t tensors) {
  const double kernels = kernels_per_tensor * static_cast<double>(tensors);
  return std::max(Seconds{flop / machine.speed.value}, machine.gpu.kernel_floor * kernels);
}

CompressionChoice choose_compression(const RunOptions& options, const Machine& machine,
                                     const SchemeDefinition& scheme) {
  const auto how = options.compress_time;
  if (how == CompressTime::fixed) return {.basis = Basis::measured};
  if (how == CompressTime::model || how == CompressTime::none) return {};
  const auto& settings = options.scheme_options;
  const CostQuery query{std::string(scheme.name), rank_of(scheme, settings),
                        values_of(scheme, settings)};
  if (how == CompressTime::usual) {
    if (auto captured = as_captured(options, machine, query)) return *std::move(captured);
    const auto named = own_profile(machine.gpu, usual_implementation, query);
    auto found = named ? find_costs(named->profile, query) : std::nullopt;
    if (!found) return modelled(query, machine.gpu, named.has_value());
    return scaled(*named, *std::move(found), options, machine, query);
  }
  const auto& what = options.compress_profile;
  const auto named = names_file(what) ? NamedProfile{what, what, load_cost_profile(what)}
                                      : profile_of(machine.gpu, what, query);
  auto found = find_costs(named.profile, query);
  if (!found) {
    throw UserError(option_place("compress-time"),
                    fmt::format("found {}, and the profile {} lacks the scheme {}", what,
                                named.name, scheme.name),
                    fmt::format("it holds: {}", schemes_in(named.profile)),
                    "take one of these schemes, or `compress-time` model");
  }
  return scaled(named, *std::move(found), options, machine, query);
}

}  // namespace ringsim
