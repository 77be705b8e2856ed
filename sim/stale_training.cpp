#include "sim/stale_training.hpp"

#include "base/error.hpp"
#include "models/schedule.hpp"
#include "models/schemes/mean.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

/// Times that differ by rounding alone are the same, so that all backends train alike.
Seconds rounding_at(Seconds time) { return 1e-9 * time; }

/// A gradient that a rank is computing, or has computed and not handed over.
struct Pending {
  std::uint64_t step;
  Seconds begin;
  std::vector<std::uint32_t> samples;
  std::optional<Seconds> ready = {};
  std::optional<std::uint64_t> version = {};  ///< that it was computed with, once it really was
};

struct RankState {
  Worker worker;
  std::deque<Pending> pending = {};   ///< in order of steps; only the last may not be ready
  std::vector<Seconds> applied = {};  ///< when, step by step
  std::uint64_t delay = 0;            ///< of the gradient that it handed over last
  std::vector<float> fresh = {};      ///< its gradient with the weights of the exchange
  std::span<const float> compared = {};
};

/// What the rank had applied when it began.
std::uint64_t version_at_begin(const RankState& rank, const Pending& pending) {
  const auto end =
      std::ranges::upper_bound(rank.applied, pending.begin + rounding_at(pending.begin));
  return static_cast<std::uint64_t>(end - rank.applied.begin());
}

/// Adds lambda*g*g*(now - then).
void compensate(double lambda, std::span<const float> now, std::span<const float> then,
                std::span<float> gradient) {
  const auto factor = static_cast<float>(lambda);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    gradient[i] += factor * gradient[i] * gradient[i] * (now[i] - then[i]);
}

}  // namespace

class StaleTraining::Work {
 public:
  Work(const TrainingOptions& options, const StaleOptions& stale, Scheme& scheme,
       ThreadPool& threads, std::function<void(const TrainedStep&)> on_step)
      : options_(options),
        stale_(stale),
        scheme_(scheme),
        threads_(threads),
        on_step_(std::move(on_step)),
        layers_(options.network->layers()),
        update_(total_parameters(layers_)),
        dense_mean_(is_dense() ? 0 : update_.size()),
        dense_update_(dense_mean_.size()),
        optimizer_(
            find_optimizer(options.optimizer).make(update_.size(), momentum_left(options, scheme))),
        dense_optimizer_(
            find_optimizer(options.optimizer).make(dense_mean_.size(), options.momentum)),
        sampler_(make_sampler(options)),
        sent_(layers_) {
    options.network->initialize(options.seed, versions_.emplace_back(update_.size()));
    for (Rank rank = 0; rank < options.ranks; ++rank)
      ranks_.push_back({Worker(rank, *options.network, update_.size())});
  }

  void begin(Rank rank, std::uint64_t step, Seconds now) {
    sampler_.begin_step(step);
    const auto samples = sampler_.batch(step, rank);
    state_of(rank).pending.push_back({step, now, {samples.begin(), samples.end()}});
  }

  void ready(Rank rank, Seconds now) { state_of(rank).pending.back().ready = now; }

  void apply(Rank rank, std::uint64_t step, Seconds now) {
    auto& applied = state_of(rank).applied;
    check(applied.size() == step, "updates have to be applied in order");
    applied.push_back(now);
  }

  void exchange(std::uint64_t step) {
    check(next_step() == step, "exchanges have to come in order");
    const auto present = contributors(step);
    compute_gradients(step, present);
    const StepOutcome outcome =
        stale_.quorum ? scheme_.exchange_among(step, present) : scheme_.exchange(step);
    compute_dense_update(present);
    make_version(step, outcome);
    report(step, outcome, present);
    // Whoever has begun a step up to this one has computed its gradient; who begins a later one has
    // applied all updates but the last `staleness` ones.
    while (first_version_ + stale_.staleness < step + 1) {
      versions_.pop_front();
      ++first_version_;
    }
  }

  std::vector<std::uint64_t> go_on_without(const std::vector<Rank>& dead, std::uint64_t step) {
    check(next_step() == step, "the exchange of that step has begun");
    for (const Rank rank : dead) drop(rank);
    std::vector<std::uint64_t> in_hand(options_.ranks);
    for (auto& rank : ranks_) {
      drop_undone(rank, step);
      auto& count = in_hand[rank.worker.rank];
      for (const auto& pending : rank.pending) count += pending.step >= step ? 1 : 0;
    }
    return in_hand;
  }

  TrainingResult result() {
    TrainingResult result;
    sent_.fill_ages(result);
    result.weights = std::move(versions_.back());
    result.lost_mass = std::move(lost_mass_);
    return result;
  }

 private:
  /// What is exchanged next.
  std::uint64_t next_step() const { return first_version_ + versions_.size() - 1; }

  RankState& state_of(Rank rank) {
    const auto found =
        std::ranges::find(ranks_, rank, [](const RankState& state) { return state.worker.rank; });
    check(found != ranks_.end(), "a rank that has died");
    return *found;
  }

  void drop(Rank rank) {
    auto& state = state_of(rank);
    const auto index = static_cast<Rank>(&state - ranks_.data());
    const std::uint64_t step = next_step();
    // Whether it has it, computes it or would have: as in synchronous steps.
    const auto own = std::ranges::find(state.pending, step, &Pending::step);
    const std::uint64_t held = own != state.pending.end()
                                   ? version_at_begin(state, *own)
                                   : static_cast<std::uint64_t>(state.applied.size());
    sampler_.begin_step(step);
    state.worker.compute(options_.data->train, sampler_.batch(step, rank),
                         version(std::clamp(held, first_version_, step)));
    scheme_.contribute(index, step, state.worker.gradient, versions_.back());
    lost_mass_.push_back(scheme_.drop(index));
    sent_.drop(index);
    ranks_.erase(ranks_.begin() + index);
  }

  /// The gradients that count no more, once the updates from `step` on do not.
  static void drop_undone(RankState& rank, std::uint64_t step) {
    std::deque<Pending> kept;
    std::uint64_t next = step;
    for (auto& pending : rank.pending) {
      if (!pending.ready || version_at_begin(rank, pending) > step) break;
      if (pending.step > next) break;
      if (pending.step == next) ++next;
      kept.push_back(std::move(pending));
    }
    rank.pending = std::move(kept);
    if (rank.applied.size() > step) rank.applied.resize(step);
  }

  /// Whether an update is the dense one that it would be compared with.
  bool is_dense() const { return scheme_.is_exact() && !stale_.compares_with_fresh; }

  std::span<const float> version(std::uint64_t number) const {
    return versions_[number - first_version_];
  }

  /// Positions of those that were ready first, ascending; of those that became so together, others
  /// come first in each step.
  std::vector<Rank> contributors(std::uint64_t step) const {
    std::vector<std::pair<Seconds, Rank>> ready;
    for (Rank index = 0; index < ranks_.size(); ++index) {
      for (const auto& pending : ranks_[index].pending) {
        if (pending.step == step && pending.ready) ready.emplace_back(*pending.ready, index);
      }
    }
    const auto living = static_cast<Rank>(ranks_.size());
    const std::size_t wanted = std::min(stale_.quorum.value_or(living), living);
    check(ready.size() >= wanted, "an exchange began before enough ranks were ready");
    std::ranges::sort(ready);
    const Seconds opened = ready[wanted - 1].first, rounding = rounding_at(opened);
    std::vector<Rank> chosen, together;
    for (const auto& [time, index] : ready) {
      if (time < opened - rounding) {
        chosen.push_back(index);
      } else if (time <= opened + rounding) {
        together.push_back(index);
      }
    }
    std::ranges::sort(together, {}, [&](Rank index) { return (index + step) % ranks_.size(); });
    together.resize(wanted - chosen.size());
    chosen.insert(chosen.end(), together.begin(), together.end());
    std::ranges::sort(chosen);
    return chosen;
  }

  /// Of all that have begun a step up to this one, and hands over those that are ready.
  void compute_gradients(std::uint64_t step, const std::vector<Rank>& present) {
    threads_.for_each(ranks_.size(), [&](std::size_t index) {
      auto& rank = ranks_[index];
      for (auto& pending = rank.pending; !pending.empty() && pending.front().step <= step;
           pending.pop_front()) {
        auto& gradient = pending.front();
        if (!gradient.version) {
          gradient.version = version_at_begin(rank, gradient);
          rank.worker.compute(options_.data->train, gradient.samples, version(*gradient.version));
          // While the version is at hand: a late gradient's may be gone when it is used.
          compensate_delay(rank, gradient);
        }
        if (!gradient.ready) return;
        const auto position = static_cast<Rank>(index);
        if (gradient.step == step && std::ranges::binary_search(present, position)) {
          hand_over(position, rank, gradient);
        } else {
          scheme_.keep(position, rank.worker.gradient);
        }
      }
    });
    for (const Rank rank : present) check_converges(step, ranks_[rank].worker.loss);
  }

  void compensate_delay(RankState& rank, const Pending& gradient) {
    const std::uint64_t now = next_step(), then = *gradient.version;
    if (now == then) return;
    if (stale_.delay_compensation) {
      compensate(*stale_.delay_compensation, version(now), version(then), rank.worker.gradient);
    }
    if (!stale_.scales_by_delay) return;
    const auto scale = 1 / static_cast<float>(now - then);
    for (float& value : rank.worker.gradient) value *= scale;
  }

  void hand_over(Rank position, RankState& rank, const Pending& gradient) {
    auto& worker = rank.worker;
    rank.delay = gradient.step - *gradient.version;
    rank.compared = worker.gradient;
    if (stale_.compares_with_fresh && rank.delay > 0) {
      rank.fresh.resize(update_.size());
      worker.compute(options_.data->train, gradient.samples, versions_.back(), rank.fresh);
      rank.compared = rank.fresh;
    }
    scheme_.contribute(position, gradient.step, worker.gradient, versions_.back());
  }

  void compute_dense_update(const std::vector<Rank>& present) {
    if (is_dense()) return;
    std::vector<std::span<const float>> gradients;
    gradients.reserve(present.size());
    for (const Rank rank : present) gradients.push_back(ranks_[rank].compared);
    mean_over_ranks(gradients, dense_mean_);
    dense_optimizer_->update(dense_mean_, dense_update_);
  }

  void make_version(std::uint64_t step, const StepOutcome& outcome) {
    const auto rate = static_cast<float>(
        learning_rate_at(options_.schedule, options_.learning_rate, step, options_.steps));
    optimizer_->update(outcome.mean, update_);
    auto next = versions_.back();
    for (std::size_t i = 0; i < next.size(); ++i) next[i] -= rate * update_[i];
    versions_.push_back(std::move(next));
  }

  void report(std::uint64_t step, const StepOutcome& outcome, const std::vector<Rank>& present) {
    TrainedStep row{.step = step, .outcome = &outcome, .loss = 0, .accuracy = {}, .layers = {}};
    std::uint64_t delays = 0;
    for (const Rank rank : present) {
      row.loss += ranks_[rank].worker.loss;
      delays += ranks_[rank].delay;
      row.delay_max = std::max(row.delay_max, ranks_[rank].delay);
    }
    const auto count = static_cast<double>(present.size());
    row.loss /= count;
    row.delay_mean = static_cast<double>(delays) / count;
    if (stale_.quorum) {
      row.left_out.emplace();
      for (Rank index = 0; index < ranks_.size(); ++index) {
        if (!std::ranges::binary_search(present, index))
          row.left_out->push_back(ranks_[index].worker.rank);
      }
    }
    if (evaluates_after(step, options_, sampler_.steps_per_epoch()))
      row.accuracy = test_accuracy(*options_.network, *options_.data, versions_.back(), threads_);
    row.layers = stale_.quorum
                     ? sent_.record(step, outcome, present, static_cast<Rank>(ranks_.size()))
                     : sent_.record(step, outcome);
    fill_deviations(layers_, update_, is_dense() ? std::span<const float>() : dense_update_,
                    row.layers);
    on_step_(row);
  }

  const TrainingOptions& options_;
  const StaleOptions stale_;
  Scheme& scheme_;
  ThreadPool& threads_;
  std::function<void(const TrainedStep&)> on_step_;
  const Layers& layers_;
  std::vector<float> update_, dense_mean_, dense_update_;
  std::unique_ptr<Optimizer> optimizer_, dense_optimizer_;
  BatchSampler sampler_;
  SentRecord sent_;
  std::vector<RankState> ranks_;             ///< those that live, ascending
  std::vector<double> lost_mass_;            ///< per death
  std::deque<std::vector<float>> versions_;  ///< of the weights; the last one is the next step's
  std::uint64_t first_version_ = 0;          ///< number of the first of them
};

StaleTraining::StaleTraining(const TrainingOptions& options, const StaleOptions& stale,
                             Scheme& scheme, ThreadPool& threads,
                             std::function<void(const TrainedStep&)> on_step)
    : work_(std::make_unique<Work>(options, stale, scheme, threads, std::move(on_step))) {}

StaleTraining::~StaleTraining() = default;

void StaleTraining::begin(Rank rank, std::uint64_t step, Seconds now) {
  work_->begin(rank, step, now);
}
void StaleTraining::ready(Rank rank, Seconds now) { work_->ready(rank, now); }
void StaleTraining::apply(Rank rank, std::uint64_t step, Seconds now) {
  work_->apply(rank, step, now);
}
void StaleTraining::exchange(std::uint64_t step) { work_->exchange(step); }
std::vector<std::uint64_t> StaleTraining::go_on_without(const std::vector<Rank>& dead,
                                                        std::uint64_t step) {
  return work_->go_on_without(dead, step);
}
TrainingResult StaleTraining::result() { return work_->result(); }

StaleMemory stale_memory(const TrainingOptions& options, const StaleOptions& stale) {
  const std::uint64_t versions = stale.staleness + 1;
  const std::size_t parameters = total_parameters(options.network->layers());
  return {.versions = versions, .weights = Bytes{versions * parameters * sizeof(float)}};
}

}  // namespace ringsim
