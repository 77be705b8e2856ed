#include "sim/learning/age.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringsim {

AgeTracker::AgeTracker(const Layers& layers) {
  std::size_t words = 0;
  for (const auto& layer : layers) {
    layers_.push_back({layer.parameters,
                       words,
                       {{.last_sent = std::vector<std::uint32_t>(layer.parameters)}},
                       {std::uint64_t{layer.parameters}}});
    words += prune::mask_words(layer.parameters);
  }
}

void AgeTracker::record(std::uint64_t step, std::span<const prune::MaskWord> mask) {
  record(step, std::vector(copies_, mask));
}

void AgeTracker::record(std::uint64_t step,
                        std::span<const std::span<const prune::MaskWord>> masks) {
  check(step == steps_, "AgeTracker: steps have to come one after the other");
  if (copies_ == 1) make_copies(masks.size());
  check(masks.size() == copies_, "AgeTracker: always as many masks");
  const std::uint32_t now = ++steps_;
  for (auto& ages : layers_) {
    ages.by_last_sent.resize(now + std::size_t{1});
    const std::size_t words = prune::mask_words(ages.parameters);
    for (std::size_t i = 0; i < copies_; ++i) {
      const auto mask = masks[i].empty() ? masks[i] : masks[i].subspan(ages.mask_offset, words);
      if (mask.empty() || prune::count(mask) == ages.parameters) {
        record_all(ages, ages.copies[i], now);
      } else {
        record_sent(ages, ages.copies[i], mask, now);
      }
    }
  }
}

void AgeTracker::make_copies(std::size_t count) {
  copies_ = count;
  for (auto& ages : layers_) {
    ages.copies.resize(count, ages.copies.front());
    for (auto& coordinates : ages.by_last_sent) coordinates *= count;
  }
}

void AgeTracker::drop(Rank rank) {
  if (copies_ == 1) return;
  --copies_;
  for (auto& ages : layers_) {
    const auto gone = ages.copies.begin() + static_cast<std::ptrdiff_t>(rank);
    for (const auto last : gone->last_sent) --ages.by_last_sent[std::max(last, gone->all_sent)];
    ages.copies.erase(gone);
  }
}

void AgeTracker::record_all(LayerAges& ages, Copy& copy, std::uint32_t now) {
  if (ages.copies.size() == 1) {
    std::fill(ages.by_last_sent.begin(), ages.by_last_sent.end(), 0);
  } else if (copy.is_even) {
    ages.by_last_sent[copy.all_sent] -= ages.parameters;
  } else {
    for (const auto last : copy.last_sent) --ages.by_last_sent[std::max(last, copy.all_sent)];
  }
  ages.by_last_sent[now] += ages.parameters;
  copy.all_sent = now;
  copy.is_even = true;
}

void AgeTracker::record_sent(LayerAges& ages, Copy& copy, std::span<const prune::MaskWord> mask,
                             std::uint32_t now) {
  for (std::size_t word = 0; word < mask.size(); ++word) {
    for (prune::MaskWord bits = mask[word]; bits != 0; bits &= bits - 1) {
      auto& last = copy.last_sent[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
      --ages.by_last_sent[std::max(last, copy.all_sent)];
      ++ages.by_last_sent[now];
      last = now;
      copy.is_even = false;
    }
  }
}

AgeStatistics AgeTracker::statistics(std::span<const std::uint64_t> by_last_sent,
                                     std::size_t parameters) const {
  // last_sent s means age steps_ - s: the oldest come first.
  const auto n = static_cast<double>(parameters);
  const auto younger_than_p50 = parameters - static_cast<std::size_t>(std::ceil(0.50 * n));
  const auto younger_than_p95 = parameters - static_cast<std::size_t>(std::ceil(0.95 * n));
  AgeStatistics result{0, -1, -1, -1};
  double sum = 0;
  std::uint64_t older = 0;
  for (std::size_t s = 0; s < by_last_sent.size(); ++s) {
    if (by_last_sent[s] == 0) continue;
    const auto age = static_cast<double>(steps_ - s);
    sum += age * static_cast<double>(by_last_sent[s]);
    older += by_last_sent[s];
    if (result.max < 0) result.max = age;
    if (result.p95 < 0 && older > younger_than_p95) result.p95 = age;
    if (result.p50 < 0 && older > younger_than_p50) result.p50 = age;
  }
  result.mean = sum / n;
  return result;
}

AgeStatistics AgeTracker::layer(std::size_t index) const {
  return statistics(layers_[index].by_last_sent, copies_ * layers_[index].parameters);
}

AgeStatistics AgeTracker::all() const {
  std::vector<std::uint64_t> sum(steps_ + std::size_t{1});
  std::size_t parameters = 0;
  for (const auto& ages : layers_) {
    parameters += copies_ * ages.parameters;
    for (std::size_t s = 0; s < ages.by_last_sent.size(); ++s) sum[s] += ages.by_last_sent[s];
  }
  return statistics(sum, parameters);
}

std::vector<std::uint64_t> AgeTracker::histogram(std::size_t index) const {
  const auto& by_last_sent = layers_[index].by_last_sent;
  return {by_last_sent.rbegin(), by_last_sent.rend()};
}

}  // namespace ringsim
