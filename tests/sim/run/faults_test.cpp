// What is said about ranks that died.
#include "sim/run/faults.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace ringsim;

TEST_CASE("every death is told, counted and has its row", "[deaths]") {
  std::vector<std::string> lines;
  RunObserver observer;
  observer.on_fault = [&](const std::string& line) { lines.push_back(line); };
  Faults faults(4, observer);
  faults.add({{.rank = 2, .died = {1.5}, .detected = {2}, .step = 6},
              {.rank = 0, .died = {1.75}, .detected = {2}, .step = 6}});
  CHECK(lines == std::vector<std::string>{
                     "rank 2 died at 1.5s; noticed at 2s: 3 ranks begin step 7 again",
                     "rank 0 died at 1.75s; noticed at 2s: 2 ranks begin step 7 again"});
  CHECK(faults.ranks_left() == 2);
  REQUIRE(faults.trained_deaths().size() == 2);
  CHECK(faults.trained_deaths()[1].rank == 0);
  CHECK(faults.trained_deaths()[1].step == 6);
  const auto rows = faults.rows({0.25, 0.5});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].rank == 2);
  CHECK(rows[0].died_s == 1.5);
  CHECK(rows[0].detected_s == 2);
  CHECK(rows[0].step == 6);
  CHECK(rows[1].lost_mass == 0.5);
  CHECK_FALSE(faults.rows({})[0].lost_mass.has_value());
}
