#include "sim/backend/backend.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/recurrence/engine.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

std::string name_of(const TransferEvent& transfer) {
  return fmt::format("{}>{} ({}, step {}, round {})", transfer.source, transfer.target,
                     transfer.phase, transfer.step, transfer.round);
}

}  // namespace

std::string describe(const Contention& contention, const Topology& topology) {
  return fmt::format("{} and {} share link \"{}\"", name_of(contention.first),
                     name_of(contention.second), topology.links()[contention.link].name);
}

BackendResult run_recurrence(const Topology& topology, const Program& program,
                             const Observer& observer) {
  if (has_deaths(topology, program.ranks)) {
    throw UserError(option_place("backend"), "recurrence cannot have hosts die",
                    "simgrid and auto are accepted");
  }
  auto result = try_recurrence(topology, program, observer);
  if (const auto* contention = std::get_if<Contention>(&result)) {
    throw RecurrenceNotExact(option_place("backend"),
                             "recurrence is not exact here, since transfers slow each other: " +
                                 describe(*contention, topology),
                             "simgrid and auto are accepted");
  }
  return std::get<BackendResult>(std::move(result));
}

std::variant<BackendResult, Contention> try_recurrence(const Topology& topology,
                                                       const Program& program,
                                                       const Observer& observer) {
  try {
    return RecurrenceEngine(topology, program, observer).run();
  } catch (const NotExact& error) {
    return error.contention;
  }
}

std::optional<Contention> find_contention(const Topology& topology, const Program& program) {
  const auto result = try_recurrence(topology, program, {});
  const auto* contention = std::get_if<Contention>(&result);
  return contention != nullptr ? std::optional(*contention) : std::nullopt;
}

}  // namespace ringsim
