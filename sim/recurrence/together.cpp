// The part of the engine that runs a ring collective in one go.
#include "sim/recurrence/together.hpp"

#include "sim/recurrence/engine.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ringsim {

namespace {

/// Tells `add` the route from each rank to the next one, as long as each has links of its own,
/// constant bandwidths, and no host takes time for reducing. Whether all have.
template <class Add>
bool go_round(const Topology& topology, Rank ranks, const Add& add) {
  std::vector<bool> is_used(topology.links().size());
  for (Rank rank = 0; rank < ranks; ++rank) {
    auto route = topology.route(rank, (rank + 1) % ranks);
    if (route.varies || topology.host(rank).reduce_rate) return false;
    for (const LinkId link : route.links) {
      if (is_used[link]) return false;
      is_used[link] = true;
    }
    add(std::move(route));
  }
  return true;
}

}  // namespace

std::optional<std::vector<Route>> ring_routes(const Topology& topology, Rank ranks) {
  std::vector<Route> routes;
  const auto add = [&](Route route) { routes.push_back(std::move(route)); };
  if (!go_round(topology, ranks, add)) return std::nullopt;
  return routes;
}

std::vector<Bytes> bytes_of_senders(const std::vector<Bytes>& parts, std::uint32_t rounds) {
  // Rank i sends the parts i, i-1, ...: all of them in every N rounds, and some once more.
  const std::size_t n = parts.size();
  std::vector<Bytes> before(n + 1);
  for (std::size_t i = 0; i < n; ++i) before[i + 1] = before[i] + parts[i];
  const Bytes whole = (rounds / n) * before.back();
  const std::size_t rest = rounds % n;
  std::vector<Bytes> sent;
  for (std::size_t rank = 0; rank < n; ++rank) {
    const Bytes once_more = rank + 1 >= rest
                                ? before[rank + 1] - before[rank + 1 - rest]
                                : before[rank + 1] + before.back() - before[n + rank + 1 - rest];
    sent.push_back(whole + once_more);
  }
  return sent;
}

bool RecurrenceEngine::joins(std::size_t stream) {
  const auto& state = streams_[stream];
  const auto& call = *state.call;
  if (call.group || !may_run_together_ || call.collective->ranks() != ranks_) return false;
  if (pipelined_.contains(state.call_number)) return joins_pipelined(stream);
  if (!together_ || together_->call_number != state.call_number) {
    if ((paths_ && ranks_ < fewest_to_follow_together) || !has_ring()) return false;
    // Where it goes message by message, it does so for all ranks.
    if (!may_follow_together()) return joins_pipelined(stream);
    auto parts = call.collective->ring_parts();
    if (!parts) return call.collective->ring_runs(0) && joins_pipelined(stream);
    if (call.collective->rounds() + 1 < ranks_) return false;
    together_ = Together{state.call_number, state.time, std::move(*parts), 0};
  }
  if (++together_->arrived == ranks_) run_together(id_of(stream), call);
  return true;
}

bool RecurrenceEngine::may_follow_together() {
  if (!paths_) return true;
  const auto has_room = [&] {
    return (paths_->pieces() + 1) * ranks_ <= most_followed_together(ranks_);
  };
  if (has_room()) return true;
  paths_->sum_up();
  return has_room();
}

bool RecurrenceEngine::keeps_checkpoints() const {
  // 64 bytes a rank. On small rings RingPath finds all starts.
  return paths_ && ranks_ >= smallest_ring_in_pieces;
}

bool RecurrenceEngine::set_ring(const std::vector<Bytes>& parts, std::uint32_t rounds) {
  // Paths may still need the last one.
  if (ring_.use_count() > 1) ring_ = std::make_shared<RingRounds>(*ring_);
  ring_->rounds = rounds;
  ring_->size.clear();
  for (const Bytes part : parts) ring_->size.push_back(static_cast<double>(part.count));
  if (ring_is_plain_) return true;
  const auto [smallest, largest] = std::minmax_element(parts.begin(), parts.end());
  for (Rank rank = 0; rank < ranks_; ++rank) {
    const auto route = topology_.route(rank, (rank + 1) % ranks_);
    const auto speed = speed_on(route, *smallest, *largest);
    if (!speed) return false;
    ring_->latency[rank] = speed->latency.value;
    ring_->bandwidth[rank] = speed->bandwidth.value;
  }
  return true;
}

std::optional<MessageSpeed> RecurrenceEngine::speed_on(const Route& route, Bytes smallest,
                                                       Bytes largest) const {
  if (route.is_plain) return MessageSpeed{route.latency, route.bandwidth};
  if (smallest.count == 0) return std::nullopt;
  const auto speed = [&](Bytes message) {
    const auto cost = topology_.cost(route, message);
    return MessageSpeed{cost.latency,
                        route.bandwidth * (static_cast<double>(message.count) / cost.work)};
  };
  const auto least = speed(smallest), most = speed(largest);
  constexpr double rounding = 1e-12;
  const double ratio = least.bandwidth / most.bandwidth;
  if (least.latency != most.latency || std::abs(ratio - 1) > rounding) return std::nullopt;
  return most;
}

void RecurrenceEngine::follow_together(StreamId id, std::vector<double> ready,
                                       std::vector<double> last_end, RingCheckpoints kept) {
  std::vector<Path> before(ranks_);
  for (Rank rank = 0; rank < ranks_; ++rank)
    before[rank] = std::move(streams_[rank * std::size_t{per_rank_} + id].path);
  auto& piece = paths_->keep(std::make_unique<RingPath>(
      std::move(ready), std::move(before), std::move(last_end), ring_, std::move(kept)));
  piece.has_all_ranks = true;
  for (Rank rank = 0; rank < ranks_; ++rank)
    streams_[rank * std::size_t{per_rank_} + id].path = paths_->piece(piece, rank);
}

bool RecurrenceEngine::has_ring() {
  if (has_ring_) return *has_ring_;
  has_ring_ = go_round(topology_, ranks_, [this](const Route& route) {
    ring_ways_.add(route.links);
    ring_->latency.push_back(route.latency.value);
    ring_->bandwidth.push_back(route.bandwidth.value);
    if (!route.is_plain) ring_is_plain_ = false;
  });
  return *has_ring_;
}

void RecurrenceEngine::run_together(StreamId id, const CollectiveCall& call) {
  const auto& parts = together_->parts;
  const std::uint32_t rounds = call.collective->rounds();
  std::vector<double> ready(ranks_);
  for (Rank rank = 0; rank < ranks_; ++rank) {
    ready[rank] = streams_[rank * std::size_t{per_rank_} + id].time;
  }
  if (!set_ring(parts, rounds)) {
    give_up_together();
    return;
  }
  RingCheckpoints kept{RingPath::checkpoint_distance(ranks_)};
  const auto times = advance_ring(ready, *ring_, keeps_checkpoints() ? &kept : nullptr);
  if (!has_free_links(times)) {
    give_up_together();
    return;
  }

  const auto sent = bytes_of_senders(parts, rounds);
  for (Rank rank = 0; rank < ranks_; ++rank) {
    const auto way = ring_ways_.of(rank);
    const Bytes last = parts[(rank + ranks_ - (rounds - 1) % ranks_) % ranks_];
    const Seconds start{times.first_start[rank]}, end{times.last_end[rank]};
    const Seconds latency{ring_->latency[rank]};
    const BytesPerSecond bandwidth{ring_->bandwidth[rank]};
    const TransferEvent last_event{
        call.step, call.phase,          call.bucket, rounds - 1,
        rank,      (rank + 1) % ranks_, last,        end - latency - last / bandwidth,
        end};
    links_.add_sequence(way, last_event, start + latency, sent[rank], sent[rank] / bandwidth);
    const std::size_t stream = rank * std::size_t{per_rank_} + id;
    calls_[id].add_message(streams_[stream].call_number, start, end);
    last_arrival_ = std::max(last_arrival_, end.value);
    streams_[stream].round = rounds;
    wake_up(stream, times.done[rank]);
  }
  if (paths_) follow_together(id, std::move(ready), times.last_end, std::move(kept));
  together_.reset();
}

bool RecurrenceEngine::has_free_links(const RingTimes& times) const {
  for (Rank rank = 0; rank < ranks_; ++rank) {
    const Seconds flows_from{times.first_start[rank] + ring_->latency[rank]};
    if (!links_.is_free(ring_ways_.of(rank), flows_from)) return false;
  }
  return true;
}

bool RecurrenceEngine::give_up_together() {
  if (!together_) return false;
  // These streams wake in the past, where nobody has noticed anything.
  for (std::size_t stream = 0; stream < streams_.size(); ++stream) {
    const auto& state = streams_[stream];
    if (state.call && state.call_number == together_->call_number) wake_up(stream, state.time);
  }
  together_.reset();
  return true;
}

}  // namespace ringsim
