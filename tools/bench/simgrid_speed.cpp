// Messages per second of the simgrid backend and of a plain S4U program that does the same, and
// their memory. Each run is a process of its own; the two take turns, and the best of each counts.
#include "sim/backend.hpp"
#include "tools/bench/plain_s4u.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace {

using namespace ringsim;

struct Measured {
  double end = 0;      ///< simulated seconds
  double seconds = 0;  ///< of the processor
  double mebibytes = 0;
};

constexpr Bytes message{100'000};

/// `rounds` rounds of a ring, however many ranks.
class RingRounds final : public Collective {
 public:
  RingRounds(Rank ranks, std::uint32_t rounds) : ranks_(ranks), rounds_(rounds) {}
  std::string_view name() const override { return "ring rounds"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return rounds_; }
  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    round.sends.push_back({(rank + 1) % ranks_, message});
    round.receives.push_back({(rank + ranks_ - 1) % ranks_, {}});
  }

 private:
  Rank ranks_;
  std::uint32_t rounds_;
};

Topology make_ring(Rank ranks, bool unequal) {
  std::vector<Link> links;
  for (Rank i = 0; i < ranks; ++i) {
    const double slower = unequal ? 1 + (i * 7919 % 101) / 300.0 : 1;
    links.push_back(
        {fmt::format("{}", i), BytesPerSecond{1.25e9 / slower}, Seconds{5e-6 * slower}});
  }
  return Topology::ring("bench", links);
}

std::vector<Seconds> make_starts(Rank ranks, bool unequal) {
  std::vector<Seconds> starts(ranks);
  if (unequal) {
    for (Rank i = 0; i < ranks; ++i) starts[i] = Seconds{1e-4 * (i * 31 % 17) / 17.0};
  }
  return starts;
}

Seconds run_backend(const Topology& ring, const std::vector<Seconds>& starts,
                    std::uint32_t rounds) {
  const auto collective = std::make_shared<RingRounds>(ring.hosts(), rounds);
  Program program;
  program.ranks = ring.hosts();
  program.open = [&](Rank rank, StreamId) -> PhaseSource {
    return [&, rank, position = 0]() mutable -> std::optional<Phase> {
      if (position++ == 0) return Delay{starts[rank]};
      if (position == 2) return CollectiveCall{collective, 0, "bench", 0};
      return std::nullopt;
    };
  };
  return run_simgrid(ring, program, {}).end;
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

Measured in_process(const std::function<Seconds()>& run) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Measured measured;
    const double before = processor_seconds();
    measured.end = run().value;
    measured.seconds = processor_seconds() - before;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    measured.mebibytes = usage.ru_maxrss / 1024.0;
    const bool written = write(ends[1], &measured, sizeof measured) == sizeof measured;
    _exit(written ? 0 : 1);
  }
  Measured measured;
  if (read(ends[0], &measured, sizeof measured) != sizeof measured) std::abort();
  close(ends[0]);
  close(ends[1]);
  waitpid(child, nullptr, 0);
  return measured;
}

void compare(Rank ranks, bool unequal, int repetitions) {
  const std::uint32_t rounds = std::max(2u, 200'000 / ranks);
  const auto ring = make_ring(ranks, unequal);
  const auto starts = make_starts(ranks, unequal);
  Measured plain, backend;
  plain.seconds = backend.seconds = 1e9;
  const auto faster = [](const Measured& a, const Measured& b) { return a.seconds < b.seconds; };
  for (int i = 0; i < repetitions; ++i) {
    plain = std::min(
        plain, in_process([&] { return bench::run_plain_s4u(ring, starts, rounds, message); }),
        faster);
    backend =
        std::min(backend, in_process([&] { return run_backend(ring, starts, rounds); }), faster);
  }
  const double messages = static_cast<double>(ranks) * rounds;
  fmt::print("{:>6} {:>8} {:>12.0f} {:>12.0f} {:>7.2f} {:>10.1f} {:>10.1f} {:>12.2e}\n", ranks,
             unequal ? "unequal" : "equal", messages / plain.seconds, messages / backend.seconds,
             plain.seconds / backend.seconds, plain.mebibytes, backend.mebibytes,
             std::abs(plain.end - backend.end) / plain.end);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 5;
  fmt::print(
      "messages per second of the processor\n{:>6} {:>8} {:>12} {:>12} {:>7} {:>10} {:>10} "
      "{:>12}\n",
      "ranks", "links", "plain S4U", "backend", "ratio", "plain MiB", "MiB", "difference");
  for (const ringsim::Rank ranks : {64u, 256u, 1024u}) {
    for (const bool unequal : {false, true}) compare(ranks, unequal, repetitions);
  }
}
