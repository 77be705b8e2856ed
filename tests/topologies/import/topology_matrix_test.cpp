// The text of `nvidia-smi topo -m`.
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "tests/temporary_folder.hpp"
#include "topologies/import/import.hpp"
#include "topologies/topology.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ringsim;

namespace {

const std::string heading = "\t\x1b[4mGPU0\tGPU1\tGPU2\tNIC0\tCPU Affinity\tNUMA Affinity\x1b[0m\n",
                  legend = "\nLegend:\n\n  X    = Self\n  NV#  = Connection traversing NVLinks\n";

/// Three GPUs: two with 4 NVLinks to each other, and one that is reached over PCIe.
const std::string bridged = heading +
                            "GPU0\t X \tNV4\tSYS\tPIX\t0-31\t0\n"
                            "GPU1\tNV4\t X \tNODE\tSYS\t0-31\t0\n"
                            "GPU2\tSYS\tNODE\t X \tSYS\t32-63\t1\n"
                            "NIC0\tPIX\tSYS\tSYS\t X \t\t\n" +
                            legend;
/// Three GPUs of 18 NVLinks, all of which lead to a switch.
const std::string switched = heading +
                             "GPU0\t X \tNV18\tNV18\tPIX\t0-31\t0\n"
                             "GPU1\tNV18\t X \tNV18\tSYS\t0-31\t0\n"
                             "GPU2\tNV18\tNV18\t X \tSYS\t32-63\t1\n" +
                             legend;

struct Given {
  std::optional<BytesPerSecond> nvlink, pcie;
  std::optional<Seconds> latency;
};
const Given all = {BytesPerSecond{25e9}, BytesPerSecond{20e9}, Seconds{4e-6}};

/// The topology of the file that the text is imported into.
Topology imported(const std::string& text, const Given& given) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "topo.txt") << text;
  const auto result =
      import_topology({folder.path() / "topo.txt", "box", given.nvlink, given.pcie, given.latency});
  std::ofstream(folder.path() / "box.json") << to_text(result.file);
  return load_topology(folder.path() / "box.json");
}

std::string error_of(const std::string& text, const Given& given) {
  try {
    imported(text, given);
  } catch (const UserError& error) {
    const std::string message = error.what();
    const auto file = message.find("topo.txt: ");
    return file == std::string::npos ? message : message.substr(file + 10);
  }
  return "no error";
}

}  // namespace

TEST_CASE("a matrix of nvidia-smi has direct NVLinks and PCIe", "[import]") {
  const auto topology = imported(bridged, all);
  REQUIRE(topology.hosts() == 3);
  CHECK(topology.gpus_per_node() == 3);
  // 4 NVLinks of 25 GB/s, and the whole latency on one link.
  CHECK(topology.route(0, 1).links.size() == 1);
  CHECK(topology.route(0, 1).bandwidth.value == Approx(100e9));
  CHECK(topology.route(0, 1).latency.value == Approx(4e-6));
  CHECK(topology.route(0, 2).links.size() == 2);
  CHECK(topology.route(0, 2).bandwidth.value == Approx(20e9));
  CHECK(topology.route(2, 1).latency.value == Approx(4e-6));
  // What reaches GPU 2 shares its PCIe.
  CHECK(topology.route(0, 2).links.back() == topology.route(1, 2).links.back());
  CHECK(topology.route(0, 1).links != topology.route(1, 0).links);
}

TEST_CASE("more NVLinks in a row than a GPU has lead to a switch", "[import]") {
  const auto topology = imported(switched, {all.nvlink, {}, all.latency});
  // 18 of 25 GB/s up, and as many down, shared by both peers.
  CHECK(topology.route(0, 1).links.size() == 2);
  CHECK(topology.route(0, 1).bandwidth.value == Approx(450e9));
  CHECK(topology.route(0, 1).latency.value == Approx(4e-6));
  CHECK(topology.route(0, 1).links.front() == topology.route(0, 2).links.front());
}

TEST_CASE("what the matrix does not say is asked for, and nothing else taken", "[import]") {
  CHECK(error_of(bridged, {{}, all.pcie, all.latency}) ==
        "`nvlink`: is needed: the matrix has the number of NVLinks, not their bandwidth; a value "
        "is accepted; e.g. `nvlink` 25GBps");
  CHECK(error_of(bridged, {all.nvlink, {}, all.latency}) ==
        "`pcie`: is needed: two GPUs meet over PCIe; a value is accepted; e.g. `pcie` 25GBps");
  CHECK(error_of(bridged, {all.nvlink, all.pcie, {}}) ==
        "`latency`: is needed: the matrix has none; a value is accepted; e.g. `latency` 3us");
  CHECK(error_of(switched, all) ==
        "`pcie`: has no effect, as no two GPUs meet there; leave it out");
  CHECK(error_of(heading + "GPU0\t X \tNV4\tfast\n", all) ==
        "line 2: found \"fast\" between two GPUs; NV and a number, PIX, PXB, PHB, NODE or SYS is "
        "accepted");
  CHECK(error_of(heading + "GPU0\tNV4\tX\tNV4\n", all) ==
        "line 2: found \"NV4\" between two GPUs; X, of a GPU with itself, is accepted");
  CHECK(error_of(heading + "GPU0\tX\tNV4\tNV4\n", all) ==
        "found 1 rows of 3 GPUs; a row for each GPU is accepted");
  CHECK(error_of(heading + "GPU1\tX\tNV4\tNV4\n", all) ==
        "line 2: found the row \"GPU1\"; the row GPU0 is accepted here");
  CHECK(error_of(heading + "GPU0\tX\tNV4\n", all) ==
        "line 2: found 2 cells; one for each of the 3 GPUs is accepted");
}
