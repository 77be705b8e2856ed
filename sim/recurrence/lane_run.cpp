#include "sim/recurrence/lane_run.hpp"

#include "base/error.hpp"
#include "sim/recurrence/ring_path.hpp"

#include <algorithm>
#include <limits>

namespace ringsim {
namespace {

/// `f` of each lane's values.
template <class F, class... Other>
Lanes each(F f, const Lanes& a, const Other&... others) {
  Lanes result;
  for (std::size_t lane = 0; lane < lanes; ++lane)
    result.value[lane] = f(a.value[lane], others.value[lane]...);
  return result;
}

Lanes later(const Lanes& a, const Lanes& b) {
  return each([](double x, double y) { return std::max(x, y); }, a, b);
}
Lanes earlier(const Lanes& a, const Lanes& b) {
  return each([](double x, double y) { return std::min(x, y); }, a, b);
}

Lanes all(double value) {
  Lanes result;
  std::ranges::fill(result.value, value);
  return result;
}

/// Memory of at least this size, whatever it held.
void have(std::vector<Lanes>& memory, std::size_t size) {
  if (memory.size() < size) memory.resize(size);
}

}  // namespace

LaneRun::LaneRun(const LaneProgram& program, std::span<const Lane> of_lanes, LaneMemory& memory)
    : program_(program),
      lanes_(of_lanes),
      memory_(memory),
      kernels_(lane_kernels::available().front()),
      latency_(program.ranks),
      bandwidth_(program.ranks),
      time_(program.ranks, all(0)),
      busy_(program.ranks, all(0)) {
  check(!lanes_.empty() && lanes_.size() <= lanes, "LaneRun: lanes");
  set_links();
}

void LaneRun::set_links() {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    // Lanes to spare do the last one's once more.
    const auto& links = lanes_[std::min(lane, lanes_.size() - 1)].topology->links();
    for (Rank rank = 0; rank < program_.ranks; ++rank) {
      Seconds latency;
      BytesPerSecond bandwidth = links[program_.routes[rank].links.front()].bandwidth;
      for (const LinkId id : program_.routes[rank].links) {
        latency += links[id].latency;
        bandwidth = std::min(bandwidth, links[id].bandwidth);
      }
      latency_[rank].value[lane] = latency.value;
      bandwidth_[rank].value[lane] = bandwidth.value;
    }
  }
}

void LaneRun::run(std::vector<BackendResult>& results) {
  for (std::size_t call = 0; call < program_.calls.size(); ++call) {
    do_local(call);
    do_call(call);
  }
  do_local(program_.calls.size());
  Paths paths;
  follow(paths);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
    results.push_back(result(lane, std::move(paths[lane])));
}

void LaneRun::do_local(std::size_t call) {
  for (Rank rank = 0; rank < program_.ranks; ++rank) {
    auto& time = time_[rank];
    for (const auto& what : program_.local[call * program_.ranks + rank]) {
      const auto* delay = std::get_if<Delay>(&what);
      for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
        const auto& observer = *lanes_[lane].observer;
        const Seconds now{time.value[lane]};
        if (delay != nullptr && observer.on_delay)
          observer.on_delay({rank, delay->kind, delay->step, now, delay->duration, delay->phase});
        if (delay == nullptr && observer.on_mark)
          observer.on_mark({rank, std::get<Mark>(what), now});
      }
      if (delay != nullptr) time = each([&](double t) { return t + delay->duration.value; }, time);
    }
  }
}

void LaneRun::do_call(std::size_t call) {
  const auto& [what, ring] = program_.calls[call];
  ready_.push_back(time_);
  const auto [start, end] = std::visit([&](const auto& rounds) { return do_rounds(rounds); }, ring);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!lanes_[lane].observer->on_collective) continue;
    lanes_[lane].observer->on_collective(
        {what.step, what.phase, what.bucket, Seconds{start.value[lane]}, Seconds{end.value[lane]}});
  }
}

std::vector<Lanes> LaneRun::advance(const WholeRing& ring, const std::vector<Lanes>& ready,
                                    bool with_history) {
  const std::size_t n = program_.ranks;
  auto& duration = memory_.scratch;
  have(duration, ring.kinds.size() * n);
  for (std::size_t kind = 0; kind < ring.kinds.size(); ++kind) {
    for (std::size_t rank = 0; rank < n; ++rank) {
      // As RingRounds::duration().
      duration[kind * n + rank] = each(
          [&](double latency, double bandwidth) { return latency + ring.kinds[kind] / bandwidth; },
          latency_[rank], bandwidth_[rank]);
    }
  }
  std::vector<Lanes> starts(n);
  for (std::size_t rank = 0; rank < n; ++rank)
    starts[rank] = later(ready[rank], ready[rank + 1 == n ? 0 : rank + 1]);
  if (with_history) have(memory_.history, ring.rounds * n);
  kernels_.whole({n, ring.rounds - 1, duration.data(), ring.kind_of_part.data()}, starts.data(),
                 with_history ? memory_.history.data() : nullptr);
  return starts;
}

Lanes LaneRun::end_of(const WholeRing& ring, std::size_t rank, const Lanes& start) const {
  const std::size_t n = program_.ranks, round = ring.rounds - 1;
  const double bytes = ring.parts[(rank + n - round % n) % n];
  return each(
      [&](double s, double latency, double bandwidth) { return s + (latency + bytes / bandwidth); },
      start, latency_[rank], bandwidth_[rank]);
}

std::pair<Lanes, Lanes> LaneRun::do_rounds(const WholeRing& ring) {
  const std::size_t n = program_.ranks;
  Lanes first = later(time_[0], time_[n - 1]);
  for (std::size_t rank = 0; rank + 1 < n; ++rank)
    first = earlier(first, later(time_[rank], time_[rank + 1]));
  const auto starts = advance(ring, time_, false);
  std::vector<Lanes> ends(n);
  for (std::size_t rank = 0; rank < n; ++rank) ends[rank] = end_of(ring, rank, starts[rank]);
  Lanes last = ends[0];
  for (std::size_t rank = 0; rank < n; ++rank) {
    last = later(last, ends[rank]);
    time_[rank] = later(ends[rank], ends[rank == 0 ? n - 1 : rank - 1]);
    const auto bytes = static_cast<double>(ring.sent[rank].count);
    busy_[rank] = each([&](double busy, double bandwidth) { return busy + bytes / bandwidth; },
                       busy_[rank], bandwidth_[rank]);
  }
  return {first, last};
}

void LaneRun::advance(const PiecedRing& ring, std::vector<Lanes>& time, Lanes& first_start,
                      bool with_history) {
  auto& scratch = memory_.scratch;
  const std::size_t costs = ring.costs.size();
  have(scratch, costs + ring.most_in_round);
  for (std::size_t i = 0; i < costs; ++i) {
    scratch[i] = each([&](double bandwidth) { return ring.costs[i].bytes / bandwidth; },
                      bandwidth_[ring.costs[i].sender]);
  }
  if (with_history) have(memory_.history, 2 * ring.messages.size());
  // Followed once more, links are no busier.
  std::vector<Lanes> busy_again;
  if (with_history) busy_again.resize(program_.ranks, all(0));
  kernels_.pieces({ring.messages, ring.round_end, latency_.data(), scratch.data()},
                  {time.data(), with_history ? busy_again.data() : busy_.data(), &first_start,
                   with_history ? memory_.history.data() : nullptr, scratch.data() + costs});
}

std::pair<Lanes, Lanes> LaneRun::do_rounds(const PiecedRing& ring) {
  Lanes first = all(std::numeric_limits<double>::infinity());
  advance(ring, time_, first, false);
  // Every rank has sent or received something.
  Lanes last = time_[0];
  for (const auto& time : time_) last = later(last, time);
  return {first, last};
}

BackendResult LaneRun::result(std::size_t lane, PathTimes times) const {
  const auto& topology = *lanes_[lane].topology;
  BackendResult result{{}, std::vector<LinkUse>(topology.links().size()), {}};
  for (Rank rank = 0; rank < program_.ranks; ++rank) {
    result.end = std::max(result.end, Seconds{time_[rank].value[lane]});
    Bytes sent;
    for (const auto& call : program_.calls)
      sent += std::visit([&](const auto& ring) { return ring.sent[rank]; }, call.ring);
    for (const LinkId link : program_.routes[rank].links)
      result.links[link] = {sent, {busy_[rank].value[lane]}};
  }
  result.critical_path = critical_path(topology, std::move(times), result);
  return result;
}

void LaneRun::follow(Paths& paths) {
  Ranks at{};
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    for (Rank rank = 0; rank < program_.ranks; ++rank) {
      if (time_[rank].value[lane] > time_[at[lane]].value[lane]) at[lane] = rank;
    }
  }
  for (std::size_t call = program_.calls.size();; --call) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      const auto& local = program_.local[call * program_.ranks + at[lane]];
      for (auto what = local.rbegin(); what != local.rend(); ++what) {
        const auto* delay = std::get_if<Delay>(&*what);
        if (delay == nullptr) continue;
        const Cause cause = delay->kind == DelayKind::compress ? Cause::compress : Cause::compute;
        paths[lane].add(cause, at[lane], at[lane], delay->duration);
      }
    }
    if (call == 0) return;
    std::visit([&](const auto& ring) { follow(ring, ready_[call - 1], at, paths); },
               program_.calls[call - 1].ring);
  }
}

void LaneRun::follow(const WholeRing& ring, const std::vector<Lanes>& ready, Ranks& at,
                     Paths& paths) {
  const std::size_t n = program_.ranks, last = ring.rounds - 1;
  const auto starts = advance(ring, ready, true);
  RingRounds rounds{static_cast<std::uint32_t>(ring.rounds), std::vector<double>(n),
                    std::vector<double>(n), ring.parts};
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    for (std::size_t rank = 0; rank < n; ++rank) {
      rounds.latency[rank] = latency_[rank].value[lane];
      rounds.bandwidth[rank] = bandwidth_[rank].value[lane];
    }
    RingSteps steps(rounds, paths[lane]);
    const std::size_t before = steps.before(at[lane]);
    const auto end_of_last = [&](std::size_t rank) {
      return steps.end_of(rank, starts[rank].value[lane], last);
    };
    std::size_t sender = steps.last_arrival(at[lane], end_of_last(before), end_of_last(at[lane]));
    steps.add(sender, last);
    for (std::size_t round = last; round-- > 0;) {
      const Lanes* const own = memory_.history.data() + round * n;
      sender =
          steps.step_back(sender, own[steps.before(sender)].value[lane], own[sender].value[lane],
                          own[steps.after(sender)].value[lane], round);
    }
    at[lane] = static_cast<Rank>(steps.first_poster(sender, ready[sender].value[lane],
                                                    ready[steps.after(sender)].value[lane]));
  }
}

void LaneRun::follow(const PiecedRing& ring, const std::vector<Lanes>& ready, Ranks& at,
                     Paths& paths) {
  auto time = ready;
  Lanes first_start = all(0);
  advance(ring, time, first_start, true);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
    at[lane] = follow(ring, lane, at[lane], paths[lane]);
}

/// As PipelinedPath::trace().
Rank LaneRun::follow(const PiecedRing& ring, std::size_t lane, Rank at, PathTimes& times) const {
  struct Timed {
    double sender, receiver, from, to;
    double start() const { return std::max(sender, receiver); }
  };
  const auto timed = [&](std::uint32_t index) {
    const auto& message = ring.messages[index];
    Timed t{memory_.history[2 * std::size_t{index}].value[lane],
            memory_.history[2 * std::size_t{index} + 1].value[lane], 0, 0};
    t.from = t.start() + latency_[message.sender].value[lane];
    t.to = t.from + memory_.scratch[message.cost].value[lane];
    return t;
  };
  for (auto event = ring.last[at];;) {
    std::uint32_t index = event.sent;
    if (event.sent == PiecedRing::none && event.received == PiecedRing::none) return at;
    if (event.sent == PiecedRing::none) {
      index = event.received;
    } else if (event.received != PiecedRing::none) {
      const Seconds sent{timed(event.sent).to}, received{timed(event.received).to};
      const bool together = !is_later(sent, received) && !is_later(received, sent);
      // Rank 0 receives from the last rank.
      if (is_later(received, sent) || (together && at > 0)) index = event.received;
    }
    const auto& message = ring.messages[index];
    const auto t = timed(index);
    times.add(Cause::transfer, message.sender, message.receiver, {t.to - t.from});
    times.add(Cause::latency, message.sender, message.receiver, {t.from - t.start()});
    const bool receiver_is_later = is_later({t.receiver}, {t.sender});
    at = receiver_is_later ? message.receiver : message.sender;
    event = receiver_is_later ? ring.before[index].receiver : ring.before[index].sender;
  }
}

}  // namespace ringsim
