// Rounds of messages: posted, matched, under way, arrived.
#include "sim/backend/message_cost.hpp"
#include "sim/fluid/engine.hpp"

#include <algorithm>
#include <limits>

namespace ringsim {

bool FluidEngine::do_rounds(StreamIndex stream) {
  auto& state = streams_[stream];
  const auto& collective = *state.call->collective;
  while (state.round < collective.rounds()) {
    state.call->round(state.position, state.round, round_);
    ++state.round;
    const std::size_t count = round_.sends.size() + round_.receives.size();
    if (count == 0) continue;
    state.posted.clear();
    state.matched = 0;
    for (const auto& receive : round_.receives)
      state.posted.push_back({receive.peer, false, Progress::unmatched, 0});
    for (const auto& send : round_.sends)
      state.posted.push_back(
          {send.peer, true, Progress::unmatched, send.bytes.count, send.passage});
    state.to_come = static_cast<std::uint32_t>(count);
    state.posted_at = now_;
    state.reduce = reduce_time(topology_.host(rank_of(stream)), round_.reduced()).value;
    for (std::uint32_t which = 0; which < count; ++which) post(stream, which);
    return false;
  }
  return true;
}

void FluidEngine::post(StreamIndex stream, std::uint32_t which) {
  const Rank rank = rank_of(stream);
  const auto& message = streams_[stream].posted[which];
  const StreamIndex peer = message.peer * per_rank_ + id_of(stream);
  const auto& theirs = streams_[peer].posted;
  // Most of what is asked in vain is asked of a round that is under way.
  auto& matched = streams_[peer].matched;
  while (matched < theirs.size() && theirs[matched].progress != Progress::unmatched) ++matched;
  for (std::uint32_t other = matched; other < theirs.size(); ++other) {
    const bool is_partner = theirs[other].peer == rank &&
                            theirs[other].is_send != message.is_send &&
                            theirs[other].progress == Progress::unmatched;
    if (!is_partner) continue;
    if (message.is_send) {
      match(stream, which, peer, other);
    } else {
      match(peer, other, stream, which);
    }
    return;
  }
}

void FluidEngine::match(StreamIndex sender, std::uint32_t sender_post, StreamIndex receiver,
                        std::uint32_t receiver_post) {
  auto& sent = streams_[sender].posted[sender_post];
  sent.progress = streams_[receiver].posted[receiver_post].progress = Progress::under_way;
  const std::uint32_t number = routes_.find(rank_of(sender), rank_of(receiver));
  const auto& route = routes_[number].route;
  const auto cost = message_cost(topology_, route, Bytes{sent.bytes}, sent.passage);
  const TransferId id = sharing_.make_flow(route.links);
  if (id >= transfers_.size()) transfers_.resize(id + std::size_t{1});
  const double flows_at = now_ + cost.latency.value;
  transfers_[id] = {.sender = sender,
                    .receiver = receiver,
                    .sender_post = sender_post,
                    .receiver_post = receiver_post,
                    .route = number,
                    .phase = Phase::latency,
                    .start = now_,
                    .flows_at = flows_at,
                    .work = cost.work,
                    .left = cost.work,
                    .since = flows_at,
                    .end = std::numeric_limits<double>::infinity(),
                    .queued = std::numeric_limits<double>::infinity()};
  starts_.push(flows_at, id);
}

void FluidEngine::begin_flow(TransferId id) {
  if (transfers_[id].work > 0) {
    transfers_[id].phase = Phase::flow;
    sharing_.begin(id, now_);
  } else {
    arrive(id);
  }
}

void FluidEngine::settle(Transfer& transfer, double rate) const {
  transfer.left = std::max(0.0, transfer.left - rate * (now_ - transfer.since));
  transfer.since = now_;
}

void FluidEngine::arrive(TransferId id) {
  const auto transfer = transfers_[id];
  if (transfer.phase == Phase::flow) sharing_.end(id, now_);
  transfers_[id].phase = Phase::none;
  sharing_.drop_flow(id);
  const auto& from = streams_[transfer.sender];
  auto& route = routes_[transfer.route];
  const Bytes bytes{from.posted[transfer.sender_post].bytes};
  route.bytes += bytes.count;
  const Seconds start{transfer.start}, end{now_};
  if (observer_.on_collective)
    calls_[id_of(transfer.sender)].add_message(from.call_number, start, end);
  if (observer_.on_transfer) {
    const auto& call = *from.call;
    instant_.add(TransferEvent{call.step, call.phase, call.bucket, from.round - 1, route.source,
                               route.target, bytes, start, end,
                               Seconds{transfer.flows_at} - start});
  }
  if (paths_) follow(transfer);
  finish_message(transfer.sender, transfer.sender_post);
  finish_message(transfer.receiver, transfer.receiver_post);
}

void FluidEngine::follow(const Transfer& transfer) {
  auto& from = streams_[transfer.sender];
  auto& to = streams_[transfer.receiver];
  const auto& route = routes_[transfer.route];
  const auto& later = is_later(Seconds{to.posted_at}, Seconds{from.posted_at}) ? to : from;
  const double flows_at = std::min(transfer.flows_at, now_);
  const auto path = paths_->extend(later.path, route.source, route.target,
                                   {Seconds{flows_at - transfer.start}, Seconds{now_ - flows_at}});
  from.arrived.add(path, Seconds{now_}, route.source);
  to.arrived.add(path, Seconds{now_}, route.source);
}

void FluidEngine::finish_message(StreamIndex stream, std::uint32_t which) {
  auto& state = streams_[stream];
  state.posted[which].progress = Progress::arrived;
  if (--state.to_come == 0) finish_round(stream);
}

void FluidEngine::finish_round(StreamIndex stream) {
  auto& state = streams_[stream];
  if (paths_) go_on(state, state.arrived.take());
  if (state.reduce > 0) {
    wakes_.push(now_ + state.reduce, stream);
  } else {
    ready_.push_back(stream);
  }
}

}  // namespace ringsim
