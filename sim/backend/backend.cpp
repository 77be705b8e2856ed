#include "sim/backend/backend.hpp"

#include "base/option_names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <utility>

namespace ringsim {
namespace {

std::string name_of(const TransferEvent& transfer) {
  return fmt::format("{}>{} ({}, step {}, round {})", transfer.source, transfer.target,
                     transfer.phase.text(), transfer.step, transfer.round);
}

/// "simgrid and auto are accepted": auto, and those that it tries after `backend`, that this build
/// has and `is_able` lets through.
template <class IsAble>
std::string accepted_instead_of(std::string_view backend, IsAble is_able) {
  std::vector<std::string> names;
  bool is_after = false;
  for (const auto* other : backends()) {
    if (is_after && !other->unavailable() && is_able(*other)) names.emplace_back(other->name);
    if (other->name == backend) is_after = true;
  }
  if (names.empty()) return {};
  return join(names, ", ") + " and auto are accepted";
}

UserError error_of(const BackendRefusal& refusal, const std::string& accepted) {
  return {option_place("backend"), refusal.found, accepted, refusal.fix};
}

}  // namespace

CriticalPath critical_path(const Topology& topology, PathTimes times, const BackendResult& result) {
  CriticalPath path{std::move(times), {}};
  const auto load = [&](LinkId link) {
    return static_cast<double>(result.links[link].bytes.count) /
           capacity_until(topology.links()[link], result.end);
  };
  for (const auto& [ends, message] : path.times.from_to) {
    const auto links = topology.route(ends.first, ends.second).links;
    LinkId most = links.front();
    for (const LinkId link : links) {
      if (is_more(load(link), load(most))) most = link;
    }
    path.held_up_by[ends] = most;
  }
  return path;
}

BackendResult run_parts(const Program& program,
                        const std::function<BackendResult(const Program& part)>& run) {
  const Program* part = &program;
  for (;;) {
    auto result = run(*part);
    part = program.next_part ? program.next_part(result) : nullptr;
    if (part == nullptr) return result;
  }
}

std::string describe(const Contention& contention, const Topology& topology) {
  return fmt::format("{} and {} share link \"{}\"", name_of(contention.first),
                     name_of(contention.second), topology.links()[contention.link].name);
}

NotExact::NotExact(std::string_view backend, const Contention& met, const Topology& topology)
    : UserError(
          option_place("backend"),
          fmt::format("{} is not exact here, since transfers slow each other: {}", backend,
                      describe(met, topology)),
          accepted_instead_of(backend, [](const auto& other) { return other.is_always_exact; })),
      contention(met) {}

const BackendDefinition& find_backend(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* backend : backends()) {
    if (backend->name == name) return *backend;
    names.emplace_back(backend->name);
  }
  throw UserError(option_place("backend"),
                  fmt::format("found \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: auto, " + join(names, ", "));
}

void require_available(const BackendDefinition& backend) {
  if (const auto refusal = backend.unavailable()) throw error_of(*refusal, {});
}

void require_able(const BackendDefinition& backend, const Topology& topology, Rank ranks) {
  require_available(backend);
  if (const auto refusal = backend.why_not(topology, ranks)) {
    throw error_of(*refusal, accepted_instead_of(backend.name, [&](const auto& other) {
      return !other.why_not(topology, ranks);
    }));
  }
}

std::optional<NotExact> find_inexactness(const BackendDefinition& backend, const Topology& topology,
                                         const Program& program) {
  if (backend.is_always_exact) return std::nullopt;
  try {
    backend.run(topology, program, {});
    return std::nullopt;
  } catch (const NotExact& error) {
    return error;
  }
}

}  // namespace ringsim
