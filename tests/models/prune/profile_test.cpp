#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "models/prune/engine_profile.hpp"
#include "models/prune/measure.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ringsim::prune {
namespace {

/// A machine that selects 16.125 GB/s, and packs 1 ms + 10 ns per kept element of 10 million.
EngineProfile example() {
  const auto mask = [](std::uint64_t kept) {
    const double k = static_cast<double>(kept);
    return MaskRates{.kept = kept,
                     .pack = {1e-3 + 10e-9 * k},
                     .pack_with_velocity = {1e-3 + 20e-9 * k},
                     .unpack = {1e-3 + 5e-9 * k},
                     .unite = {1e-4},
                     .count = {1e-4},
                     .encodings = {{"rice", {12345}, {2e-3}, {1e-3}}}};
  };
  const SizeRates small{.elements = 100'000,
                        .copy = {50e9},
                        .limit = {80e9},
                        .select = {64.5e9},
                        .select_with_velocity = {48.25e9},
                        .masks = {mask(1000)}};
  const SizeRates large{.elements = 10'000'000,
                        .copy = {20e9},
                        .limit = {20e9},
                        .select = {16.125e9},
                        .select_with_velocity = {24.125e9},
                        .masks = {mask(10'000), mask(100'000)}};
  return {.engine = "avx2", .processor = "example", .threads = 2, .sizes = {small, large}};
}

/// A file in a folder of its own, for the time of a test.
struct TemporaryFile {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("ringsim_profile_" + std::to_string(getpid()));
  std::filesystem::path path = folder / "profile.json";

  explicit TemporaryFile(const std::string& text) {
    std::filesystem::create_directories(folder);
    std::ofstream(path) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove_all(folder); }
};

TEST_CASE("times follow from the rates of the nearest size") {
  const EngineProfile profile = example();
  // 16.125 bytes per element at 16.125 GB/s: 1 ns each; with a velocity 24.125 at 24.125.
  CHECK(profile.select_time(20'000'000, false).value == Approx(20e-3));
  CHECK(profile.select_time(20'000'000, true).value == Approx(20e-3));
  // Nearer to 100,000 than to 10 million in ratio (the middle is 1 million): a quarter of a ns.
  CHECK(profile.select_time(900'000, false).value == Approx(0.225e-3));
  CHECK(profile.select_time(1'100'000, false).value == Approx(1.1e-3));
  CHECK(profile.select_time(0, false).value == 0);
}

TEST_CASE("packing times are interpolated in the share kept") {
  const EngineProfile profile = example();
  CHECK(profile.pack_time(10'000'000, 10'000, false).value == Approx(1.1e-3));
  CHECK(profile.pack_time(10'000'000, 55'000, false).value == Approx(1.55e-3));
  CHECK(profile.pack_time(10'000'000, 55'000, true).value == Approx(2.1e-3));
  CHECK(profile.unpack_time(10'000'000, 55'000).value == Approx(1.275e-3));
  // Twice the layer at the same share: twice the time.
  CHECK(profile.pack_time(20'000'000, 110'000, false).value == Approx(3.1e-3));
  // Above the largest measured share in proportion, below the smallest no less than that.
  CHECK(profile.pack_time(10'000'000, 200'000, false).value == Approx(4e-3));
  CHECK(profile.pack_time(10'000'000, 1, false).value == Approx(1.1e-3));
  CHECK(profile.pack_time(0, 0, false).value == 0);
}

TEST_CASE("a profile comes back from its file") {
  const TemporaryFile file(to_text(to_json(example())));
  const EngineProfile loaded = load_engine_profile(file.path);
  CHECK(to_text(to_json(loaded)) == to_text(to_json(example())));
  CHECK(loaded.sizes[1].masks[1].encodings[0].size == Bytes{12345});
  CHECK(loaded.threads == 2);
}

std::string refusal(const std::string& from, const std::string& to) {
  std::string text = to_text(to_json(example()));
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  const TemporaryFile file(text);
  try {
    load_engine_profile(file.path);
  } catch (const UserError& error) {
    std::string message = error.what();
    REQUIRE(message.starts_with(file.path.string()));
    return message.substr(file.path.string().size());
  }
  return "accepted";
}

TEST_CASE("a malformed profile is an error that names the place") {
  CHECK(refusal("engine profile 1", "engine profile 2") ==
        ": /format: found the string \"ringsim engine profile 2\"; \"ringsim engine profile 1\" is "
        "accepted; `ringsim bench` writes such a file");
  CHECK(refusal("\"threads\": 2", "\"threads\": 0") ==
        ": /threads: found the number 0; a whole number from 1 to 65536 is accepted");
  CHECK(refusal("\"elements\": 100000", "\"elements\": 10000000") ==
        ": /sizes: found a list; a list of sizes, by ascending \"elements\", is accepted");
  CHECK(refusal("\"kept\": 100000", "\"kept\": 10000") ==
        ": /sizes/1/masks: found a list; a list of masks, by ascending \"kept\", is accepted");
  CHECK(refusal("\"unite_seconds\": 0.0001", "\"unite_seconds\": -1") ==
        ": /sizes/0/masks/0/unite_seconds: found the number -1; a number from 0 to 1000000 is "
        "accepted");
}

TEST_CASE("measuring fills every rate") {
  MeasureOptions options;
  options.elements = {200'000, 100'000};
  options.repetitions = 2;
  options.threads = 2;
  std::vector<std::size_t> announced;
  const EngineProfile profile =
      measure_engine(options, [&](std::size_t elements) { announced.push_back(elements); });
  CHECK(announced == std::vector<std::size_t>{100'000, 200'000});
  CHECK(profile.threads == 2);
  REQUIRE(profile.sizes.size() == 2);
  for (const SizeRates& size : profile.sizes) {
    for (const BytesPerSecond rate :
         {size.copy, size.limit, size.select, size.select_with_velocity}) {
      CHECK(rate.value > 1e6);
      CHECK(rate.value < 1e13);
    }
    REQUIRE(size.masks.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const MaskRates& mask = size.masks[i];
      const double expected = static_cast<double>(size.elements) / (i == 0 ? 1000 : 128);
      CHECK(static_cast<double>(mask.kept) == Approx(expected).epsilon(0.4));
      CHECK(mask.pack.value > 0);
      REQUIRE(mask.encodings.size() == 7);
      CHECK(mask.encodings.back().encoding == "auto");
      for (const EncodingRates& each : mask.encodings)
        CHECK(each.size.count >= mask.encodings.back().size.count);
    }
  }
  const TemporaryFile file(to_text(to_json(profile)));
  CHECK(to_text(to_json(load_engine_profile(file.path))) == to_text(to_json(profile)));
}

TEST_CASE("what cannot be measured is an error") {
  const auto refused = [](const MeasureOptions& options) -> std::string {
    try {
      measure_engine(options);
    } catch (const UserError& error) {
      return error.what();
    }
    return "accepted";
  };
  MeasureOptions small;
  small.elements = {100};
  CHECK(refused(small) == "`elements`: found 100; 65536 elements or more are accepted");
  MeasureOptions dense;
  dense.elements = {65536};
  dense.densities = {0.9};
  CHECK(refused(dense) == "`density`: found 0.9; a density from 0.0005 to 0.5 is accepted");
}

TEST_CASE("the yardstick adds") {
  for (const std::size_t size : {0, 1, 7, 8, 9, 100}) {
    std::vector<float> g(size, 1), w(size, 2), r(size + 1, 3);
    accumulate_bare(g.data(), w.data(), r.data(), size);
    std::vector<float> expected(size, 6);
    expected.push_back(3);
    CHECK(r == expected);
  }
}

}  // namespace
}  // namespace ringsim::prune
