#include "sim/run/exchange_basis.hpp"

#include "sim/run/prepare.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ringsim;

namespace {

/// A run on a ring of 4 that was fitted to all-reduces of 2 and 4 ranks, 4 KiB to 1 MiB.
Experiment experiment_of(std::vector<std::pair<const char*, const char*>> given,
                         bool is_calibrated = true) {
  const TemporaryFolder folder;
  const auto path = (folder.path() / "ring.json").string();
  std::ofstream(path)
      << R"({"name": "ring4", "kind": "ring", "hosts": 4, "link": {"bandwidth": "10Gbps", "latency": "5us"})"
      << (is_calibrated
              ? R"(, "calibration": {"operations": ["all_reduce"], "ranks": [2, 4], "nodes": [1],
                  "smallest": "4KiB", "largest": "1MiB", "median_error": 0.1, "worst_error": 0.2})"
              : "")
      << "}";
  RunOptions options;
  given.emplace_back("compute-time", "1ms");
  given.emplace_back("topology", path.c_str());
  for (const auto& [name, value] : given) set_run_option(options, name, value);
  return prepare(options);
}

Basis basis_of_run(const char* scheme, const char* bytes, const char* ranks = "4",
                   bool is_calibrated = true) {
  return exchange_basis(
      experiment_of({{"scheme", scheme}, {"bytes", bytes}, {"ranks", ranks}}, is_calibrated));
}

}  // namespace

TEST_CASE("an exchange is calibrated within what its links were fitted to", "[basis]") {
  CHECK(basis_of_run("dense", "1MiB") == Basis::calibrated);
  CHECK(basis_of_run("dense", "4KiB", "2") == Basis::calibrated);
  CHECK(basis_of_run("dense", "1MiB", "3") == Basis::extrapolated);
  CHECK(basis_of_run("dense", "2KiB") == Basis::extrapolated);
  CHECK(basis_of_run("dense", "1028KiB") == Basis::extrapolated);
  CHECK(basis_of_run("dense", "1MiB", "4", false) == Basis::modelled);
}

TEST_CASE("what the switch adds up is modelled, whatever was fitted", "[basis]") {
  const TemporaryFolder folder;
  const auto path = (folder.path() / "node.json").string();
  std::ofstream(path)
      << R"({"name": "node", "kind": "hierarchical", "nodes": 1, "gpus_per_node": 8, "nics": "per-gpu",
             "inner": {"bandwidth": "360GBps", "latency": "1us"}, "library": "nccl", "nvls": "275GBps",
             "nic": {"bandwidth": "400Gbps", "latency": "5us"},
             "calibration": {"operations": ["all_reduce"], "ranks": [8], "nodes": [1], "smallest": "4KiB",
                             "largest": "1GiB", "median_error": 0.1, "worst_error": 0.2,
                             "model": {"fabric": "nvlink", "believed_bandwidth": "360GBps"}}})";
  const auto basis = [&](const char* bytes) {
    RunOptions options;
    for (const auto& [name, value] : {std::pair{"scheme", "dense"},
                                      {"bytes", bytes},
                                      {"compute-time", "1ms"},
                                      {"topology", path.c_str()}})
      set_run_option(options, name, value);
    return exchange_basis(prepare(options));
  };
  CHECK(basis("64KiB") == Basis::calibrated);
  CHECK(basis("256MiB") == Basis::modelled);
}

TEST_CASE("an exchange that is extrapolated says from what", "[basis]") {
  CHECK(exchange_note(experiment_of({{"scheme", "dense"}, {"bytes", "4MiB"}})) ==
        "the exchange's times are extrapolated: ring4 was fitted to all_reduce on 2, 4 ranks, "
        "4.1kB to 1.05MB");
  CHECK(exchange_note(experiment_of({{"scheme", "dense"}, {"bytes", "1MiB"}})).empty());
  // A model's buckets: alexnet's last one holds 15 MB of fc8, and more.
  CHECK(exchange_basis(experiment_of({{"scheme", "dense"},
                                      {"model", "alexnet"},
                                      {"source", "synthetic"},
                                      {"bucket", "ddp"},
                                      {"steps", "1"}})) == Basis::extrapolated);
}
