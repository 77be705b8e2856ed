// The C interface: the same results as the engines behind it, and a code and a text for every
// error.
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/engine.hpp"
#include "models/prune/ringsim_prune.h"
#include "tests/models/prune/buffers.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace ringsim::prune {
namespace {

using namespace test;  // NOLINT: the buffers of these tests

std::vector<ringsim_prune_segment> to_c(std::span<const Segment> segments) {
  std::vector<ringsim_prune_segment> result;
  for (const Segment& s : segments)
    result.push_back({s.offset, s.parameters, s.mask_offset, s.threshold, s.floor});
  return result;
}

/// An engine and a plan for it.
struct Handle {
  ringsim_prune_engine* engine = nullptr;
  ringsim_prune_plan* plan = nullptr;

  Handle(const char* name, std::span<const Segment> segments) {
    REQUIRE(ringsim_prune_engine_create(name, 1, &engine) == RINGSIM_PRUNE_OK);
    const auto converted = to_c(segments);
    REQUIRE(ringsim_prune_plan_create(engine, converted.data(), converted.size(), &plan) ==
            RINGSIM_PRUNE_OK);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    ringsim_prune_plan_destroy(plan);
    ringsim_prune_engine_destroy(engine);
  }
};

TEST_CASE("the C interface selects, packs and unpacks as the engine does") {
  const auto segments = layers({5000, 0, 70, 4096}, Values::normal);
  const std::size_t elements = 5000 + 70 + 4096, words = segments.back().mask_offset + 64;
  Buffers expected(elements, words, 0);
  expected.fill(Values::normal, 1);
  Buffers found = expected;
  std::vector<Statistics> statistics(segments.size());
  const auto reference = make_scalar_engine();
  reference->select(expected.spans(0, true, true), 0.9F, segments, statistics);
  Floats packed(elements);
  const std::size_t kept =
      reference->pack(expected.mask, segments, expected.residual, expected.velocity, packed);

  const Handle handle("scalar", segments);
  CHECK(ringsim_prune_engine_memory(handle.engine) == RINGSIM_PRUNE_HOST);
  CHECK(ringsim_prune_plan_chunks(handle.plan) == 2 + 1 + 1 + 1);
  std::vector<ringsim_prune_statistics> c_statistics(segments.size());
  REQUIRE(ringsim_prune_select(handle.plan, found.gradient.data(), found.residual.data(),
                               found.velocity.data(), found.weight.data(), 0.9F, found.mask.data(),
                               c_statistics.data(), nullptr) == RINGSIM_PRUNE_OK);
  CHECK(found.mask == expected.mask);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    CHECK(c_statistics[s].kept == statistics[s].kept);
    CHECK(c_statistics[s].importance_sum == statistics[s].importance_sum);
    CHECK(c_statistics[s].importance_square_sum == statistics[s].importance_square_sum);
  }

  std::vector<std::uint32_t> counts(5);
  REQUIRE(ringsim_prune_count_chunks(handle.plan, found.mask.data(), counts.data(), nullptr) ==
          RINGSIM_PRUNE_OK);
  const std::span<const MaskWord> mask = expected.mask;
  CHECK(counts ==
        std::vector<std::uint32_t>{static_cast<std::uint32_t>(count(mask.first(64))),
                                   static_cast<std::uint32_t>(count(mask.subspan(64, 15))), 0,
                                   static_cast<std::uint32_t>(count(mask.subspan(79, 2))),
                                   static_cast<std::uint32_t>(count(mask.subspan(81)))});

  Floats c_packed(elements);
  std::uint64_t c_kept = 0;
  REQUIRE(ringsim_prune_pack(handle.plan, found.mask.data(), found.residual.data(),
                             found.velocity.data(), c_packed.data(), &c_kept,
                             nullptr) == RINGSIM_PRUNE_OK);
  CHECK(c_kept == kept);
  CHECK(c_packed == packed);
  CHECK(found.residual == expected.residual);
  CHECK(found.velocity == expected.velocity);

  reference->unpack(expected.mask, segments, packed, expected.weight);
  REQUIRE(ringsim_prune_unpack(handle.plan, found.mask.data(), c_packed.data(), found.weight.data(),
                               nullptr) == RINGSIM_PRUNE_OK);
  CHECK(found.weight == expected.weight);

  std::vector<MaskWord> other(words, 0x10), united(expected.mask);
  unite(united, other);
  REQUIRE(ringsim_prune_unite(handle.plan, found.mask.data(), other.data(), nullptr) ==
          RINGSIM_PRUNE_OK);
  CHECK(found.mask == united);
}

TEST_CASE("new limits hold for the next select of the C interface") {
  const auto segments = layers({100}, Values::normal);
  const Handle handle("scalar", segments);
  Floats residual(100, 1), weight(100, 1);
  std::vector<MaskWord> mask(2);
  ringsim_prune_statistics statistics{};
  const auto kept = [&] {
    REQUIRE(ringsim_prune_select(handle.plan, nullptr, residual.data(), nullptr, weight.data(), 0,
                                 mask.data(), &statistics, nullptr) == RINGSIM_PRUNE_OK);
    return statistics.kept;
  };
  CHECK(kept() == 0);  // 1 > 1.5*1 does not hold
  const float threshold = 0.5F, floor = 0.1F;
  REQUIRE(ringsim_prune_plan_set_limits(handle.plan, &threshold, &floor, nullptr) ==
          RINGSIM_PRUNE_OK);
  CHECK(kept() == 100);
  const float high = 3;
  REQUIRE(ringsim_prune_plan_copy_limits(handle.plan, &high, &floor, nullptr) == RINGSIM_PRUNE_OK);
  CHECK(kept() == 0);
  CHECK(ringsim_prune_plan_copy_limits(handle.plan, nullptr, &floor, nullptr) ==
        RINGSIM_PRUNE_INVALID_ARGUMENT);
  CHECK(std::string(ringsim_prune_last_error()) == "thresholds is NULL");
}

TEST_CASE("masks are encoded and decoded through the C interface") {
  const auto segments = layers({1000, 64}, Values::normal);
  const Handle handle("scalar", segments);
  std::vector<MaskWord> mask(17, 0x8001);
  mask[15] &= (MaskWord{1} << 40) - 1;
  const EncodedMasks expected = encode_masks(mask, segments, nullptr);
  std::size_t size = 0;
  CHECK(ringsim_prune_encode_mask(handle.plan, mask.data(), nullptr, nullptr, 0, &size) ==
        RINGSIM_PRUNE_TOO_SMALL);
  CHECK(std::string(ringsim_prune_last_error()) == "the message takes " +
                                                       std::to_string(expected.bytes.size()) +
                                                       " bytes, and there is room for 0");
  REQUIRE(size == expected.bytes.size());
  std::vector<std::uint8_t> bytes(size);
  REQUIRE(ringsim_prune_encode_mask(handle.plan, mask.data(), nullptr, bytes.data(), size, &size) ==
          RINGSIM_PRUNE_OK);
  CHECK(bytes == expected.bytes);
  std::vector<MaskWord> decoded(17, 0xff);
  REQUIRE(ringsim_prune_decode_mask(handle.plan, bytes.data(), size, decoded.data()) ==
          RINGSIM_PRUNE_OK);
  CHECK(decoded == mask);
  CHECK(ringsim_prune_decode_mask(handle.plan, bytes.data(), 1, decoded.data()) ==
        RINGSIM_PRUNE_INVALID_ARGUMENT);
  CHECK(std::string(ringsim_prune_last_error()) ==
        "byte 1 of the encoded masks: the length of a mask is malformed");
}

TEST_CASE("mistakes in calls of the C interface are reported") {
  const auto error = [](int status) {
    return std::to_string(status) + " " + ringsim_prune_last_error();
  };
  ringsim_prune_engine* engine = nullptr;
  // (What is available depends on the machine.)
  CHECK_THAT(
      error(ringsim_prune_engine_create("skalar", 1, &engine)),
      Catch::StartsWith("1 name: the engine \"skalar\" is unknown (did you mean \"scalar\"?); "
                        "available here: auto, "));
  CHECK(error(ringsim_prune_engine_create(nullptr, 1, &engine)) == "1 name is NULL");
  CHECK(engine == nullptr);
  const Handle handle("scalar", layers({10}, Values::normal));
  Floats buffer(10, 1);
  MaskWord mask = 0;
  ringsim_prune_statistics statistics{};
  CHECK(error(ringsim_prune_select(nullptr, nullptr, buffer.data(), nullptr, buffer.data(), 0,
                                   &mask, &statistics, nullptr)) == "1 plan is NULL");
  CHECK(error(ringsim_prune_select(handle.plan, nullptr, buffer.data(), nullptr, nullptr, 0, &mask,
                                   &statistics, nullptr)) == "1 weight is NULL");
  CHECK(error(ringsim_prune_select(handle.plan, nullptr, buffer.data(), buffer.data(),
                                   buffer.data(), 0, &mask, &statistics, nullptr)) ==
        "1 velocity needs a gradient to be accumulated from");
  CHECK(error(ringsim_prune_pack(handle.plan, &mask, buffer.data(), nullptr, nullptr, nullptr,
                                 nullptr)) == "1 packed is NULL");
  std::size_t size = 0;
  CHECK(error(ringsim_prune_encode_mask(handle.plan, &mask, "zip", nullptr, 0, &size)) ==
        "1 the encoding \"zip\" is unknown; accepted: bitmap, index, delta, runs, rice, index32");
  const ringsim_prune_segment huge{~std::uint64_t{0}, 1, 0, 1, 1};
  ringsim_prune_plan* plan = nullptr;
  CHECK(error(ringsim_prune_plan_create(handle.engine, &huge, 1, &plan)) ==
        "1 segment 0 is out of range");
  CHECK(error(ringsim_prune_plan_set_select_threads(handle.plan, 100)) ==
        "1 select has 256, 512 or 1024 threads");
}

TEST_CASE("where cuda cannot be used, the C interface says why") {
  ringsim_prune_engine* engine = nullptr;
  const int status = ringsim_prune_engine_create("cuda", 0, &engine);
  if (status == RINGSIM_PRUNE_OK) {
    CHECK(ringsim_prune_engine_memory(engine) == RINGSIM_PRUNE_DEVICE);
    ringsim_prune_engine_destroy(engine);
    return;
  }
  CHECK(status == RINGSIM_PRUNE_UNAVAILABLE);
  const std::string text = ringsim_prune_last_error();
  const std::string start = "name: the engine \"cuda\" is not available: ";
  CHECK(text.starts_with(start));
  CHECK(text.size() > start.size());
}

}  // namespace
}  // namespace ringsim::prune
