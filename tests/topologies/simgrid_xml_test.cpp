// The exported platform, loaded by SimGrid itself. SimGrid allows one engine per process: each case
// has a process of its own, and one that needs more makes children.
#include "topologies/simgrid_xml.hpp"

#include "tests/child.hpp"
#include "tests/topologies/file.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <memory>
#include <vector>

using namespace ringsim;
using namespace ringsim::test;

namespace s4u = simgrid::s4u;

namespace {

/// An engine that has loaded the topology's XML, which sets SimGrid's plain fluid model.
std::unique_ptr<s4u::Engine> engine_of(const Topology& topology) {
  std::vector<std::string> arguments = {"test", "--log=root.thresh:critical",
                                        "--cfg=surf/precision:1e-15",
                                        "--cfg=contexts/factory:thread"};
  std::vector<char*> pointers(arguments.size() + 1, nullptr);
  for (std::size_t i = 0; i < arguments.size(); ++i) pointers[i] = arguments[i].data();
  int count = static_cast<int>(arguments.size());
  auto engine = std::make_unique<s4u::Engine>(&count, pointers.data());
  const auto folder =
      std::filesystem::temp_directory_path() / ("ringsim-platform-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const auto platform = simgrid_platform(topology, "test", {});
  std::ofstream(folder / "test.xml") << platform.xml;
  for (const auto& file : platform.files) std::ofstream(folder / file.name) << file.text;
  engine->load_platform((folder / "test.xml").string());
  std::filesystem::remove_all(folder);
  return engine;
}

s4u::Host* host_of(Rank rank) { return s4u::Host::by_name(fmt::format("rank{}", rank)); }

bool equal(const Topology& topology, const Route& route, const std::vector<s4u::Link*>& links,
           double latency) {
  if (links.size() != route.links.size()) return false;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto& link = topology.links()[route.links[i]];
    if (links[i]->get_name() != link.name || links[i]->get_bandwidth() != link.bandwidth.value)
      return false;
  }
  return latency == Approx(route.latency.value).epsilon(1e-12);
}

/// How many routes are the same in SimGrid, which has loaded the topology's XML.
double count_equal_routes(const Topology& topology) {
  const auto engine = engine_of(topology);
  if (engine->get_host_count() != topology.hosts()) return 0;
  double count = 0;
  for (Rank source = 0; source < topology.hosts(); ++source) {
    for (Rank target = 0; target < topology.hosts(); ++target) {
      if (source == target) continue;
      std::vector<s4u::Link*> links;
      double latency = 0;
      host_of(source)->route_to(host_of(target), links, &latency);
      if (equal(topology, topology.route(source, target), links, latency)) ++count;
    }
  }
  return count;
}

/// When a message from source to target that starts at 0 s has arrived.
double arrival(s4u::Engine& engine, Rank source, Rank target, std::uint64_t bytes) {
  double time = 0;
  s4u::Actor::create("sender", host_of(source), [&] {
    s4u::Comm::sendto(host_of(source), host_of(target), bytes);
    time = s4u::Engine::get_clock();
  });
  engine.run();
  return time;
}

}  // namespace

TEST_CASE("SimGrid finds the same links and latencies on every route", "[xml]") {
  for (const char* what : {"ring8-mixed", "switch8-25g", "p4d-x4", "dgx-a100x4", "fat-tree32-25g",
                           "torus4x4x4", "dragonfly64"}) {
    CAPTURE(what);
    const auto topology = find_topology(what);
    const auto child = run_child([&] { return std::vector<double>{count_equal_routes(topology)}; });
    CHECK(child.error.empty());
    const double hosts = topology.hosts();
    CHECK(child.values == std::vector<double>{hosts * (hosts - 1)});
  }
}

TEST_CASE("SimGrid times a message over an exported route equally", "[xml]") {
  const auto topology = find_topology("ring8-mixed");
  const auto engine = engine_of(topology);
  // From 2 to 5: 5 us + 20 us + 5 us, and 10 Gbit/s = 1.25e9 B/s at the slowest: 1e6 B take 800 us.
  CHECK(arrival(*engine, 2, 5, 1'000'000) == Approx(830e-6).epsilon(1e-12));
}

TEST_CASE("SimGrid follows the exported changes of bandwidth", "[xml]") {
  const auto topology = loaded(R"({"name": "n", "kind": "ring", "hosts": 2, "link": {
      "bandwidth": "100MBps", "latency": "0.25s", "efficiency": 0.5,
      "profile": [{"at": "1s", "bandwidth": "40MBps"}],
      "background": [{"bandwidth": "10MBps", "from": "2s"}]}})");
  const auto engine = engine_of(topology);
  // 0.25 s latency; 50 MB/s until 1 s (37.5 MB), 20 MB/s until 2 s (20 MB), then 10 MB/s: the last
  // 12.5 of 70 MB take 1.25 s.
  CHECK(arrival(*engine, 0, 1, 70'000'000) == Approx(3.25).epsilon(1e-9));
}

TEST_CASE("SimGrid follows the exported speeds of hosts, outages and deaths", "[xml]") {
  const auto topology = loaded(R"({"name": "n", "kind": "ring", "hosts": 3,
      "link": {"bandwidth": "100MBps", "latency": "0s"},
      "link_exceptions": [{"link": "link0", "bandwidth": "100MBps", "latency": "0s",
                           "outages": [{"from": "1s", "until": "2s"}]}],
      "host": {"jitter": 0.25},
      "host_exceptions": [{"host": 0, "speed": 2, "profile": [{"at": "1s", "speed": 0.5}]},
                          {"host": 2, "dies": "4s"}]})");
  const auto engine = engine_of(topology);
  CHECK(std::string(host_of(1)->get_property("jitter")) == "0.25");
  double computed = 0;
  s4u::Actor::create("computes", host_of(0), [&] {
    s4u::this_actor::execute(3e9);
    computed = s4u::Engine::get_clock();
  });
  std::vector<bool> up;
  s4u::Actor::create("looks", host_of(1), [&] {
    for (const double at : {0.5, 1.5, 2.5}) {
      s4u::this_actor::sleep_until(at);
      up.push_back(s4u::Link::by_name("link0")->is_on());
    }
    for (const double at : {3.5, 4.5}) {
      s4u::this_actor::sleep_until(at);
      up.push_back(host_of(2)->is_on());
    }
  });
  engine->run();
  // Speed 1 is 1e9 flop/s. 1 s at speed 2 does 2e9 of 3e9; the rest takes 2 s at speed 0.5.
  CHECK(computed == Approx(3).epsilon(1e-9));
  CHECK(up == std::vector<bool>{true, false, true, true, false});
}

TEST_CASE("what SimGrid's format cannot say is an error", "[xml]") {
  const auto topology = loaded(R"({"name": "n", "kind": "ring", "hosts": 2, "link": {
      "bandwidth": "1Gbps", "latency": "5us",
      "sizes": [{"from": "1kB", "latency": "9us", "bandwidth": "1Gbps"}]}})");
  CHECK_THROWS_WITH(simgrid_platform(topology, "f", {"f.json", {}}),
                    "f.json: the link \"link0\" has a model by message size; SimGrid's format has "
                    "none; remove its \"sizes\" to export the topology");
  CHECK_THROWS_WITH(
      simgrid_platform(make_uniform(*kind_named("ring"), 1024, {1}, {1}), "f", {"--topology", {}}),
      "--topology: the routes of 1024 hosts pass more than 4000000 links together; a "
      "smaller topology is accepted");
}
