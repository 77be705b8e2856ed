#include "base/repeated.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

struct Later {
  int operator()(int first, std::uint64_t later) const { return first + static_cast<int>(later); }
};

template <class Sequence>
std::vector<int> all(const Sequence& sequence) {
  return {sequence.begin(), sequence.end()};
}

}  // namespace

TEST_CASE("equal neighbours are kept once", "[repeated]") {
  Repeated<int> sequence;
  CHECK(sequence.empty());
  for (const int value : {7, 7, 7, 8, 7, 7}) sequence.push_back(value);
  sequence.push_back(7, 3);
  sequence.push_back(9, 0);
  CHECK(sequence.runs().size() == 3);
  CHECK(all(sequence) == std::vector{7, 7, 7, 8, 7, 7, 7, 7, 7});
  CHECK(sequence.size() == 9);
  CHECK(sequence[2] == 7);
  CHECK(sequence[3] == 8);
  CHECK(sequence.back() == 7);
  sequence.shorten(4);
  CHECK(all(sequence) == std::vector{7, 7, 7, 8});
  sequence.shorten(2);
  CHECK(all(sequence) == std::vector{7, 7});
  sequence.shorten(0);
  CHECK(sequence.size() == 0);
}

TEST_CASE("a run may count up", "[repeated]") {
  Repeated<int, Later> sequence;
  for (const int value : {3, 4, 5, 5, 6}) sequence.push_back(value);
  sequence.add(7);  // a run of its own
  REQUIRE(sequence.runs().size() == 3);
  CHECK(sequence.runs()[0].count == 3);
  CHECK(all(sequence) == std::vector{3, 4, 5, 5, 6, 7});
  CHECK(sequence[2] == 5);
  CHECK(sequence[4] == 6);
}
