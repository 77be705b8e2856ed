#include "sim/timing/step_plan.hpp"

#include "sim/collectives/nccl.hpp"
#include "sim/collectives/sparse_ring.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// By what was measured, with the bytes of masks that this rank codes.
Seconds measured_time(const LocalWork& work, Rank rank, const SchemeCosts& costs) {
  CostCounts counts = work.counts;
  if (!work.coded.empty()) counts.coded_bytes = static_cast<double>(work.coded[rank].count);
  return costs.time(work.stage, counts);
}

/// `first`: of its bucket.
LocalTime local_time(const KeptStage& stage, const CompressionCosts& costs, bool first) {
  const auto& work = std::get<LocalWork>(stage.what);
  LocalTime time{.duration = {}, .bucket = stage.bucket, .phase = stage.phase};
  const double share = costs.bucket_shares.empty() ? 1 : costs.bucket_shares[stage.bucket];
  for (Rank rank = 0; rank < work.moved.size(); ++rank) {
    Seconds duration;
    if (costs.fixed) {
      if (first) duration = *costs.fixed * share;
    } else if (costs.measured) {
      duration = measured_time(work, rank, *costs.measured);
    } else if (costs.memory) {
      duration = work.moved[rank] / *costs.memory;
    }
    time.duration.push_back(duration);
  }
  return time;
}

std::shared_ptr<const Collective> all_gather_of(std::vector<Bytes> parts, Rank ranks,
                                                const CollectiveChoice& values) {
  if (values.request.nccl) {
    auto request = values.request;
    request.ranks = ranks;
    const auto is_sent = [](Bytes part) { return part.count > 0; };
    const auto root = std::ranges::find_if(parts, is_sent);
    if (std::ranges::count_if(parts, is_sent) == 1) {
      request.elements = root->count;
      request.element_bytes = Bytes{1};
      return make_nccl_broadcast(request, static_cast<Rank>(root - parts.begin()));
    }
    return make_nccl_all_gather(std::move(parts), request);
  }
  return values.hop ? make_fastest_all_gather(std::move(parts), *values.hop)
                    : make_ring_all_gather(std::move(parts));
}

}  // namespace

StepPlans::StepPlans(std::vector<StepPlan> plans)
    : distinct_(std::move(plans)), steps_(distinct_.size()) {
  for (std::uint32_t i = 0; i < distinct_.size(); ++i) which_.add(i);
}

const StepPlan& StepPlans::made(std::uint64_t step) const {
  // Ranks are a step or two apart where they exchange anything.
  constexpr std::size_t kept = 16;
  if (const auto found = made_.find(step); found != made_.end()) return found->second;
  if (made_.size() >= kept) made_.erase(made_.begin());
  return made_.emplace(step, make_(step)).first->second;
}

std::vector<KeptStage> keep(const std::vector<Stage>& stages, Rank ranks) {
  std::vector<KeptStage> kept;
  for (const auto& stage : stages) {
    if (const auto* work = std::get_if<LocalWork>(&stage.what)) {
      kept.push_back({stage.phase, *work, stage.bucket});
    } else if (const auto* reduce = std::get_if<AllReduce>(&stage.what)) {
      kept.push_back({stage.phase, *reduce, stage.bucket});
    } else if (const auto* gather = std::get_if<AllGather>(&stage.what)) {
      kept.push_back({stage.phase, *gather, stage.bucket});
    } else {
      const auto& sparse = std::get<SparseAllReduce>(stage.what);
      const Bytes entry = sparse.value_bytes + sparse.index_bytes;
      auto sizes = sparse.union_kept.empty()
                       ? sparse_chunk_sizes(sparse.masks, entry)
                       : union_chunk_sizes(sparse.union_kept, sparse.parts, entry);
      kept.push_back({stage.phase,
                      KeptStage::SparseRing{make_sparse_ring(ranks, std::move(sizes)),
                                            sparse.value_bytes, sparse.index_bytes},
                      stage.bucket});
    }
  }
  return kept;
}

StepPlan plan_kept(const std::vector<KeptStage>& stages, Rank ranks, const CollectiveChoice& values,
                   const CompressionCosts& costs) {
  StepPlan plan;
  std::optional<std::uint32_t> worked_on;  // the bucket of the last local work
  for (const auto& stage : stages) {
    if (std::holds_alternative<LocalWork>(stage.what)) {
      plan.stages.emplace_back(local_time(stage, costs, worked_on != stage.bucket));
      worked_on = stage.bucket;
    } else if (const auto* reduce = std::get_if<AllReduce>(&stage.what)) {
      auto request = values.request;
      request.ranks = ranks;
      request.elements = reduce->elements;
      request.element_bytes = reduce->element_bytes;
      const auto& algorithm = reduce->at_owners ? find_collective("pairwise") : *values.algorithm;
      auto collective = algorithm.make_all_reduce(request);
      plan.sent.values += collective->total_bytes();
      plan.stages.emplace_back(Exchange{stage.phase, std::move(collective), stage.bucket});
    } else if (const auto* sparse = std::get_if<KeptStage::SparseRing>(&stage.what)) {
      const Bytes entry = sparse->value_bytes + sparse->index_bytes;
      const std::uint64_t entries = sparse->collective->total_bytes().count / entry.count;
      plan.sent.values += entries * sparse->value_bytes;
      plan.sent.masks += entries * sparse->index_bytes;
      plan.stages.emplace_back(Exchange{stage.phase, sparse->collective, stage.bucket});
    } else {
      std::vector<Bytes> parts;
      for (const auto& part : std::get<AllGather>(stage.what).parts) {
        // Every part passes ranks-1 links.
        plan.sent.values += (ranks - 1) * part.values;
        plan.sent.masks += (ranks - 1) * part.masks;
        plan.sent.headers += (ranks - 1) * part.headers;
        parts.push_back(part.total());
      }
      plan.stages.emplace_back(
          Exchange{stage.phase, all_gather_of(std::move(parts), ranks, values), stage.bucket});
    }
  }
  return plan;
}

StepPlan plan_step(const std::vector<Stage>& stages, Rank ranks, const CollectiveChoice& values,
                   const CompressionCosts& costs) {
  return plan_kept(keep(stages, ranks), ranks, values, costs);
}

}  // namespace ringsim
