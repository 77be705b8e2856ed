#pragma once
// Runs of a backend in processes of their own, and the rings that they run on.
#include "base/child_process.hpp"
#include "sim/backend/backend.hpp"
#include "topologies/kinds/ring.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

namespace ringsim::bench {

struct Measured {
  double end = 0;      ///< simulated seconds
  double seconds = 0;  ///< of the processor
  double mebibytes = 0;
};

/// Links of 10 Gbit/s and 5 us, or up to a third slower.
inline Topology make_ring(Rank ranks, bool unequal) {
  std::vector<Link> links;
  for (Rank i = 0; i < ranks; ++i) {
    const double slower = unequal ? 1 + (i * 7919 % 10007) / 30021.0 : 1;
    links.push_back(
        {fmt::format("{}", i), BytesPerSecond{1.25e9 / slower}, Seconds{5e-6 * slower}});
  }
  return ring_topology("bench", links);
}

/// When the ranks begin: at once, or within 0.1 ms.
inline std::vector<Seconds> make_starts(Rank ranks, bool unequal) {
  std::vector<Seconds> starts(ranks);
  if (unequal) {
    for (Rank i = 0; i < ranks; ++i) starts[i] = Seconds{1e-4 * (i * 31 % 1013) / 1013.0};
  }
  return starts;
}

/// Before the runs, so that none of them pays for it.
inline void load_simgrid() { require_able(find_backend("simgrid"), make_ring(2, false), 2); }

inline double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline Measured in_process(const std::function<Seconds()>& run) {
  const auto output = call_in_child([&] {
    Measured measured;
    const double before = processor_seconds();
    measured.end = run().value;
    measured.seconds = processor_seconds() - before;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    measured.mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
    return std::string(reinterpret_cast<const char*>(&measured), sizeof measured);
  });
  Measured measured;
  std::memcpy(&measured, text_or_throw(output, "a run").data(), sizeof measured);
  return measured;
}

}  // namespace ringsim::bench
