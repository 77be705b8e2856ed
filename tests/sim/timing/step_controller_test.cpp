// Who goes on after deaths, and from which step on, without a backend.
#include "sim/timing/step_controller.hpp"

#include "base/error.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Four ranks that die one after the other; `under_way` is what each of them does.
struct Controlled {
  explicit Controlled(std::uint64_t steps) : controller(with_deaths(), steps, 4) {
    controller.control(program, Seconds{3},
                       {.under_way = [this](Rank rank) { return under_way[rank]; },
                        .begin_again =
                            [this](const std::vector<RankDeath>& found) {
                              deaths.insert(deaths.end(), found.begin(), found.end());
                            }});
  }

  static const Topology& with_deaths() {
    static const Topology topology = [] {
      auto ring = uniform_ring(4, 1e6, 0);
      for (const Rank rank : {0U, 1U, 2U, 3U}) {
        Host host;
        host.dies = Seconds{1.0 + rank};
        ring.set_host(rank, host);
      }
      return ring;
    }();
    return topology;
  }

  StepController controller;
  Program program;
  std::vector<std::uint64_t> under_way = {5, 4, 2, 3};
  std::vector<RankDeath> deaths;
};

}  // namespace

TEST_CASE("the first step that somebody who lives has not ended begins again", "[deaths]") {
  Controlled run(8);
  CHECK(run.program.detection == Seconds{3});
  CHECK(run.controller.group() == nullptr);
  CHECK(run.controller.position(3) == 3);
  // Rank 2 is the last of all, and dead: rank 3 has not ended step 3.
  run.program.recover({2}, Seconds{6});
  REQUIRE(run.deaths.size() == 1);
  CHECK(run.deaths[0].rank == 2);
  CHECK(run.deaths[0].died == Seconds{3});
  CHECK(run.deaths[0].detected == Seconds{6});
  CHECK(run.deaths[0].step == 3);
  CHECK(run.controller.first_step() == 3);
  CHECK(run.controller.living() == 3);
  REQUIRE(run.controller.group() != nullptr);
  CHECK(run.controller.group()->members() == std::vector<Rank>{0, 1, 3});
  CHECK(run.controller.position(3) == 2);
}

TEST_CASE("where all that live have ended the last step, nothing begins again", "[deaths]") {
  Controlled run(4);
  run.under_way = {4, 4, 2, 4};
  run.program.recover({2}, Seconds{6});
  CHECK(run.deaths.empty());
  CHECK(run.controller.first_step() == 4);
}

TEST_CASE("where all die together, nobody goes on", "[deaths]") {
  Controlled run(8);
  CHECK_THROWS_WITH(run.program.recover({0, 2, 3, 1}, Seconds{7}),
                    "rank 3 has died at 4s, and fewer than two are left");
}

TEST_CASE("one rank alone does not go on", "[deaths]") {
  Controlled run(8);
  run.program.recover({1}, Seconds{5});
  std::string message;
  try {
    run.program.recover({2, 3}, Seconds{7});
  } catch (const RunError& error) {
    message = error.what();
  }
  CHECK(message == "rank 3 has died at 4s, and fewer than two are left");
}
