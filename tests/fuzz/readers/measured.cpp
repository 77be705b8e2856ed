#include "base/error.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/readers.hpp"
#include "topologies/calibration/cluster/cluster_fit.hpp"
#include "topologies/calibration/link_fit.hpp"
#include "topologies/calibration/measured_table.hpp"
#include "topologies/calibration/operation.hpp"
#include "traces/ready_times.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ringsim::fuzz {
namespace {

/// What calibrate does with a table.
void fit(const MeasuredTable& table, const Place& place) {
  if (table.rows.size() > 100) return;
  const auto& operation = find_operation(table.setting.operation.value_or("message"), place);
  const auto fitted =
      fit_link(observations_of(table.rows, operation, table.setting.ranks.value_or(2)), place);
  check(!fitted.pieces.empty(), "a fit has a piece");
  for (const auto& [piece, error] : fitted.pieces)
    check(piece.bandwidth.value > 0 && piece.latency.value >= 0, "a link has a bandwidth");
}

void read_table(std::string_view bytes) {
  const auto path = write_input("measured", bytes);
  const Place place{path.string(), {}};
  for (const auto use : {BufferUse::either, BufferUse::in_place}) {
    const auto measured = read_measured(path, use);
    if (const auto* throughput = std::get_if<MeasuredThroughput>(&measured)) {
      check(throughput->bandwidth.value > 0, "bytes have passed");
      return;
    }
    const auto& tables = std::get<std::vector<MeasuredTable>>(measured);
    std::size_t rows = 0;
    for (const auto& table : tables) {
      check(!table.rows.empty(), "a table has a row");
      rows += table.rows.size();
    }
    fit(tables.front(), place);
    if (rows > 60) return;
    const auto observations = cluster::observations_of(tables);
    const auto cluster = cluster::fit_cluster(observations);
    for (const auto& observation : observations) {
      const auto time = cluster::time_of(cluster, observation);
      check(!time || std::isfinite(time->value), "a fitted time is a number");
    }
  }
}

/// Layers of models that traces and tables of times are for: of the mlp, and of a small one.
const std::vector<std::vector<MeasuredLayer>>& models() {
  static const std::vector<std::vector<MeasuredLayer>> all = {
      {{"fc1.weight", 200'704},
       {"fc1.bias", 256},
       {"fc2.weight", 32'768},
       {"fc2.bias", 128},
       {"fc3.weight", 1280},
       {"fc3.bias", 10}},
      {{"l0.weight", 200'000}, {"l1.weight", 200'000}, {"l2.weight", 200'000}}};
  return all;
}

void read_times(const std::filesystem::path& path) {
  std::size_t refused = 0;
  for (const auto& layers : models()) {
    try {
      const auto times = read_ready_times(path, layers);
      check(times.size() == layers.size(), "every layer has a time");
      for (const double time : times)
        check(time > 0 && std::isfinite(time), "a time is above zero");
    } catch (const UserError&) {
      if (++refused == models().size()) throw;
    }
  }
}

void read_profiler(std::string_view bytes) { read_times(write_input("trace.json", bytes)); }
void read_ready_table(std::string_view bytes) { read_times(write_input("ready.csv", bytes)); }

}  // namespace

std::span<const Reader> measured_readers() {
  static constexpr std::array<Reader, 6> all = {{{"nccl-tests", read_table},
                                                 {"nccl-tests-json", read_table},
                                                 {"iperf3", read_table},
                                                 {"measured-csv", read_table},
                                                 {"kineto", read_profiler},
                                                 {"ready-times", read_ready_table}}};
  return all;
}

}  // namespace ringsim::fuzz
