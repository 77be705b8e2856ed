#pragma once
// How backends say that a program cannot finish.
#include "base/error.hpp"
#include "sim/backend/program.hpp"

#include <string>

namespace ringsim {

/// "to receive from rank 3 in round 1 of ring (values, step 0)"
std::string waits_for_message(bool is_receive, Rank peer, std::uint32_t round,
                              const CollectiveCall& call);
/// "for event 3, which is never recorded"
std::string waits_for_event(EventId event);

/// "the program cannot finish: rank 1 waits ..., for ever from 0.5 s on"; names the stream where a
/// rank has several.
RunError cannot_finish(Rank rank, StreamId stream, StreamId streams_per_rank,
                       const std::string& waits, Seconds since);
/// Where the hosts of all ranks die and the program does not say what is done about it.
RunError all_have_died(Rank last, Seconds died);

}  // namespace ringsim
