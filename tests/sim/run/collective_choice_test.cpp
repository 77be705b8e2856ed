#include "sim/run/collective_choice.hpp"

#include "base/error.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/run.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ringsim;

namespace {

/// An exchange of dense gradients.
Experiment experiment_of(std::vector<std::pair<const char*, const char*>> given) {
  RunOptions options;
  given.insert(given.end(), {{"compute-time", "0s"}, {"bytes", "1MiB"}, {"scheme", "dense"}});
  for (const auto& [name, value] : given) set_run_option(options, name, value);
  return prepare(options);
}

std::string_view algorithm_of(const char* topology, const char* ranks,
                              const char* collective = "auto") {
  return experiment_of({{"topology", topology}, {"ranks", ranks}, {"collective", collective}})
      .collective.algorithm->name;
}

}  // namespace

TEST_CASE("auto takes nodes first where there are several of several GPUs", "[collective_choice]") {
  // Both have 4 nodes of 8 GPUs, with a card for each and for all of them.
  for (const char* topology : {"dgx-a100x4", "p4d-x4"}) {
    CHECK(algorithm_of(topology, "32") == "hierarchical");
    CHECK(algorithm_of(topology, "16") == "hierarchical");
    CHECK(algorithm_of(topology, "8") == "ring");  // of one node
    CHECK(algorithm_of(topology, "32", "ring") == "ring");
  }
  CHECK(algorithm_of("ring8-10g", "8") == "ring");
  CHECK(algorithm_of("fat-tree32-25g", "32") == "ring");
}

TEST_CASE("auto says why it takes a flat ring on nodes of GPUs", "[collective_choice]") {
  const auto note_of = [](const char* ranks, const char* collective = "auto") {
    return collective_note(
        experiment_of({{"topology", "dgx-a100x4"}, {"ranks", ranks}, {"collective", collective}}));
  };
  CHECK(algorithm_of("dgx-a100x4", "12") == "ring");
  CHECK(note_of("12") ==
        "all-reduces go round one flat ring, not nodes first: 12 ranks are no whole nodes of 8 "
        "GPUs");
  CHECK(note_of("12", "ring").empty());
  CHECK(note_of("8").empty());
  CHECK(note_of("16").empty());
}

TEST_CASE("auto takes the library that the topology's file names", "[collective_choice]") {
  const TemporaryFolder folder;
  const auto path = (folder.path() / "nodes.json").string();
  const auto with = [&](const char* more) {
    std::ofstream(path) << R"({"name": "nodes", "kind": "hierarchical", "nodes": 2,
        "gpus_per_node": 4, "inner": {"bandwidth": "300GBps", "latency": "2us"},
        "nic": {"bandwidth": "25GBps", "latency": "5us"}, "nics": "per-gpu")"
                        << more << "}";
    return path.c_str();
  };
  CHECK(algorithm_of(with(""), "8") == "hierarchical");
  CHECK(algorithm_of(with(R"(, "library": "nccl")"), "8") == "nccl");
  CHECK(algorithm_of(path.c_str(), "4") == "nccl");
  CHECK(algorithm_of(path.c_str(), "6") == "ring");
  CHECK(algorithm_of(path.c_str(), "8", "hierarchical") == "hierarchical");
  with(R"(, "library": "mpi")");
  CHECK_THROWS_WITH(algorithm_of(path.c_str(), "8"),
                    path + ": /library: found the string \"mpi\"; \"nccl\" is accepted");
}

TEST_CASE("what NCCL chose stands in the summary", "[collective_choice]") {
  const auto collective_of = [](const char* bytes, const char* topology = "dgx-a100x4") {
    RunOptions options;
    for (const auto& [name, value] :
         std::vector<std::pair<const char*, const char*>>{{"bytes", bytes},
                                                          {"compute-time", "0s"},
                                                          {"steps", "1"},
                                                          {"scheme", "dense"},
                                                          {"topology", topology},
                                                          {"collective", "nccl"}})
      set_run_option(options, name, value);
    const auto summary = run(options, {}).summary;
    CHECK(summary.basis.exchange == "modelled");
    return summary.collective;
  };
  CHECK(collective_of("4KiB") == "nccl: tree/LL");
  CHECK(collective_of("64MiB") == "nccl: tree/Simple");
  CHECK(collective_of("64MiB", "ring8-10g") == "nccl: ring/Simple");
  // Links with costs of sizes are not what NCCL's own constants stand for.
  CHECK(collective_of("64MiB", "h100-x2-nvlink") == "nccl: ring/Simple");
}

TEST_CASE("options have to go with what auto takes", "[collective_choice]") {
  CHECK(experiment_of({{"topology", "ring8-10g"}, {"channels", "2"}}).collective.request.channels ==
        2);
  CHECK_THROWS_WITH(experiment_of({{"topology", "dgx-a100x4"}, {"channels", "2"}}),
                    "`channels`: has no effect with `collective` hierarchical; leave it out");
  CHECK_THROWS_WITH(experiment_of({{"topology", "ring8-10g"}, {"chunk", "1MiB"}}),
                    "`chunk`: has no effect with `collective` ring; leave it out");
}
