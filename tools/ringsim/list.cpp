// ringsim list: what can be named on the command line.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/networks/network.hpp"
#include "models/optimizer.hpp"
#include "models/profiles/cost_profile.hpp"
#include "models/profiles/gpu.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/scheme.hpp"
#include "models/specs/model_spec.hpp"
#include "sim/backend/backend.hpp"
#include "sim/collectives/collective.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/table.hpp"
#include "topologies/kinds/kind.hpp"
#include "traces/gradient_trace.hpp"
#include "traces/shipped_traces.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <memory>

namespace ringsim {
namespace {

using Rows = std::vector<std::vector<std::string>>;

template <class Options>
std::vector<std::string> names_of(const Options& options, std::string_view prefix) {
  std::vector<std::string> names;
  for (const auto* option : options) names.push_back(fmt::format("{}{}", prefix, option->name));
  return names;
}

Rows scheme_rows() {
  Rows rows = {{"scheme", "what it does", "source", "lr", "momentum", "options"}};
  for (const auto* scheme : schemes()) {
    rows.push_back({std::string(scheme->name), std::string(scheme->description),
                    std::string(scheme->source), fmt::format("{}", scheme->defaults.learning_rate),
                    fmt::format("{}", scheme->defaults.momentum),
                    join(names_of(scheme->options, ""), " ")});
  }
  return rows;
}

template <class Definitions>
Rows described(std::string_view heading, const Definitions& definitions) {
  Rows rows = {{std::string(heading), "what it is"}};
  for (const auto* definition : definitions) {
    rows.push_back({std::string(definition->name), std::string(definition->description)});
  }
  return rows;
}

Rows collective_rows() {
  Rows rows = {{"collective", "what it is", "options"}};
  for (const auto* collective : collectives()) {
    rows.push_back({std::string(collective->name), with_dashes(collective->description),
                    join(names_of(collective->options, "--"), ", ")});
  }
  return rows;
}

Rows backend_rows() {
  Rows rows = {{"backend", "what it is", "here"}};
  for (const auto* backend : backends()) {
    const auto refusal = backend->unavailable();
    rows.push_back({std::string(backend->name), std::string(backend->description),
                    refusal ? "unavailable: " + refusal->found : "available"});
  }
  return rows;
}

Rows optimizer_rows() {
  Rows rows = {{"optimizer", "what it does", "source", "lr", "momentum"}};
  const auto shown = [](std::optional<double> value) {
    return value ? fmt::format("{}", *value) : "the scheme's";
  };
  for (const auto* optimizer : optimizers()) {
    rows.push_back({std::string(optimizer->name), std::string(optimizer->description),
                    std::string(optimizer->source), shown(optimizer->learning_rate),
                    shown(optimizer->momentum)});
  }
  return rows;
}

Rows topology_rows() {
  Rows rows = {{"topology", "kind", "hosts", "what it is"}};
  for (const auto& shipped : shipped_topologies()) {
    const auto topology = load_topology(shipped.path);
    rows.push_back({shipped.name, std::string(topology.kind().name),
                    fmt::format("{}", topology.hosts()), topology.description()});
  }
  return rows;
}

Rows engine_rows() {
  Rows rows = {{"engine", "what it is", "here"}};
  for (const auto* engine : prune::engines()) {
    const std::string why_not = engine->unavailable();
    rows.push_back({std::string(engine->name), std::string(engine->description),
                    why_not.empty() ? "available" : "unavailable: " + why_not});
  }
  return rows;
}

Rows model_rows() {
  Rows rows = {{"model", "parameters", "what it is"}};
  for (const auto* network : networks()) {
    rows.push_back({std::string(network->name),
                    fmt::format("{}", total_parameters(network->make()->layers())),
                    std::string(network->description)});
  }
  for (const auto& shipped : shipped_model_specs()) {
    const auto spec = load_model_spec(shipped.path);
    rows.push_back({spec.name, fmt::format("{}", total_parameters(spec.layers)),
                    spec.description + "; not trained: --source synthetic"});
  }
  return rows;
}

Rows gpu_rows() {
  Rows rows = {{"gpu", "precisions", "memory", "profiles", "what it is"}};
  for (const auto& shipped : shipped_gpus()) {
    const auto gpu = load_gpu(shipped.path);
    std::vector<std::string> speeds;
    for (const auto& [precision, speed] : gpu.speeds)
      speeds.push_back(fmt::format("{} {}", precision, format(speed)));
    rows.push_back({shipped.name, join(speeds, ", "), format(gpu.memory_bandwidth),
                    gpu.profiles.empty() ? "-" : join(gpu.profiles, ", "), gpu.description});
  }
  return rows;
}

Rows profile_rows() {
  Rows rows = {{"profile", "implementation", "device", "schemes"}};
  for (const auto& shipped : shipped_cost_profiles()) {
    const auto profile = load_cost_profile(shipped.path);
    rows.push_back({shipped.name, profile.implementation, profile.device, schemes_in(profile)});
  }
  return rows;
}

Rows trace_rows() {
  Rows rows = {{"trace", "scheme", "ranks", "steps", "what it is"}};
  for (const auto& shipped : shipped_traces()) {
    const auto header = read_trace_header(shipped.folder);
    rows.push_back({shipped.name, header.scheme, fmt::format("{}", header.ranks),
                    fmt::format("{}", header.steps), header.description});
  }
  return rows;
}

struct Listing {
  std::string name;
  Rows (*rows)();
};

const std::vector<Listing>& listings() {
  static const std::vector<Listing> all = {
      {"schemes", scheme_rows},
      {"models", model_rows},
      {"optimizers", optimizer_rows},
      {"gpus", gpu_rows},
      {"profiles", profile_rows},
      {"topologies", topology_rows},
      {"topology-kinds", [] { return described("kind", topology_kinds()); }},
      {"traces", trace_rows},
      {"collectives", collective_rows},
      {"backends", backend_rows},
      {"encodings", [] { return described("encoding", mask_encodings()); }},
      {"engines", engine_rows},
  };
  return all;
}

int execute(const std::string& what) {
  std::vector<std::string> names;
  bool found = false;
  for (const auto& listing : listings()) {
    names.push_back(listing.name);
    if (!what.empty() && what != listing.name) continue;
    if (found) fmt::print("\n");
    found = true;
    fmt::print("{}", format_table(listing.rows(), true));
  }
  if (found) return 0;
  throw UserError({{}, "list"}, fmt::format("found \"{}\"{}", what, did_you_mean(what, names)),
                  "accepted: " + join(names, ", ") + ", or nothing for all");
}

std::function<int()> add_list(CLI::App& app, const Invocation&) {
  auto what = std::make_shared<std::string>();
  app.add_option("WHAT", *what,
                 "schemes, models, optimizers, gpus, profiles, topologies, topology-kinds, traces, "
                 "collectives, backends, encodings or engines; default all")
      ->type_name("");
  return [what] { return execute(*what); };
}

}  // namespace

extern const CommandDefinition list_command;
const CommandDefinition list_command = {
    "list", "what can be named: schemes, models, topologies, ...", add_list};

}  // namespace ringsim
