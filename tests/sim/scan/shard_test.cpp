#include "sim/scan/shard.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <numeric>

using namespace ringsim;

namespace {

Shard in_slurm(std::map<std::string, const char*> variables) {
  return slurm_shard([&](const char* name) -> const char* {
    const auto found =
        variables.find(std::string(name).substr(std::string("SLURM_ARRAY_TASK_").size()));
    return found == variables.end() ? nullptr : found->second;
  });
}

}  // namespace

TEST_CASE("a shard is written from 1", "[scan]") {
  CHECK(parse_shard("3/8") == Shard{2, 8});
  CHECK(parse_shard("1/1") == Shard{0, 1});
  CHECK(shard_text({2, 8}) == "3/8");
  for (const std::string text : {"", "3", "0/8", "9/8", "a/8", "3/", "1/2/3"}) {
    CHECK_THROWS_WITH(parse_shard(text),
                      "`shard`: found \"" + text +
                          "\"; I/N with I from 1 to N, such as 3/8, or slurm in a task of a Slurm "
                          "array, is accepted");
  }
}

TEST_CASE("a task of a Slurm array is a shard", "[scan]") {
  // As Slurm 22.05 sets them for --array=1-4, 0-28:4, 3,7,11 and 6.
  CHECK(in_slurm({{"ID", "3"}, {"MIN", "1"}, {"MAX", "4"}, {"STEP", "1"}, {"COUNT", "4"}}) ==
        Shard{2, 4});
  CHECK(in_slurm({{"ID", "28"}, {"MIN", "0"}, {"MAX", "28"}, {"STEP", "4"}, {"COUNT", "8"}}) ==
        Shard{7, 8});
  CHECK(in_slurm({{"ID", "7"}, {"MIN", "3"}, {"MAX", "11"}, {"STEP", "1"}, {"COUNT", "3"}}) ==
        Shard{1, 3});
  CHECK(in_slurm({{"ID", "6"}, {"MIN", "6"}, {"MAX", "6"}, {"STEP", "1"}, {"COUNT", "1"}}) ==
        Shard{0, 1});
  CHECK_THROWS_WITH(in_slurm({{"ID", "3"}}),
                    "SLURM_ARRAY_TASK_MIN: is not set; a task of a Slurm array is accepted; submit "
                    "with sbatch --array=1-8, or give `shard` I/N");
  CHECK_THROWS_WITH(in_slurm({{"ID", "x"}}),
                    "SLURM_ARRAY_TASK_ID: found \"x\"; a whole number from 0 is accepted");
  // Of --array=1,2,9 tasks 1 and 9 could be 1/3 and 3/3, but task 2 is none.
  CHECK_THROWS_WITH(
      in_slurm({{"ID", "2"}, {"MIN", "1"}, {"MAX", "9"}, {"STEP", "1"}, {"COUNT", "3"}}),
      "SLURM_ARRAY_TASK_ID: found 2 of 3 ids from 1 to 9; evenly spaced ids are accepted, such as "
      "--array=1-8 or --array=0-28:4; give `shard` I/N for other ones");
}

TEST_CASE("shards have all points once, in even numbers", "[scan]") {
  std::vector<PointGroup> groups;
  std::uint32_t next = 0;
  for (const std::size_t size : {5, 1, 9, 2, 6}) {
    groups.emplace_back(size);
    std::iota(groups.back().begin(), groups.back().end(), next);
    next += static_cast<std::uint32_t>(size);
  }
  for (std::uint32_t count = 1; count <= 25; ++count) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t index = 0; index < count; ++index) {
      std::size_t size = 0;
      for (const auto& group : groups_of_shard(groups, {index, count})) {
        CHECK(!group.empty());
        all.insert(all.end(), group.begin(), group.end());
        size += group.size();
      }
      CHECK(size >= next / count);
      CHECK(size <= (next + count - 1) / count);
    }
    std::vector<std::uint32_t> expected(next);
    std::iota(expected.begin(), expected.end(), 0);
    REQUIRE(all == expected);
  }
  // Of the group of 9 points, which stands across the border, both have a part.
  CHECK(groups_of_shard(groups, {0, 2}) ==
        std::vector<PointGroup>{{0, 1, 2, 3, 4}, {5}, {6, 7, 8, 9, 10}});
}
