#include "sim/learning/versioned_weights.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {

VersionedWeights::VersionedWeights(std::vector<const BucketPart*> parts,
                                   std::span<const float> initial)
    : parts_(std::move(parts)), parameters_(initial.size()), buckets_(parts_.size()) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto& values = buckets_[i].values.emplace_back(parts_[i]->parameters());
    parts_[i]->copy_from(initial, values);
  }
}

std::span<const float> VersionedWeights::of_bucket(std::size_t bucket,
                                                   std::uint64_t version) const {
  const auto& [first, values] = buckets_[bucket];
  const std::uint64_t updates = updates_of(bucket, version);
  check(updates >= first && updates < first + values.size(), "weights that are not kept");
  return values[updates - first];
}

std::span<const float> VersionedWeights::all(std::uint64_t version,
                                             std::vector<float>& scratch) const {
  if (parts_.size() == 1 && parts_.front()->is_contiguous()) return of_bucket(0, version);
  scratch.resize(parameters_);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    parts_[i]->scatter(of_bucket(i, version), scratch);
  return scratch;
}

void VersionedWeights::add(std::vector<float> values) {
  buckets_[newest_ % parts_.size()].values.push_back(std::move(values));
  ++newest_;
}

void VersionedWeights::forget_before(std::uint64_t version) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto& bucket = buckets_[i];
    for (const std::uint64_t needed = updates_of(i, version); bucket.first < needed; ++bucket.first)
      bucket.values.pop_front();
  }
}

}  // namespace ringsim
