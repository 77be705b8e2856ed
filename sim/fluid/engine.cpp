#include "sim/fluid/engine.hpp"

#include "base/error.hpp"
#include "sim/backend/deadlock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ringsim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

std::vector<double> first_capacities(const Topology& topology) {
  std::vector<double> capacities;
  capacities.reserve(topology.links().size());
  for (const auto& link : topology.links()) {
    capacities.push_back(link.extras ? capacity_over_time(link).front().value.value
                                     : link.bandwidth.value);
  }
  return capacities;
}

}  // namespace

FluidEngine::FluidEngine(const Topology& topology, const Program& program, const Observer& observer,
                         bool checks_rates)
    : topology_(topology),
      program_(program),
      observer_(observer),
      checks_rates_(checks_rates),
      ranks_(program.ranks),
      per_rank_(program.streams_per_rank),
      paths_(observer.wants_critical_path ? std::make_unique<PathLog>() : nullptr),
      routes_(topology),
      sharing_(first_capacities(topology)),
      is_dead_(program.ranks) {
  check(ranks_ <= topology.hosts(), "more ranks than hosts");
  schedule_faults();
  open_streams();
}

BackendResult FluidEngine::run() {
  for (;;) {
    while (!ready_.empty()) {
      going_on_.swap(ready_);
      for (const StreamIndex stream : going_on_) advance(stream);
      going_on_.clear();
    }
    if (take_due()) continue;
    if (report_now()) continue;
    if (running_ == 0) break;
    solve();
    const double next = next_time();
    if (next == never) break;
    now_ = next;
    take_events();
  }
  if (first_blocked() != nullptr) throw describe_deadlock();
  return result();
}

double FluidEngine::next_time() {
  double next = next_end();
  if (!starts_.is_empty()) next = std::min(next, starts_.time());
  if (!wakes_.is_empty()) next = std::min(next, wakes_.time());
  if (!recoveries_.empty()) next = std::min(next, recoveries_.top());
  if (next_fault_ == faults_.size() || faults_[next_fault_].time >= next) return next;
  // Changes of capacity go on for ever, but where nothing flows or dies, nothing comes of them.
  if (next == never && sharing_.flowing() == 0) {
    const auto is_death = [](const Fault& fault) { return fault.is_death; };
    const auto from = faults_.begin() + static_cast<std::ptrdiff_t>(next_fault_);
    if (std::none_of(from, faults_.end(), is_death)) return never;
  }
  return faults_[next_fault_].time;
}

double FluidEngine::next_end() {
  while (!ends_.is_empty()) {
    const double time = ends_.time();
    const TransferId id = ends_.next();
    auto& transfer = transfers_[id];
    const bool is_valid = transfer.phase == Phase::flow && transfer.queued == time;
    if (is_valid && transfer.end == time) return time;
    if (is_valid) transfer.queued = transfer.end;
    if (is_valid && transfer.end != never) {
      ends_.postpone(transfer.end);
    } else {
      ends_.pop();
    }
  }
  return never;
}

void FluidEngine::take_events() {
  take_ends();
  take_faults();
  take_wakes();
  take_starts();
}

bool FluidEngine::take_due() {
  const auto is_due = [&](const EventHeap& events) {
    return !events.is_empty() && events.time() <= now_;
  };
  if (!is_due(wakes_) && !is_due(starts_)) return false;
  take_wakes();
  take_starts();
  return true;
}

void FluidEngine::take_ends() {
  while (next_end() <= now_) {
    const TransferId id = ends_.next();
    ends_.pop();
    arrive(id);
  }
}

void FluidEngine::take_wakes() {
  while (!wakes_.is_empty() && wakes_.time() <= now_) {
    const StreamIndex stream = wakes_.next();
    wakes_.pop();
    if (!is_dead_[rank_of(stream)]) wake_up(stream);
  }
}

void FluidEngine::take_starts() {
  while (!starts_.is_empty() && starts_.time() <= now_) {
    const double time = starts_.time();
    const TransferId id = starts_.next();
    starts_.pop();
    const auto& transfer = transfers_[id];
    // What was abandoned has left its entry.
    if (transfer.phase == Phase::latency && transfer.flows_at == time) begin_flow(id);
  }
}

void FluidEngine::solve() {
  sharing_.solve();
  for (const auto [id, old_rate] : sharing_.changed()) {
    auto& transfer = transfers_[id];
    settle(transfer, old_rate);
    const double rate = sharing_.rate(id);
    transfer.end = rate > 0 ? now_ + transfer.left / rate : never;
    if (transfer.end >= transfer.queued) continue;
    transfer.queued = transfer.end;
    ends_.push(transfer.end, id);
  }
  if (!checks_rates_) return;
  const double distance = sharing_.distance_from_max_min();
  if (distance > 1e-12)
    throw RunError(fmt::format("at {} s the rates are {} away from max-min", now_, distance));
}

bool FluidEngine::report_now() {
  if (!instant_.is_empty()) instant_.report(observer_);
  ready_.insert(ready_.end(), marked_.begin(), marked_.end());
  marked_.clear();
  return !ready_.empty();
}

RunError FluidEngine::describe_deadlock() const {
  const auto* blocked = first_blocked();
  const auto stream = static_cast<StreamIndex>(blocked - streams_.data());
  std::string waits;
  if (blocked->awaited) {
    waits = waits_for_event(*blocked->awaited);
  } else {
    const auto first =
        std::find_if(blocked->posted.begin(), blocked->posted.end(),
                     [](const Posted& message) { return message.progress != Progress::arrived; });
    check(first != blocked->posted.end(), "a stream is blocked by a message or by an event");
    waits = waits_for_message(!first->is_send, first->peer, blocked->round - 1, *blocked->call);
  }
  return cannot_finish(rank_of(stream), id_of(stream), per_rank_, waits, Seconds{now_});
}

BackendResult FluidEngine::result() {
  BackendResult result{{end_}, {}};
  for (LinkId link = 0; link < topology_.links().size(); ++link)
    result.links.push_back({{}, {sharing_.busy(link)}});
  for (const auto& entry : routes_.entries()) {
    for (const LinkId link : entry.route.links) result.links[link].bytes += Bytes{entry.bytes};
  }
  if (paths_) result.critical_path = critical_path(topology_, paths_->times(last_path_), result);
  return result;
}

}  // namespace ringsim
