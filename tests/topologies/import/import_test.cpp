// Platforms of SimGrid and networks of ASTRA-sim, imported; and back what ringsim exports.
#include "topologies/import/import.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "tests/temporary_folder.hpp"
#include "topologies/kinds/kind.hpp"
#include "topologies/simgrid_xml.hpp"
#include "topologies/topology.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ringsim;

namespace {

Topology imported_file(const std::filesystem::path& path, std::vector<std::string>* notes = {}) {
  const auto result = import_topology({path, "imported", {}, {}, {}});
  if (notes) *notes = result.notes;
  const auto file = path.parent_path() / "imported.json";
  std::ofstream(file) << to_text(result.file);
  return load_topology(file);
}

Topology imported(const std::string& text, std::vector<std::string>* notes = {}) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "in") << text;
  return imported_file(folder.path() / "in", notes);
}

std::string error_of(const std::string& text) {
  try {
    imported(text);
  } catch (const UserError& error) {
    const std::string message = error.what();
    const auto file = message.find("/in: ");
    return file == std::string::npos ? message : message.substr(file + 5);
  }
  return "no error";
}

std::string platform(const std::string& inside, const std::string& routing = "Full") {
  return "<?xml version='1.0'?>\n<platform version=\"4.1\">\n<config><prop id=\"network/model\" "
         "value=\"CM02\"/></config>\n<zone id=\"z\" routing=\"" +
         routing + "\">\n" + inside + "</zone>\n</platform>\n";
}

const std::string two_hosts = "<host id=\"a\" speed=\"1Gf\"/>\n<host id=\"b\" speed=\"500Mf\"/>\n",
                  shared =
                      "<link id=\"l\" bandwidth=\"1Gbps\" latency=\"5us\" "
                      "sharing_policy=\"SHARED\"/>\n";

bool is_same_route(const Topology& a, const Topology& b, Rank source, Rank target) {
  const auto there = a.route(source, target), back = b.route(source, target);
  if (there.links.size() != back.links.size() || there.latency != back.latency ||
      there.bandwidth != back.bandwidth)
    return false;
  for (std::size_t i = 0; i < there.links.size(); ++i)
    if (a.links()[there.links[i]].name != b.links()[back.links[i]].name) return false;
  return true;
}

/// Whether all that decides times is the same: routes, links' changes, hosts, nodes.
bool is_same(const Topology& a, const Topology& b) {
  if (a.hosts() != b.hosts() || a.gpus_per_node() != b.gpus_per_node() ||
      a.has_card_per_gpu() != b.has_card_per_gpu() || a.links().size() != b.links().size())
    return false;
  for (Rank source = 0; source < a.hosts(); ++source) {
    const auto &one = a.host(source), &other = b.host(source);
    if (one.speed != other.speed || one.jitter != other.jitter || one.dies != other.dies ||
        one.reduce_rate != other.reduce_rate ||
        one.speed_changes.size() != other.speed_changes.size())
      return false;
    for (Rank target = 0; target < a.hosts(); ++target)
      if (source != target && !is_same_route(a, b, source, target)) return false;
  }
  for (std::size_t i = 0; i < a.links().size(); ++i) {
    const auto one = capacity_over_time(a.links()[i]), other = capacity_over_time(b.links()[i]);
    if (one.size() != other.size()) return false;
    for (std::size_t j = 0; j < one.size(); ++j)
      if (one[j].at != other[j].at || one[j].value != other[j].value) return false;
  }
  return true;
}

/// What comes back of a topology that is exported and imported.
Topology there_and_back(const Topology& topology) {
  const TemporaryFolder folder;
  const auto written = simgrid_platform(topology, "p", {});
  std::ofstream(folder.path() / "p.xml") << written.xml;
  for (const auto& file : written.files) std::ofstream(folder.path() / file.name) << file.text;
  std::vector<std::string> notes;
  auto result = imported_file(folder.path() / "p.xml", &notes);
  CHECK(notes.empty());
  return result;
}

}  // namespace

TEST_CASE("what topology export writes comes back as it was", "[import]") {
  for (const auto* name : {"dgx-a100x4", "p4d-x4", "fat-tree32-25g", "ring8-mixed",
                           "ring8-straggler", "switch8-25g"}) {
    INFO(name);
    const auto topology = find_topology(name);
    CHECK(is_same(topology, there_and_back(topology)));
  }
}

TEST_CASE("profiles, outages, deaths and what SimGrid has no word for come back", "[import]") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "t.json") << R"({"name": "n", "kind": "ring", "links": [
      {"bandwidth": "1Gbps", "latency": "5us", "efficiency": 0.9,
       "profile": [{"at": "1s", "bandwidth": "500Mbps"}, {"at": "2.5s", "bandwidth": "1Gbps"}]},
      {"bandwidth": "1Gbps", "latency": "0s", "outages": [{"from": "1ms", "until": "3ms"}]},
      {"bandwidth": "3Gbps", "latency": "7us"}],
      "host": {"speed": 0.5, "reduce_rate": "3GBps"},
      "host_exceptions": [{"host": 1, "speed": 0.3, "jitter": 0.1, "dies": "4s"},
                          {"host": 2, "profile": [{"at": "1s", "speed": 0.25}]}]})";
  const auto topology = load_topology(folder.path() / "t.json");
  const auto back = there_and_back(topology);
  CHECK(is_same(topology, back));
  REQUIRE(back.host(2).speed_changes.size() == 1);
  CHECK(back.host(2).speed_changes[0].value == 0.25);
}

TEST_CASE("routes of a platform lead both ways over links of two directions", "[import]") {
  std::vector<std::string> notes;
  const auto topology = imported(platform(two_hosts + shared +
                                          "<link id=\"d\" bandwidth=\"125MBps\" latency=\"1ms\"/>\n"
                                          "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/>"
                                          "<link_ctn id=\"d\" direction=\"UP\"/></route>\n"),
                                 &notes);
  CHECK(notes.empty());
  const auto there = topology.route(0, 1), back = topology.route(1, 0);
  CHECK(topology.links()[there.links[0]].name == "l");
  CHECK(topology.links()[there.links[1]].name == "d_UP");
  CHECK(topology.links()[back.links[0]].name == "d_DOWN");
  CHECK(topology.links()[back.links[1]].name == "l");
  CHECK(there.latency.value == Approx(1.005e-3));
  CHECK(there.bandwidth == BytesPerSecond{125e6});
  // Speeds are relative to the fastest host.
  CHECK(topology.host(0).speed == 1);
  CHECK(topology.host(1).speed == 0.5);
}

TEST_CASE("a cluster is hosts round a switch, and the default model is named", "[import]") {
  std::vector<std::string> notes;
  const auto topology = imported(
      "<platform version='4.1'><zone id='w' routing='Full'><cluster id='c' prefix='n' suffix='' "
      "radical='0-2,7' speed='1Gf' bw='125MBps' lat='50us' bb_bw='2.25GBps' bb_lat='500us'/></zone>"
      "</platform>",
      &notes);
  CHECK(topology.kind().name == "switch");
  CHECK(topology.hosts() == 4);
  CHECK(topology.route(0, 3).latency.value == Approx(600e-6));
  CHECK(topology.route(0, 3).bandwidth == BytesPerSecond{125e6});
  CHECK(notes == std::vector<std::string>{
                     "The file's network/model is LV08, SimGrid's default, which multiplies "
                     "latencies and bandwidths by factors; they are taken as the file has them, as "
                     "CM02 does."});
}

TEST_CASE("platforms that cannot be represented are refused with their line", "[import]") {
  CHECK(error_of(platform(two_hosts, "Floyd")) ==
        "line 4: found the routing \"Floyd\"; Full is accepted; other ones find routes that the "
        "file does not say");
  CHECK(error_of(platform(two_hosts + shared)) ==
        "line 4: the route from a to b is missing; a route of each pair is accepted");
  CHECK(error_of(platform(two_hosts + "<router id=\"r\"/>\n")) ==
        "line 7: found <router> in a zone; <host>, <link> and <route>, or one <cluster> alone, is "
        "accepted");
  CHECK(error_of(platform(two_hosts + "<link id=\"l\" bandwidth=\"1Gbps\" latency=\"5us\" "
                                      "sharing_policy=\"FATPIPE\"/>\n")) ==
        "line 7: found the sharing policy FATPIPE; SHARED or SPLITDUPLEX is accepted");
  CHECK(error_of(platform(two_hosts + "<link id=\"l\" bandwidth=\"1G\"/>\n"))
            .starts_with("line 7: \"1G\" has the unknown unit \"G\""));
  CHECK(error_of(platform(two_hosts + shared +
                          "<route src=\"a\" dst=\"c\"><link_ctn id=\"l\"/></route>\n")) ==
        "line 8: no host is named \"c\"; the name of a host is accepted");
  CHECK(
      error_of(platform(two_hosts + "<link id=\"l\" bandwidth=\"1Gbps\"/>\n"
                                    "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route>\n")) ==
      "line 8: no link is named \"l\"; the name of a link is accepted; add direction=\"UP\" or "
      "\"DOWN\"");
  CHECK(error_of(platform("<host id=\"a\" speed=\"1Gf\"/>\n")) ==
        "line 4: found 1 host; 2 to 2048 hosts are accepted");
  CHECK(error_of("<platform>\n<zone>\n") ==
        "line 2: broken XML: no end tag of the open element; XML is accepted");
  CHECK(error_of("<platform version=4>") ==
        "line 1: broken XML: no attribute NAME=\"VALUE\"; XML is accepted");
  CHECK(error_of("<!-- <platform/>") ==
        "line 1: broken XML: a comment does not end; XML is accepted");
  CHECK(error_of("<platform><1/></platform>") == "line 1: broken XML: no tag; XML is accepted");
  for (const std::string version : {"3", "4.2", "5", "x"}) {
    CHECK(error_of("<?xml version='1.0'?>\n<platform version='" + version + "'></platform>") ==
          "line 2: found a platform of version \"" + version +
              "\"; version 4 or 4.1 is accepted; simgrid_update_xml, which comes with SimGrid, "
              "brings "
              "older ones up to date");
  }
  CHECK(error_of("<html/>") ==
        "found no <platform>; a platform of SimGrid (version 4.1) is accepted");
}

TEST_CASE("networks of ASTRA-sim: GB/s are GiB/s, latencies ns a link", "[import]") {
  const auto ring = imported(
      "topology: [ Ring ]  # one\nnpus_count: [ 8 ]\nbandwidth: [ 50.0 ]\nlatency: [ 500.0 ]\n");
  CHECK(ring.kind().name == "ring");
  CHECK(ring.hosts() == 8);
  CHECK(ring.route(0, 1).bandwidth.value == Approx(50. * (1 << 30)));
  CHECK(ring.route(0, 2).latency.value == Approx(1e-6));
  const auto star = imported("topology: Switch\nnpus_count: 4\nbandwidth: 25\nlatency: 100\n");
  CHECK(star.kind().name == "switch");
  CHECK(star.route(1, 3).latency.value == Approx(200e-9));
  const auto full =
      imported("topology: [FullyConnected]\nnpus_count: [3]\nbandwidth: [1]\nlatency: [100]\n");
  CHECK(full.route(0, 1).links.size() == 1);
  CHECK(full.route(0, 1).links != full.route(2, 1).links);
  CHECK(full.route(0, 1).latency.value == Approx(100e-9));
}

TEST_CASE("dimensions of ASTRA-sim are passed in their order", "[import]") {
  const auto nodes = imported(
      "topology: [Ring, Switch]\nnpus_count: [4, 3]\nbandwidth: [200, 10]\nlatency: [100, 1000]\n");
  CHECK(nodes.hosts() == 12);
  CHECK(nodes.gpus_per_node() == 4);
  CHECK(nodes.has_card_per_gpu());
  // NPU 1 of node 0 to NPU 2 of node 2: one link of its ring, then up and down a switch.
  const auto route = nodes.route(1, 10);
  CHECK(route.links.size() == 3);
  CHECK(route.latency.value == Approx(2100e-9));
  CHECK(route.bandwidth.value == Approx(10. * (1 << 30)));
  CHECK(nodes.route(1, 9).links.size() == 2);
  CHECK(nodes.route(0, 3).links.size() == 1);  // the shorter way round
  CHECK(nodes.route(0, 3).links != nodes.route(3, 0).links);
}

TEST_CASE("wrong networks of ASTRA-sim are refused with their line", "[import]") {
  CHECK(error_of("topology: [Mesh]\nnpus_count: [4]\nbandwidth: [1]\nlatency: [1]\n") ==
        "line 1: found the topology \"Mesh\"; Ring, FullyConnected or Switch is accepted");
  CHECK(error_of("topology: [Ring]\nnpus_count: [4, 2]\nbandwidth: [1]\nlatency: [1]\n") ==
        "line 2: found 2 values; one for each of the 1 dimensions of \"topology\" is accepted");
  CHECK(error_of("topology: [Ring]\nnpus_count: [4]\nbandwidth: [fast]\nlatency: [1]\n") ==
        "line 3: found \"fast\"; a number from 0 to 1e+08 is accepted");
  CHECK(error_of("topology: [Ring]\nnpus_count: [1]\nbandwidth: [1]\nlatency: [1]\n") ==
        "line 2: found \"1\" NPUs; a whole number from 2 to 1048576 is accepted");
  CHECK(error_of("topology: [Ring]\nnpus_count: [4]\nbandwidth: [1]\n") ==
        "the key \"latency\" is missing; topology, npus_count, bandwidth and latency are accepted");
  CHECK(error_of("topology: [Ring]\nlinks_count: [4]\n") ==
        "line 2: found the key \"links_count\"; topology, npus_count, bandwidth and latency "
        "(ASTRA-sim 2, analytical) are accepted");
  CHECK(error_of("topology: [Ring\n").starts_with("line "));
  CHECK(error_of("hello\n") ==
        "line 1: found no keys; the keys topology, npus_count, bandwidth and latency are accepted");
}
