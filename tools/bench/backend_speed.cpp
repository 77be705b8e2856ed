// How the backends' time and memory grow with the ranks: a ring all-reduce of 100 MB over unequal
// links, the ranks beginning at different times. Each run is a process of its own.
//   ringsim_bench_backends [LARGEST_RECURRENCE [LARGEST_SIMGRID]]
#include "sim/backend/backend.hpp"
#include "tools/bench/measure.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string_view>

namespace {

using namespace ringsim;

Seconds run_all_reduce(std::string_view backend, Rank ranks) {
  const auto ring = bench::make_ring(ranks, true);
  const auto starts = bench::make_starts(ranks, true);
  const auto collective = make_ring_all_reduce(ranks, 25'000'000, Bytes{4});
  Program program;
  program.ranks = ranks;
  program.open = [&](Rank rank, StreamId) -> PhaseSource {
    return [&, rank, position = 0]() mutable -> std::optional<Phase> {
      ++position;
      if (position == 1) return Delay{starts[rank]};
      if (position == 2) return CollectiveCall{collective, 0, "values", 0};
      return std::nullopt;
    };
  };
  return find_backend(backend).run(ring, program, {}).end;
}

}  // namespace

int main(int argc, char** argv) {
  bench::load_simgrid();
  const auto argument = [&](int i, Rank otherwise) {
    return argc > i ? static_cast<Rank>(std::atoi(argv[i])) : otherwise;
  };
  const Rank largest_recurrence = argument(1, 65536), largest_simgrid = argument(2, 1024);
  fmt::print("{:>6} {:>12} {:>13} {:>8} {:>12} {:>8} {:>8} {:>11}\n", "ranks", "messages",
             "recurrence s", "MiB", "simgrid s", "MiB", "ratio", "difference");
  for (Rank ranks = 4; ranks <= largest_recurrence; ranks *= 2) {
    const auto recurrence = bench::in_process([&] { return run_all_reduce("recurrence", ranks); });
    fmt::print("{:>6} {:>12} {:>13.6f} {:>8.1f}", ranks, 2ULL * ranks * (ranks - 1),
               recurrence.seconds, recurrence.mebibytes);
    if (ranks <= largest_simgrid) {
      const auto simgrid = bench::in_process([&] { return run_all_reduce("simgrid", ranks); });
      fmt::print(" {:>12.4f} {:>8.1f} {:>8.0f} {:>11.1e}", simgrid.seconds, simgrid.mebibytes,
                 simgrid.seconds / recurrence.seconds,
                 std::abs(recurrence.end - simgrid.end) / simgrid.end);
    }
    fmt::print("\n");
  }
}
