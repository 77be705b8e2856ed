#include "topologies/calibration/cluster/cluster_fit.hpp"

#include "base/error.hpp"
#include "topologies/calibration/cluster/least_squares.hpp"
#include "topologies/nccl/tuning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace ringsim::cluster {
namespace {

constexpr double microsecond = 1e-6;

/// What a bus carries, over what the call is said to have: as nccl-tests counts it.
double bus_share(std::string_view operation, double ranks) {
  if (operation == "all_reduce") return 2 * (ranks - 1) / ranks;
  if (operation == "broadcast" || operation == "reduce" || operation == "sendrecv") return 1;
  return (ranks - 1) / ranks;
}

BytesPerSecond reached(std::span<const ClusterObservation> observations, bool over_nodes) {
  BytesPerSecond most;
  for (const auto& each : observations) {
    if ((each.arrangement.nodes > 1) != over_nodes || each.operation == "sendrecv") continue;
    const double bytes =
        static_cast<double>(each.size.count) * bus_share(each.operation, each.arrangement.ranks);
    most = std::max(most, BytesPerSecond{bytes / each.time.value});
  }
  return most;
}

/// What NCCL believes of a network of which this much was reached.
constexpr double network_efficiency = 0.9;

Believed believed_of(std::span<const ClusterObservation> observations) {
  const auto inside = reached(observations, false), between = reached(observations, true);
  constexpr BytesPerSecond unknown{300e9};  // of a node that was not measured: GPUs with NVLink
  const auto fabric = inside.value > 0 ? fabric_of(inside) : Fabric::nvlink;
  return {fabric, believed_inside(inside.value > 0 ? inside : unknown),
          between / network_efficiency};
}

/// Calls, hops (us) and shares of the believed bandwidth, by protocol: what H100 and H200 with
/// NVLink are near. A hop weighs much: of 2 ranks alone a call cannot be told from its hops.
struct InsidePrior {
  double call, hop, share, tree_share;
};
constexpr std::array<InsidePrior, protocols> nvlink_priors = {
    {{5, 1.2, .8, .45}, {9.2, 1.9, .95, .9}, {13, 2.5, 1, .97}}};
constexpr double strong = 6, weak = 0.02;
/// us: hops between nodes, LL, LL128, Simple.
constexpr std::array<double, protocols> between_hops = {15, 25, 60};

std::vector<Prior> priors_of(const Believed& believed) {
  std::vector<Prior> priors;
  for (std::size_t i = 0; i < protocols; ++i) {
    const auto p = static_cast<Protocol>(i);
    const auto add = [&](Part part, double value, double weight) {
      priors.push_back({{{parameter(p, part), 1}}, value, weight});
    };
    if (believed.fabric != Fabric::sockets) {
      const auto& [call, hop, share, tree_share] = nvlink_priors[i];
      add(Part::call, call * microsecond, weak);
      add(Part::hop, hop * microsecond, strong);
      // A hop of LL with a full line of each channel.
      if (p == Protocol::ll)
        priors.back().terms.emplace_back(parameter(p, Part::byte), ll_full_channels(1));
      add(Part::tree_hop, hop * microsecond, strong);
      add(Part::byte, 1 / (share * believed.inside.value), weak);
      add(Part::tree_byte, 1 / (tree_share * believed.inside.value), weak);
    }
    if (believed.between.value > 0) {
      add(Part::between_hop, between_hops[i] * microsecond, weak);
      add(Part::between_tree_hop, between_hops[i] * microsecond, weak);
    }
  }
  return priors;
}

/// What no call of the tables took is taken from what is like it.
class Gaps {
 public:
  Gaps(std::span<const Equation> equations, std::vector<double>& values) : values_(values) {
    for (const auto& equation : equations)
      for (const auto& term : equation.terms) measured_.insert(term.first);
  }

  /// Parameters that were measured or that have a value. What a call takes beside its bytes may be
  /// nothing.
  std::vector<bool> known() const {
    std::vector<bool> known(all_parameters);
    for (std::size_t i = 0; i < all_parameters; ++i) {
      const bool is_byte = i >= direct_call ? i == direct_byte || i == direct_between_byte
                                            : is_byte_of(static_cast<Part>(i % parts));
      known[i] = !is_byte || has(i) || values_[i] > 0;
    }
    return known;
  }

  void fill() {
    for (const auto p : {Protocol::ll, Protocol::ll128, Protocol::simple}) {
      fill_like(parameter(p, Part::tree_byte), parameter(p, Part::byte));
      fill_like(parameter(p, Part::tree_hop), parameter(p, Part::hop));
      fill_like(parameter(p, Part::between_tree_byte), parameter(p, Part::between_byte));
      fill_like(parameter(p, Part::between_tree_hop), parameter(p, Part::between_hop));
      fill_like(parameter(p, Part::between_byte), parameter(p, Part::between_tree_byte));
      fill_like(parameter(p, Part::between_hop), parameter(p, Part::between_tree_hop));
    }
    // LL128 is between the other two, near Simple in what a byte takes.
    for (const auto part : {Part::call, Part::hop, Part::tree_hop}) {
      const auto ll = parameter(Protocol::ll, part), simple = parameter(Protocol::simple, part);
      if (has(parameter(Protocol::ll128, part)) || !has(ll) || !has(simple)) continue;
      values_[parameter(Protocol::ll128, part)] = (values_[ll] + values_[simple]) / 2;
    }
    for (const auto part : {Part::byte, Part::fill, Part::tree_byte}) {
      const auto simple = parameter(Protocol::simple, part);
      if (has(parameter(Protocol::ll128, part)) || !has(simple)) continue;
      const double share = part == Part::tree_byte ? ll128_of_tree({2, 1}) : ll128_share;
      values_[parameter(Protocol::ll128, part)] = values_[simple] / share;
    }
    // One protocol's network is the other's, LL at half of its rate.
    const auto ll = parameter(Protocol::ll, Part::between_byte),
               simple = parameter(Protocol::simple, Part::between_byte);
    if (values_[ll] == 0) values_[ll] = 2 * values_[simple];
    if (values_[simple] == 0) values_[simple] = values_[ll] / 2;
  }

 private:
  static bool is_byte_of(Part part) {
    return part == Part::byte || part == Part::tree_byte || part == Part::between_byte ||
           part == Part::between_tree_byte;
  }
  bool has(std::size_t parameter) const { return measured_.count(parameter) > 0; }
  void fill_like(std::size_t parameter, std::size_t like) {
    if (!has(parameter) && has(like)) values_[parameter] = values_[like];
  }

  std::vector<double>& values_;
  std::set<std::size_t> measured_;
};

struct Fitted {
  ClusterFit fit;
  double median_error;
};

Terms all_terms(const ClusterFit& fit, const ClusterObservation& call) {
  auto terms = terms_of(call.operation, static_cast<double>(call.size.count), call.arrangement,
                        choice_of(fit, call), fit.machine);
  if (!call.is_nccl_tests) terms.emplace_back(caller, 1);
  return terms;
}

Fitted fit_with(std::span<const ClusterObservation> observations, const Machine& machine,
                const Believed& believed) {
  ClusterFit fit{
      believed, machine, std::vector<double>(all_parameters, 0), {}, scope_of(observations)};
  // Another caller's times tell what it adds only beside those of nccl-tests.
  const bool has_both = std::any_of(observations.begin(), observations.end(),
                                    [](const auto& each) { return each.is_nccl_tests; });
  std::vector<Equation> equations;
  for (const auto& each : observations) {
    // Messages between pairs over many nodes meet in the network: they do not tell of its cards.
    if (each.operation == "sendrecv" && each.arrangement.nodes > 1) continue;
    auto terms = all_terms(fit, each);
    if (!has_both) std::erase_if(terms, [](const auto& term) { return term.first == caller; });
    equations.push_back({std::move(terms), each.time.value});
  }
  fit.parameters = fit_robustly(equations, priors_of(believed), all_parameters);
  Gaps gaps(equations, fit.parameters);
  gaps.fill();
  fit.known = gaps.known();
  const auto error = error_on(fit, observations).median;
  return {std::move(fit), error};
}

std::string group_of(const ClusterObservation& each, Group group) {
  switch (group) {
    case Group::ranks:
      return fmt::format("{} ranks", each.arrangement.ranks);
    case Group::nodes:
      return fmt::format("{} node{}", each.arrangement.nodes,
                         each.arrangement.nodes == 1 ? "" : "s");
    case Group::operations:
      return each.operation;
    case Group::sizes:
      return "every other size";
  }
  return {};
}

/// The groups in the order in which they come, with the indices of theirs.
std::vector<std::pair<std::string, std::vector<std::size_t>>> groups_of(
    std::span<const ClusterObservation> observations, Group group) {
  std::vector<std::pair<std::string, std::vector<std::size_t>>> groups;
  std::set<std::uint64_t> sizes;
  for (const auto& each : observations) sizes.insert(each.size.count);
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const auto rank = std::distance(sizes.begin(), sizes.find(observations[i].size.count));
    if (group == Group::sizes && rank % 2 == 0) continue;
    const auto name = group_of(observations[i], group);
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& known) { return known.first == name; });
    if (found == groups.end()) found = groups.insert(groups.end(), {name, {}});
    found->second.push_back(i);
  }
  return groups;
}

GroupError error_of_group(const ClusterFit& fit, const std::string& name,
                          const std::vector<ClusterObservation>& of) {
  GroupError error{name, error_on(fit, of), 0};
  error.unknown = of.size() - error.error.sizes;
  return error;
}

}  // namespace

ClusterFit fit_cluster(std::span<const ClusterObservation> observations) {
  if (observations.empty())
    throw UserError({}, "found nothing to fit to", "tables of collectives are accepted");
  const auto believed = believed_of(observations);
  auto rails = fit_with(observations, {believed.fabric, true}, believed);
  std::set<std::uint32_t> per_node;
  for (const auto& each : observations)
    if (each.arrangement.nodes > 1) per_node.insert(each.arrangement.per_node());
  if (per_node.size() < 2) return std::move(rails.fit);
  // Whether GPUs have cards of their own shows where different numbers of them took part.
  auto shared = fit_with(observations, {believed.fabric, false}, believed);
  return std::move(rails.median_error <= shared.median_error ? rails.fit : shared.fit);
}

Choice choice_of(const ClusterFit& fit, const ClusterObservation& call) {
  return nccl_choice(call.operation, static_cast<double>(call.size.count), call.arrangement,
                     fit.believed, call.forced);
}

std::optional<Seconds> time_of(const ClusterFit& fit, const ClusterObservation& call) {
  double time = 0;
  for (const auto& [parameter, coefficient] : all_terms(fit, call)) {
    if (!fit.known[parameter]) return std::nullopt;
    time += coefficient * fit.parameters[parameter];
  }
  if (time <= 0) return std::nullopt;
  return Seconds{time};
}

FitError error_on(const ClusterFit& fit, std::span<const ClusterObservation> observations) {
  std::vector<double> errors;
  for (const auto& each : observations) {
    if (const auto time = time_of(fit, each)) errors.push_back(std::abs(*time / each.time - 1));
  }
  if (errors.empty()) return {};
  std::sort(errors.begin(), errors.end());
  const auto n = errors.size();
  return {n, (errors[(n - 1) / 2] + errors[n / 2]) / 2, errors.back()};
}

std::vector<GroupError> hold_out(std::span<const ClusterObservation> observations, Group group) {
  std::vector<GroupError> found;
  for (const auto& [name, members] : groups_of(observations, group)) {
    std::vector<ClusterObservation> rest, held;
    for (std::size_t i = 0; i < observations.size(); ++i) {
      const bool is_member = std::binary_search(members.begin(), members.end(), i);
      (is_member ? held : rest).push_back(observations[i]);
    }
    if (rest.empty()) continue;
    const auto fit = fit_cluster(rest);
    found.push_back(error_of_group(fit, name, held));
    if (group != Group::ranks && group != Group::nodes) continue;
    auto by_operation = errors_by(fit, held, Group::operations);
    if (by_operation.size() < 2) continue;
    for (auto& each : by_operation) {
      each.group = fmt::format("{}, {}", name, each.group);
      each.is_part = true;
      found.push_back(std::move(each));
    }
  }
  return found;
}

std::vector<GroupError> errors_by(const ClusterFit& fit,
                                  std::span<const ClusterObservation> observations, Group group) {
  std::vector<GroupError> found;
  for (const auto& [name, members] : groups_of(observations, group)) {
    std::vector<ClusterObservation> of;
    for (const auto i : members) of.push_back(observations[i]);
    found.push_back(error_of_group(fit, name, of));
  }
  return found;
}

}  // namespace ringsim::cluster
