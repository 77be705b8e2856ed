// What a path spends most of its time on, and which link of a route held its messages up.
#include "sim/backend/bottleneck.hpp"

#include "sim/backend/backend.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("the bottleneck is the largest kind of cause and the place of most of it",
          "[bottleneck]") {
  const auto ring = uniform_ring(3, 1e9, 1e-6);
  CriticalPath path;
  path.times.local = {{{0, Cause::compute}, {1}}, {{2, Cause::compute}, {2}}};
  path.times.from_to = {{{0, 1}, {{0.5}, {1.5}}}, {{1, 2}, {{1}, {2.5}}}};
  path.held_up_by = {{{0, 1}, 0}, {{1, 2}, 1}};
  // Bytes flow for 4 of 8.5 s, 2.5 s of these over link 1; 3 s are computed.
  auto found = find_bottleneck(path, ring);
  CHECK(found.kind == "link");
  CHECK(found.name == "link1");
  CHECK(found.share == Approx(4 / 8.5));
  // Two more seconds on rank 2 make it 5 s of 10.5, 4 s of them there.
  path.times.add(Cause::compute, 2, 2, Seconds{2});
  found = find_bottleneck(path, ring);
  CHECK(found.kind == "compute");
  CHECK(found.name == "rank 2");
  CHECK(found.share == Approx(5 / 10.5));
  // Latencies of both routes go to link 0: 6.5 s.
  path.times.add(Cause::latency, 1, 2, Seconds{5});
  path.held_up_by = {{{0, 1}, 0}, {{1, 2}, 0}};
  found = find_bottleneck(path, ring);
  CHECK(found.kind == "latency");
  CHECK(found.name == "link0");
  CHECK(found.share == Approx(6.5 / 15.5));
}

TEST_CASE("what ranks do themselves is theirs", "[bottleneck]") {
  const auto ring = uniform_ring(3, 1e9, 1e-6);
  const std::pair<Cause, std::string> causes[] = {{Cause::compute, "compute"},
                                                  {Cause::compress, "compress"},
                                                  {Cause::reduce, "reduce"},
                                                  {Cause::failure, "failure"}};
  for (const auto& [cause, kind] : causes) {
    CriticalPath path;
    path.times.add(cause, 1, 1, Seconds{2});
    const auto found = find_bottleneck(path, ring);
    CHECK(found.kind == kind);
    CHECK(found.name == "rank 1");
    CHECK(found.share == 1);
  }
}

TEST_CASE("of equal kinds and places the bottleneck is the first, places by name", "[bottleneck]") {
  const auto ring = uniform_ring(11, 1e9, 1e-6);
  CriticalPath path;
  path.times.local = {{{2, Cause::compress}, {1}}, {{10, Cause::compress}, {1}}};
  path.times.from_to = {{{0, 1}, {{}, {2}}}};
  path.held_up_by = {{{0, 1}, 3}};
  const auto found = find_bottleneck(path, ring);
  CHECK(found.kind == "compress");
  CHECK(found.name == "rank 10");  // "rank 10" stands before "rank 2"
  CHECK(found.share == 0.5);
}

TEST_CASE("a route is held up by the link that carried most of what it could", "[bottleneck]") {
  // From host 0 to host 2 over links 0 and 1. Link 1 carried as many bytes, at twice the bandwidth.
  const auto ring = make_ring({1e9, 2e9, 1e9, 1e9, 1e9}, std::vector<double>(5, 1e-6));
  PathTimes times;
  times.add(Cause::transfer, 0, 2, Seconds{1});
  BackendResult result;
  result.end = Seconds{10};
  result.links.resize(ring.links().size());
  result.links[0].bytes = result.links[1].bytes = Bytes{1000};
  CHECK(critical_path(ring, times, result).held_up_by.at({0, 2}) == 0);
  result.links[1].bytes = Bytes{1999};
  CHECK(critical_path(ring, times, result).held_up_by.at({0, 2}) == 0);
  result.links[1].bytes = Bytes{2001};
  CHECK(critical_path(ring, times, result).held_up_by.at({0, 2}) == 1);
}
