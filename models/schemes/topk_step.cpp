#include "models/schemes/topk_step.hpp"

#include "models/schemes/shared_mask.hpp"
#include "models/schemes/shared_options.hpp"

#include <fmt/format.h>

#include <utility>

namespace ringsim {
namespace {

constexpr Bytes index_bytes{4};  // on a ring

/// `kept` by each rank, the mean where they differ.
CostCounts counts_of(const TopkStep& step, double kept) {
  return mask_counts(step.pruned, step.tensors, kept, step.with_velocity);
}

double mean_kept(const TopkStep& step) {
  double sum = 0;
  for (const auto& own : step.sent) sum += static_cast<double>(own.kept);
  return sum / static_cast<double>(step.sent.size());
}

/// Clipping reads g twice and writes it; a test reads r and writes a bit; packing reads the bitmap,
/// reads and clears r (and clears u) at the kept places, and writes the values; the bitmap is read
/// again for the mask or the indices that are written.
LocalWork topk_select(const TopkStep& step) {
  const std::size_t parameters = step.pruned + step.whole;
  LocalWork work =
      accumulate_work(static_cast<Rank>(step.sent.size()), parameters, step.with_velocity);
  for (std::size_t rank = 0; rank < step.sent.size(); ++rank) {
    const auto& own = step.sent[rank];
    const std::size_t clipping = step.clips ? 12 * parameters : 0;
    const std::size_t packed =
        (own.kept + step.whole) * (8 + step.value.count + (step.with_velocity ? 4 : 0));
    const Bytes places = step.is_gathered() ? own.mask + own.header : own.kept * index_bytes;
    work.moved[rank] +=
        Bytes{clipping + 4 * own.tested + own.tested / 8 + 2 * (step.pruned / 8) + packed} + places;
  }
  work.stage = CostStage::encode;
  work.counts = counts_of(step, mean_kept(step));
  return work;
}

/// All messages are read, their masks written as bitmaps and read, and their values added to a sum,
/// which is read and written there, and divided. Of a sum that comes from the ring, the entries are
/// read and written to their places.
LocalWork topk_add(const TopkStep& step) {
  std::size_t moved = 8 * (step.pruned + step.whole);
  std::uint64_t summed = 0;  // entries of a sum from the ring
  if (step.is_gathered()) {
    for (const auto& own : step.sent) {
      moved += (own.kept * step.value + own.mask + own.header).count + 2 * (step.pruned / 8) +
               8 * own.kept;
    }
  } else if (!step.union_kept.empty()) {
    summed = step.union_kept.back();
  } else {
    auto together = step.masks.front();
    for (const auto& mask : step.masks) prune::unite(together, mask);
    summed = prune::count(together);
  }
  moved += summed * (step.value + index_bytes).count;
  LocalWork work;
  work.moved.assign(step.sent.size(), Bytes{moved});
  work.stage = CostStage::decode;
  work.counts = counts_of(step, mean_kept(step));
  const auto payloads = static_cast<double>(step.is_gathered() ? step.sent.size() : 1);
  work.counts.received_tensors = payloads * work.counts.tensors;
  work.counts.received_elements = payloads * work.counts.elements;
  work.counts.received_values =
      step.is_gathered() ? payloads * work.counts.kept_values : static_cast<double>(summed);
  return work;
}

}  // namespace

constinit const SchemeOption sparse_sum_option = {
    {.name = "sparse-sum",
     .value = "all-gather|ring",
     .meaning =
         "all-gather the ranks' values, or add them up on a ring, where the sum grows denser",
     .limits = OneOf{[] {
       return std::vector<std::string>{"all-gather", "ring"};
     }},
     .default_value = "all-gather"},
    {.origins = from_anywhere, .of_pruned_layers = true}};

bool sums_on_ring(const SchemeOptions& options) {
  const auto sum = options.get<std::string>(sparse_sum_option);
  if (sum == "ring" && options.has(mask_encoding_option)) {
    refuse_option(mask_encoding_option, "has no effect with `sparse-sum` ring", {},
                  "leave it out: an index of four bytes travels with every value");
  }
  return sum == "ring";
}

std::vector<Stage> topk_stages(const TopkStep& step) {
  std::vector<Stage> stages = {{"select", topk_select(step)}};
  if (step.is_gathered()) {
    AllGather gather;
    for (const auto& own : step.sent) {
      gather.parts.push_back(
          {.values = own.kept * step.value, .masks = own.mask, .headers = own.header});
    }
    stages.push_back({"values", std::move(gather)});
  } else {
    stages.push_back({"values", SparseAllReduce{.masks = step.masks,
                                                .value_bytes = step.value,
                                                .index_bytes = index_bytes,
                                                .union_kept = step.union_kept,
                                                .parts = step.parts}});
  }
  if (step.whole > 0) stages.push_back({"whole", AllReduce{step.whole, step.value}});
  stages.push_back({"add", topk_add(step)});
  return stages;
}

}  // namespace ringsim
