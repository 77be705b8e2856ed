// Where transfers slow each other: the fluid backend against SimGrid. 100 MB over links of 10
// Gbit/s and 5 us, the critical path wanted. Each run is a process of its own; the backends take
// turns, and the median of each counts. The difference is that of the finishing times.
//   ringsim_bench_contended [REPETITIONS [CASE ...]]
#include "sim/backend/backend.hpp"
#include "tools/bench/measure.hpp"
#include "topologies/kinds/switch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ringsim;
using bench::Measured;

constexpr BytesPerSecond bandwidth{1.25e9};
constexpr Seconds latency{5e-6};

struct Case {
  std::string name;
  std::string kind;
  Rank ranks;
  std::string collective;
  std::uint32_t channels = 1;
  /// Elements of each bucket, and how many steps of them there are.
  std::vector<std::size_t> buckets = {25'000'000};
  std::uint64_t steps = 1;
  bool has_backbone = false;
  bool runs_simgrid = true;  ///< where SimGrid ends within minutes
};

/// Buckets of ResNet-50's 25,557,032 parameters as DDP makes them: 1 MiB, then 25 MiB each.
std::vector<std::size_t> ddp_buckets() {
  std::vector<std::size_t> buckets = {262'144};
  for (std::size_t left = 25'557'032 - 262'144; left > 0; left -= buckets.back())
    buckets.push_back(std::min<std::size_t>(left, 6'553'600));
  return buckets;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Rank ranks : {64, 256, 1024})
    cases.push_back({fmt::format("switch-tree-{}", ranks), "switch", ranks, "tree"});
  for (const Rank ranks : {64, 256, 1024}) {
    cases.push_back({fmt::format("fat-tree-tree-{}", ranks), "fat-tree", ranks, "tree"});
    cases.back().runs_simgrid = ranks < 1024;
  }
  for (const Rank ranks : {64, 256, 1024})
    cases.push_back({fmt::format("ring-channels-{}", ranks), "ring", ranks, "ring", 4});
  cases.push_back({"ring-halving-1024", "ring", 1024, "halving-doubling"});
  cases.push_back({"ring-tree-256", "ring", 256, "tree"});
  cases.push_back({"switch-ddp-64", "switch", 64, "tree", 1, ddp_buckets(), 10});
  cases.push_back({"switch-backbone-64", "switch", 64, "ring"});
  cases.back().has_backbone = true;
  return cases;
}

Topology topology_of(const Case& wanted) {
  if (!wanted.has_backbone)
    return make_uniform(*kind_named(wanted.kind), wanted.ranks, bandwidth, latency);
  return switch_topology("bench", std::vector<Link>(wanted.ranks, {"host", bandwidth, latency}),
                         Link{"backbone", 16 * bandwidth, latency});
}

/// What the two streams of every rank do.
struct Streams {
  std::vector<Phase> phases[2];

  Program program(Rank ranks) const {
    return {.ranks = ranks, .streams_per_rank = 2, .open = [this](Rank, StreamId stream) {
              return [&list = phases[stream],
                      next = std::size_t{0}]() mutable -> std::optional<Phase> {
                if (next == list.size()) return std::nullopt;
                return list[next++];
              };
            }};
  }
};

/// Steps in which a stream computes and another one exchanges a bucket when its gradients are
/// there; the next step waits for all of them.
Streams streams_of(const Case& wanted) {
  std::vector<std::shared_ptr<const Collective>> calls;
  for (const auto elements : wanted.buckets) {
    AllReduceRequest request{wanted.ranks, elements, Bytes{4}};
    request.channels = wanted.channels;
    calls.push_back(find_collective(wanted.collective).make_all_reduce(request));
  }
  Streams streams;
  auto& [computes, exchanges] = streams.phases;
  EventId event = 0;
  for (std::uint64_t step = 0; step < wanted.steps; ++step) {
    for (std::uint32_t bucket = 0; bucket < calls.size(); ++bucket) {
      if (calls.size() > 1) computes.emplace_back(Delay{Seconds{10e-3}});
      computes.emplace_back(Record{++event});
      exchanges.emplace_back(WaitEvent{event});
      exchanges.emplace_back(CollectiveCall{calls[bucket], step, "values", bucket});
    }
    exchanges.emplace_back(Record{++event});
    computes.emplace_back(WaitEvent{event});
  }
  return streams;
}

std::uint64_t count_messages(const Streams& streams, Rank ranks) {
  std::uint64_t messages = 0;
  Round round;
  for (const auto& phase : streams.phases[1]) {
    const auto* call = std::get_if<CollectiveCall>(&phase);
    for (std::uint32_t i = 0; call != nullptr && i < call->collective->rounds(); ++i) {
      for (Rank rank = 0; rank < ranks; ++rank) {
        call->round(rank, i, round);
        messages += round.sends.size();
      }
    }
  }
  return messages;
}

Measured run(const Case& wanted, const Streams& streams, std::string_view backend) {
  const auto topology = topology_of(wanted);
  return bench::in_process([&] {
    return find_backend(backend)
        .run(topology, streams.program(wanted.ranks), {.wants_critical_path = true})
        .end;
  });
}

Measured median(std::vector<Measured> all) {
  std::sort(all.begin(), all.end(),
            [](const Measured& a, const Measured& b) { return a.seconds < b.seconds; });
  return all[all.size() / 2];
}

void print_ratio(std::vector<Measured> simgrid, const Measured& own) {
  if (simgrid.empty()) {
    fmt::print(" {:>9} {:>7} {:>7} {:>11}", "", "", "", "");
    return;
  }
  const auto theirs = median(std::move(simgrid));
  fmt::print(" {:>9.3f} {:>7.1f} {:>7.1f} {:>11.1e}", theirs.seconds, theirs.seconds / own.seconds,
             theirs.mebibytes, std::abs(own.end - theirs.end) / theirs.end);
}

void compare(const Case& wanted, int repetitions) {
  const auto streams = streams_of(wanted);
  const auto messages = static_cast<double>(count_messages(streams, wanted.ranks));
  std::vector<Measured> fluid, simgrid;
  for (int i = 0; i < repetitions; ++i) {
    fluid.push_back(run(wanted, streams, "fluid"));
    if (wanted.runs_simgrid) simgrid.push_back(run(wanted, streams, "simgrid"));
  }
  const auto own = median(std::move(fluid));
  fmt::print("{:<20} {:>9.0f} {:>10.4f} {:>8.2f} {:>7.1f}", wanted.name, messages, own.seconds,
             1e-6 * messages / own.seconds, own.mebibytes);
  print_ratio(std::move(simgrid), own);
  fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  bench::load_simgrid();
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 3;
  fmt::print("{:<20} {:>9} {:>10} {:>8} {:>7} {:>9} {:>7} {:>7} {:>11}\n", "case", "messages",
             "fluid s", "M/s", "MiB", "simgrid s", "ratio", "MiB", "difference");
  for (const auto& wanted : all_cases()) {
    const bool is_named = std::any_of(argv + std::min(argc, 2), argv + argc,
                                      [&](const char* name) { return wanted.name == name; });
    if (argc <= 2 || is_named) compare(wanted, repetitions);
  }
}
