#include "sim/timing/compute_model.hpp"

#include "base/random.hpp"

#include <cmath>

namespace ringsim {

Seconds jittered(const ComputeModel& model, const Host& host, Rank rank, std::uint64_t step) {
  const double sigma = host.jitter.value_or(model.jitter);
  if (sigma == 0) return model.time;
  const double z = Random(model.seed, Purpose::compute_jitter, rank, step).normal();
  return model.time * std::exp(sigma * z - sigma * sigma / 2);
}

Seconds stretched_ready_time(const ComputeModel& model, std::size_t bucket, Seconds whole) {
  if (!model.overlap) return whole;
  if (model.time == Seconds{}) return {};
  return model.overlap->ready[bucket] * (whole / model.time);
}

}  // namespace ringsim
