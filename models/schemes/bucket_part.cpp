#include "models/schemes/bucket_part.hpp"

#include <algorithm>

namespace ringsim {

BucketPart::BucketPart(const Layers& all, const Bucket& bucket)
    : indices_(bucket.layers), layers_(layers_of(all, bucket)) {
  std::vector<std::size_t> first_words;
  std::size_t words = 0;
  for (const auto& layer : all) {
    first_words.push_back(words);
    words += prune::mask_words(layer.parameters);
  }
  const auto append = [](std::vector<Run>& runs, std::size_t offset, std::size_t count) {
    if (runs.empty() || runs.back().offset + runs.back().count != offset)
      runs.push_back({offset, 0});
    runs.back().count += count;
  };
  for (const std::size_t index : indices_) {
    const auto& layer = all[index];
    append(runs_, layer.offset, layer.parameters);
    append(mask_runs_, first_words[index], prune::mask_words(layer.parameters));
    parameters_ += layer.parameters;
  }
}

std::span<const float> BucketPart::gather(std::span<const float> all,
                                          std::vector<float>& copy) const {
  if (is_contiguous()) return all.subspan(runs_.front().offset, runs_.front().count);
  copy.resize(parameters_);
  copy_from(all, copy);
  return copy;
}

void BucketPart::copy_from(std::span<const float> all, std::span<float> own) const {
  auto next = own.begin();
  for (const auto& run : runs_)
    next = std::ranges::copy(all.subspan(run.offset, run.count), next).out;
}

void BucketPart::scatter(std::span<const float> own, std::span<float> all) const {
  for (const auto& run : runs_) {
    std::ranges::copy(own.first(run.count), all.subspan(run.offset).begin());
    own = own.subspan(run.count);
  }
}

void BucketPart::scatter_mask(std::span<const prune::MaskWord> own,
                              std::span<prune::MaskWord> all) const {
  for (const auto& run : mask_runs_) {
    std::ranges::copy(own.first(run.count), all.subspan(run.offset).begin());
    own = own.subspan(run.count);
  }
}

void BucketPart::mark_all(std::span<prune::MaskWord> all) const {
  auto layer = layers_.begin();
  std::size_t left = layer->parameters;
  for (const auto& run : mask_runs_) {
    for (auto& word : all.subspan(run.offset, run.count)) {
      // Bits behind a layer's last parameter stay 0.
      word |= left >= 64 ? ~prune::MaskWord{0} : (prune::MaskWord{1} << left) - 1;
      left -= std::min<std::size_t>(left, 64);
      if (left == 0 && ++layer != layers_.end()) left = layer->parameters;
    }
  }
}

}  // namespace ringsim
