#pragma once
// libringsim, the simulator as a library: `ringsim run` as a function, with the same options,
// results and messages. docs/library.md has an example.
//
// Units. Every time is in seconds, every size in bytes. What a run does not have (the accuracy of
// one that does not train) is absent, never 0.
//
// Files. What options name is looked up from the working directory; what ships with ringsim
// (topologies, models, GPUs, traces) beside the library, or in the folder that the environment
// variable RINGSIM_DATA names. Nothing is written but unnamed temporary files, nothing is printed.
//
// Threads. simulate() may be called by several threads at a time. It starts threads of its own to
// train: as many as RINGSIM_THREADS says, else one per core.
//
// SimGrid runs once per process: a second call with the option `backend` "simgrid" is a
// SimulationError. The default, "auto", never takes it and finds the same times.
//
// Versions. Before 1.0 a program runs with the minor version that it was compiled with
// (libringsim.so.0.1). C++17 suffices.
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#define RINGSIM_SIMULATOR_PUBLIC __attribute__((visibility("default")))

namespace ringsim::simulator {

/// The names of options of `ringsim run` without dashes, with their values as on the command line:
/// {"bandwidth", "10Gbps"}. The order does not matter. `ringsim run --help` lists those that are
/// above its group "output", docs/options.md says what each takes.
using Options = std::vector<std::pair<std::string, std::string>>;

/// The options, or a file that they name, are wrong. what() is what the program would print before
/// it exits with 2: where it is, what was found, what is accepted, how to mend it.
class RINGSIM_SIMULATOR_PUBLIC InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The options were accepted, but the simulation failed: too little memory, a file that cannot be
/// read to its end, SimGrid for a second time. The program would exit with 1.
class RINGSIM_SIMULATOR_PUBLIC SimulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a step's time goes to on the rank that finishes last; total = compute + compress +
/// exposed_exchange.
struct StepSeconds {
  double compute = 0;
  double compress = 0;          ///< selecting, encoding, packing, unpacking
  double exchange = 0;          ///< from the first byte that is sent to the last that arrives
  double exposed_exchange = 0;  ///< the part of it that neither computing nor compressing hides
  double total = 0;
};

struct SentBytes {
  double values = 0, masks = 0, headers = 0, total = 0;
};

/// A row of steps.csv.
struct Step {
  std::uint64_t step = 0;  ///< from 0
  double start = 0;        ///< the simulated time when the step before ended
  StepSeconds seconds;
  SentBytes bytes;  ///< by all ranks together
  std::optional<double> loss, accuracy;
};

/// How much longer compressing may take per step until dense gradients are as fast; below 0 they
/// are faster already, by so much.
struct Headroom {
  std::optional<double> dense_fp32, dense_bf16;
};

/// What the critical path of the run spends most of its time on.
struct Bottleneck {
  std::string kind;  ///< "link", "compute", "compress", "latency", "reduce" or "failure"
  std::string name;  ///< of the link or rank
  double share = 0;  ///< of the critical path, up to 1
};

struct Result {
  std::uint64_t ranks = 0, steps = 0;
  std::string scheme, collective, backend;  ///< those that ran, where options left the choice
  double simulated_seconds = 0;             ///< when the last rank ends its last step
  StepSeconds seconds_per_step;             ///< means over the steps
  SentBytes bytes_sent_per_rank;            ///< over the run, the mean over the ranks
  Headroom headroom;
  std::optional<Bottleneck> bottleneck;  ///< absent where nothing takes time
  std::optional<double> accuracy, loss;  ///< after, and in, the last step
  std::string verdict;                   ///< the sentences that the program ends with
  std::vector<std::string> assumed;      ///< defaults that the result rests on
  std::string json;                      ///< the text of summary.json: all figures (docs/output.md)
  std::vector<Step> rows;                ///< in order, where Request::rows
};

struct Request {
  Options options;
  bool rows = false;  ///< whether Result::rows is filled: 120 bytes a step
};

/// Runs one experiment to its end. Throws InputError, SimulationError and std::bad_alloc.
RINGSIM_SIMULATOR_PUBLIC Result simulate(const Request& request);

/// The library's version: "0.1.0".
RINGSIM_SIMULATOR_PUBLIC const char* version();

}  // namespace ringsim::simulator

#undef RINGSIM_SIMULATOR_PUBLIC
