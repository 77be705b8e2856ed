// The kernels of the cuda engine against the scalar engine, bit for bit.
//   test_cuda kernels|copying CASE            exit status 0, 1, or 77 where there is no GPU
//   test_cuda_emulated kernels CASE           the same kernels, emulated on the CPU
// Needs no test library: machines with GPUs may have none.
#include "models/prune/engine.hpp"
#include "tests/models/prune/buffers.hpp"
#include "tests/models/prune/cuda/subject.hpp"
#include "tests/models/prune/masks.hpp"

#include <cstdio>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

namespace ringsim::prune::test {
namespace {

using ringsim::test::random_mask;
using ringsim::test::strided_mask;

/// What the test that fails is about.
std::string situation;

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(situation + ": " + what);
}

std::vector<std::size_t> resnet_like_sizes() {
  // 161 tensors: convolutions of mixed sizes, each with the two small ones of a normalisation.
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; sizes.size() < 159; ++i) {
    sizes.push_back(std::size_t{64} * (1 + i % 7) * (9 + i));
    sizes.insert(sizes.end(), 2, std::size_t{64} << i % 3);
  }
  sizes.insert(sizes.end(), {150'001, 1000});
  return sizes;
}

void compare_select(Engine& engine, Buffers& expected, Buffers& found, std::size_t shift,
                    bool with_gradient, bool with_velocity, std::span<const Segment> segments) {
  std::vector<Statistics> expected_statistics(segments.size()), statistics(segments.size());
  make_scalar_engine()->select(expected.spans(shift, with_gradient, with_velocity), 0.9F, segments,
                               expected_statistics);
  engine.select(found.spans(shift, with_gradient, with_velocity), 0.9F, segments, statistics);
  require(found.mask == expected.mask, "masks differ");
  require(same(found.residual, expected.residual), "residuals differ");
  require(same(found.velocity, expected.velocity), "velocities differ");
  for (std::size_t s = 0; s < segments.size(); ++s)
    require(same(statistics[s], expected_statistics[s]),
            "statistics differ in segment " + std::to_string(s));
}

void compare_moves(Engine& engine, const std::vector<MaskWord>& mask, Buffers& expected,
                   Buffers& found, std::size_t shift, bool with_velocity,
                   std::span<const Segment> segments) {
  const auto reference = make_scalar_engine();
  std::size_t kept = 0;
  for (const Segment& segment : segments)
    kept += count(std::span(mask).subspan(segment.mask_offset, mask_words(segment.parameters)));
  Floats expected_packed(kept), packed(kept);
  const auto pack = [&](Engine& by, Buffers& buffers, Floats& into) {
    const auto spans = buffers.spans(shift, true, with_velocity);
    return by.pack(mask, segments, spans.residual, spans.velocity, into);
  };
  require(pack(*reference, expected, expected_packed) == kept, "the reference packs another count");
  require(pack(engine, found, packed) == kept, "another count is packed");
  require(same(packed, expected_packed), "packed values differ");
  require(same(found.residual, expected.residual), "residuals differ after pack");
  require(same(found.velocity, expected.velocity), "velocities differ after pack");
  reference->unpack(mask, segments, packed, std::span(expected.weight).subspan(shift));
  engine.unpack(mask, segments, packed, std::span(found.weight).subspan(shift));
  require(same(found.weight, expected.weight), "weights differ after unpack");
}

void compare(Engine& engine, const std::vector<std::size_t>& sizes, Values values,
             std::size_t shift, bool with_gradient, bool with_velocity) {
  const auto segments = layers(sizes, values);
  const Segment& last = segments.back();
  const std::size_t elements = last.offset + last.parameters;
  situation = std::to_string(segments.size()) + " layers, " + std::to_string(elements) +
              " elements, shift " + std::to_string(shift) + ", values " +
              std::to_string(static_cast<int>(values)) + ", gradient " +
              std::to_string(with_gradient) + ", velocity " + std::to_string(with_velocity);
  Buffers expected(elements, last.mask_offset + mask_words(last.parameters), shift);
  expected.fill(values, elements + shift);
  Buffers found = expected;
  compare_select(engine, expected, found, shift, with_gradient, with_velocity, segments);
  compare_moves(engine, expected.mask, expected, found, shift, with_velocity, segments);
}

constexpr Values all_values[] = {Values::normal, Values::bit_patterns, Values::ties};

void one_layer(Engine& engine) {
  for (const std::size_t size :
       {0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 1000, 2047, 2049, 4095, 4096, 4097, 8192 + 100})
    for (const Values values : all_values)
      for (const std::size_t shift : {0, 1, 3})
        for (const bool with_gradient : {false, true})
          for (const bool with_velocity : {false, true})
            if (with_gradient || !with_velocity)
              compare(engine, {size}, values, shift, with_gradient, with_velocity);
}

void large_layer(Engine& engine) {
  compare(engine, {1'000'003}, Values::normal, 0, true, false);
  compare(engine, {200'003}, Values::bit_patterns, 1, true, true);
  compare(engine, {200'003}, Values::ties, 0, true, true);
}

void many_layers(Engine& engine) {
  compare(engine, resnet_like_sizes(), Values::normal, 0, true, true);
  compare(engine, resnet_like_sizes(), Values::ties, 2, true, false);
  compare(engine, {0, 5, 0, 0, 4096, 1, 0, 4100, 0}, Values::normal, 0, true, false);
}

void denormals(Engine& engine) {
  situation = "denormals";
  Buffers expected(64, 1, 0);
  for (Floats* buffer : {&expected.gradient, &expected.residual, &expected.weight})
    buffer->assign(64, 1e-45F);
  Buffers found = expected;
  const Segment segment{.parameters = 64, .threshold = 1, .floor = 1e-45F};
  compare_select(engine, expected, found, 0, true, false, {&segment, 1});
  require(found.mask[0] == ~MaskWord{0}, "denormals are flushed");
}

void repeated(Engine& engine) {
  const auto segments = layers({70'000, 3, 5'000}, Values::normal);
  Buffers expected(75'003, mask_words(70'000) + 1 + mask_words(5'000), 0);
  expected.fill(Values::normal, 1);
  Buffers found = expected;
  for (int step = 0; step < 4; ++step) {
    situation = "step " + std::to_string(step);
    compare_select(engine, expected, found, 0, true, true, segments);
    compare_moves(engine, expected.mask, expected, found, 0, true, segments);
  }
}

/// Elements and words between the segments belong to others; segments stand in no order.
void gaps(Engine& engine) {
  situation = "gaps";
  const std::vector<Segment> segments = {
      {.offset = 9'000, .parameters = 4'500, .mask_offset = 5, .threshold = 1, .floor = 0.1F},
      {.offset = 3, .parameters = 8'000, .mask_offset = 100, .threshold = 2, .floor = 0.1F}};
  Buffers expected(14'000, 300, 0);
  expected.fill(Values::normal, 2);
  Buffers found = expected;
  compare_select(engine, expected, found, 0, true, true, segments);
  compare_moves(engine, expected.mask, expected, found, 0, true, segments);
}

/// Masks that no threshold gave: several turns per tile, several tiles per group, and groups.
void masks(Engine& engine) {
  for (const std::size_t size : {100, 4'096, 40'000, 300'000})
    for (const double density : {0.0, 0.001, 0.1, 0.5, 1.0}) {
      situation = "mask of " + std::to_string(size) + ", density " + std::to_string(density);
      const auto segments = layers({size, 77}, Values::normal);
      Buffers expected(size + 77, mask_words(size) + 2, 0);
      expected.fill(Values::ties, size);
      Buffers found = expected;
      std::vector<MaskWord> mask =
          density == 1 ? strided_mask(size, 0, 1) : random_mask(size, density);
      mask.insert(mask.end(), {~MaskWord{0}, (MaskWord{1} << 13) - 1});
      compare_moves(engine, mask, expected, found, 0, true, segments);
    }
}

void unions_and_counts(Subject& subject) {
  const auto segments = layers({0, 10'000, 1, 0, 4'096, 64}, Values::normal);
  const std::size_t words = segments.back().mask_offset + 1;
  situation = "unions and counts";
  std::vector<MaskWord> mask = random_mask(words * 64, 0.1, 1);
  const std::vector<MaskWord> other = random_mask(words * 64, 0.1, 2);
  std::vector<MaskWord> expected = mask;
  unite(expected, other);
  subject.unite(mask, other);
  require(mask == expected, "unions differ");
  std::vector<std::uint32_t> counts;
  for (const Segment& segment : segments) {
    const std::span all =
        std::span(mask).subspan(segment.mask_offset, mask_words(segment.parameters));
    std::size_t first = 0;
    do {
      const std::size_t length = std::min<std::size_t>(64, all.size() - first);
      counts.push_back(static_cast<std::uint32_t>(count(all.subspan(first, length))));
      first += length;
    } while (first < all.size());
  }
  require(subject.count_chunks(mask, segments) == counts, "counts differ");
}

void block_sizes(Subject& subject) {
  for (const unsigned threads : {256, 512, 1024}) {
    subject.set_select_threads(threads);
    for (const std::size_t size : {5, 4096, 20'000})
      for (const std::size_t shift : {0, 1})
        compare(subject, {size, 100}, Values::normal, shift, true, true);
  }
  subject.set_select_threads(512);
}

using EngineCase = std::function<void(Engine&)>;
const std::map<std::string, EngineCase> engine_cases = {
    {"one_layer", one_layer}, {"large_layer", large_layer}, {"many_layers", many_layers},
    {"denormals", denormals}, {"repeated", repeated},       {"gaps", gaps},
    {"masks", masks}};
const std::map<std::string, std::function<void(Subject&)>> subject_cases = {
    {"unions_and_counts", unions_and_counts}, {"block_sizes", block_sizes}};

/// Whether there is such a case.
bool run(const std::string& name, Engine& engine) {
  const auto found = engine_cases.find(name);
  if (found != engine_cases.end()) {
    found->second(engine);
    return true;
  }
  const auto other = subject_cases.find(name);
  auto* const subject = dynamic_cast<Subject*>(&engine);
  if (other == subject_cases.end() || !subject) return false;
  other->second(*subject);
  return true;
}

int test(const std::string& kind, const std::string& name) {
  constexpr int skipped = 77;
  if (!untestable().empty()) {
    std::printf("skipped: %s\n", untestable().c_str());
    return skipped;
  }
  const std::unique_ptr<Engine> engine = make_engine_under_test(kind);
  try {
    if (!run(name, *engine)) {
      std::printf("there is no case %s of %s\n", name.c_str(), kind.c_str());
      return 1;
    }
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return 1;
  }
  std::printf("passed\n");
  return 0;
}

}  // namespace
}  // namespace ringsim::prune::test

int main(int argc, char** argv) {
  if (argc != 3) {
    std::printf("usage: %s kernels|copying CASE\n", argv[0]);
    return 1;
  }
  return ringsim::prune::test::test(argv[1], argv[2]);
}
