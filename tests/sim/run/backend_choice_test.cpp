#include "sim/run/backend_choice.hpp"

#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

Topology ring_with_death(Rank dead) {
  auto topology = uniform_ring(3, 1e9, 1e-6);
  Host host;
  host.dies = Seconds{1};
  topology.set_host(dead, host);
  return topology;
}

/// What is tried, where attempts on `inexact` turn out not to be exact.
std::vector<std::string> tried(std::string_view choice, const Topology& topology, Rank ranks,
                               std::string_view inexact = {}) {
  std::vector<std::string> names;
  const auto& ran = run_on_backend(choice, topology, ranks, [&](const BackendAttempt& attempt) {
    names.emplace_back(attempt.backend.name);
    if (attempt.backend.name == inexact) throw NotExact(inexact, {{}, {}, 0}, topology);
  });
  CHECK(ran.name == names.back());
  return names;
}

using Names = std::vector<std::string>;

/// 3>4 is over after 2 us; from 0.5 ms on 0>2 and 1>2 share link 1.
Phases contended() {
  Phases phases(5, {{}, {}});
  phases[0] = {{message(5, 0, 2, 1'000'000)}, {}};
  phases[1] = {{}, {Delay{{5e-4}}, message(5, 1, 2, 1'000'000)}};
  phases[2] = {{message(5, 0, 2, 1'000'000)}, {message(5, 1, 2, 1'000'000)}};
  phases[3] = phases[4] = {{message(5, 3, 4, 1000)}, {}};
  return phases;
}

}  // namespace

TEST_CASE("auto tries one backend after the other until one is exact", "[backend]") {
  const auto ring = uniform_ring(3, 1e9, 1e-6);
  CHECK(tried("auto", ring, 3) == Names{"recurrence"});
  CHECK(tried("auto", ring, 3, "recurrence") == Names{"recurrence", "fluid"});
}

TEST_CASE("a backend that is named is the only one that is tried", "[backend]") {
  const auto ring = uniform_ring(3, 1e9, 1e-6);
  CHECK(tried("recurrence", ring, 3) == Names{"recurrence"});
  CHECK_THROWS_AS(tried("recurrence", ring, 3, "recurrence"), NotExact);
  CHECK(tried("simgrid", ring, 3) == Names{"simgrid"});
}

TEST_CASE("a backend that cannot have hosts die is passed over, or an error", "[backend]") {
  const auto dying = ring_with_death(2);
  CHECK(tried("auto", dying, 3) == Names{"fluid"});
  CHECK(tried("auto", dying, 2) == Names{"recurrence"});  // rank 2 takes no part
  const std::string others = find_backend("simgrid").unavailable() ? "fluid" : "fluid, simgrid";
  CHECK_THROWS_WITH(tried("recurrence", dying, 3), "`backend`: recurrence cannot have hosts die; " +
                                                       others + " and auto are accepted");
}

TEST_CASE("an attempt that is not exact says so before anybody is told, but for the last one",
          "[backend]") {
  const auto topology = uniform_ring(5, 1e9, 1e-6);
  const auto phases = contended();
  const auto& recurrence = find_backend("recurrence");
  CHECK_THROWS_AS(BackendAttempt({recurrence, false}).require_exact(topology, make_program(phases)),
                  NotExact);
  BackendAttempt({recurrence, true}).require_exact(topology, make_program(phases));
  const Phases alone(2, {{message(2, 0, 1, 1000)}});
  BackendAttempt({recurrence, false})
      .require_exact(uniform_ring(2, 1e9, 1e-6), make_program(alone));
}

TEST_CASE("a backend is found by its name", "[backend]") {
  CHECK(backend_choices() == Names{"auto", "recurrence", "fluid", "simgrid"});
  CHECK(backends().back()->is_always_exact);
  CHECK_THROWS_WITH(find_backend("simgird"),
                    "`backend`: found \"simgird\" (did you mean \"simgrid\"?); accepted: auto, "
                    "recurrence, fluid, simgrid");
}
