#include "models/schemes/shared_mask.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ringsim {
namespace {

CostCounts counts_of(const SharedMaskStep& step) {
  return mask_counts(step.pruned, step.tensors, static_cast<double>(step.kept), step.with_velocity);
}

std::size_t encoded_bytes(const BroadcastMask& mask) { return (mask.mask + mask.header).count; }

// A second pass of select reads r and w and writes a bit. The importance of a sample is written
// from its r and w, and read in four passes (a radix select of 8 bits each).
void add_threshold_work(const SharedMaskStep& step, LocalWork& work) {
  const std::size_t read = sizeof(float) * (step.reads_weights ? 2 : 1);
  constexpr std::size_t passes = 4;
  for (Rank rank = 0; rank < step.sampled.size(); ++rank) {
    const Bytes of_sample{step.sampled[rank] * (read + sizeof(float) + passes * sizeof(float))};
    work.moved[rank] += Bytes{read * step.pruned + step.pruned / 8} + of_sample;
    work.coded[rank] += of_sample;
  }
  if (step.sampled.empty()) return;
  work.counts.calls += 1;
  work.counts.tensors += static_cast<double>(step.tensors);
  work.counts.elements += static_cast<double>(step.pruned);
}

// Select reads g, r, w and writes r and one bit; with momentum it reads and writes u too. Whole
// layers are accumulated. A broadcaster also reads its bitmap (and sets what is kept by chance in
// the same pass) and writes the encoded masks.
LocalWork select_work(const SharedMaskStep& step) {
  const std::size_t velocity =
      step.with_velocity ? 2 * sizeof(float) * (step.pruned + step.whole) : 0;
  const std::size_t weights = step.reads_weights ? sizeof(float) * step.pruned : 0;
  LocalWork work;
  work.moved.assign(step.ranks,
                    Bytes{12 * (step.pruned + step.whole) + weights + step.pruned / 8 + velocity});
  work.coded.resize(step.ranks);
  for (const auto& mask : step.masks) {
    const Bytes coded{step.pruned / 8 + encoded_bytes(mask)};
    work.coded[mask.rank] += coded;
    work.moved[mask.rank] += coded;
  }
  work.stage = CostStage::encode;
  work.counts = counts_of(step);
  add_threshold_work(step, work);
  return work;
}

Stage mask_exchange(const SharedMaskStep& step) {
  AllGather gather{std::vector<Payload>(step.ranks)};
  for (const auto& mask : step.masks) {
    gather.parts[mask.rank].masks += mask.mask;
    gather.parts[mask.rank].headers += mask.header;
  }
  return {"masks", std::move(gather)};
}

// Each mask is read and its bitmap written and joined to the union; pack reads the union, reads and
// clears r (and clears u) at the kept places and writes the packed values. Values of 16 bits leave
// their rounding error in r instead of 0.
LocalWork pack_work(const SharedMaskStep& step) {
  const std::size_t bitmap = step.pruned / 8;
  std::size_t coded = 0;
  for (const auto& mask : step.masks) coded += encoded_bytes(mask) + 3 * bitmap;
  const std::size_t packed =
      bitmap + (step.kept + step.whole) * (8 + step.value.count + (step.with_velocity ? 4 : 0));
  LocalWork work;
  work.moved.assign(step.ranks, Bytes{coded + packed});
  work.coded.assign(step.ranks, Bytes{coded});
  work.stage = step.draws_places ? CostStage::encode : CostStage::between;
  work.counts = counts_of(step);
  return work;
}

// Unpack reads the bitmap and the packed mean and writes it to its places.
LocalWork unpack_work(const SharedMaskStep& step) {
  LocalWork work;
  work.moved.assign(step.ranks, Bytes{step.pruned / 8 + (step.value.count + sizeof(float)) *
                                                            (step.kept + step.whole)});
  work.stage = CostStage::decode;
  work.counts = counts_of(step);
  return work;
}

}  // namespace

CostCounts mask_counts(std::size_t pruned, std::size_t tensors, double kept, bool with_velocity) {
  const auto elements = static_cast<double>(pruned);
  return {.calls = 1,
          .tensors = static_cast<double>(tensors),
          .elements = elements,
          .kept_values = kept,
          .velocity_elements = with_velocity ? elements : 0,
          .velocity_values = with_velocity ? kept : 0};
}

std::vector<Rank> draw_broadcasters(std::uint64_t seed, std::uint64_t step, Rank ranks,
                                    Rank broadcasters) {
  std::vector<Rank> drawn(ranks);
  std::iota(drawn.begin(), drawn.end(), Rank{0});
  Random random(seed, Purpose::broadcasters, 0, step);
  for (Rank i = 0; i < broadcasters; ++i) std::swap(drawn[i], drawn[i + random.below(ranks - i)]);
  drawn.resize(broadcasters);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

std::vector<Stage> shared_mask_stages(const SharedMaskStep& step) {
  std::vector<Stage> stages;
  if (step.masks.empty()) {
    auto work = accumulate_work(step.ranks, step.pruned + step.whole, step.with_velocity);
    if (!step.draws_places) {
      work.stage = CostStage::encode;
      work.counts = counts_of(step);
    }
    stages.push_back({"accumulate", std::move(work)});
  } else {
    stages.push_back({"select", select_work(step)});
    stages.push_back(mask_exchange(step));
  }
  stages.push_back({"pack", pack_work(step)});
  stages.push_back({"values", AllReduce{step.kept + step.whole, step.value}});
  stages.push_back({"unpack", unpack_work(step)});
  return stages;
}

LocalWork accumulate_work(Rank ranks, std::size_t parameters, bool with_velocity) {
  LocalWork work;
  work.moved.assign(ranks, Bytes{(with_velocity ? 20 : 12) * parameters});
  return work;
}

}  // namespace ringsim
