// Messages per second of the simgrid backend and of a plain S4U program that does the same, and
// their memory. Each run is a process of its own; the two take turns, and the best of each counts.
#include "sim/backend/backend.hpp"
#include "tools/bench/measure.hpp"
#include "tools/bench/plain_s4u.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace ringsim;
using bench::in_process;
using bench::make_ring;
using bench::make_starts;
using bench::Measured;

constexpr Bytes message{100'000};

/// `rounds` rounds of a ring, however many ranks.
class RingRounds final : public Collective {
 public:
  RingRounds(Rank ranks, std::uint32_t rounds) : ranks_(ranks), rounds_(rounds) {}
  std::string_view name() const override { return "ring rounds"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return rounds_; }
  Bytes total_bytes() const override { return std::uint64_t{ranks_} * rounds_ * message; }
  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    round.sends.push_back({(rank + 1) % ranks_, message});
    round.receives.push_back({(rank + ranks_ - 1) % ranks_, message});
  }

 private:
  Rank ranks_;
  std::uint32_t rounds_;
};

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
  return find_backend("simgrid").run(ring, program, {}).end;
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
  bench::load_simgrid();
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 5;
  fmt::print(
      "messages per second of the processor\n{:>6} {:>8} {:>12} {:>12} {:>7} {:>10} {:>10} "
      "{:>12}\n",
      "ranks", "links", "plain S4U", "backend", "ratio", "plain MiB", "MiB", "difference");
  for (const ringsim::Rank ranks : {64u, 256u, 1024u}) {
    for (const bool unequal : {false, true}) compare(ranks, unequal, repetitions);
  }
}
