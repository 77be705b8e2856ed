#pragma once
// Executes collectives: every rank has a buffer of numbers, messages carry parts of it.
#include "base/random.hpp"
#include "sim/collectives/collective.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <queue>
#include <utility>
#include <vector>

namespace ringsim::test {

constexpr Bytes element{4};
using Buffers = std::vector<std::vector<std::int64_t>>;  // [rank][element]

inline std::size_t first_of(const Message& message) { return message.offset.count / element.count; }
inline std::size_t count_of(const Message& message) { return message.bytes.count / element.count; }

/// Runs the rounds one after the other. What is sent in a round is what the buffers held before it.
/// Checks that sends and receives of a round meet, with equal sizes, and that total_bytes() is what
/// is sent.
inline void execute(const Collective& collective, Buffers& buffers) {
  Bytes total;
  Round round;
  for (std::uint32_t index = 0; index < collective.rounds(); ++index) {
    std::map<std::pair<Rank, Rank>, std::queue<std::vector<std::int64_t>>> under_way;
    for (Rank rank = 0; rank < collective.ranks(); ++rank) {
      collective.round(rank, index, round);
      for (const auto& send : round.sends) {
        REQUIRE(send.peer != rank);
        REQUIRE(send.peer < collective.ranks());
        total += send.bytes;
        const auto first = buffers[rank].begin() + static_cast<std::ptrdiff_t>(first_of(send));
        under_way[{rank, send.peer}].push(
            {first, first + static_cast<std::ptrdiff_t>(count_of(send))});
      }
    }
    for (Rank rank = 0; rank < collective.ranks(); ++rank) {
      collective.round(rank, index, round);
      Bytes reduced;
      for (const auto& receive : round.receives) {
        auto& messages = under_way[{receive.peer, rank}];
        REQUIRE_FALSE(messages.empty());
        REQUIRE(messages.front().size() == count_of(receive));
        for (std::size_t i = 0; i < messages.front().size(); ++i) {
          auto& value = buffers[rank][first_of(receive) + i];
          value = messages.front()[i] + (receive.adds ? value : 0);
        }
        if (receive.adds) reduced += receive.bytes;
        messages.pop();
      }
      REQUIRE(round.reduced() == reduced);
    }
    for (const auto& [pair, messages] : under_way) REQUIRE(messages.empty());
  }
  CHECK(collective.total_bytes() == total);
}

/// Runs the ranks in an order drawn at random, each as far ahead as the others let it: a message
/// moves once both sides have posted it, from buffer to buffer, and a rank goes on when all of its
/// round have moved. So a rank must not receive in a round where it sends from.
class Rendezvous {
 public:
  Rendezvous(const Collective& collective, Buffers& buffers, std::uint64_t seed)
      : collective_(collective),
        buffers_(buffers),
        random_(seed, Purpose::batch_order),
        next_(collective.ranks()),
        waits_for_(collective.ranks()) {
    for (Rank rank = 0; rank < collective.ranks(); ++rank) ready_.push_back(rank);
  }

  /// Whether all came to their ends; if not, those that are left wait for each other.
  bool run() {
    Rank ended = 0;
    while (!ready_.empty()) {
      std::swap(ready_[random_.below(ready_.size())], ready_.back());
      const Rank rank = ready_.back();
      ready_.pop_back();
      if (next_[rank] == collective_.rounds()) {
        ++ended;
      } else {
        post(rank);
      }
    }
    return ended == collective_.ranks();
  }

 private:
  struct Posted {
    Message message;
    bool is_send;
  };

  void post(Rank rank) {
    collective_.round(rank, next_[rank]++, round_);
    waits_for_[rank] = round_.sends.size() + round_.receives.size();
    if (waits_for_[rank] == 0) ready_.push_back(rank);
    for (const auto& receive : round_.receives) meet(receive.peer, rank, {receive, false});
    for (const auto& send : round_.sends) meet(rank, send.peer, {send, true});
  }

  void meet(Rank source, Rank target, const Posted& posted) {
    auto& waiting = posted_[{source, target}];
    if (waiting.empty() || waiting.front().is_send == posted.is_send) {
      waiting.push_back(posted);
      return;
    }
    const Message other = waiting.front().message;
    waiting.pop_front();
    const Message& send = posted.is_send ? posted.message : other;
    const Message& receive = posted.is_send ? other : posted.message;
    REQUIRE(send.bytes == receive.bytes);
    for (std::size_t i = 0; i < count_of(send); ++i) {
      auto& value = buffers_[target][first_of(receive) + i];
      value = buffers_[source][first_of(send) + i] + (receive.adds ? value : 0);
    }
    for (const Rank rank : {source, target}) {
      if (--waits_for_[rank] == 0) ready_.push_back(rank);
    }
  }

  const Collective& collective_;
  Buffers& buffers_;
  Random random_;
  Round round_;
  std::vector<std::uint32_t> next_;     ///< per rank: its next round
  std::vector<std::size_t> waits_for_;  ///< per rank: messages of its round that have not moved
  std::vector<Rank> ready_;
  std::map<std::pair<Rank, Rank>, std::deque<Posted>> posted_;
};

/// Both ways give the same buffers, which become `buffers`.
inline void execute_both_ways(const Collective& collective, Buffers& buffers) {
  auto copies = buffers;
  execute(collective, buffers);
  REQUIRE(Rendezvous(collective, copies, collective.ranks()).run());
  REQUIRE(copies == buffers);
}

}  // namespace ringsim::test
