#include "sim/recurrence/lane_program.hpp"

#include "sim/recurrence/pipelined_path.hpp"
#include "sim/recurrence/ring_rounds.hpp"
#include "sim/recurrence/together.hpp"

#include <algorithm>

namespace ringsim {
namespace {

std::optional<WholeRing> whole_ring(const Collective& collective, Rank ranks) {
  const auto parts = collective.ring_parts();
  if (!parts || collective.rounds() + 1 < ranks) return std::nullopt;
  WholeRing ring{.rounds = collective.rounds(),
                 .parts = {},
                 .kinds = {},
                 .kind_of_part = {},
                 .sent = bytes_of_senders(*parts, collective.rounds())};
  for (const Bytes part : *parts) {
    const auto bytes = static_cast<double>(part.count);
    const auto kind = std::ranges::find(ring.kinds, bytes);
    ring.kind_of_part.push_back(static_cast<std::uint32_t>(kind - ring.kinds.begin()));
    if (kind == ring.kinds.end()) ring.kinds.push_back(bytes);
    ring.parts.push_back(bytes);
  }
  ring.kind_of_part.reserve(2 * std::size_t{ranks});
  std::copy_n(ring.kind_of_part.begin(), ranks, std::back_inserter(ring.kind_of_part));
  return ring;
}

/// Puts messages in order of rounds, and notes what ranks did before.
void order_messages(const RingRuns& runs, PiecedRing& ring) {
  ring.round_end.resize(runs.rounds());
  for (Rank rank = 0; rank < runs.ranks(); ++rank) {
    for (const auto& run : runs.of_sender(rank)) {
      for (std::uint32_t piece = 0; piece < run.pieces; ++piece)
        ++ring.round_end[run.first_round + piece];
    }
  }
  std::uint32_t count = 0;
  for (auto& end : ring.round_end) {
    ring.most_in_round = std::max(ring.most_in_round, end);
    count = end += count;
  }
  ring.messages.resize(count);
  std::vector<std::uint32_t> next(runs.rounds());
  std::copy_n(ring.round_end.begin(), runs.rounds() - 1, next.begin() + 1);
  for (Rank rank = 0; rank < runs.ranks(); ++rank) {
    for (const auto& run : runs.of_sender(rank)) {
      const std::uint64_t larger = run.bytes.count % run.pieces;
      const auto smaller_size = static_cast<double>(run.bytes.count / run.pieces);
      const auto cost = static_cast<std::uint32_t>(ring.costs.size());
      ring.costs.push_back({rank, smaller_size + 1});
      ring.costs.push_back({rank, smaller_size});
      ring.sent[rank] += run.bytes;
      for (std::uint32_t piece = 0; piece < run.pieces; ++piece) {
        ring.messages[next[run.first_round + piece]++] = {
            rank, rank + 1 == runs.ranks() ? 0 : rank + 1, piece < larger ? cost : cost + 1};
      }
    }
  }
}

void note_events(PiecedRing& ring) {
  ring.before.resize(ring.messages.size());
  std::uint32_t begin = 0;
  for (const std::uint32_t end : ring.round_end) {
    for (std::uint32_t i = begin; i < end; ++i) {
      const auto& message = ring.messages[i];
      ring.before[i] = {ring.last[message.sender], ring.last[message.receiver]};
    }
    for (std::uint32_t i = begin; i < end; ++i) {
      const auto& message = ring.messages[i];
      ring.last[message.sender] = ring.last[message.receiver] = {};
    }
    for (std::uint32_t i = begin; i < end; ++i) {
      const auto& message = ring.messages[i];
      ring.last[message.sender].sent = i;
      ring.last[message.receiver].received = i;
    }
    begin = end;
  }
}

std::optional<PiecedRing> pieced_ring(const Collective& collective) {
  if (!collective.ring_runs(0) || collective.rounds() == 0) return std::nullopt;
  const auto runs = RingRuns::of(collective);
  if (!runs || !PipelinedPath::can_follow(*runs)) return std::nullopt;
  PiecedRing ring;
  ring.last.resize(runs->ranks());
  ring.sent.resize(runs->ranks());
  order_messages(*runs, ring);
  note_events(ring);
  return ring;
}

std::optional<std::variant<WholeRing, PiecedRing>> ring_of(const CollectiveCall& call, Rank ranks) {
  const auto& collective = *call.collective;
  if (call.group || collective.ranks() != ranks) return std::nullopt;
  if (auto whole = whole_ring(collective, ranks)) return std::move(*whole);
  if (collective.ring_parts()) return std::nullopt;
  if (auto pieced = pieced_ring(collective)) return std::move(*pieced);
  return std::nullopt;
}

/// Whether hosts and the links round the ring take the same times whenever.
bool is_steady(const Topology& topology, const std::vector<Route>& routes) {
  for (Rank rank = 0; rank < routes.size(); ++rank) {
    const auto& host = topology.host(rank);
    if (!host.speed_changes.empty() || host.reduce_rate || host.dies) return false;
    if (!routes[rank].is_plain) return false;
  }
  return true;
}

/// Reads what a rank does into a program whose calls are those of rank 0. False where it does
/// anything that lanes cannot do, or other calls.
bool read_rank(Rank rank, const Host& host, const PhaseSource& source, LaneProgram& program) {
  std::size_t call = 0;
  const auto local = [&]() -> std::vector<LaneProgram::Local>& {
    const std::size_t index = call * program.ranks + rank;
    if (program.local.size() <= index) program.local.resize((call + 1) * program.ranks);
    return program.local[index];
  };
  local();
  while (const auto phase = source()) {
    if (const auto* delay = std::get_if<Delay>(&*phase)) {
      Delay own = *delay;
      own.duration = compute_time(host, {}, delay->duration);
      local().emplace_back(own);
    } else if (const auto* mark = std::get_if<Mark>(&*phase)) {
      local().emplace_back(*mark);
    } else if (const auto* made = std::get_if<CollectiveCall>(&*phase)) {
      if (rank == 0) {
        auto ring = ring_of(*made, program.ranks);
        if (!ring) return false;
        program.calls.push_back({*made, std::move(*ring)});
      } else if (call >= program.calls.size() ||
                 program.calls[call].what.collective != made->collective) {
        return false;
      }
      ++call;
      local();
    } else {
      return false;
    }
  }
  return call == program.calls.size();
}

}  // namespace

std::optional<LaneProgram> LaneProgram::read(const Topology& topology, const Program& program) {
  // Smaller rings go message by message where the critical path is wanted, and larger ones in
  // pieces.
  if (program.streams_per_rank != 1 || program.ranks < fewest_to_follow_together ||
      program.ranks >= smallest_ring_in_pieces || program.ranks > topology.hosts())
    return std::nullopt;
  auto routes = ring_routes(topology, program.ranks);
  if (!routes || !is_steady(topology, *routes)) return std::nullopt;
  LaneProgram read{program.ranks, std::move(*routes), {}, {}};
  for (Rank rank = 0; rank < program.ranks; ++rank) {
    if (!read_rank(rank, topology.host(rank), program.open(rank, 0), read)) return std::nullopt;
  }
  if (read.calls.size() * read.ranks > most_followed_together) return std::nullopt;
  return read;
}

}  // namespace ringsim
