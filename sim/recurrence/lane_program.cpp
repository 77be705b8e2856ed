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
    const auto own = static_cast<std::ptrdiff_t>(ring.costs.size());
    const auto cost_of = [&](double bytes) {
      auto found = std::find_if(ring.costs.begin() + own, ring.costs.end(),
                                [&](const auto& cost) { return cost.bytes == bytes; });
      if (found == ring.costs.end()) found = ring.costs.insert(found, {rank, bytes});
      return static_cast<std::uint32_t>(found - ring.costs.begin());
    };
    for (const auto& run : runs.of_sender(rank)) {
      const std::uint64_t larger = run.bytes.count % run.pieces;
      const std::uint64_t whole = run.bytes.count / run.pieces;
      const auto size = static_cast<double>(whole);
      const auto cost = cost_of(size), cost_of_larger = larger > 0 ? cost_of(size + 1) : cost;
      ring.sent[rank] += run.bytes;
      for (std::uint32_t piece = 0; piece < run.pieces; ++piece) {
        ring.messages[next[run.first_round + piece]++] = {
            rank, rank + 1 == runs.ranks() ? 0 : rank + 1, piece < larger ? cost_of_larger : cost};
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

PiecedRing pieced_ring(const RingRuns& runs) {
  PiecedRing ring;
  ring.last.resize(runs.ranks());
  ring.sent.resize(runs.ranks());
  order_messages(runs, ring);
  note_events(ring);
  return ring;
}

std::optional<std::variant<WholeRing, PiecedRing>> ring_of(const CollectiveCall& call, Rank ranks) {
  const auto& collective = *call.collective;
  if (call.group || collective.ranks() != ranks || collective.rounds() == 0) return std::nullopt;
  if (const auto parts = collective.ring_parts()) {
    // Where the recurrence takes small rings message by message it adds up otherwise.
    if (ranks < fewest_to_follow_together)
      return pieced_ring(RingRuns::of_parts(*parts, collective.rounds()));
    if (auto whole = whole_ring(collective, ranks)) return std::move(*whole);
    return std::nullopt;
  }
  const auto runs = collective.ring_runs(0) ? RingRuns::of(collective) : std::nullopt;
  if (!runs || !PipelinedPath::can_follow(*runs)) return std::nullopt;
  return pieced_ring(*runs);
}

/// Whether the recurrence follows the critical path to its end as lanes do. A single run keeps what
/// it needs of so many calls in one go, then sums it up; and message by message, which is how it
/// takes small rings, it sums up what all paths have in common, in another order, once there are
/// many pieces of them (PathLog).
bool is_followed_alike(const LaneProgram& program) {
  if (program.ranks >= fewest_to_follow_together)
    return program.calls.size() * program.ranks <= most_followed_together(program.ranks);
  constexpr std::size_t fewest_to_sum_up = 1 << 16;
  std::size_t pieces = program.ranks + std::size_t{1};
  for (const auto& local : program.local) pieces += local.size();
  for (const auto& call : program.calls)
    pieces += 2 * std::get<PiecedRing>(call.ring).messages.size();
  return pieces < fewest_to_sum_up;
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
  if (program.streams_per_rank != 1 || program.ranks < 2 ||
      program.ranks >= smallest_ring_in_pieces || program.ranks > topology.hosts())
    return std::nullopt;
  auto routes = ring_routes(topology, program.ranks);
  if (!routes || !is_steady(topology, *routes)) return std::nullopt;
  LaneProgram read{program.ranks, std::move(*routes), {}, {}};
  for (Rank rank = 0; rank < program.ranks; ++rank) {
    if (!read_rank(rank, topology.host(rank), program.open(rank, 0), read)) return std::nullopt;
  }
  if (!is_followed_alike(read)) return std::nullopt;
  return read;
}

}  // namespace ringsim
