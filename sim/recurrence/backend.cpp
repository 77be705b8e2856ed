#include "sim/backend.hpp"

#include "base/error.hpp"
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
    throw UserError({{}, "--backend"}, "recurrence cannot have hosts die",
                    "simgrid and auto are accepted");
  }
  try {
    return RecurrenceEngine(topology, program, observer).run();
  } catch (const NotExact& error) {
    throw RecurrenceNotExact({{}, "--backend"},
                             "recurrence is not exact here, since transfers slow each other: " +
                                 describe(error.contention, topology),
                             "simgrid and auto are accepted");
  }
}

std::optional<Contention> find_contention(const Topology& topology, const Program& program) {
  try {
    const Observer nobody;
    RecurrenceEngine(topology, program, nobody).run();
    return std::nullopt;
  } catch (const NotExact& error) {
    return error.contention;
  }
}

}  // namespace ringsim
