#pragma once
#include "tests/child.hpp"

#include <catch2/catch.hpp>

namespace ringsim::test {

/// To 1e-5, as chunks of a third of the elements differ by one.
inline void check_numbers(const ChildResult& child, const std::vector<double>& expected) {
  INFO(child.error);
  REQUIRE(child.values.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("number " << i);
    CHECK(child.values[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-9));
  }
}

}  // namespace ringsim::test
