#include "models/sampler.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

#include <numeric>
#include <utility>

namespace ringsim {

BatchSampler::BatchSampler(std::size_t samples, Rank ranks, std::size_t batch, std::uint64_t seed)
    : ranks_(ranks),
      batch_(batch),
      seed_(seed),
      steps_per_epoch_(samples / (ranks * batch)),
      order_(samples) {
  check(steps_per_epoch_ > 0, "BatchSampler: a step needs more samples than there are");
}

void BatchSampler::begin_step(std::uint64_t step) {
  const std::uint64_t epoch = step / steps_per_epoch_;
  if (epoch == epoch_) return;
  epoch_ = epoch;
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  Random random(seed_, Purpose::batch_order, 0, epoch);
  for (std::size_t i = order_.size() - 1; i > 0; --i)
    std::swap(order_[i], order_[random.below(i + 1)]);
}

std::span<const std::uint32_t> BatchSampler::batch(std::uint64_t step, Rank rank) const {
  check(step / steps_per_epoch_ == epoch_, "BatchSampler: begin_step was not called");
  return std::span(order_).subspan(((step % steps_per_epoch_) * ranks_ + rank) * batch_, batch_);
}

}  // namespace ringsim
