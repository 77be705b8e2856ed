#pragma once
// A run of the simgrid backend in a process of its own.
#include "tests/child.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

namespace ringsim::test {

/// When the program ends there.
inline double simgrid_end(const Topology& topology, const Phases& phases) {
  const auto result = run_child([&] {
    return std::vector<double>{run_simgrid(topology, make_program(phases), {}).end.value};
  });
  INFO(result.error);
  REQUIRE(result.values.size() == 1);
  return result.values[0];
}

}  // namespace ringsim::test
