#include "sim/recurrence/pipelined_path.hpp"

#include <cstdint>
#include <set>

namespace ringsim {
namespace {

/// What a path needs to know of a rank's round.
struct Seen {
  std::uint8_t exists : 1;  ///< the rank has a message there
  /// The message that arrives last is the one that the rank receives, not the one that it sends.
  std::uint8_t receive_is_last : 1;
  /// The receiver of the message that the rank sends posted it after the rank did.
  std::uint8_t receiver_is_later : 1;
};

/// Notes what every rank waited for in every round.
class Watch {
 public:
  explicit Watch(const RingRuns& runs)
      : rounds_(runs.rounds()),
        ranks_(runs.ranks()),
        seen_(std::size_t{rounds_} * ranks_),
        sent_(ranks_, none),
        received_(ranks_, none) {}

  void message(const RingMessage& message) {
    at(message.sender, message.round).receiver_is_later =
        is_later({message.receiver_posted}, {message.sender_posted});
    sent_[message.sender] = message.to;
    received_[(message.sender + 1) % ranks_] = message.to;
  }
  void end_round(Rank rank, std::uint32_t round) {
    auto& seen = at(rank, round);
    seen.exists = true;
    seen.receive_is_last = is_receive_last(rank);
    sent_[rank] = received_[rank] = none;
  }
  void end(Rank, double) {}

  Seen& at(Rank rank, std::uint32_t round) { return seen_[std::size_t{rank} * rounds_ + round]; }
  /// The last round of the rank before `end` in which it has a message; `rounds` where there is
  /// none.
  std::uint32_t last_round_before(Rank rank, std::uint32_t end) {
    while (end > 0) {
      if (at(rank, --end).exists) return end;
    }
    return rounds_;
  }
  std::uint32_t rounds() const { return rounds_; }
  Rank ranks() const { return ranks_; }

 private:
  static constexpr double none = -1;

  /// Where both arrive together, the one with the lower source counts (LastArrival).
  bool is_receive_last(Rank rank) const {
    if (sent_[rank] == none || received_[rank] == none) return sent_[rank] == none;
    if (is_later({received_[rank]}, {sent_[rank]})) return true;
    if (is_later({sent_[rank]}, {received_[rank]})) return false;
    return rank > 0;  // rank 0 receives from the last rank
  }

  std::uint32_t rounds_;
  Rank ranks_;
  std::vector<Seen> seen_;               ///< [rank * rounds + round]
  std::vector<double> sent_, received_;  ///< s, of the rank's round: when they have arrived
};

/// Keeps messages of one sender in each round.
struct Chosen {
  static constexpr Rank nobody = ~Rank{0};

  std::vector<Rank> senders;  ///< per round
  std::vector<RingMessage> messages;

  void message(const RingMessage& message) {
    if (senders[message.round] == message.sender) messages[message.round] = message;
  }
  void end_round(Rank, std::uint32_t) {}
  void end(Rank, double) {}
};

/// Tells `meet` what messages `rank` waited for at the end, from the last one to the first; the
/// rank with which they began.
template <class Meet>
Rank walk_back(Watch& watch, Rank rank, const Meet& meet) {
  const Rank ranks = watch.ranks();
  for (std::uint32_t round = watch.last_round_before(rank, watch.rounds()); round < watch.rounds();
       round = watch.last_round_before(rank, round)) {
    const Rank sender = watch.at(rank, round).receive_is_last ? (rank + ranks - 1) % ranks : rank;
    meet(sender, round);
    rank = watch.at(sender, round).receiver_is_later ? (sender + 1) % ranks : sender;
  }
  return rank;
}

}  // namespace

bool PipelinedPath::can_follow(const RingRuns& runs) {
  constexpr std::size_t most = 1 << 28;
  return std::size_t{runs.rounds()} * runs.ranks() <= most;
}

template <class Visit>
void PipelinedPath::go(Visit& visit) const {
  PipelinedRing ring(*runs_, topology_, routes_);
  for (Rank each = 0; each < runs_->ranks(); ++each) ring.come(each, ready_[each], visit);
}

Path PipelinedPath::trace(Rank rank, PathTimes& times) const {
  const Rank ranks = runs_->ranks();
  Watch watch(*runs_);
  go(watch);
  // The path has one message in a round at most.
  Chosen chosen{std::vector(watch.rounds(), Chosen::nobody),
                std::vector<RingMessage>(watch.rounds())};
  const Rank at = walk_back(
      watch, rank, [&](Rank sender, std::uint32_t round) { chosen.senders[round] = sender; });
  go(chosen);
  for (std::uint32_t round = watch.rounds(); round-- > 0;) {
    const Rank sender = chosen.senders[round];
    if (sender == Chosen::nobody) continue;
    const auto& message = chosen.messages[round];
    const Rank receiver = (sender + 1) % ranks;
    times.add(Cause::transfer, sender, receiver, {message.to - message.from});
    times.add(Cause::latency, sender, receiver, {message.from - message.start()});
  }
  return before_[at];
}

std::vector<Rank> PipelinedPath::origins() const {
  Watch watch(*runs_);
  go(watch);
  std::set<Rank> origins;
  for (Rank rank = 0; rank < runs_->ranks(); ++rank)
    origins.insert(walk_back(watch, rank, [](Rank, std::uint32_t) {}));
  return {origins.begin(), origins.end()};
}

}  // namespace ringsim
