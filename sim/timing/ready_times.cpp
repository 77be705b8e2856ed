#include "sim/timing/ready_times.hpp"

#include "base/error.hpp"
#include "models/specs/model_spec.hpp"

#include <algorithm>
#include <numeric>

namespace ringsim {

ReadyTimes ready_by_operations(const Layers& layers, std::vector<double> forward_flop,
                               Seconds time) {
  check(forward_flop.size() == layers.size(), "operations of other layers");
  const auto sum = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  if (sum(forward_flop) == 0) {
    for (std::size_t i = 0; i < layers.size(); ++i)
      forward_flop[i] = static_cast<double>(layers[i].parameters);
  }
  const auto backward = backward_flop(forward_flop);
  const double all = sum(forward_flop) + sum(backward);
  ReadyTimes times{.step = time, .layer = std::vector<Seconds>(layers.size())};
  double done = sum(forward_flop);
  for (std::size_t i = layers.size(); i-- > 0;) {
    done += backward[i];
    times.layer[i] = std::min(time, time * (done / all));
  }
  if (!layers.empty()) times.layer.front() = time;  // but for rounding, it is
  return times;
}

std::vector<std::size_t> order_of_readiness(const ReadyTimes& times) {
  std::vector<std::size_t> order(times.layer.size());
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t layer) { return times.layer[layer]; });
  return order;
}

std::vector<Seconds> bucket_ready_times(const ReadyTimes& times,
                                        const std::vector<Bucket>& buckets) {
  std::vector<Seconds> ready;
  Seconds last;
  for (const auto& bucket : buckets) {
    last = std::max(last, bucket.goes_at);
    for (const std::size_t layer : bucket.layers) last = std::max(last, times.layer[layer]);
    ready.push_back(last);
  }
  return ready;
}

}  // namespace ringsim
