#pragma once
// Runs a program in order of simulated time, where every transfer takes the time that it would take
// alone.
#include "sim/backend/backend.hpp"
#include "sim/backend/call_tracker.hpp"
#include "sim/backend/instant.hpp"
#include "sim/backend/route_cache.hpp"
#include "sim/recurrence/link_schedule.hpp"
#include "sim/recurrence/pipelined_path.hpp"
#include "sim/recurrence/pipelined_ring.hpp"
#include "sim/recurrence/ring_path.hpp"
#include "sim/recurrence/ring_rounds.hpp"

#include <map>
#include <memory>
#include <queue>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ringsim {

/// The end of a transfer is known as soon as both its sides have posted, so the only events are
/// streams that go on: one for each stream and round.
///
/// Collectives in which all ranks send round the ring (Collective::ring_parts) are run in one go
/// once all ranks have come to them, where nothing can notice: nobody observes transfers, and only
/// one stream of a rank communicates. In N-1 rounds every rank depends on every other, so none
/// could have ended before the last one came.
/// Collectives in which some ranks send round the ring (Collective::ring_runs) go on, under the
/// same conditions, whenever a rank comes to them, as far as that lets them.
class RecurrenceEngine {
 public:
  RecurrenceEngine(const Topology& topology, const Program& program, const Observer& observer);
  RecurrenceEngine(const RecurrenceEngine&) = delete;
  RecurrenceEngine& operator=(const RecurrenceEngine&) = delete;

  /// Throws NotExact, and RunError where the program cannot finish.
  BackendResult run();
  /// What the rank had waited for when its first stream ended; after run(), with a critical path.
  TracedPath path_of(Rank rank) const {
    return paths_->trace(streams_[rank * std::size_t{per_rank_}].path);
  }

 private:
  struct Posted {
    Rank peer;
    bool is_send;
    Bytes bytes;
    const Passage* passage = nullptr;  ///< of a send
  };
  struct Stream {
    PhaseSource source;
    double time = 0;   ///< when its current phase or round began
    double ready = 0;  ///< when the messages of its round that have a partner will have arrived
    std::shared_ptr<const CollectiveCall> call;  ///< null: none
    std::uint64_t call_number = 0;
    Rank position = 0;  ///< in the call's collective
    std::uint32_t round = 0;
    double reduce = 0;  ///< s that the rank computes once the round's messages have arrived
    std::vector<Posted> unmatched;  ///< messages of its round that have no partner yet
    std::optional<EventId> awaited;
    std::optional<DelayEvent> delay;  ///< that is under way and to be reported
    Path path;                        ///< the critical path until `time`
    LastArrival arrived;              ///< and until `ready`
    bool has_ended = false;
  };
  /// A route, and how fast bytes flow over it.
  struct TimedRoute {
    Route route;
    std::vector<Change<BytesPerSecond>> capacity;  ///< empty: always the route's bandwidth
    double highest_rate;
  };
  /// The links from each rank to the next one; routes take ten times as much room.
  class RingWays {
   public:
    std::span<const LinkId> of(Rank rank) const {
      const std::size_t first = rank == 0 ? 0 : ends_[rank - 1];
      return {links_.data() + first, ends_[rank] - first};
    }
    void add(const std::vector<LinkId>& links) {
      links_.insert(links_.end(), links.begin(), links.end());
      ends_.push_back(links_.size());
    }

   private:
    std::vector<LinkId> links_;
    std::vector<std::size_t> ends_;
  };
  /// A call that is run in one go, when all ranks have come to it.
  struct Together {
    std::uint64_t call_number;
    double first_arrival;
    std::vector<Bytes> parts;
    Rank arrived;
  };
  struct Pipelined;
  /// A call of pipelined rounds that some ranks have come to.
  struct MayBePipelined {
    Rank arrived = 0;
    std::shared_ptr<Pipelined> pipelined;  ///< null: it goes message by message
  };
  using Wake = std::pair<double, std::uint32_t>;
  struct Later {
    bool operator()(const TransferEvent& a, const TransferEvent& b) const { return a.end > b.end; }
  };

  Rank rank_of(std::size_t stream) const { return static_cast<Rank>(stream / per_rank_); }
  StreamId id_of(std::size_t stream) const { return static_cast<StreamId>(stream % per_rank_); }
  const TimedRoute& route(Rank source, Rank target);
  /// When a message that starts at `start` flows.
  Flow flow_of(const TimedRoute& path, const TransferEvent& transfer, const Passage* passage) const;

  void wake_up(std::size_t stream, double time);
  void advance(std::size_t stream);
  /// Whether the stream goes on at once.
  bool execute(std::size_t stream, const Delay& delay);
  bool execute(std::size_t stream, const CollectiveCall& call);
  bool execute(std::size_t stream, const Record& record);
  bool execute(std::size_t stream, const WaitEvent& wait);
  bool execute(std::size_t stream, const Mark& mark);

  /// Whether the rounds of the stream's call are over.
  bool do_rounds(std::size_t stream);
  void post(std::size_t stream, const Posted& message);
  void match(std::size_t sender, std::size_t receiver, const Posted& send);
  /// The stream goes on when its round's messages have arrived, all of which have partners.
  void finish_round(std::size_t stream);
  /// The critical path goes on through a message.
  void follow(Stream& from, Stream& to, const Flow& flow);
  void end_call(std::size_t stream);

  /// Whether the stream's call is run in one go.
  bool joins(std::size_t stream);
  void run_together(StreamId id, const CollectiveCall& call);
  /// False where the messages of a link are of several pieces of its model.
  bool set_ring(const std::vector<Bytes>& parts, std::uint32_t rounds);
  std::optional<MessageSpeed> speed_on(const Route& route, Bytes smallest, Bytes largest) const;
  void follow_together(StreamId id, std::vector<double> ready, std::vector<double> last_end,
                       RingCheckpoints kept);
  /// Whether the next call in one go keeps checkpoints, which make following it faster.
  bool keeps_checkpoints() const;
  /// Whether nothing else flows over the ring's links when its messages do.
  bool has_free_links(const RingTimes& times) const;
  /// Whether the critical path, where it is wanted, may be followed through one more call in one
  /// go; where too much is kept of those that were, what the ranks' paths have in common is summed
  /// up first.
  bool may_follow_together();
  /// Whether the messages from each rank to the next one have links of their own.
  bool has_ring();
  /// Streams that have come to a call that should run in one go take it round by round. Whether
  /// there was one.
  bool give_up_together();
  /// The same for pipelined rounds.
  bool joins_pipelined(std::size_t stream);
  /// Null where they go message by message.
  std::shared_ptr<Pipelined> begin_pipelined(std::size_t stream);
  /// Streams post what they wait for in pipelined rounds, to be described.
  void post_blocked();
  /// No transfer that is yet to be matched starts before this time.
  Seconds horizon(double time) const;

  /// Reports what happened until `time`, exclusively.
  void report_until(double time);
  /// Reports what happens now; whether streams go on because of it.
  bool report_now();
  RunError describe_deadlock() const;
  /// One for all ranks that make the call, as far as they make it one after the other.
  std::shared_ptr<const CollectiveCall> shared(StreamId id, const CollectiveCall& call);

  const Topology& topology_;
  const Observer& observer_;
  Rank ranks_;
  StreamId per_rank_;
  bool may_run_together_;
  std::unique_ptr<PathLog> paths_;  ///< null: nobody wants the critical path
  Path last_path_;                  ///< of the stream that ended last
  std::vector<Stream> streams_;     ///< [rank * per_rank_ + stream]
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> awake_;
  double now_ = 0, end_ = 0;
  double last_arrival_ = 0;
  RouteCache<TimedRoute> routes_;
  LinkSchedule links_;
  std::vector<CallTracker> calls_;                                 ///< per stream number
  std::vector<std::shared_ptr<const CollectiveCall>> last_calls_;  ///< per stream number
  std::optional<Together> together_;
  std::optional<bool> has_ring_;  ///< whether ring_, ring_ways_ and ring_is_plain_ could be set
  RingWays ring_ways_;
  bool ring_is_plain_ = true;  ///< no message from a rank to the next one has pieces by its size
  std::map<std::uint64_t, MayBePipelined> pipelined_;  ///< by call number
  std::vector<Route> ring_routes_;                     ///< set where a call is pipelined
  std::shared_ptr<RingRounds> ring_ = std::make_shared<RingRounds>();
  std::vector<std::unordered_set<EventId>> recorded_;  ///< per rank; empty: none so far
  std::unordered_set<EventId> recorded_on_all_;
  Instant instant_;
  std::vector<std::size_t> marked_;  ///< streams that go on when their mark has been reported
  std::priority_queue<TransferEvent, std::vector<TransferEvent>, Later> arriving_;
  Round round_;
};

}  // namespace ringsim
