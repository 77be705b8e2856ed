#include "sim/learning/mask_overlap.hpp"

#include <bit>

namespace ringsim {
namespace {

/// Kept in the step before, and of them kept now, over what is kept now.
std::optional<double> share(std::span<const prune::MaskWord> now,
                            std::span<const prune::MaskWord> last, std::size_t parameters) {
  if (last.empty()) {
    const bool keeps = now.empty() ? parameters > 0 : prune::count(now) > 0;
    return keeps ? std::optional(1.0) : std::nullopt;
  }
  if (now.empty()) return static_cast<double>(prune::count(last)) / static_cast<double>(parameters);
  std::uint64_t both = 0;
  for (std::size_t i = 0; i < now.size(); ++i)
    both += static_cast<std::uint64_t>(std::popcount(now[i] & last[i]));
  const auto kept = prune::count(now);
  if (kept == 0) return std::nullopt;
  return static_cast<double>(both) / static_cast<double>(kept);
}

}  // namespace

std::vector<std::optional<double>> MaskOverlap::record(std::span<const prune::MaskWord> mask) {
  std::vector<std::optional<double>> shares(layers_.size());
  std::size_t offset = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::size_t words = prune::mask_words(layers_[i].parameters);
    const auto of_layer = [&](std::span<const prune::MaskWord> all) {
      return all.empty() ? all : all.subspan(offset, words);
    };
    if (has_last_) shares[i] = share(of_layer(mask), of_layer(last_), layers_[i].parameters);
    offset += words;
  }
  has_last_ = true;
  last_.assign(mask.begin(), mask.end());
  return shares;
}

}  // namespace ringsim
