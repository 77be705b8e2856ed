#include "sim/scan/manifest.hpp"

#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ringsim;

namespace {

Manifest example() {
  return {"1.2.3",
          {{"ranks", {"2", "4"}}, {"scheme", {"dense"}}},
          false,
          2,
          Shard{1, 3},
          {{"a.json", std::string(64, 'a')}, {"b.csv", std::string(64, 'b')}},
          {"point", "error"}};
}

std::string changed(void (*change)(Manifest& manifest)) {
  auto other = example();
  change(other);
  return difference(example(), other).value_or("nothing");
}

}  // namespace

TEST_CASE("a manifest reads back as it was written", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "scan.json";
  for (const auto& shard : {std::optional(Shard{1, 3}), std::optional<Shard>()}) {
    auto manifest = example();
    manifest.shard = shard;
    std::ofstream(path, std::ios::trunc) << to_text(manifest);
    const auto read = read_manifest(path);
    CHECK(to_text(read) == to_text(manifest));
    CHECK(read.shard == shard);
    CHECK_FALSE(difference(manifest, read));
  }
}

TEST_CASE("what differs between two manifests is named", "[scan]") {
  CHECK(changed([](Manifest&) {}) == "nothing");
  CHECK(changed([](Manifest& m) { m.shard = Shard{0, 3}; }) == "nothing");
  CHECK(changed([](Manifest& m) { m.version = "1.2.4"; }) ==
        "it was made by ringsim 1.2.3, and this is 1.2.4");
  CHECK(changed([](Manifest& m) { m.options[0].second = {"8"}; }) == "`ranks` was 2,4, and is 8");
  CHECK(changed([](Manifest& m) { m.options.pop_back(); }) ==
        "`scheme` was dense, and is not given");
  CHECK(changed([](Manifest& m) {
          m.options.push_back({"seed", {"1", "2", "3", "4", "5", "6", "7", "8", "9"}});
        }) == "`seed` was not given, and is 1,2,3,4,5,6,7,8,... (9 values)");
  CHECK(changed([](Manifest& m) { m.zip = true; }) == "`zip` was not given, and is");
  CHECK(changed([](Manifest& m) { m.inputs[1].sha256[0] = 'c'; }) ==
        "b.csv has changed (SHA-256 bbbbbbbbbbbb..., now cbbbbbbbbbbb...)");
  CHECK(changed([](Manifest& m) { m.inputs.pop_back(); }) == "b.csv was read, and is not");
  CHECK(changed([](Manifest& m) { m.inputs.push_back({"c", "d"}); }) == "c was not read, and is");
  CHECK(changed([](Manifest& m) { m.points = 3; }) == "it had 2 points, and has 3");
  CHECK(changed([](Manifest& m) { m.columns.push_back("x"); }) == "its table had other columns");
}
