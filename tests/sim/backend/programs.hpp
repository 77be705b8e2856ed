#pragma once
// Programs and topologies that tests write down phase by phase.
#include "sim/backend/backend.hpp"
#include "topologies/kinds/ring.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ringsim::test {

inline Topology make_ring(const std::vector<double>& bandwidth,
                          const std::vector<double>& latency) {
  std::vector<Link> links;
  for (std::size_t i = 0; i < bandwidth.size(); ++i) {
    links.push_back({"link" + std::to_string(i), {bandwidth[i]}, {latency[i]}});
  }
  return ring_topology("test", links);
}

inline Topology uniform_ring(Rank hosts, double bandwidth, double latency) {
  return make_ring(std::vector<double>(hosts, bandwidth), std::vector<double>(hosts, latency));
}

inline BackendResult run_recurrence(const Topology& topology, const Program& program,
                                    const Observer& observer) {
  return find_backend("recurrence").run(topology, program, observer);
}

/// For child processes that run it: SimGrid takes 20 ms to load, and what a process has loaded its
/// children need not.
inline void load_simgrid() { require_able(find_backend("simgrid"), uniform_ring(2, 1e9, 0), 2); }

/// Once per process.
inline BackendResult run_simgrid(const Topology& topology, const Program& program,
                                 const Observer& observer) {
  return find_backend("simgrid").run(topology, program, observer);
}

/// The first contention, where recurrence is not exact.
inline std::optional<Contention> find_contention(const Topology& topology, const Program& program) {
  const auto found = find_inexactness(find_backend("recurrence"), topology, program);
  return found ? std::optional(found->contention) : std::nullopt;
}

/// phases[rank][stream] one after the other.
using Phases = std::vector<std::vector<std::vector<Phase>>>;

inline Program make_program(const Phases& phases) {
  return {.ranks = static_cast<Rank>(phases.size()),
          .streams_per_rank = static_cast<StreamId>(phases.front().size()),
          .open = [&phases](Rank rank, StreamId stream) -> PhaseSource {
            return [&list = phases[rank][stream],
                    next = std::size_t{0}]() mutable -> std::optional<Phase> {
              if (next == list.size()) return std::nullopt;
              return list[next++];
            };
          }};
}

/// One message, as a collective of one round.
class OneMessage final : public Collective {
 public:
  /// The target reduces `reduced` bytes afterwards.
  OneMessage(Rank ranks, Rank source, Rank target, Bytes bytes, Bytes reduced = {})
      : ranks_(ranks), source_(source), target_(target), bytes_(bytes), reduced_(reduced) {}
  std::string_view name() const override { return "one message"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 1; }
  Bytes total_bytes() const override { return bytes_; }
  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    if (rank == source_) round.sends.push_back({target_, bytes_});
    if (rank != target_) return;
    round.receives.push_back({source_, bytes_});
    if (reduced_.count > 0) round.receives.back() = {source_, reduced_, {}, true};
  }

 private:
  Rank ranks_, source_, target_;
  Bytes bytes_, reduced_;
};

inline CollectiveCall call(std::shared_ptr<const Collective> collective, std::uint64_t step = 0) {
  return {std::move(collective), step, "values", 0};
}

inline CollectiveCall message(Rank ranks, Rank source, Rank target, std::uint64_t bytes) {
  return call(std::make_shared<OneMessage>(ranks, source, target, Bytes{bytes}));
}

}  // namespace ringsim::test
