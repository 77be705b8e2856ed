// What the ranks' streams do, but for their messages.
#include "sim/fluid/engine.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {

void FluidEngine::open_streams() {
  reopen_streams({});
  for (StreamIndex stream = 0; stream < streams_.size(); ++stream) {
    if (paths_) streams_[stream].path = paths_->begin(rank_of(stream));
  }
  if (program_.begin.empty()) return;
  for (const StreamIndex stream : std::exchange(ready_, {}))
    wakes_.push(program_.begin[rank_of(stream)].value, stream);
}

void FluidEngine::reopen_streams(const Path& path) {
  const auto living = static_cast<Rank>(std::ranges::count(is_dead_, false));
  calls_.assign(per_rank_, CallTracker(living));
  recorded_.assign(ranks_, {});
  recorded_on_all_.clear();
  streams_.clear();
  streams_.resize(std::size_t{ranks_} * per_rank_);
  ready_.clear();
  for (StreamIndex stream = 0; stream < streams_.size(); ++stream) {
    if (is_dead_[rank_of(stream)]) continue;
    auto& state = streams_[stream];
    state.source = program_.open(rank_of(stream), id_of(stream));
    state.path = path;
    state.path_end = now_;
    ready_.push_back(stream);
  }
  running_ = ready_.size();
}

void FluidEngine::advance(StreamIndex stream) {
  auto& state = streams_[stream];
  for (;;) {
    if (state.call) {
      if (!do_rounds(stream)) return;
      end_call(stream);
    }
    const auto phase = state.source();
    if (!phase) break;
    if (!std::visit([&](const auto& what) { return execute(stream, what); }, *phase)) return;
  }
  state.has_ended = true;
  --running_;
  // Where streams end at the same moment, the path of the first one counts.
  if (now_ > end_ || (now_ == end_ && stream < last_stream_)) {
    last_path_ = state.path;
    last_stream_ = stream;
  }
  end_ = now_;
}

void FluidEngine::go_on(Stream& state, Path path) {
  state.path = std::move(path);
  state.path_end = now_;
}

void FluidEngine::wake_up(StreamIndex stream) {
  auto& state = streams_[stream];
  if (state.is_delayed) {
    state.is_delayed = false;
    if (observer_.on_delay) instant_.add(state.delay);
    if (paths_) {
      const auto cause = state.delay.kind == DelayKind::compress ? Cause::compress : Cause::compute;
      go_on(state, paths_->extend(state.path, cause, state.delay.rank, state.delay.duration));
    }
  } else if (paths_) {
    go_on(state, paths_->extend(state.path, Cause::reduce, rank_of(stream), Seconds{state.reduce}));
  }
  ready_.push_back(stream);
}

bool FluidEngine::execute(StreamIndex stream, const Delay& delay) {
  auto& state = streams_[stream];
  const Rank rank = rank_of(stream);
  const Seconds duration = compute_time(topology_.host(rank), Seconds{now_}, delay.duration);
  state.is_delayed = true;
  state.delay = {rank, delay.kind, delay.step, Seconds{now_}, duration, delay.phase};
  wakes_.push(now_ + duration.value, stream);
  return false;
}

bool FluidEngine::execute(StreamIndex stream, const CollectiveCall& call) {
  auto& state = streams_[stream];
  state.call = call;
  // A rank that takes no part is through with all rounds.
  const auto position = call.position(rank_of(stream));
  state.position = position.value_or(0);
  state.round = position ? 0 : call.collective->rounds();
  calls_[id_of(stream)].begin(state.call_number, call);
  return true;
}

bool FluidEngine::execute(StreamIndex stream, const Record& record) {
  const Rank rank = rank_of(stream);
  (record.on_all_ranks ? recorded_on_all_ : recorded_[rank]).insert(record.event);
  const StreamIndex first = record.on_all_ranks ? 0 : rank * per_rank_;
  const StreamIndex end =
      record.on_all_ranks ? static_cast<StreamIndex>(streams_.size()) : first + per_rank_;
  for (StreamIndex other = first; other < end; ++other) {
    if (streams_[other].awaited != record.event) continue;
    streams_[other].awaited.reset();
    go_on(streams_[other], streams_[stream].path);
    ready_.push_back(other);
  }
  return true;
}

bool FluidEngine::execute(StreamIndex stream, const WaitEvent& wait) {
  if (recorded_[rank_of(stream)].contains(wait.event) || recorded_on_all_.contains(wait.event))
    return true;
  streams_[stream].awaited = wait.event;
  return false;
}

bool FluidEngine::execute(StreamIndex stream, const Mark& mark) {
  if (!observer_.on_mark) return true;
  instant_.add(MarkEvent{rank_of(stream), mark, {now_}});
  marked_.push_back(stream);
  return false;
}

void FluidEngine::end_call(StreamIndex stream) {
  auto& state = streams_[stream];
  state.call.reset();
  const auto event = calls_[id_of(stream)].finish(state.call_number++);
  if (event && observer_.on_collective) instant_.add(*event);
}

}  // namespace ringsim
