#pragma once
// When the ranks of a ring have gone through rounds in which some of them send to the next one.
#include "sim/collectives/collective.hpp"
#include "topologies/topology.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace ringsim {

/// What all ranks send, in order of rounds (Collective::ring_runs).
class RingRuns {
 public:
  /// Nothing where the collective has no such runs, or more than are worth keeping.
  static std::optional<RingRuns> of(const Collective& collective);

  /// Those of rounds in which rank i sends part (i-j) mod N in round j.
  static RingRuns of_parts(const std::vector<Bytes>& parts, std::uint32_t rounds);

  Rank ranks() const { return static_cast<Rank>(begin_.size() - 1); }
  std::uint32_t rounds() const { return rounds_; }
  std::span<const RingRun> of_sender(Rank rank) const {
    return std::span(runs_).subspan(begin_[rank], begin_[rank + 1] - begin_[rank]);
  }

 private:
  std::uint32_t rounds_ = 0;
  std::vector<RingRun> runs_;
  std::vector<std::size_t> begin_;  ///< of each rank's runs, and the end
};

/// A message of a PipelinedRing. It starts when both sides have posted it, and flows between `from`
/// and `to`.
struct RingMessage {
  Rank sender;
  std::uint32_t round;
  Bytes bytes;
  double sender_posted, receiver_posted;
  double from, to;

  double start() const { return std::max(sender_posted, receiver_posted); }
};

/// Ranks go through the rounds as far as those that have come let them. Their times are those of
/// messages one by one: start, plus latency, plus bytes/bandwidth; a rank goes on when the messages
/// of its round, one out and one in at most, have arrived.
///
/// What becomes known because a rank has come is not before its coming: every message that was held
/// up waited for that rank, itself or at some removes.
class PipelinedRing {
 public:
  /// `routes[i]` leads from rank i to the next one. Both outlive the ring.
  PipelinedRing(const RingRuns& runs, const Topology& topology, std::span<const Route> routes);

  /// The rank comes to the first round at `time`. Calls `visit.message(RingMessage)` for messages
  /// as they become known, those of a sender in order of rounds; `visit.end_round(rank, round)`
  /// when those of a rank's round are; and `visit.end(rank, time)` when a rank has done its last
  /// one.
  template <class Visit>
  void come(Rank rank, double time, Visit& visit) {
    auto& state = ranks_[rank];
    state.has_come = true;
    state.time = state.ready = time;
    post(rank, visit);
    ready_.push_back(rank);
    while (!ready_.empty()) {
      const Rank next = ready_.back();
      ready_.pop_back();
      match(next == 0 ? last_ : next - 1, visit);
      match(next, visit);
    }
  }

  /// What the rank has sent when it has sent all.
  bool has_sent_all(Rank rank) const { return ranks_[rank].sends.is_over(); }
  /// The message that a rank waits for, which has come and not ended its last round: whether it is
  /// one that it sends, its round and its bytes. A receive stands before a send.
  struct Waiting {
    bool sends;
    std::uint32_t round;
    Bytes bytes;
  };
  std::optional<Waiting> waits_for(Rank rank) const;

 private:
  static constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

  /// Goes through a sender's messages.
  struct Cursor {
    std::span<const RingRun> rest;
    std::uint32_t piece = 0;  ///< of the first of `rest`

    bool is_over() const { return rest.empty(); }
    std::uint32_t round() const { return rest.empty() ? never : rest.front().first_round + piece; }
    bool is_larger() const { return piece < rest.front().bytes.count % rest.front().pieces; }
    Bytes bytes() const {
      return Bytes{rest.front().bytes.count / rest.front().pieces + (is_larger() ? 1 : 0)};
    }
    /// Whether it has come to another run.
    bool go_on() {
      if (++piece < rest.front().pieces) return false;
      rest = rest.subspan(1);
      piece = 0;
      return true;
    }
  };
  /// How long the messages of a run take, the larger ones and the others.
  struct Cost {
    double latency, transfer;
  };
  struct State {
    double time = 0, ready = 0;
    Cursor sends, receives;
    std::uint32_t round = 0;
    bool has_come = false, sending = false, receiving = false;
    Cost larger{}, smaller{};  ///< of the run that it sends
  };

  /// The rank posts its next round, or ends.
  template <class Visit>
  void post(Rank rank, Visit& visit) {
    auto& state = ranks_[rank];
    const std::uint32_t send = state.sends.round(), receive = state.receives.round();
    state.round = std::min(send, receive);
    if (state.round == never) {
      visit.end(rank, state.time);
      return;
    }
    state.sending = send == state.round;
    state.receiving = receive == state.round;
  }

  template <class Visit>
  void match(Rank sender, Visit& visit) {
    const Rank receiver = sender == last_ ? 0 : sender + 1;
    auto &from = ranks_[sender], &to = ranks_[receiver];
    if (!from.sending || !to.receiving) return;
    const Cost& cost = from.sends.is_larger() ? from.larger : from.smaller;
    RingMessage message{sender, from.round, from.sends.bytes(), from.time, to.time, 0, 0};
    message.from = message.start() + cost.latency;
    message.to = message.from + cost.transfer;
    from.ready = std::max(from.ready, message.to);
    to.ready = std::max(to.ready, message.to);
    from.sending = to.receiving = false;
    if (from.sends.go_on()) find_cost(sender);
    to.receives.go_on();
    visit.message(message);
    if (!from.receiving) end_round(sender, visit);
    if (!to.sending) end_round(receiver, visit);
  }

  template <class Visit>
  void end_round(Rank rank, Visit& visit) {
    auto& state = ranks_[rank];
    visit.end_round(rank, state.round);
    state.time = state.ready;
    post(rank, visit);
    ready_.push_back(rank);
  }

  void find_cost(Rank sender);

  const Topology& topology_;
  std::span<const Route> routes_;
  Rank last_;
  std::vector<State> ranks_;
  std::vector<Rank> ready_;  ///< ranks that have posted and may have partners
};

}  // namespace ringsim
