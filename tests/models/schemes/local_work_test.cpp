// The bytes and counts that schemes charge for local work, of sizes that are added up by hand.
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/topk_step.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ringsim;
using namespace ringsim::test;

namespace {

using Sizes = std::vector<Bytes>;

const LocalWork& work_of(const std::vector<Stage>& stages, std::size_t index) {
  return std::get<LocalWork>(stages[index].what);
}

std::vector<std::string> phases_of(const std::vector<Stage>& stages) {
  std::vector<std::string> phases;
  for (const auto& stage : stages) phases.emplace_back(stage.phase.text());
  return phases;
}

/// Two pruned tensors of 1600 elements, so bitmaps of 200 bytes, and 100 that are sent whole; rank
/// 1 of three broadcasts 56 bytes.
SharedMaskStep masked_step() {
  return {.ranks = 3,
          .pruned = 1600,
          .tensors = 2,
          .whole = 100,
          .kept = 40,
          .masks = {{.rank = 1, .mask = Bytes{50}, .header = Bytes{6}}}};
}

/// Two ranks; of 1600 pruned elements one keeps 40 and tested all once, the other one 60 and twice.
TopkStep topk_step() {
  return {.pruned = 1600,
          .tensors = 2,
          .whole = 100,
          .sent = {{.kept = 40, .mask = Bytes{50}, .header = Bytes{6}, .tested = 1600},
                   {.kept = 60, .mask = Bytes{70}, .header = Bytes{6}, .tested = 3200}},
          .masks = {}};
}

/// A mask of 1600 elements with bits [first, last) set.
std::vector<prune::MaskWord> mask_of(std::size_t first, std::size_t last) {
  std::vector<prune::MaskWord> mask(25);
  for (std::size_t i = first; i < last; ++i) mask[i / 64] |= prune::MaskWord{1} << (i % 64);
  return mask;
}

}  // namespace

TEST_CASE("work of a shared mask: select, pack, unpack", "[local_work]") {
  const auto stages = shared_mask_stages(masked_step());
  CHECK(phases_of(stages) ==
        std::vector<std::string>{"select", "masks", "pack", "values", "unpack"});
  const CostCounts counts{.calls = 1, .tensors = 2, .elements = 1600, .kept_values = 40};
  // g and r are read and r is written, 12 * 1700; w is read, 4 * 1600; a bitmap of 200 is written.
  // The broadcaster reads it once more and writes 56 bytes.
  const auto& select = work_of(stages, 0);
  CHECK(select.moved == Sizes{{27'000}, {27'256}, {27'000}});
  CHECK(select.coded == Sizes{{0}, {256}, {0}});
  CHECK(select.stage == CostStage::encode);
  CHECK(select.counts == counts);
  const auto& parts = std::get<AllGather>(stages[1].what).parts;
  CHECK(parts == std::vector<Payload>{{}, {Bytes{0}, Bytes{50}, Bytes{6}}, {}});
  // The mask is read, its bitmap written, and read and written into the union: 56 + 3 * 200. That
  // is read, and 40 + 100 values are read, cleared and written: 200 + 12 * 140.
  const auto& pack = work_of(stages, 2);
  CHECK(pack.moved == Sizes(3, Bytes{656 + 1880}));
  CHECK(pack.coded == Sizes(3, Bytes{656}));
  CHECK(pack.stage == CostStage::between);
  CHECK(pack.counts == counts);
  CHECK(std::get<AllReduce>(stages[3].what) == AllReduce{140, Bytes{4}});
  // The bitmap and the values are read and written to their places: 200 + 8 * 140.
  const auto& unpack = work_of(stages, 4);
  CHECK(unpack.moved == Sizes(3, Bytes{1320}));
  CHECK(unpack.coded.empty());
  CHECK(unpack.stage == CostStage::decode);
  CHECK(unpack.counts == counts);
}

TEST_CASE("work of a shared mask with velocities, samples and halves of values", "[local_work]") {
  auto step = masked_step();
  step.with_velocity = true;
  step.reads_weights = false;
  step.value = Bytes{2};
  step.sampled = {30, 10, 20};
  const auto stages = shared_mask_stages(step);
  // 12 * 1700 + 200 and, of u, 8 * 1700 make 34,200. A second pass reads 4 * 1600 and writes 200. A
  // sample is read, written, and read four times: 24 bytes for each.
  const auto& select = work_of(stages, 0);
  CHECK(select.moved == Sizes{{40'800 + 720}, {40'800 + 256 + 240}, {40'800 + 480}});
  CHECK(select.coded == Sizes{{720}, {256 + 240}, {480}});
  CHECK(select.counts == CostCounts{.calls = 2,
                                    .tensors = 4,
                                    .elements = 3200,
                                    .kept_values = 40,
                                    .velocity_elements = 1600,
                                    .velocity_values = 40});
  // 8 bytes of r, 4 of u and 2 of the value for each of 140.
  CHECK(work_of(stages, 2).moved == Sizes(3, Bytes{656 + 200 + 14 * 140}));
  CHECK(work_of(stages, 4).moved == Sizes(3, Bytes{200 + 6 * 140}));
  // Where weights are read, the second pass and every sample read them, too.
  step.reads_weights = true;
  const auto reading = shared_mask_stages(step);
  const auto& read = work_of(reading, 0);
  CHECK(read.moved[0] == Bytes{34'200 + 6400 + 8 * 1600 + 200 + 28 * 30});
  CHECK(read.coded[0] == Bytes{28 * 30});
}

TEST_CASE("work of a shared mask that serves again, or is drawn", "[local_work]") {
  auto step = masked_step();
  step.masks.clear();
  const CostCounts counts{.calls = 1, .tensors = 2, .elements = 1600, .kept_values = 40};
  const auto again = shared_mask_stages(step);
  CHECK(phases_of(again) == std::vector<std::string>{"accumulate", "pack", "values", "unpack"});
  CHECK(work_of(again, 0).moved == Sizes(3, Bytes{12 * 1700}));
  CHECK(work_of(again, 0).stage == CostStage::encode);
  CHECK(work_of(again, 0).counts == counts);
  CHECK(work_of(again, 1).moved == Sizes(3, Bytes{1880}));
  CHECK(work_of(again, 1).coded == Sizes(3, Bytes{0}));
  CHECK(work_of(again, 1).stage == CostStage::between);
  step.draws_places = true;
  step.with_velocity = true;
  const auto drawn = shared_mask_stages(step);
  CHECK(work_of(drawn, 0).moved == Sizes(3, Bytes{20 * 1700}));
  CHECK(work_of(drawn, 0).stage == CostStage::none);
  CHECK(work_of(drawn, 0).counts == CostCounts{});
  CHECK(work_of(drawn, 1).stage == CostStage::encode);
}

TEST_CASE("work of topk's select", "[local_work]") {
  auto step = topk_step();
  const auto plain = topk_stages(step);
  CHECK(phases_of(plain) == std::vector<std::string>{"select", "values", "whole", "add"});
  // Accumulating: 12 * 1700. A test reads r and writes a bit: 6600 for 1600 elements. Bitmaps of
  // 200 are read twice. 40 or 60 values and 100 of whole layers at 12 bytes; the message's places.
  const auto& select = work_of(plain, 0);
  CHECK(select.moved ==
        Sizes{{20'400 + 6600 + 400 + 12 * 140 + 56}, {20'400 + 2 * 6600 + 400 + 12 * 160 + 76}});
  CHECK(select.stage == CostStage::encode);
  CHECK(select.counts == CostCounts{.calls = 1, .tensors = 2, .elements = 1600, .kept_values = 50});
  // Clipping reads g twice and writes it; u costs 8 bytes an element, and 4 where it is cleared.
  step.clips = true;
  step.with_velocity = true;
  step.value = Bytes{2};
  const auto clipped = topk_stages(step);
  const auto& more = work_of(clipped, 0);
  CHECK(more.moved[0] == Bytes{20 * 1700 + 12 * 1700 + 6600 + 400 + 14 * 140 + 56});
  CHECK(more.counts.velocity_elements == 1600);
  CHECK(more.counts.velocity_values == 50);
}

TEST_CASE("work of topk's sum, gathered or from the ring", "[local_work]") {
  auto step = topk_step();
  // The sum is read and written: 8 * 1700. A message is read, its mask written and read as a
  // bitmap, its values added to the sum: 160 + 56 + 400 + 320, and 240 + 76 + 400 + 480.
  const auto gathered = topk_stages(step);
  const auto& add = work_of(gathered, 3);
  CHECK(add.moved == Sizes(2, Bytes{13'600 + 936 + 1196}));
  CHECK(add.stage == CostStage::decode);
  CHECK(add.counts.received_tensors == 4);
  CHECK(add.counts.received_elements == 3200);
  CHECK(add.counts.received_values == 100);
  CHECK(add.counts.kept_values == 50);
  // On a ring: the union of both masks has 80 elements, at 4 + 4 bytes; an index of 4 bytes is
  // written for each of a rank's own.
  const auto check_ring = [](const std::vector<Stage>& stages) {
    CHECK(work_of(stages, 0).moved[0] == Bytes{20'400 + 6600 + 400 + 12 * 140 + 4 * 40});
    const auto& sum = work_of(stages, stages.size() - 1);
    CHECK(sum.moved == Sizes(2, Bytes{13'600 + 8 * 80}));
    CHECK(sum.counts.received_tensors == 2);
    CHECK(sum.counts.received_elements == 1600);
    CHECK(sum.counts.received_values == 80);
  };
  step.masks = {mask_of(0, 40), mask_of(20, 80)};
  check_ring(topk_stages(step));
  step.masks.clear();
  step.union_kept = {50, 80};
  check_ring(topk_stages(step));
  step.whole = 0;
  CHECK(phases_of(topk_stages(step)) == std::vector<std::string>{"select", "values", "add"});
}

TEST_CASE("work of a leader's selection", "[local_work]") {
  auto o = small_options(3);
  set(o, "density", 0.02);
  const bool filtered = GENERATE(false, true);
  if (filtered) set(o, "filter", 0.1);
  const auto step = find_scheme("cltk").synthesize(small_layers(), o, 4);
  const auto& select = work_of(step.stages, 0);
  // Rank 4 % 3 leads: four passes over r and one more, a bitmap written and read, and the message.
  const auto& parts = std::get<AllGather>(step.stages[1].what).parts;
  CHECK(parts[0].total() == Bytes{0});
  const std::size_t plain = 12 * 4095 + (filtered ? 12 * 4025 : 0);
  CHECK(select.moved ==
        Sizes{{plain}, Bytes{plain + 20 * 4025 + 4025 / 4} + parts[1].total(), {plain}});
  CHECK(select.stage == CostStage::encode);
  CHECK(select.counts ==
        CostCounts{.calls = 1, .tensors = 2, .elements = 4025, .kept_values = 60 + 20});
  CHECK(step.layers[0].kept == 60);
  CHECK(step.layers[2].kept == 20);
}

TEST_CASE("work of products of low rank", "[local_work]") {
  auto o = small_options(3);
  set(o, "rank", 4);
  const auto step = find_scheme("powersgd").synthesize(small_layers(), o, 0);
  CHECK(phases_of(step.stages) ==
        std::vector<std::string>{"multiply", "p", "multiply", "q", "whole", "multiply"});
  // Matrices of 50 x 60 and 25 x 41: P has 75 rows of 4, 1200 bytes, Q 101 of 4, 1616 bytes, and
  // M 4025 elements, 16,100 bytes.
  // M = g + e is read twice and written, and read with Q for P, which is written.
  CHECK(work_of(step.stages, 0).moved == Sizes(3, Bytes{4 * 16'100 + 1616 + 1200}));
  // Each of P's 4 columns is read and written for itself, and P is so 4 times in all; then M and P
  // are read and Q is written.
  CHECK(work_of(step.stages, 2).moved == Sizes(3, Bytes{8 * 1200 + 16'100 + 1200 + 1616}));
  // The update is written from P and Q, and M is read and written.
  CHECK(work_of(step.stages, 5).moved == Sizes(3, Bytes{1200 + 1616 + 3 * 16'100}));
  CHECK(work_of(step.stages, 0).stage == CostStage::encode);
  CHECK(work_of(step.stages, 2).stage == CostStage::between);
  CHECK(work_of(step.stages, 5).stage == CostStage::decode);
  for (const std::size_t index : {0, 2, 5}) {
    CHECK(work_of(step.stages, index).counts == CostCounts{.calls = 1,
                                                           .tensors = 3,
                                                           .elements = 4095,
                                                           .matrices = 2,
                                                           .row_ranks = (110 + 66) * 4,
                                                           .whole_tensors = 1,
                                                           .whole_elements = 70});
  }
  CHECK(step.state_per_rank == Bytes{4 * (4025 + 404)});
}

TEST_CASE("work of signs", "[local_work]") {
  auto o = small_options(4);
  // One bit for each of 3000, 70 and 1025 elements: 375 + 9 + 129 bytes, and three scales.
  constexpr std::size_t signs = 513, scales = 12;
  set(o, "vote", "all-gather");
  const auto gathered = find_scheme("signsgd").synthesize(small_layers(), o, 0);
  CHECK(work_of(gathered.stages, 0).moved == Sizes(4, Bytes{20 * 4095 + signs + scales}));
  CHECK(work_of(gathered.stages, 2).moved == Sizes(4, Bytes{4 * (signs + scales) + 4 * 4095}));
  CHECK(work_of(gathered.stages, 0).counts == CostCounts{.calls = 1,
                                                         .tensors = 3,
                                                         .elements = 4095,
                                                         .received_tensors = 12,
                                                         .received_elements = 4 * 4095});
  set(o, "vote", "pairwise");
  const auto owned = find_scheme("signsgd").synthesize(small_layers(), o, 0);
  CHECK(work_of(owned.stages, 0).moved == Sizes(4, Bytes{20 * 4095 + signs + scales}));
  // A chunk's votes of all ranks are as many as one rank's signs; a quarter of them is written; all
  // of the majority's are read, and the update is written.
  CHECK(work_of(owned.stages, 3).moved ==
        Sizes(4, Bytes{2 * signs + signs / 4 + 4 * scales + 4 * 4095}));
  CHECK(work_of(owned.stages, 3).counts == CostCounts{.calls = 1,
                                                      .tensors = 3,
                                                      .elements = 4095,
                                                      .received_tensors = 6,
                                                      .received_elements = 2 * 4095});
}

TEST_CASE("work of selecting by importance reads the weights, by magnitude not", "[local_work]") {
  auto o = small_options(3);
  set(o, "broadcasters", 1);
  const auto work_without_mask = [&](const char* scheme) {
    const auto step = find_scheme(scheme).synthesize(small_layers(), o, 0);
    const auto& select = work_of(step.stages, 0);
    const auto other = std::find(select.coded.begin(), select.coded.end(), Bytes{0});
    return select.moved[static_cast<std::size_t>(other - select.coded.begin())];
  };
  // g and r are read and r is written, and a bit for each of 4025 pruned elements.
  CHECK(work_without_mask("iwp") == Bytes{12 * 4095 + 4025 / 8 + 4 * 4025});
  CHECK(work_without_mask("magnitude") == Bytes{12 * 4095 + 4025 / 8});
}
