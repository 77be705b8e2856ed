#include "sim/scan/points.hpp"

#include "sim/scan/groups.hpp"
#include "sim/scan/values.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ringsim;

namespace {

using Texts = std::vector<std::string>;

/// Options in the order of run_options(), as typed.
ScanRequest request_of(std::initializer_list<std::pair<const char*, const char*>> options,
                       bool zip = false) {
  ScanRequest request{{}, zip, {}};
  for (const auto& [name, text] : options)
    request.options.push_back({name, expand_values(text, {{}, std::string("--") + name})});
  return request;
}

Texts described(const ScanRequest& request) {
  const PointSet points(request);
  Texts texts;
  for (std::size_t i = 0; i < points.size(); ++i) texts.push_back(describe_point(points, i));
  return texts;
}

}  // namespace

TEST_CASE("the last list changes fastest", "[scan]") {
  const auto request =
      request_of({{"ranks", "2,4"}, {"bandwidth", "1Gbps,2Gbps"}, {"steps", "3"}, {"seed", "1,2"}});
  CHECK(described(request) ==
        Texts{"ranks=2 bandwidth=1Gbps seed=1", "ranks=2 bandwidth=1Gbps seed=2",
              "ranks=2 bandwidth=2Gbps seed=1", "ranks=2 bandwidth=2Gbps seed=2",
              "ranks=4 bandwidth=1Gbps seed=1", "ranks=4 bandwidth=1Gbps seed=2",
              "ranks=4 bandwidth=2Gbps seed=1", "ranks=4 bandwidth=2Gbps seed=2"});
  const std::vector<Assignment> last = {
      {"ranks", "4"}, {"bandwidth", "2Gbps"}, {"steps", "3"}, {"seed", "2"}};
  CHECK(PointSet(request).assignments(7) == last);
}

TEST_CASE("without lists there is one point", "[scan]") {
  CHECK(described(request_of({})) == Texts{""});
  const PointSet points(request_of({{"steps", "3"}}));
  CHECK(points.size() == 1);
  CHECK(points.assignments(0) == std::vector<Assignment>{{"steps", "3"}});
}

TEST_CASE("zip pairs lists", "[scan]") {
  CHECK(described(request_of({{"ranks", "2,4"}, {"steps", "5"}, {"seed", "7,8"}}, true)) ==
        Texts{"ranks=2 seed=7", "ranks=4 seed=8"});
  CHECK_THROWS_WITH(described(request_of({{"ranks", "2,4"}, {"seed", "1..3"}}, true)),
                    "`zip`: found 2 values of `ranks` and 3 of `seed`; lists of equal length are "
                    "accepted");
  CHECK_THROWS_WITH(described(request_of({{"ranks", "2"}}, true)),
                    "`zip`: has no effect without lists; leave it out");
}

TEST_CASE("an option that a point's scheme does not take is left out of it", "[scan]") {
  CHECK(described(request_of({{"scheme", "dense,iwp"}, {"density", "1/2,1/4"}})) ==
        Texts{"scheme=dense", "scheme=iwp density=1/2", "scheme=iwp density=1/4"});
  // Also where it has one value.
  const PointSet fixed(request_of({{"scheme", "dense,iwp"}, {"density", "1/2"}}));
  CHECK(fixed.assignments(0) == std::vector<Assignment>{{"scheme", "dense"}});
  CHECK(fixed.assignments(1) == std::vector<Assignment>{{"scheme", "iwp"}, {"density", "1/2"}});
  // What no scheme of the scan takes stays, and run says that it is wrong.
  CHECK(described(request_of({{"scheme", "dense"}, {"density", "1/2,1/4"}})) ==
        Texts{"density=1/2", "density=1/4"});
  CHECK(described(request_of({{"collective", "ring,tree"}, {"chunk", "1MB,2MB"}})) ==
        Texts{"collective=ring", "collective=tree chunk=1MB", "collective=tree chunk=2MB"});
}

TEST_CASE("a GPU is left out of points in which nothing takes a time of its own", "[scan]") {
  const auto has = [](std::vector<Assignment> more, std::string_view name) {
    auto request = request_of({{"scheme", "dense,topk"},
                               {"source", "synthetic"},
                               {"model", "resnet50"},
                               {"topology", "ring"},
                               {"ranks", "8"}});
    for (const auto& [option, text] : more) request.options.push_back({option, {text}});
    const PointSet points(request);
    std::vector<bool> found;
    for (std::size_t point = 0; point < points.size(); ++point)
      found.push_back(std::ranges::count(points.assignments(point), name, &Assignment::first) > 0);
    return found;
  };
  const Assignment given = {"compute-time", "300ms"}, v100 = {"gpu", "v100"},
                   h100 = {"gpu", "h100"};
  using Points = std::vector<bool>;  // of dense, of topk
  CHECK(has({v100}, "gpu") == Points{true, true});
  CHECK(has({v100, given}, "gpu") == Points{false, true});
  CHECK(has({v100, given, {"bucket", "ddp"}}, "gpu") == Points{false, true});
  // What DistributedDataParallel adds was measured on it, and is there where exchanges overlap.
  CHECK(has({h100, given, {"bucket", "ddp"}}, "gpu") == Points{true, true});
  CHECK(has({h100, given, {"bucket", "ddp"}, {"ddp", "off"}}, "gpu") == Points{false, true});
  CHECK(has({h100, given}, "gpu") == Points{false, true});
  // Copies into buckets move memory.
  const Assignment memory = {"gpu-memory-bandwidth", "1TBps"};
  CHECK(has({h100, memory, given, {"bucket", "ddp"}}, "gpu-memory-bandwidth") ==
        Points{true, true});
  CHECK(has({v100, memory, given, {"bucket", "ddp"}}, "gpu-memory-bandwidth") ==
        Points{false, true});
}

TEST_CASE("a points file gives any set, and lists are combined with it", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "points.csv";
  std::ofstream(path) << "scheme,--density\r\niwp,1/2\ndense,\n\n\"iwp\",1/4\n";
  auto request = request_of({{"ranks", "2,4"}});
  request.points_file = path.string();
  CHECK(described(request) == Texts{"ranks=2 scheme=iwp density=1/2",
                                    "ranks=4 scheme=iwp density=1/2", "ranks=2 scheme=dense",
                                    "ranks=4 scheme=dense", "ranks=2 scheme=iwp density=1/4",
                                    "ranks=4 scheme=iwp density=1/4"});
}

TEST_CASE("wrong points files name the line", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "points.csv";
  auto request = request_of({{"ranks", "2,4"}});
  request.points_file = path.string();
  const auto check = [&](const char* text, const std::string& message) {
    std::ofstream(path, std::ios::trunc) << text;
    CHECK_THROWS_WITH(described(request), path.string() + ": " + message);
  };
  check("",
        "line 1: found no header; a line with the names of options is accepted, such as "
        "scheme,density");
  check("schema\n",
        "line 1: found the column \"schema\" (did you mean \"scheme\"?); names of "
        "options are accepted (ringsim run `help`)");
  check("seed,seed\n", "line 1: found the column \"seed\" twice");
  check("seed\n", "line 2: found no points");
  check("seed,lr\n1\n", "line 2: found 1 cells; 2, as in the header, are accepted");
  check("lr\n\"a\nb\n", "line 2: a quoted cell has no end");
  check("lr\n\"1\"2\n",
        "line 2: found text behind the cell \"1\"; cells with a comma between each two are "
        "accepted");
  check("seed\n1\n\nx\n",
        "line 4: `seed`: found \"x\"; a whole number from 0 to "
        "18446744073709551615 is accepted");
  std::ofstream(path, std::ios::trunc) << "ranks\n2\n";
  CHECK_THROWS_WITH(described(request), "`ranks`: is a column of " + path.string() +
                                            " too; one of the two is accepted");
}

TEST_CASE("a value that its option does not take is an error before anything runs", "[scan]") {
  CHECK_THROWS_WITH(described(request_of({{"ranks", "2,1"}})),
                    "`ranks`: found \"1\"; a whole number from 2 to 1048576 is accepted");
  CHECK_THROWS_WITH(
      described(request_of({{"ranks", "2..1001"}, {"seed", "1..1001"}})),
      "scan: found more than 1000000 points; fewer are accepted; give shorter lists, or several "
      "scans");
}

TEST_CASE("points that differ in timing alone share a recording", "[scan]") {
  const auto groups = [](const ScanRequest& request) { return group_points(PointSet(request)); };
  CHECK(groups(request_of({{"bandwidth", "1Gbps,2Gbps"}, {"scheme", "dense,iwp"}})) ==
        std::vector<PointGroup>{{0, 2}, {1, 3}});
  CHECK(groups(request_of({{"collective", "ring,tree"}, {"seed", "1,2"}, {"jitter", "0,1"}})) ==
        std::vector<PointGroup>{{0, 1, 4, 5}, {2, 3, 6, 7}});
  // Both have 8 hosts; dgx-a100x4 has 32.
  CHECK(groups(request_of({{"topology", "ring8-1g,ring8-10g,dgx-a100x4"}})) ==
        std::vector<PointGroup>{{0, 1}, {2}});
  CHECK(groups(request_of({{"topology", "ring8-1g,dgx-a100x4"}, {"ranks", "8"}})) ==
        std::vector<PointGroup>{{0, 1}});
}

TEST_CASE("with a fusion timer computing times are no matter of timing alone", "[scan]") {
  const auto groups = [](std::initializer_list<std::pair<const char*, const char*>> lists) {
    return group_points(PointSet(request_of(lists))).size();
  };
  CHECK(groups({{"compute-time", "1ms,2ms"}, {"bucket", "1MiB"}}) == 1);
  CHECK(groups({{"compute-time", "1ms,2ms"}, {"bucket-timeout", "1ms"}}) == 2);
  CHECK(groups({{"gpu-speed", "1TFLOPS,2TFLOPS"}, {"bucket-timeout", "1ms"}}) == 2);
  CHECK(groups({{"bandwidth", "1Gbps,2Gbps"}, {"bucket-timeout", "1ms"}}) == 1);
}

TEST_CASE("networks share a recording but where times feed back into training", "[scan]") {
  const auto groups = [](std::initializer_list<std::pair<const char*, const char*>> late) {
    auto request = request_of(late);
    request.options.insert(request.options.begin(), {"topology", {"ring8-1g", "ring8-10g"}});
    return group_points(PointSet(request)).size();
  };
  CHECK(groups({}) == 1);
  CHECK(groups({{"staleness", "0"}}) == 1);
  CHECK(groups({{"staleness", "4"}}) == 2);
  CHECK(groups({{"quorum", "7"}}) == 2);
  CHECK(groups({{"local-steps", "4"}}) == 1);
}
