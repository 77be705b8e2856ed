#include "models/buckets.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace ringsim {

BucketRule ddp_buckets() {
  constexpr std::uint64_t mebi = 1024 * 1024;
  return {.overshoots = true, .cap = Bytes{25 * mebi}, .first = Bytes{mebi}};
}

namespace {

/// Fills one bucket after the other.
class Filling {
 public:
  explicit Filling(const BucketRule& rule) : rule_(rule) {}

  /// Adds a layer of so many bytes that is ready at `now`.
  void add(std::size_t layer, Bytes tensor, Seconds now) {
    if (!open_.layers.empty()) {
      if (!rule_.overshoots && size_ + tensor > cap()) {
        close(last_ready_);
      } else if (rule_.timeout && now > timer()) {
        open_.goes_at = timer();
        close(timer());
      }
    }
    if (open_.layers.empty()) opened_ = now;
    open_.layers.push_back(layer);
    size_ += tensor;
    last_ready_ = now;
    if (rule_.overshoots && size_ >= cap()) close(now);
  }

  std::vector<Bucket> finish() {
    if (!open_.layers.empty()) close(last_ready_);
    return std::move(buckets_);
  }

 private:
  Bytes cap() const {
    if (buckets_.size() < rule_.sizes.size()) return rule_.sizes[buckets_.size()];
    return buckets_.empty() ? rule_.first : rule_.cap;
  }
  /// When the open bucket goes, full or not.
  Seconds timer() const {
    return last_went_ ? std::max(opened_, *last_went_ + *rule_.timeout) : opened_;
  }
  void close(Seconds now) {
    std::sort(open_.layers.begin(), open_.layers.end());
    buckets_.push_back(std::exchange(open_, {}));
    size_ = {};
    last_went_ = now;
  }

  const BucketRule& rule_;
  std::vector<Bucket> buckets_;
  Bucket open_;
  Bytes size_;
  Seconds opened_, last_ready_;  ///< when its first and its last gradient were ready
  std::optional<Seconds> last_went_;
};

}  // namespace

std::vector<Bucket> fill_buckets(const Layers& layers, std::span<const std::size_t> order,
                                 const BucketRule& rule, std::span<const Seconds> ready) {
  check(order.size() == layers.size(), "buckets: an order of other layers");
  check(!rule.timeout || ready.size() == layers.size(), "buckets: ready times of other layers");
  Filling filling(rule);
  for (const std::size_t index : order) {
    filling.add(index, layers[index].parameters * Bytes{sizeof(float)},
                rule.timeout ? ready[index] : Seconds{});
  }
  return filling.finish();
}

Bucket one_bucket(const Layers& layers) {
  Bucket bucket;
  bucket.layers.resize(layers.size());
  std::iota(bucket.layers.begin(), bucket.layers.end(), std::size_t{0});
  return bucket;
}

Layers layers_of(const Layers& layers, const Bucket& bucket) {
  Layers own;
  std::size_t offset = 0;
  for (const std::size_t index : bucket.layers) {
    own.push_back(layers[index]);
    own.back().offset = offset;
    offset += own.back().parameters;
  }
  return own;
}

Layers cut_into_layers(std::size_t elements, const BucketRule& rule) {
  std::vector<std::size_t> sizes;
  for (std::size_t left = elements; left > 0; left -= sizes.back()) {
    const Bytes cap = sizes.empty() ? rule.first : rule.cap;
    sizes.push_back(
        std::min<std::size_t>(left, std::max<std::size_t>(1, cap.count / sizeof(float))));
  }
  Layers layers;
  std::size_t offset = 0;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    layers.push_back({.name = fmt::format("values.{}", layers.size()),
                      .offset = offset,
                      .parameters = sizes[i]});
    offset += sizes[i];
  }
  return layers;
}

}  // namespace ringsim
