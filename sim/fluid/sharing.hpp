#pragma once
// How flows share the links: max-min fairly, kept up to date as flows come and go.
#include "topologies/topology.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace ringsim {

/// Every link has a level: the highest rate that it lets a flow have, infinite where it is not
/// saturated. The rate of a flow is the least level on its route, and the link of that level holds
/// the flow. The level of a saturated link is the height to which its capacity fills it when each
/// of its flows takes what its other links would let it have, and no more. Levels that agree with
/// each other so are the max-min allocation, which is the only one: the link of the lowest level
/// is right once it is looked at, the next one after that, and so on.
///
/// solve() looks only at links whose flows, or whose flows' rates, have changed. No memory is
/// allocated but for more flows at a time than ever before.
class Sharing {
 public:
  using FlowId = std::uint32_t;

  /// One link each, of this capacity in B/s.
  explicit Sharing(const std::vector<double>& capacities);

  /// A flow over these links, different ones, that has not begun. Ids of flows that were dropped
  /// are used again.
  FlowId make_flow(std::span<const LinkId> links);
  /// A flow that does not flow, not any more or not yet, is forgotten.
  void drop_flow(FlowId flow);
  /// From now on the flow flows, at rate 0 until solve().
  void begin(FlowId flow, double now);
  /// The flow flows no longer.
  void end(FlowId flow, double now);
  void set_capacity(LinkId link, double capacity);

  /// Finds all rates anew. changed() are then the flows whose rate is another one than before.
  void solve();
  struct Changed {
    FlowId flow;
    double old_rate;  ///< B/s
  };
  std::span<const Changed> changed() const { return changed_; }
  /// In B/s, since the last solve().
  double rate(FlowId flow) const { return flows_[flow].rate; }

  /// How many flows have been made at a time, at most: ids are less.
  std::size_t flow_ids() const { return flows_.size(); }
  std::size_t flowing() const { return flowing_; }
  /// Calls visit(flow) for each flow that flows over the link.
  template <class Visit>
  void for_each_flow(LinkId link, Visit visit) const {
    for (const auto& member : links_[link].members) visit(member.flow);
  }
  /// The time during which at least one flow flowed over the link, in s. What flows now is counted
  /// when it ends.
  double busy(LinkId link) const { return links_[link].busy; }

  /// How far the rates are from the max-min allocation, in relation to the capacities: how much
  /// too much a link carries, or how much faster a flow without a bottleneck could be. A flow's
  /// bottleneck is a saturated link that has no faster flow.
  double distance_from_max_min() const;

 private:
  static constexpr LinkId nobody = std::numeric_limits<LinkId>::max();
  static constexpr double infinite = std::numeric_limits<double>::infinity();

  /// A link of a flow, and where the flow stands among the link's members.
  struct Crossing {
    LinkId link;
    std::uint32_t position;
  };
  struct Flow {
    double rate;
    double spare;         ///< not above the least level of the links that do not hold the flow
    LinkId holder;        ///< nobody: it has no rate yet
    std::uint32_t first;  ///< of its places
    std::uint32_t count : 31, is_changed : 1;  ///< of its places; it stands in changed_
  };
  struct Member {
    FlowId flow;
    std::uint32_t which;  ///< of the flow's places
  };
  struct Link {
    double capacity;
    bool is_queued = false;     ///< stands in queue_
    bool has_new_flow = false;  ///< that has to get its first rate here
    std::uint32_t ended = 0;    ///< flows, until now
    std::vector<Member> members;
    double busy = 0, busy_since = 0;
  };
  /// A flow while its link's level is worked out.
  struct Share {
    double limit;       ///< what its other links let it have; a lower bound where is_lazy
    double next_limit;  ///< the same without the link that sets `limit`, where that is looked up
    FlowId flow;
    std::uint32_t which;
    LinkId limited_by;
    bool is_lazy;
  };

  void queue(LinkId link);
  void evaluate(LinkId link);
  /// The level of a link with these shares: infinite where all of them are limited elsewhere.
  double fill(double capacity, std::span<Share> shares) const;
  /// A flow of the link gets its part of this level.
  void take(const Share& share, LinkId link, double level);
  /// Finds the limit of a share exactly.
  void look_up(Share& share) const;
  /// The flow gets this rate on account of a link.
  void set_rate(FlowId flow, double rate, LinkId by);
  void set_level(LinkId link, double level);
  /// Sums the load up anew, as rounding adds up.
  void sum_load(LinkId link);

  std::vector<Link> links_;
  std::vector<double> levels_;  ///< per link
  std::vector<double> loads_;   ///< per link: the sum of its flows' rates
  /// Per link: the load above which it has to be looked at. That of saturated ones is below all.
  std::vector<double> limits_;
  std::vector<Flow> flows_;
  std::vector<Crossing> places_;
  std::vector<std::vector<FlowId>> unused_;  ///< flows by the length of their route
  std::vector<LinkId> queue_;                ///< links to look at
  std::vector<Share> shares_;                ///< room for those of one link
  std::vector<Changed> changed_;
  std::size_t flowing_ = 0;
  double rounding_ = 0;  ///< of levels, relative, that is forgiven in this solve()
};

}  // namespace ringsim
