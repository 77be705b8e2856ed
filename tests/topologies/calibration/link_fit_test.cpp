#include "topologies/calibration/link_fit.hpp"

#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "tests/topologies/file.hpp"
#include "topologies/calibration/link_file.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>

using namespace ringsim;

namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;
constexpr double noise = 0.05;

struct LinkOf {
  double latency, bandwidth;
};

/// What a table is made with.
struct Synthetic {
  const char* operation = "message";
  double ranks = 2;
  std::function<LinkOf(double message)> link;
  int repetitions = 1;
};

/// Sizes from 4 KiB to 1 GiB, each twice the one before: 19; times with normal noise of this
/// relative standard deviation.
std::vector<Observation> table_of(const Synthetic& made, std::uint64_t seed,
                                  double deviation = noise) {
  Random random(seed, Purpose::compute_jitter);
  const auto& operation = find_operation(made.operation, {});
  std::vector<Measurement> rows;
  for (std::uint64_t size = 4 * KiB; size <= GiB; size *= 2) {
    const auto cost = operation.cost(made.ranks, static_cast<double>(size));
    const auto link = made.link(cost.message);
    const double time = cost.latencies * link.latency + cost.bytes / link.bandwidth;
    for (int i = 0; i < made.repetitions; ++i)
      rows.push_back({{size}, {time * (1 + deviation * random.normal())}});
  }
  return observations_of(rows, operation, made.ranks);
}

std::function<LinkOf(double)> plain(double latency, double bandwidth) {
  return [=](double) { return LinkOf{latency, bandwidth}; };
}

/// NCCL over NVLink, Ethernet of 100 and of 10 Gbit/s.
const Synthetic nvlink = {"all_reduce", 8, plain(8e-6, 200e9), 1};
const Synthetic fast_ethernet = {"all_reduce", 8, plain(20e-6, 12.5e9), 1};
const Synthetic ethernet = {"message", 2, plain(10e-6, 1.25e9), 1};

Synthetic repeated(Synthetic made, int repetitions) {
  made.repetitions = repetitions;
  return made;
}

double off(double found, double made) { return std::abs(found / made - 1); }

}  // namespace

TEST_CASE("latency and bandwidth come back exactly from exact times", "[calibration]") {
  for (const auto& made : {nvlink, fast_ethernet, ethernet}) {
    const auto fit = fit_link(table_of(made, 0, 0), {});
    REQUIRE(fit.pieces.size() == 1);
    const auto link = made.link(0);
    CHECK(off(fit.pieces[0].piece.latency.value, link.latency) < 1e-9);
    CHECK(off(fit.pieces[0].piece.bandwidth.value, link.bandwidth) < 1e-9);
    CHECK(fit.pieces[0].piece.from == Bytes{0});
    CHECK(fit.error.sizes == 19);
    CHECK(fit.error.worst < 1e-9);
  }
}

// Each time has normal noise of 5 %. Latency alone decides about 8 of the 19 sizes here, so one
// measurement of each leaves it an error of 5 %/sqrt(8) = 1.8 %, beyond 5 % in one table of 150;
// the median of five measurements leaves 1.0 %.
TEST_CASE("with 5 % noise latency and bandwidth come back to 5 %", "[calibration]") {
  for (const auto& made : {nvlink, fast_ethernet}) {
    const auto link = made.link(0);
    int single_misses = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto fit = fit_link(table_of(repeated(made, 5), seed), {});
      REQUIRE(fit.pieces.size() == 1);
      CHECK(off(fit.pieces[0].piece.latency.value, link.latency) < 0.05);
      CHECK(off(fit.pieces[0].piece.bandwidth.value, link.bandwidth) < 0.05);
      const auto single = fit_link(table_of(made, seed), {}).pieces.at(0).piece;
      if (off(single.latency.value, link.latency) > 0.05 ||
          off(single.bandwidth.value, link.bandwidth) > 0.05) {
        ++single_misses;
      }
    }
    CHECK(single_misses <= 200 * 0.05);
  }
}

TEST_CASE("a table of one piece gives one", "[calibration]") {
  for (const auto& made : {nvlink, fast_ethernet, ethernet}) {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      CHECK(fit_link(table_of(made, seed), {}).pieces.size() == 1);
      CHECK(fit_link(table_of(made, seed, 0.01), {}).pieces.size() == 1);
    }
  }
}

TEST_CASE("small tables of one piece give one", "[calibration]") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto table = table_of(nvlink, seed);
    for (const std::size_t n : {2u, 3u, 6u, 7u, 9u}) {
      const std::span<const Observation> last(table.end() - static_cast<std::ptrdiff_t>(n),
                                              table.end());
      CHECK(fit_link(last, {}).pieces.size() == 1);
    }
  }
}

TEST_CASE("one measurement that is off makes no piece of its own", "[calibration]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto table = table_of(nvlink, seed, 0.01);
    table.front().time = 4 * table.front().time;
    const auto fit = fit_link(table, {});
    for (std::size_t k = 1; k < fit.pieces.size(); ++k)
      CHECK(static_cast<double>(fit.pieces[k].piece.from.count) > table[2].cost.message);
  }
}

TEST_CASE("two pieces come back with their break", "[calibration]") {
  // NCCL's protocols: a low latency at a low bandwidth, then the reverse; 8 ranks, so messages are
  // an eighth of the size, and the second piece is from 2 MiB / 8 = 256 KiB.
  const Synthetic made = {"all_reduce", 8,
                          [](double message) {
                            return message < 256 * KiB ? LinkOf{4e-6, 10e9} : LinkOf{40e-6, 100e9};
                          },
                          3};
  int exact = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto fit = fit_link(table_of(made, seed), {});
    REQUIRE(fit.pieces.size() == 2);
    CHECK(off(fit.pieces[0].piece.latency.value, 4e-6) < 0.08);
    CHECK(off(fit.pieces[1].piece.bandwidth.value, 100e9) < 0.08);
    if (fit.pieces[1].piece.from == Bytes{256 * KiB}) ++exact;
  }
  CHECK(exact >= 95);
}

TEST_CASE("three pieces come back with their breaks", "[calibration]") {
  const Synthetic made = {"message", 2,
                          [](double message) {
                            if (message < 64 * KiB) return LinkOf{5e-6, 5e9};
                            if (message < 8 * MiB) return LinkOf{20e-6, 50e9};
                            return LinkOf{120e-6, 90e9};
                          },
                          1};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto fit = fit_link(table_of(made, seed, 0.01), {});
    REQUIRE(fit.pieces.size() == 3);
    CHECK(fit.pieces[1].piece.from == Bytes{64 * KiB});
    CHECK(fit.pieces[2].piece.from == Bytes{8 * MiB});
    CHECK(off(fit.pieces[1].piece.latency.value, 20e-6) < 0.05);
    CHECK(off(fit.pieces[1].piece.bandwidth.value, 50e9) < 0.05);
    CHECK(fit.pieces[0].error.sizes == 4);
    CHECK(fit.error.worst < 0.05);
  }
}

TEST_CASE("the segmentation is the best one", "[calibration]") {
  // Times at which pieces of 3, 4 and 5 sizes are exact: any other break would leave an error.
  const auto& message = find_operation("message", {});
  std::vector<Measurement> rows;
  for (std::uint64_t i = 0; i < 12; ++i) {
    const double size = 1000.0 * static_cast<double>(i + 1);
    const double time = i < 3 ? 1e-6 + size / 1e9 : i < 7 ? 9e-6 + size / 3e9 : 2e-6 + size / 2e8;
    rows.push_back({{1000 * (i + 1)}, {time}});
  }
  const auto fit = fit_link(observations_of(rows, message, 2), {});
  REQUIRE(fit.pieces.size() == 3);
  CHECK(fit.pieces[1].piece.from == Bytes{4000});
  CHECK(fit.pieces[2].piece.from == Bytes{8000});
  CHECK(fit.error.worst < 1e-9);
}

TEST_CASE("a latency below zero is none", "[calibration]") {
  // 1 and 4 us for 1 and 2 kB would be -2 us + size/333 MB/s. With a latency of 0, the sum of
  // (c/1 - 1)^2 + (2c/4 - 1)^2 is least for c = (1 + 0.5) / (1 + 0.25) = 1.2 us per kB.
  const std::vector<Measurement> rows = {{{1000}, {1e-6}}, {{2000}, {4e-6}}};
  const auto fit = fit_link(observations_of(rows, find_operation("message", {}), 2), {});
  REQUIRE(fit.pieces.size() == 1);
  CHECK(fit.pieces[0].piece.latency == Seconds{0});
  CHECK(fit.pieces[0].piece.bandwidth.value == Approx(1000 / 1.2e-6));
  // Errors of 1.2/1 - 1 and 2.4/4 - 1.
  CHECK(fit.error.worst == Approx(0.4));
  CHECK(fit.error.median == Approx(0.3));
}

TEST_CASE("repetitions count once, by their median", "[calibration]") {
  const std::vector<Measurement> rows = {
      {{2000}, {3e-6}}, {{1000}, {9e-6}}, {{1000}, {2e-6}}, {{1000}, {1e-6}}, {{2000}, {5e-6}}};
  const auto observations = observations_of(rows, find_operation("message", {}), 2);
  REQUIRE(observations.size() == 2);
  CHECK(observations[0].size == Bytes{1000});
  CHECK(observations[0].time == Seconds{2e-6});
  CHECK(observations[1].time.value == Approx(4e-6));
}

TEST_CASE("tables that say too little are errors", "[calibration]") {
  const auto error_of_rows = [](const std::vector<Measurement>& rows) {
    try {
      fit_link(observations_of(rows, find_operation("message", {}), 2), {"t.csv", {}});
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(
      error_of_rows({{{8}, {1}}, {{8}, {2}}}) ==
      "t.csv: found 1 size to fit to; 2 to 4096 different sizes are accepted; measure sizes from a "
      "few kilobytes to a gigabyte, each twice the one before");
  CHECK(error_of_rows({{{1000}, {1e-6}}, {{2000}, {1e-6}}}) ==
        "t.csv: the times do not grow with the size, so they say nothing of bandwidth; times that "
        "grow with the size are accepted; measure larger sizes, too");
}

TEST_CASE("held-out sizes are judged by the fitted pieces", "[calibration]") {
  const auto table = table_of(ethernet, 1, 0);
  std::vector<Observation> fitted, held_out;
  for (std::size_t i = 0; i < table.size(); ++i)
    (i % 2 == 0 ? fitted : held_out).push_back(table[i]);
  const auto fit = fit_link(fitted, {});
  CHECK(error_on(fit, held_out).sizes == 9);
  CHECK(error_on(fit, held_out).worst < 1e-9);
  held_out[4].time = held_out[4].time * 2;  // the model gives half of it
  CHECK(error_on(fit, held_out).worst == Approx(0.5));
}

TEST_CASE("a fitted model written as a topology gives the same times", "[calibration]") {
  LinkFit fit;
  fit.pieces = {{{{0}, {4.125e-6}, {10.5e9}}, {}}, {{{262144}, {40e-6}, {100.25e9}}, {}}};
  const auto ring = test::loaded(to_text(ring_of(fit, 4, "fitted", "two pieces")));
  CHECK(ring.name() == "fitted");
  CHECK(ring.description() == "two pieces");
  REQUIRE(ring.hosts() == 4);
  const auto route = ring.route(0, 1);
  CHECK(route.bandwidth.value == Approx(100.25e9).epsilon(1e-12));
  for (const std::uint64_t size : {0ULL, 1000ULL, 262143ULL, 262144ULL, 100000000ULL}) {
    const auto cost = ring.cost(route, {size});
    const double time = cost.latency.value + cost.work / route.bandwidth.value;
    const auto bytes = static_cast<double>(size);
    CHECK(time == Approx(time_of(fit, {bytes, 1, bytes}).value).epsilon(1e-9));
  }
  fit.pieces.pop_back();
  const auto plain_ring = test::loaded(to_text(ring_of(fit, 2, "plain", "")));
  CHECK(plain_ring.route(0, 1).is_plain);
  CHECK(plain_ring.links()[0].latency.value == Approx(4.125e-6).epsilon(1e-12));
}
