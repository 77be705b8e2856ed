#include "base/parallel.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <vector>

using namespace ringsim;

TEST_CASE("every iteration runs once, in loop after loop", "[parallel]") {
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const std::size_t count : {0, 1, 3, 1000}) {
      std::vector<std::atomic<int>> runs(count);
      pool.for_each(count, [&](std::size_t i) { ++runs[i]; });
      for (const auto& run : runs) CHECK(run == 1);
    }
  }
}

TEST_CASE("the first iteration's exception comes out, after all have ended", "[parallel]") {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::atomic<int> ended{0};
    CHECK_THROWS_WITH(pool.for_each(100,
                                    [&](std::size_t i) {
                                      ++ended;
                                      if (i % 10 == 3)
                                        throw std::runtime_error("iteration " + std::to_string(i));
                                    }),
                      "iteration 3");
    CHECK(ended == 100);
  }
}

TEST_CASE("RINGSIM_THREADS says how many threads there are", "[parallel]") {
  REQUIRE(setenv("RINGSIM_THREADS", "3", 1) == 0);
  CHECK(default_threads() == 3);
  CHECK(ThreadPool().size() == 3);
  CHECK(ThreadPool(2).size() == 2);
  for (const char* text : {"0", "1025", "two", ""}) {
    REQUIRE(setenv("RINGSIM_THREADS", text, 1) == 0);
    CHECK_THROWS_WITH(default_threads(), "RINGSIM_THREADS: found \"" + std::string(text) +
                                             "\"; a whole number from 1 to 1024 is accepted");
  }
  REQUIRE(unsetenv("RINGSIM_THREADS") == 0);
  CHECK(default_threads() >= 1);
}
