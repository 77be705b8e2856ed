// The part of the engine that runs pipelined rounds of a ring as fast as ranks come to them.
#include "sim/recurrence/engine.hpp"
#include "sim/recurrence/together.hpp"

#include <algorithm>

namespace ringsim {

/// A call that is under way.
struct RecurrenceEngine::Pipelined {
  RecurrenceEngine& engine;
  StreamId id;
  CollectiveCall call;
  double first_arrival;
  std::shared_ptr<const RingRuns> runs;
  PipelinedRing ring;
  PipelinedPath* path = nullptr;  ///< null: nobody wants the critical path
  Path held = {};                 ///< what keeps it while no rank has ended
  struct Sent {
    double first_start = 0, first_from = 0;
    Bytes bytes;
  };
  std::vector<Sent> sent = {};  ///< per rank

  std::size_t stream_of(Rank rank) const { return rank * std::size_t{engine.per_rank_} + id; }

  void message(const RingMessage& message) {
    const Rank sender = message.sender;
    const auto& route = engine.ring_routes_[sender];
    auto& [first_start, first_from, bytes] = sent[sender];
    if (bytes == Bytes{}) {
      first_start = message.start();
      first_from = message.from;
      engine.links_.begin_messages(route, {first_from});
    }
    bytes += message.bytes;
    engine.links_.add_message(route, {message.from}, {message.to});
    engine.last_arrival_ = std::max(engine.last_arrival_, message.to);
    if (!ring.has_sent_all(sender)) return;
    const Rank receiver = (sender + 1) % engine.ranks_;
    const TransferEvent last{call.step, call.phase,    call.bucket,       message.round, sender,
                             receiver,  message.bytes, {message.start()}, {message.to}};
    engine.links_.end_messages(route, last, {first_from}, bytes, engine.horizon(engine.now_));
    engine.calls_[id].add_message(engine.streams_[stream_of(sender)].call_number, {first_start},
                                  {message.to});
  }
  void end_round(Rank, std::uint32_t) {}
  void end(Rank rank, double time) {
    auto& stream = engine.streams_[stream_of(rank)];
    stream.round = runs->rounds();
    if (path != nullptr) stream.path = engine.paths_->piece(*path, rank);
    engine.wake_up(stream_of(rank), time);
  }
};

bool RecurrenceEngine::joins_pipelined(std::size_t stream) {
  auto& state = streams_[stream];
  auto [found, is_new] = pipelined_.try_emplace(state.call_number);
  auto& [arrived, pipelined] = found->second;
  if (is_new) pipelined = begin_pipelined(stream);
  ++arrived;
  const bool joins = pipelined != nullptr;
  if (joins) {
    const Rank rank = rank_of(stream);
    if (pipelined->path != nullptr) pipelined->path->come(rank, state.time, std::move(state.path));
    pipelined->ring.come(rank, state.time, *pipelined);
  }
  if (arrived == ranks_) {
    if (joins && pipelined->path != nullptr) pipelined->path->has_all_ranks = true;
    pipelined_.erase(found);
  }
  return joins;
}

std::shared_ptr<RecurrenceEngine::Pipelined> RecurrenceEngine::begin_pipelined(std::size_t stream) {
  const auto& state = streams_[stream];
  if (!may_follow_together()) return nullptr;
  if (ring_routes_.empty()) ring_routes_ = ring_routes(topology_, ranks_).value();
  // Where others are under way on the ring's links it has to be seen message by message whether
  // they meet.
  for (Rank rank = 0; rank < ranks_; ++rank) {
    if (!links_.is_free_of_others(ring_routes_[rank], rank, (rank + 1) % ranks_, {state.time}))
      return nullptr;
  }
  auto runs = RingRuns::of(*state.call->collective);
  if (!runs || (paths_ && !PipelinedPath::can_follow(*runs))) return nullptr;
  auto shared = std::make_shared<const RingRuns>(std::move(*runs));
  auto begun = std::unique_ptr<Pipelined>(
      new Pipelined{*this, id_of(stream), *state.call, state.time, shared,
                    PipelinedRing(*shared, topology_, ring_routes_)});
  begun->sent.resize(ranks_);
  if (paths_) {
    begun->path = &paths_->keep(std::make_unique<PipelinedPath>(shared, topology_, ring_routes_));
    begun->held = paths_->piece(*begun->path, 0);
  }
  return begun;
}

Seconds RecurrenceEngine::horizon(double time) const {
  if (together_) time = std::min(time, together_->first_arrival);
  // Calls begin one after the other.
  for (const auto& [number, call] : pipelined_) {
    if (call.pipelined == nullptr) continue;
    time = std::min(time, call.pipelined->first_arrival);
    break;
  }
  return {time};
}

void RecurrenceEngine::post_blocked() {
  for (const auto& [number, call] : pipelined_) {
    if (call.pipelined == nullptr) continue;
    for (Rank rank = 0; rank < ranks_; ++rank) {
      const auto waits = call.pipelined->ring.waits_for(rank);
      if (!waits) continue;
      auto& stream = streams_[call.pipelined->stream_of(rank)];
      const Rank peer = (waits->sends ? rank + 1 : rank + ranks_ - 1) % ranks_;
      stream.unmatched = {{peer, waits->sends, waits->bytes}};
      stream.round = waits->round + 1;
    }
  }
}

}  // namespace ringsim
