// Links whose capacity changes, and hosts that die.
#include "sim/backend/deadlock.hpp"
#include "sim/fluid/engine.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {

void FluidEngine::schedule_faults() {
  for (LinkId id = 0; id < topology_.links().size(); ++id) {
    if (!topology_.links()[id].extras) continue;
    const auto changes = capacity_over_time(topology_.links()[id]);
    for (std::size_t i = 1; i < changes.size(); ++i) {
      faults_.push_back({changes[i].at.value, false, id, changes[i].value.value,
                         changes[i - 1].value.value == 0});
    }
  }
  for (Rank rank = 0; rank < ranks_; ++rank) {
    if (const auto dies = topology_.host(rank).dies)
      faults_.push_back({dies->value, true, rank, 0, false});
  }
  std::stable_sort(faults_.begin(), faults_.end(),
                   [](const Fault& a, const Fault& b) { return a.time < b.time; });
}

void FluidEngine::take_faults() {
  for (; next_fault_ < faults_.size() && faults_[next_fault_].time <= now_; ++next_fault_) {
    const auto& fault = faults_[next_fault_];
    fault.is_death ? die(fault.which) : set_capacity(fault);
  }
  // Deaths of this moment are noticed with those that are noticed now.
  bool recovers = false;
  for (; !recoveries_.empty() && recoveries_.top() <= now_; recoveries_.pop()) recovers = true;
  if (recovers) recover();
}

void FluidEngine::set_capacity(const Fault& fault) {
  sharing_.set_capacity(fault.which, fault.capacity);
  if (!fault.was_down || topology_.after_outage() != AfterOutage::restart) return;
  sharing_.for_each_flow(fault.which, [&](TransferId id) {
    auto& transfer = transfers_[id];
    transfer.left = transfer.work;
    transfer.since = now_;
  });
}

const FluidEngine::Stream* FluidEngine::first_blocked() const {
  for (StreamIndex stream = 0; stream < streams_.size(); ++stream) {
    if (!is_dead_[rank_of(stream)] && !streams_[stream].has_ended) return &streams_[stream];
  }
  return nullptr;
}

void FluidEngine::die(Rank rank) {
  if (first_blocked() == nullptr) return;  // all is over
  is_dead_[rank] = true;
  dead_.push_back(rank);
  for (TransferId id = 0; id < transfers_.size(); ++id) {
    const auto& transfer = transfers_[id];
    if (transfer.phase == Phase::none) continue;
    if (rank_of(transfer.sender) == rank || rank_of(transfer.receiver) == rank) abandon(id);
  }
  for (StreamIndex stream = rank * per_rank_; stream < (rank + 1) * per_rank_; ++stream) {
    auto& state = streams_[stream];
    state.posted.clear();
    state.awaited.reset();
    if (!state.has_ended) --running_;
  }
  std::erase_if(ready_, [&](StreamIndex stream) { return rank_of(stream) == rank; });
  if (std::ranges::find(is_dead_, false) == is_dead_.end()) end_without_ranks(rank);
  if (program_.recover) recoveries_.push(now_ + program_.detection.value);
}

void FluidEngine::end_without_ranks(Rank last) {
  report_now();
  if (program_.recover) program_.recover(std::exchange(dead_, {}), Seconds{now_});
  throw all_have_died(last, topology_.host(last).dies.value());
}

void FluidEngine::abandon(TransferId id) {
  auto& transfer = transfers_[id];
  auto& sent = streams_[transfer.sender].posted[transfer.sender_post];
  if (transfer.phase == Phase::flow) {
    settle(transfer, sharing_.rate(id));
    sharing_.end(id, now_);
    const double passed = 1 - transfer.left / transfer.work;
    routes_[transfer.route].bytes +=
        static_cast<std::uint64_t>(std::llround(passed * static_cast<double>(sent.bytes)));
  }
  transfer.phase = Phase::none;
  sharing_.drop_flow(id);
  // Who waits for it waits for ever.
  sent.progress = Progress::failed;
  streams_[transfer.receiver].posted[transfer.receiver_post].progress = Progress::failed;
}

void FluidEngine::recover() {
  if (dead_.empty() || first_blocked() == nullptr) return;
  // Before the program hears that they are dead, it hears what they did.
  report_now();
  for (TransferId id = 0; id < transfers_.size(); ++id) {
    if (transfers_[id].phase != Phase::none) abandon(id);
  }
  starts_.clear();
  wakes_.clear();
  ends_.clear();
  // The dead rank did something until it died; from then on all wait for the detection.
  Path path;
  if (paths_) {
    const auto& last = streams_[dead_.back() * per_rank_];
    path = paths_->extend(last.path, Cause::failure, dead_.back(), Seconds{now_ - last.path_end});
  }
  program_.recover(std::exchange(dead_, {}), Seconds{now_});
  reopen_streams(path);
}

}  // namespace ringsim
