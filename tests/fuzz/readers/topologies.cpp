#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/run.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/readers.hpp"
#include "topologies/import/import.hpp"
#include "topologies/kinds/kind.hpp"
#include "topologies/simgrid_xml.hpp"
#include "topologies/topology.hpp"

#include <algorithm>
#include <array>

namespace ringsim::fuzz {
namespace {

/// Routes between some hosts, and what a message costs on them.
void use(const Topology& topology) {
  const Rank hosts = std::min<Rank>(topology.hosts(), 9);
  for (Rank source = 0; source < hosts; ++source) {
    for (Rank target = 0; target < hosts; ++target) {
      if (source == target) continue;
      const auto route = topology.route(
          source, topology.hosts() - 1 - target == source ? target : topology.hosts() - 1 - target);
      check(!route.links.empty(), "there is a link between two hosts");
      for (const LinkId link : route.links)
        check(link < topology.links().size(), "a route has links of its topology");
      const auto cost = topology.cost(route, Bytes{100'000});
      check(cost.latency.value >= 0 && cost.work >= 0, "a message takes its time");
      if (route.varies) {
        const auto capacity = topology.capacity_over_time(route);
        check(flow_end(capacity, cost.latency, cost.work, topology.after_outage()) >= cost.latency,
              "a message ends after it begins");
      }
    }
  }
  static_cast<void>(topology.features());
}

void read_topology(std::string_view bytes) {
  const auto topology = load_topology(write_input("topology.json", bytes));
  use(topology);
  if (topology.hosts() > 16) return;
  const auto platform = simgrid_platform(topology, "exported", {});
  for (const auto& file : platform.files) write_input(file.name, file.text);
  const auto path = write_input("exported.xml", platform.xml);
  expect_accepted("what was exported", [&] {
    const auto imported = import_topology({path, "imported", {}, {}, {}});
    const auto again = load_topology(write_input("imported.json", to_text(imported.file)));
    check(again.hosts() == topology.hosts(), "an exported network has as many hosts");
  });
}

/// A small exchange, on the recurrence and the fluid backend.
void run_topology(std::string_view bytes) {
  const auto path = write_input("topology.json", bytes);
  const auto topology = load_topology(path);
  if (topology.hosts() > 12) return;
  for (const auto* backend : {"auto", "fluid"}) {
    RunOptions options;
    set_run_option(options, "topology", path.string());
    set_run_option(options, "backend", backend);
    set_run_option(options, "bytes", "10kB");
    set_run_option(options, "steps", "2");
    set_run_option(options, "compute-time", "1ms");
    set_run_option(options, "scheme", "dense");
    try {
      const auto result = run_experiment(prepare(options), {});
      check(result.summary.simulated_seconds >= 0, "a run takes its time");
    } catch (const RunError& error) {
      // All hosts but one may die.
      check(!std::string_view(error.what()).empty(), "an error says what is wrong");
    }
  }
}

void import_network(std::string_view bytes) {
  NetworkImport request{write_input("network", bytes), "imported", {}, {}, {}};
  const bool is_matrix = bytes.find("GPU0") != std::string_view::npos;
  if (is_matrix) {
    request.nvlink = BytesPerSecond{25e9};
    request.latency = Seconds{3e-6};
    if (bytes.find("PIX") != std::string_view::npos || bytes.find("SYS") != std::string_view::npos)
      request.pcie = BytesPerSecond{16e9};
  }
  const auto imported = import_topology(request);
  expect_accepted("what was imported", [&] {
    use(load_topology(write_input("imported.json", to_text(imported.file))));
  });
}

}  // namespace

std::span<const Reader> topology_readers() {
  static constexpr std::array<Reader, 5> all = {{{"topology", read_topology},
                                                 {"topology-run", run_topology},
                                                 {"simgrid-platform", import_network},
                                                 {"astra-sim", import_network},
                                                 {"nvidia-smi", import_network}}};
  return all;
}

}  // namespace ringsim::fuzz
