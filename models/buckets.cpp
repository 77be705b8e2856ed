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

std::vector<Bucket> fill_buckets(const Layers& layers, std::span<const std::size_t> order,
                                 const BucketRule& rule) {
  check(order.size() == layers.size(), "buckets: an order of other layers");
  std::vector<Bucket> buckets;
  Bucket open;
  Bytes size;
  const auto close = [&] {
    std::sort(open.layers.begin(), open.layers.end());
    buckets.push_back(std::exchange(open, {}));
    size = {};
  };
  for (const std::size_t index : order) {
    const Bytes tensor = layers[index].parameters * Bytes{sizeof(float)};
    const Bytes cap = buckets.empty() ? rule.first : rule.cap;
    if (!rule.overshoots && !open.layers.empty() && size + tensor > cap) close();
    open.layers.push_back(index);
    size += tensor;
    if (rule.overshoots && size >= cap) close();
  }
  if (!open.layers.empty()) close();
  return buckets;
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
