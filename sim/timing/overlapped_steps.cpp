#include "sim/timing/overlapped_steps.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace ringsim {
namespace {

using ChainLink = std::variant<const Exchange*, const LocalTime*>;

/// A plan's stages by bucket and by where they are done.
struct BucketStages {
  std::vector<const LocalTime*> before;  ///< its first exchange
  std::vector<ChainLink> chain;          ///< from its first exchange to its last
  std::vector<const LocalTime*> after;   ///< its last exchange
};

std::vector<BucketStages> by_bucket(const StepPlan& plan, std::size_t buckets) {
  std::vector<BucketStages> all(buckets);
  for (const auto& stage : plan.stages) {
    if (const auto* exchange = std::get_if<Exchange>(&stage)) {
      auto& own = all.at(exchange->bucket);
      for (const auto* local : std::exchange(own.after, {})) own.chain.emplace_back(local);
      own.chain.emplace_back(exchange);
    } else {
      const auto& local = std::get<LocalTime>(stage);
      auto& own = all.at(local.bucket);
      (own.chain.empty() ? own.before : own.after).push_back(&local);
    }
  }
  return all;
}

/// A bucket's events of a step: it is ready, all of it has been exchanged, and the ends of the
/// elements of its chain.
enum Moment : std::uint32_t { ready, exchanged, first_in_chain };
constexpr std::uint32_t moments = 64;

/// Hands out the phases of one step after the other.
class StepStream {
 public:
  StepStream(const StepPlans& plans, std::size_t buckets) : plans_(&plans), buckets_(buckets) {}
  virtual ~StepStream() = default;

  std::optional<Phase> next() {
    while (phases_.empty()) {
      if (step_ == plans_->size()) return std::nullopt;
      fill(step_, by_bucket((*plans_)[step_], buckets_));
      ++step_;
    }
    auto phase = std::move(phases_.front());
    phases_.pop_front();
    return phase;
  }

 protected:
  virtual void fill(std::uint64_t step, const std::vector<BucketStages>& stages) = 0;

  void add(Phase phase) { phases_.push_back(std::move(phase)); }
  void record(std::uint64_t step, std::size_t bucket, std::size_t moment) {
    add(Record{event_of(step, bucket, moment)});
  }
  void wait(std::uint64_t step, std::size_t bucket, std::size_t moment) {
    add(WaitEvent{event_of(step, bucket, moment)});
  }

 private:
  EventId event_of(std::uint64_t step, std::size_t bucket, std::size_t moment) const {
    check(moment < moments, "a bucket with too many stages");
    return (step * buckets_ + bucket) * moments + moment;
  }

  const StepPlans* plans_;
  std::size_t buckets_;
  std::uint64_t step_ = 0;
  std::deque<Phase> phases_;
};

/// An estimate of how long the network is still busy with a rank's exchanges, and of what computing
/// loses to them.
class ExchangeLoad {
 public:
  ExchangeLoad(const std::optional<DdpTimes>& ddp, Rank ranks) : ranks_(ranks) {
    if (!ddp) return;
    share_ = ddp->exchange_share;
    bandwidth_ = ddp->bandwidth;
  }

  void add(const std::vector<ChainLink>& chain) {
    if (share_ == 0) return;
    for (const auto& link : chain) {
      const auto* const* exchange = std::get_if<const Exchange*>(&link);
      if (exchange == nullptr) continue;
      const auto bytes = static_cast<double>((*exchange)->collective->total_bytes().count);
      busy_ += Seconds{bytes / ranks_ / bandwidth_.value};
    }
  }

  /// What computing so much takes.
  Seconds computed(Seconds alone) {
    const Seconds whole = alone / (1 - share_);
    if (busy_ >= whole) {
      busy_ = busy_ - whole;
      return whole;
    }
    return alone + std::exchange(busy_, {}) * share_;
  }

  /// Something else has taken so long.
  void pass(Seconds time) { busy_ = std::max(Seconds{}, busy_ - time); }
  void end() { busy_ = {}; }

 private:
  Rank ranks_;
  double share_ = 0;
  BytesPerSecond bandwidth_;
  Seconds busy_;
};

class OverlappedCompute final : public StepStream {
 public:
  OverlappedCompute(const StepPlans& plans, const ComputeModel& compute, const Host& host,
                    Rank rank, Rank ranks)
      : StepStream(plans, compute.overlap->ready.size()),
        compute_(compute),
        host_(&host),
        rank_(rank),
        ranks_(ranks) {}

 private:
  void fill(std::uint64_t step, const std::vector<BucketStages>& stages) override {
    const bool waits = compute_.overlap->waits;
    const auto& ddp = compute_.overlap->ddp;
    const Seconds whole = jittered(compute_, *host_, rank_, step);
    ExchangeLoad load(ddp, ranks_);
    Seconds computed;
    if (ddp) add(Delay{ddp->start, DelayKind::compute, step});
    for (std::size_t bucket = 0; bucket < stages.size(); ++bucket) {
      const Seconds until = stretched_ready_time(compute_, bucket, whole);
      add(Delay{load.computed(until - computed), DelayKind::compute, step});
      computed = until;
      if (ddp) load.pass(copy(bucket, step));
      load.pass(spend(stages[bucket].before, step));
      record(step, bucket, ready);
      load.add(stages[bucket].chain);
      if (!waits) continue;
      finish(bucket, stages, step);
      load.end();
    }
    if (whole > computed) add(Delay{load.computed(whole - computed), DelayKind::compute, step});
    add(Mark{MarkKind::gradient_ready, step, 0});
    for (std::size_t bucket = 0; bucket < stages.size(); ++bucket) {
      if (!waits) finish(bucket, stages, step);
      if (ddp) copy(bucket, step);
    }
    add(Mark{MarkKind::exchange_done, step, 0});
  }

  void finish(std::size_t bucket, const std::vector<BucketStages>& stages, std::uint64_t step) {
    wait(step, bucket, exchanged);
    spend(stages[bucket].after, step);
  }

  Seconds copy(std::size_t bucket, std::uint64_t step) {
    const Seconds time = compute_.overlap->ddp->copy[bucket];
    add(Delay{time, DelayKind::compute, step});
    return time;
  }

  Seconds spend(const std::vector<const LocalTime*>& locals, std::uint64_t step) {
    Seconds sum;
    for (const auto* local : locals) {
      add(Delay{local->duration[rank_], DelayKind::compress, step, local->phase});
      sum += local->duration[rank_];
    }
    return sum;
  }

  ComputeModel compute_;
  const Host* host_;
  Rank rank_, ranks_;
};

class OverlappedExchanges final : public StepStream {
 public:
  OverlappedExchanges(const StepPlans& plans, const Overlap& overlap)
      : StepStream(plans, overlap.ready.size()), masks_ahead_(overlap.masks_ahead) {}

 private:
  void fill(std::uint64_t step, const std::vector<BucketStages>& stages) override {
    for (std::size_t bucket = 0; bucket < stages.size(); ++bucket) {
      if (bucket == 0 || !masks_ahead_) begin(step, bucket, stages[bucket].chain);
      if (bucket + 1 < stages.size() && masks_ahead_)
        begin(step, bucket + 1, stages[bucket + 1].chain);
      for (std::size_t i = 1; i < stages[bucket].chain.size(); ++i)
        go_on(step, bucket, i, stages[bucket].chain[i]);
      record(step, bucket, exchanged);
    }
  }

  void begin(std::uint64_t step, std::size_t bucket, const std::vector<ChainLink>& chain) {
    wait(step, bucket, ready);
    if (!chain.empty()) go_on(step, bucket, 0, chain.front());
  }

  void go_on(std::uint64_t step, std::size_t bucket, std::size_t index, const ChainLink& link) {
    if (std::holds_alternative<const LocalTime*>(link)) {
      wait(step, bucket, first_in_chain + index);
      return;
    }
    const auto& exchange = *std::get<const Exchange*>(link);
    add(CollectiveCall{exchange.collective, step, exchange.phase, exchange.bucket});
    record(step, bucket, first_in_chain + index);
  }

  bool masks_ahead_;
};

/// Work between exchanges.
class BetweenExchanges final : public StepStream {
 public:
  BetweenExchanges(const StepPlans& plans, const Overlap& overlap, Rank rank)
      : StepStream(plans, overlap.ready.size()), rank_(rank) {}

 private:
  void fill(std::uint64_t step, const std::vector<BucketStages>& stages) override {
    for (std::size_t bucket = 0; bucket < stages.size(); ++bucket) {
      const auto& chain = stages[bucket].chain;
      for (std::size_t i = 0; i < chain.size(); ++i) {
        const auto* const* local = std::get_if<const LocalTime*>(&chain[i]);
        if (local == nullptr) continue;
        wait(step, bucket, first_in_chain + i - 1);
        add(Delay{(*local)->duration[rank_], DelayKind::compress, step, (*local)->phase});
        record(step, bucket, first_in_chain + i);
      }
    }
  }

  Rank rank_;
};

}  // namespace

Program overlapped_program(const Topology& topology, const StepPlans& plans, Rank ranks,
                           const ComputeModel& compute) {
  check(compute.overlap.has_value(), "overlapped steps need to know when buckets are ready");
  return {.ranks = ranks,
          .streams_per_rank = 3,
          .open = [&topology, &plans, compute, ranks](Rank rank, StreamId stream) -> PhaseSource {
            std::shared_ptr<StepStream> steps;
            if (stream == 0) {
              steps = std::make_shared<OverlappedCompute>(plans, compute, topology.host(rank), rank,
                                                          ranks);
            } else if (stream == 1) {
              steps = std::make_shared<OverlappedExchanges>(plans, *compute.overlap);
            } else {
              steps = std::make_shared<BetweenExchanges>(plans, *compute.overlap, rank);
            }
            return [steps] { return steps->next(); };
          },
          .communicating_streams = 1};
}

}  // namespace ringsim
