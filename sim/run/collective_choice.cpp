#include "sim/run/collective_choice.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/run/nccl_links.hpp"
#include "sim/run/slowest_hop.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

bool spans_nodes(const Topology& topology, Rank ranks) {
  return topology.gpus_per_node() > 1 && ranks > topology.gpus_per_node();
}

}  // namespace

std::string_view collective_name(const RunOptions& options, const Topology& topology, Rank ranks) {
  if (options.collective != automatic_collective) return options.collective;
  const Rank per_node = std::min(ranks, topology.gpus_per_node());
  const bool has_whole_nodes = ranks % per_node == 0 && !has_deaths(topology, ranks);
  if (has_whole_nodes && !topology.library().empty()) return topology.library();
  return has_whole_nodes && spans_nodes(topology, ranks) ? "hierarchical" : "ring";
}

CollectiveChoice choose_collective(const RunOptions& options, const Topology& topology,
                                   Rank ranks) {
  AllReduceRequest request{.ranks = ranks,
                           .elements = 0,
                           .element_bytes = Bytes{sizeof(float)},
                           .ranks_per_node = topology.gpus_per_node()};
  for (const auto& [option, value] : options.collective_options) option->set(request, value);
  const auto& algorithm = find_collective(collective_name(options, topology, ranks));
  check_collective_options(options, algorithm.name);
  if (algorithm.needs_whole_nodes && has_deaths(topology, ranks)) {
    throw UserError(
        option_place("collective"),
        fmt::format("{} needs whole nodes, and hosts of {} die", algorithm.name, topology.name()),
        "another one is accepted (ringsim list collectives)");
  }
  if (algorithm.is_library) {
    request.ranks_per_node = nccl_ranks_per_node(topology, ranks);
    request.nccl = nccl_links(topology, ranks);
  }
  algorithm.make_all_reduce(request);  // or it says why not, before anything slow begins
  return {&algorithm, request, slowest_hop(topology, ranks)};
}

std::string collective_note(const Experiment& experiment) {
  const auto& topology = experiment.topology;
  const bool is_flat = experiment.options.collective == automatic_collective &&
                       experiment.collective.algorithm->name == "ring" &&
                       spans_nodes(topology, experiment.ranks);
  if (!is_flat) return {};
  const auto why = has_deaths(topology, experiment.ranks)
                       ? fmt::format("hosts of {} die", topology.name())
                       : fmt::format("{} ranks are no whole nodes of {} GPUs", experiment.ranks,
                                     topology.gpus_per_node());
  return fmt::format("all-reduces go round one flat ring, not nodes first: {}", why);
}

}  // namespace ringsim
