#include "sim/recurrence/engine.hpp"

#include "base/error.hpp"
#include "sim/backend/deadlock.hpp"
#include "sim/backend/message_cost.hpp"

#include <algorithm>
#include <limits>

namespace ringsim {
namespace {

/// How many streams of a rank make collective calls. All ranks make the same ones.
StreamId communicating_streams(const Program& program) {
  if (program.communicating_streams) return *program.communicating_streams;
  if (program.streams_per_rank == 1 || program.ranks == 0) return 1;
  StreamId count = 0;
  for (StreamId id = 0; id < program.streams_per_rank; ++id) {
    const auto source = program.open(0, id);
    auto phase = source();
    while (phase && !std::holds_alternative<CollectiveCall>(*phase)) phase = source();
    if (phase) ++count;
  }
  return count;
}

bool are_equal(const CollectiveCall& a, const CollectiveCall& b) {
  return a.collective == b.collective && a.group == b.group && a.step == b.step &&
         a.phase == b.phase && a.bucket == b.bucket;
}

}  // namespace

RecurrenceEngine::RecurrenceEngine(const Topology& topology, const Program& program,
                                   const Observer& observer)
    : topology_(topology),
      observer_(observer),
      ranks_(program.ranks),
      per_rank_(program.streams_per_rank),
      may_run_together_(!observer.on_transfer && communicating_streams(program) <= 1),
      paths_(observer.wants_critical_path ? std::make_unique<PathLog>() : nullptr),
      streams_(std::size_t{program.ranks} * program.streams_per_rank),
      routes_(program.ranks),
      links_(topology),
      calls_(program.streams_per_rank, CallTracker(program.ranks)),
      last_calls_(program.streams_per_rank) {
  check(ranks_ <= topology.hosts(), "more ranks than hosts");
  for (std::size_t stream = 0; stream < streams_.size(); ++stream) {
    const Rank rank = rank_of(stream);
    streams_[stream].source = program.open(rank, id_of(stream));
    if (paths_) streams_[stream].path = paths_->begin(rank);
    wake_up(stream, program.begin.empty() ? 0 : program.begin[rank].value);
  }
}

BackendResult RecurrenceEngine::run() {
  for (;;) {
    if (!awake_.empty() && awake_.top().first <= now_) {
      const auto [time, stream] = awake_.top();
      awake_.pop();
      streams_[stream].time = time;
      advance(stream);
    } else if (report_now()) {
      continue;
    } else if (!awake_.empty()) {
      report_until(awake_.top().first);
      now_ = awake_.top().first;
    } else if (!give_up_together()) {
      break;
    }
  }
  const bool all_ended = std::all_of(streams_.begin(), streams_.end(),
                                     [](const Stream& stream) { return stream.has_ended; });
  if (!all_ended) {
    post_blocked();
    throw describe_deadlock();
  }
  BackendResult result{{end_}, links_.take_use()};
  if (paths_) result.critical_path = critical_path(topology_, paths_->times(last_path_), result);
  return result;
}

void RecurrenceEngine::wake_up(std::size_t stream, double time) {
  awake_.emplace(time, static_cast<std::uint32_t>(stream));
}

void RecurrenceEngine::advance(std::size_t stream) {
  auto& state = streams_[stream];
  if (state.delay) instant_.add(*std::exchange(state.delay, std::nullopt));
  for (;;) {
    if (state.call) {
      if (!do_rounds(stream)) return;
      end_call(stream);
    }
    const auto phase = state.source();
    if (!phase) {
      state.has_ended = true;
      state.source = nullptr;
      if (state.time > end_) last_path_ = state.path;
      end_ = std::max(end_, state.time);
      return;
    }
    if (!std::visit([&](const auto& what) { return execute(stream, what); }, *phase)) return;
  }
}

bool RecurrenceEngine::execute(std::size_t stream, const Delay& delay) {
  auto& state = streams_[stream];
  const Rank rank = rank_of(stream);
  const Seconds start{state.time};
  const Seconds duration = compute_time(topology_.host(rank), start, delay.duration);
  if (observer_.on_delay)
    state.delay = DelayEvent{rank, delay.kind, delay.step, start, duration, delay.phase};
  if (paths_) {
    const Cause cause = delay.kind == DelayKind::compress ? Cause::compress : Cause::compute;
    state.path = paths_->extend(state.path, cause, rank, duration);
  }
  wake_up(stream, state.time + duration.value);
  return false;
}

bool RecurrenceEngine::execute(std::size_t stream, const CollectiveCall& call) {
  auto& state = streams_[stream];
  state.call = shared(id_of(stream), call);
  // A rank that takes no part is through with all rounds.
  const auto position = call.position(rank_of(stream));
  state.position = position.value_or(0);
  state.round = position ? 0 : call.collective->rounds();
  calls_[id_of(stream)].begin(state.call_number, call);
  return !joins(stream);
}

std::shared_ptr<const CollectiveCall> RecurrenceEngine::shared(StreamId id,
                                                               const CollectiveCall& call) {
  auto& last = last_calls_[id];
  if (!last || !are_equal(*last, call)) last = std::make_shared<const CollectiveCall>(call);
  return last;
}

bool RecurrenceEngine::execute(std::size_t stream, const Record& record) {
  const Rank rank = rank_of(stream);
  if (!record.on_all_ranks && recorded_.empty()) recorded_.resize(ranks_);
  (record.on_all_ranks ? recorded_on_all_ : recorded_[rank]).insert(record.event);
  const std::size_t first = record.on_all_ranks ? 0 : rank * std::size_t{per_rank_};
  const std::size_t end = record.on_all_ranks ? streams_.size() : first + per_rank_;
  for (std::size_t other = first; other < end; ++other) {
    if (streams_[other].awaited != record.event) continue;
    streams_[other].awaited.reset();
    streams_[other].path = streams_[stream].path;
    wake_up(other, streams_[stream].time);
  }
  return true;
}

bool RecurrenceEngine::execute(std::size_t stream, const WaitEvent& wait) {
  const bool is_recorded = !recorded_.empty() && recorded_[rank_of(stream)].contains(wait.event);
  if (is_recorded || recorded_on_all_.contains(wait.event)) return true;
  streams_[stream].awaited = wait.event;
  return false;
}

bool RecurrenceEngine::execute(std::size_t stream, const Mark& mark) {
  if (!observer_.on_mark) return true;
  instant_.add(MarkEvent{rank_of(stream), mark, {streams_[stream].time}});
  marked_.push_back(stream);
  return false;
}

bool RecurrenceEngine::do_rounds(std::size_t stream) {
  auto& state = streams_[stream];
  const auto& collective = *state.call->collective;
  while (state.round < collective.rounds()) {
    state.call->round(state.position, state.round, round_);
    ++state.round;
    if (round_.sends.empty() && round_.receives.empty()) continue;
    state.ready = state.time;
    state.reduce = reduce_time(topology_.host(rank_of(stream)), round_.reduced()).value;
    for (const auto& receive : round_.receives) post(stream, {receive.peer, false, {}});
    for (const auto& send : round_.sends) post(stream, {send.peer, true, send.bytes, send.passage});
    if (state.unmatched.empty()) finish_round(stream);
    return false;
  }
  return true;
}

void RecurrenceEngine::post(std::size_t stream, const Posted& message) {
  const Rank rank = rank_of(stream);
  const std::size_t peer = std::size_t{message.peer} * per_rank_ + id_of(stream);
  auto& waiting = streams_[peer].unmatched;
  const auto partner = std::find_if(waiting.begin(), waiting.end(), [&](const Posted& other) {
    return other.peer == rank && other.is_send != message.is_send;
  });
  if (partner == waiting.end()) {
    streams_[stream].unmatched.push_back(message);
    return;
  }
  if (message.is_send) {
    match(stream, peer, message);
  } else {
    match(peer, stream, *partner);
  }
  waiting.erase(partner);
  if (waiting.empty()) finish_round(peer);
}

void RecurrenceEngine::finish_round(std::size_t stream) {
  auto& state = streams_[stream];
  if (paths_) {
    state.path =
        paths_->extend(state.arrived.take(), Cause::reduce, rank_of(stream), Seconds{state.reduce});
  }
  wake_up(stream, state.ready + state.reduce);
}

void RecurrenceEngine::match(std::size_t sender, std::size_t receiver, const Posted& send) {
  auto& from = streams_[sender];
  auto& to = streams_[receiver];
  const auto& path = route(rank_of(sender), rank_of(receiver));
  const Seconds start{std::max(from.time, to.time)};
  const auto& call = *from.call;
  const auto flow = flow_of(path,
                            {call.step,
                             call.phase,
                             call.bucket,
                             from.round - 1,
                             rank_of(sender),
                             rank_of(receiver),
                             send.bytes,
                             start,
                             {}},
                            send.passage);
  links_.add(path.route, flow, horizon(start.value));
  calls_[id_of(sender)].add_message(from.call_number, start, {flow.to});
  if (observer_.on_transfer) arriving_.push(flow.transfer);
  if (paths_) follow(from, to, flow);
  from.ready = std::max(from.ready, flow.to);
  to.ready = std::max(to.ready, flow.to);
  last_arrival_ = std::max(last_arrival_, flow.to);
}

void RecurrenceEngine::follow(Stream& from, Stream& to, const Flow& flow) {
  const Rank source = flow.transfer.source, target = flow.transfer.target;
  const Seconds start = flow.transfer.start;
  const auto& later = is_later(Seconds{to.time}, Seconds{from.time}) ? to : from;
  auto path =
      paths_->extend(later.path, Cause::latency, source, target, Seconds{flow.from} - start);
  path = paths_->extend(path, Cause::transfer, source, target, Seconds{flow.to - flow.from});
  from.arrived.add(path, {flow.to}, source);
  to.arrived.add(path, {flow.to}, source);
}

const RecurrenceEngine::TimedRoute& RecurrenceEngine::route(Rank source, Rank target) {
  return routes_.at(source, target, [&](TimedRoute& entry) {
    entry.route = topology_.route(source, target);
    entry.highest_rate = entry.route.bandwidth.value;
    if (!entry.route.varies) return;
    entry.capacity = topology_.capacity_over_time(entry.route);
    entry.highest_rate = 0;
    for (const auto& change : entry.capacity)
      entry.highest_rate = std::max(entry.highest_rate, change.value.value);
  });
}

Flow RecurrenceEngine::flow_of(const TimedRoute& path, const TransferEvent& transfer,
                               const Passage* passage) const {
  const auto& route = path.route;
  const auto cost = message_cost(topology_, route, transfer.bytes, passage);
  const Seconds from = transfer.start + cost.latency;
  const Seconds to = path.capacity.empty()
                         ? from + Seconds{cost.work / route.bandwidth.value}
                         : flow_end(path.capacity, from, cost.work, topology_.after_outage());
  Flow flow{from.value, to.value, path.highest_rate, transfer};
  flow.transfer.end = to;
  flow.transfer.latency = cost.latency;
  return flow;
}

void RecurrenceEngine::end_call(std::size_t stream) {
  auto& state = streams_[stream];
  state.call.reset();
  const auto event = calls_[id_of(stream)].finish(state.call_number++);
  if (event && observer_.on_collective) instant_.add(*event);
}

void RecurrenceEngine::report_until(double time) {
  while (!arriving_.empty() && arriving_.top().end.value < time) {
    const double moment = arriving_.top().end.value;
    while (!arriving_.empty() && arriving_.top().end.value == moment) {
      instant_.add(arriving_.top());
      arriving_.pop();
    }
    instant_.report(observer_);
  }
}

bool RecurrenceEngine::report_now() {
  while (!arriving_.empty() && arriving_.top().end.value <= now_) {
    instant_.add(arriving_.top());
    arriving_.pop();
  }
  instant_.report(observer_);
  const bool some_go_on = !marked_.empty();
  for (const std::size_t stream : std::exchange(marked_, {})) wake_up(stream, now_);
  return some_go_on;
}

RunError RecurrenceEngine::describe_deadlock() const {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [](const Stream& stream) { return !stream.has_ended; });
  const auto stream = static_cast<std::size_t>(found - streams_.begin());
  std::string waits;
  if (found->awaited) {
    waits = waits_for_event(*found->awaited);
  } else {
    // Receives are posted before sends.
    const auto& first = found->unmatched.front();
    waits = waits_for_message(!first.is_send, first.peer, found->round - 1, *found->call);
  }
  return cannot_finish(rank_of(stream), id_of(stream), per_rank_, waits,
                       Seconds{std::max(now_, last_arrival_)});
}

}  // namespace ringsim
