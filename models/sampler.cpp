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

BatchSampler::BatchSampler(std::vector<std::vector<std::uint32_t>> parts, std::size_t batch,
                           std::uint64_t seed)
    : ranks_(static_cast<Rank>(parts.size())),
      batch_(batch),
      seed_(seed),
      steps_per_epoch_(parts.front().size() / batch),
      parts_(std::move(parts)),
      part_orders_(parts_.size()) {
  check(steps_per_epoch_ > 0, "BatchSampler: a step needs more samples than there are");
  for (const auto& part : parts_) {
    check(part.size() == parts_.front().size(), "BatchSampler: parts of unequal size");
  }
}

void BatchSampler::begin_step(std::uint64_t step) {
  const std::uint64_t epoch = step / steps_per_epoch_;
  if (epoch == epoch_) return;
  epoch_ = epoch;
  if (parts_.empty()) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    permute(order_, 0);
  }
  for (Rank rank = 0; rank < parts_.size(); ++rank) {
    part_orders_[rank] = parts_[rank];
    permute(part_orders_[rank], rank);
  }
}

void BatchSampler::permute(std::vector<std::uint32_t>& order, Rank rank) const {
  Random random(seed_, Purpose::batch_order, rank, epoch_);
  for (std::size_t i = order.size() - 1; i > 0; --i)
    std::swap(order[i], order[random.below(i + 1)]);
}

std::span<const std::uint32_t> BatchSampler::batch(std::uint64_t step, Rank rank) const {
  check(step / steps_per_epoch_ == epoch_, "BatchSampler: begin_step was not called");
  const std::uint64_t slice = step % steps_per_epoch_;
  if (parts_.empty()) return std::span(order_).subspan((slice * ranks_ + rank) * batch_, batch_);
  return std::span(part_orders_[rank]).subspan(slice * batch_, batch_);
}

}  // namespace ringsim
