#pragma once
// When bytes flow over which link, and whether two transfers would slow each other.
#include "sim/backend/backend.hpp"
#include "topologies/topology.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <vector>

namespace ringsim {

/// A transfer as its links see it.
struct Flow {
  double from, to;  ///< s
  double rate;      ///< B/s, the highest
  TransferEvent transfer;
  bool is_counted = false;  ///< its time is among the link's busy time already
};

/// Each transfer flows at the bandwidth of its route's slowest link. That is what max-min sharing
/// gives, as long as the rates over every link add up to no more than its bandwidth. Where
/// bandwidths change, the highest rates have to fit the lowest bandwidth, to be on the safe side.
class LinkSchedule {
 public:
  explicit LinkSchedule(const Topology& topology);

  /// `now` is not after the start of any transfer to come. Throws NotExact.
  void add(const Route& route, const Flow& flow, Seconds now);

  /// Whether no transfer that was added flows over the route after `from`.
  bool is_free(std::span<const LinkId> way, Seconds from) const;
  /// Several transfers, one after the other, the last one of which is `last`, over a route that is
  /// free from `from` on. To be on the safe side no other transfer may flow there until their end.
  void add_sequence(std::span<const LinkId> way, const TransferEvent& last, Seconds from,
                    Bytes bytes, Seconds busy);

  /// Whether no transfer that was added flows over the route after `from`, but for those between
  /// the same two ranks.
  bool is_free_of_others(const Route& route, Rank source, Rank target, Seconds from) const;
  /// Transfers between the same two ranks that come one after the other while others may be added.
  /// The first one flows from `from` on.
  void begin_messages(const Route& route, Seconds from);
  /// One of them.
  void add_message(const Route& route, Seconds from, Seconds to) {
    for (const LinkId id : route.links) count(links_[id], from.value, to.value);
  }
  /// The last one of them has been added, `bytes` are those of all. To be on the safe side no other
  /// transfer may flow there from `from`, when the first one did, until their end: throws NotExact.
  /// `now` as in add().
  void end_messages(const Route& route, const TransferEvent& last, Seconds from, Bytes bytes,
                    Seconds now);

  /// What the links were used for. Forgets everything.
  std::vector<LinkUse> take_use();

 private:
  struct State {
    double bandwidth;  ///< the lowest
    std::uint64_t bytes = 0;
    double busy = 0;
    double counted_until = 0;  ///< intervals that ended before are in `busy`
    /// Those that may still meet others, in order of `from`; a sequence has an infinite rate.
    std::vector<Flow> flows;
  };

  /// The states of the links that anything flowed over; many are never used.
  class States {
   public:
    explicit States(const Topology& topology);
    State& operator[](LinkId id);
    /// nullptr: nothing flowed over it so far.
    State* find(LinkId id) { return places_[id] == none ? nullptr : &states_[places_[id]]; }
    const State* find(LinkId id) const {
      return places_[id] == none ? nullptr : &states_[places_[id]];
    }

    /// Nothing can be found afterwards.
    void clear() { states_ = {}; }

   private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    const Topology& topology_;
    std::vector<std::uint32_t> places_;  ///< per link
    std::deque<State> states_;
  };

  void add(LinkId id, const Flow& flow, double now);
  /// Throws NotExact.
  void insert(LinkId id, const Flow& flow);
  static void forget_past(State& link, double now);
  static void count(State& link, const Flow& flow);
  static void count(State& link, double from, double to) {
    link.busy += std::max(0.0, to - std::max(from, link.counted_until));
    link.counted_until = std::max(link.counted_until, to);
  }
  void check_bandwidth(LinkId id, const State& link, const Flow& flow) const;

  const Topology& topology_;
  States links_;
};

}  // namespace ringsim
