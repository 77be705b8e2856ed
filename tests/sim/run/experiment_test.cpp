// What the options of time and machine make of a step, in closed form.
#include "base/error.hpp"
#include "tests/sim/run/given.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>

using namespace ringsim;
using namespace ringsim::test;

namespace {

std::string refusal(const Given& given) {
  try {
    summary_of(given);
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

/// 2 MB of fp32 in two buckets on two ranks, 1 GB/s without latency: a bucket takes 1 ms.
const Given dense = {{"topology", "ring"}, {"ranks", "2"},           {"bandwidth", "1GBps"},
                     {"latency", "0us"},   {"bytes", "2MB"},         {"steps", "3"},
                     {"scheme", "dense"},  {"compute-time", "10ms"}, {"backend", "recurrence"}};
const Given bucketed = with(dense, {{"bucket", "1MB"}});

double step_of(const Given& given) { return summary_of(given).seconds_per_step.total; }

}  // namespace

TEST_CASE("a step accumulates so many passes and exchanges once", "[experiment]") {
  CHECK(step_of(dense) == Approx(12e-3).epsilon(1e-12));
  const auto three = summary_of(with(dense, {{"accumulate", "3"}}));
  CHECK(three.seconds_per_step.compute == Approx(30e-3).epsilon(1e-12));
  CHECK(three.seconds_per_step.total == Approx(32e-3).epsilon(1e-12));
  CHECK(three.bytes_sent_per_rank.total == summary_of(dense).bytes_sent_per_rank.total);
}

TEST_CASE("exchanges overlap the last of the accumulated passes", "[experiment]") {
  // Two equal layers: of five parts of computing the last is the first layer's, so that the first
  // bucket is ready at 8 ms; its exchange hides.
  CHECK(step_of(bucketed) == Approx(11e-3).epsilon(1e-12));
  // The first bucket is ready in the third pass, at 20 + 8 ms.
  CHECK(step_of(with(bucketed, {{"accumulate", "3"}})) == Approx(31e-3).epsilon(1e-12));
  // Exchanges of 4 ms go from 28 to 36 ms; in one pass of 30 ms they would from 24 to 34.
  CHECK(step_of(with(bucketed, {{"accumulate", "3"}, {"bandwidth", "250MBps"}})) ==
        Approx(36e-3).epsilon(1e-12));
  CHECK(refusal({{"accumulate", "3"}}) ==
        "`accumulate`: has no effect with training; give a `batch` so many times as large, or "
        "`source` synthetic");
}

TEST_CASE("gradients that are born in a type travel in it and are not cast", "[experiment]") {
  const auto born = summary_of(with(dense, {{"gradients", "bf16"}}));
  CHECK(born.seconds_per_step.compress == 0);
  CHECK(born.seconds_per_step.total == Approx(11e-3).epsilon(1e-12));
  CHECK(born.compression_ratio.wire.value() == Approx(2).epsilon(1e-12));
  // Cast from fp32 they read 2 MB and write 1 MB before and after, at 1 GB/s: 6 ms.
  const Given cast = {
      {"values", "bf16"}, {"compress-time", "model"}, {"gpu-memory-bandwidth", "1GBps"}};
  CHECK(step_of(with(dense, cast)) == Approx(17e-3).epsilon(1e-12));
  CHECK(refusal(with(dense, {{"gradients", "bf16"}, {"values", "fp16"}})) ==
        "`values`: given beside `gradients` bf16; leave one of the two out: gradients travel in "
        "the type that they have");
}

TEST_CASE("a GPU's costs of DistributedDataParallel are in overlapped steps", "[experiment]") {
  const TemporaryFolder folder;
  const auto gpu = folder.path() / "mine.json";
  // Copies read and write 1 MB each at half of 8 GB/s, 0.5 ms, and take 0.1 ms more.
  std::ofstream(gpu) << R"({"format": "ringsim gpu 1", "name": "mine", "description": "an example",
    "speeds": {"fp32": "1TFLOPS"}, "default_precision": "fp32", "memory_bandwidth": "8GBps",
    "kernel_floor": "5us", "profiles": [], "sources": [],
    "ddp": {"step": "1ms", "buffer": "1ms", "copy": "100us", "memory_share": 0.5,
            "exchange_share": 0.1, "exchange_rate": "10GBps"}})";
  const Given own = with(bucketed, {{"gpu", gpu.string()}});
  // 1 ms; 8 ms of computing; a copy of 0.6 ms; the other 2 ms, a fifth slower (0.1 + 1/10) while
  // 1 MB is exchanged at 1 GB/s: 2.2 ms; a copy, until 12.4; 1 ms of exchange, beside which the
  // first bucket is copied back; the other copy back.
  const auto step = summary_of(own).seconds_per_step;
  CHECK(step.total == Approx(14e-3).epsilon(1e-12));
  CHECK(step.compute == Approx(13.6e-3).epsilon(1e-12));
  // Without them nothing else of this GPU is left that a step of dense would take.
  CHECK(
      refusal(with(own, {{"ddp", "off"}})) ==
      "`gpu`: has no effect with `scheme` dense and a `compute-time` that is given; leave it out");
  // Copies take 0.35 ms, exchanges 0.5: 1 + 8 + 0.35 + 2.1 + 0.35 + 0.5 + 0.35.
  CHECK(step_of(with(own, {{"gradients", "fp16"}})) == Approx(12.65e-3).epsilon(1e-12));
  // Copies take 0.35 ms: 1 + 8 + 0.35 + 2.2 + 0.35 + 1 + 0.35.
  CHECK(step_of(with(own, {{"gpu-memory-bandwidth", "16GBps"}})) ==
        Approx(13.25e-3).epsilon(1e-12));
  CHECK(refusal(with(bucketed, {{"ddp", "off"}})) ==
        "`ddp`: has no effect: it was not measured on the GPU v100; leave it out");
}
