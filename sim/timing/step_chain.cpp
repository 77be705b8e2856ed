#include "sim/timing/step_chain.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ringsim {
namespace {

/// The first rank that ends last.
Rank last_rank(const StepRecord& record) {
  const auto last = std::ranges::max_element(record.ranks, {},
                                             [](const RankStep& rank) { return rank.end.value(); });
  return static_cast<Rank>(last - record.ranks.begin());
}

}  // namespace

Seconds StepRecord::first_end() const {
  const auto first =
      std::ranges::min_element(ranks, {}, [](const RankStep& rank) { return rank.end.value(); });
  return first->end.value();
}

Seconds StepRecord::last_end() const { return ranks[last_rank(*this)].end.value(); }

std::vector<Seconds> StepRecord::next_begin() const {
  const Seconds first = first_end();
  std::vector<Seconds> next;
  next.reserve(ranks.size());
  for (const auto& rank : ranks) next.push_back(rank.end.value() - first);
  return next;
}

Timing StepChain::timing(const Topology& topology, const StepSink& sink) const {
  BackendResult whole{end(), links()};
  Timing timing{whole.end, {}, {}, critical_path(topology, path(), whole)};
  timing.links = std::move(whole.links);
  tell_times(sink ? sink : [&](const StepTime& time, std::uint64_t count) {
    timing.steps.add(time, count);
  });
  return timing;
}

Seconds StepChain::end() const {
  Seconds begin;
  for (const auto& run : steps.runs())
    begin += static_cast<double>(run.count) * records[run.first].first_end();
  const auto& last = records[steps.back()];
  return begin + (last.last_end() - last.first_end());
}

void StepChain::tell_times(const StepSink& sink) const {
  struct HeldUp {
    const StepRecord* record;
    Rank by;
    std::uint64_t steps;
  };
  std::vector<HeldUp> held_up;  // from the last step to the first
  std::optional<Rank> after;    // that holds up the step after
  for (auto run = steps.runs().rbegin(); run != steps.runs().rend(); ++run) {
    const auto& record = records[run->first];
    for (std::uint64_t left = run->count; left > 0;) {
      const Rank by =
          rank_that_holds_up(record.ranks, after ? *record.ranks[*after].end : record.last_end(),
                             [&](Rank rank) { return record.begin[rank]; });
      // What has come out the same once does so in all steps before.
      const std::uint64_t same = after == by ? left : 1;
      held_up.push_back({&record, by, same});
      after = by;
      left -= same;
    }
  }
  Seconds start;
  for (auto held = held_up.rbegin(); held != held_up.rend(); ++held) {
    const auto& rank = held->record->ranks[held->by];
    const Seconds begin = held->record->begin[held->by];
    auto time = step_time(begin, rank, rank.end.value(), held->record->exchange);
    time.start = start;
    sink(time, held->steps);
    start += static_cast<double>(held->steps) * time.total;
  }
}

std::vector<LinkUse> StepChain::links() const {
  std::vector<LinkUse> sum(records.front().links.size());
  for (const auto& run : steps.runs()) {
    const auto& links = records[run.first].links;
    for (std::size_t link = 0; link < sum.size(); ++link) {
      sum[link].bytes += run.count * links[link].bytes;
      sum[link].busy += static_cast<double>(run.count) * links[link].busy;
    }
  }
  return sum;
}

PathTimes StepChain::path() const {
  // Where the path of a rank began on another one, it goes on there in the step before. It comes by
  // the same ranks of the same records again and again.
  struct Visit {
    TracedPath path;
    std::uint64_t times = 0;
  };
  std::map<std::pair<std::uint32_t, Rank>, Visit> visits;
  Rank rank = last_rank(records[steps.back()]);
  for (auto run = steps.runs().rbegin(); run != steps.runs().rend(); ++run) {
    for (std::uint64_t left = run->count; left > 0; --left) {
      auto& visit = visits[{run->first, rank}];
      if (visit.times++ == 0) visit.path = records[run->first].path_of(rank);
      rank = visit.path.origin;
    }
  }
  PathTimes times;
  for (const auto& [where, visit] : visits) times.add(visit.path.times, visit.times);
  return times;
}

void StepChain::for_steps(
    const std::function<void(std::uint64_t, const StepRecord&, Seconds)>& take) const {
  Seconds begin;  // of the run's first step
  for (const auto& run : steps.runs()) {
    const auto& record = records[run.first];
    for (std::uint64_t i = 0; i < run.count; ++i)
      take(run.from + i, record, begin + static_cast<double>(i) * record.first_end());
    begin += static_cast<double>(run.count) * record.first_end();
  }
}

void StepChain::tell(const std::function<void(const TransferEvent&)>& on_transfer) const {
  for_steps([&](std::uint64_t step, const StepRecord& record, Seconds begin) {
    for (auto transfer : record.transfers) {
      transfer.step = step;
      transfer.start += begin;
      transfer.end += begin;
      on_transfer(transfer);
    }
  });
}

void StepChain::tell_delays(const std::function<void(const DelayEvent&)>& on_delay) const {
  for_steps([&](std::uint64_t step, const StepRecord& record, Seconds begin) {
    for (auto delay : record.delays) {
      delay.step = step;
      delay.start += begin;
      on_delay(delay);
    }
  });
}

}  // namespace ringsim
