#include "sim/backend/deadlock.hpp"

#include <fmt/format.h>

namespace ringsim {

std::string waits_for_message(bool is_receive, Rank peer, std::uint32_t round,
                              const CollectiveCall& call) {
  return fmt::format("to {} rank {} in round {} of {} ({}, step {})",
                     is_receive ? "receive from" : "send to", peer, round, call.collective->name(),
                     call.phase.text(), call.step);
}

std::string waits_for_event(EventId event) {
  return fmt::format("for event {}, which is never recorded", event);
}

RunError cannot_finish(Rank rank, StreamId stream, StreamId streams_per_rank,
                       const std::string& waits, Seconds since) {
  const std::string which = streams_per_rank > 1 ? fmt::format("stream {} of rank {}", stream, rank)
                                                 : fmt::format("rank {}", rank);
  return RunError(fmt::format("the program cannot finish: {} waits {}, for ever from {} s on",
                              which, waits, since.value));
}

RunError all_have_died(Rank last, Seconds died) {
  return RunError(
      fmt::format("all ranks have died, the last of them, rank {}, at {}", last, format(died)));
}

}  // namespace ringsim
