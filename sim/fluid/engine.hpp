#pragma once
// Runs a program in order of simulated time; messages flow at the rates that sharing their links
// leaves them.
#include "sim/backend/backend.hpp"
#include "sim/backend/call_tracker.hpp"
#include "sim/backend/instant.hpp"
#include "sim/fluid/event_heap.hpp"
#include "sim/fluid/route_table.hpp"
#include "sim/fluid/sharing.hpp"

#include <memory>
#include <queue>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ringsim {

/// Everything that happens at one moment is done, then the rates are found anew, once, and then
/// time goes on to the next moment. Moments are the same where their times are equal to the last
/// bit.
class FluidEngine {
 public:
  FluidEngine(const Topology& topology, const Program& program, const Observer& observer,
              bool checks_rates);

  /// Throws RunError where the program cannot finish.
  BackendResult run();
  /// What the rank had waited for when its first stream ended; after run(), with a critical path.
  TracedPath path_of(Rank rank) const { return paths_->trace(streams_[rank * per_rank_].path); }

 private:
  using TransferId = Sharing::FlowId;
  using StreamIndex = std::uint32_t;

  enum class Progress : std::uint8_t { unmatched, under_way, arrived, failed };
  /// One side of a message of a stream's round.
  struct Posted {
    Rank peer;
    bool is_send;
    Progress progress;
    std::uint64_t bytes;
    const Passage* passage = nullptr;  ///< of a send
  };
  struct Stream {
    PhaseSource source;
    std::optional<CollectiveCall> call;
    std::uint64_t call_number = 0;
    Rank position = 0;  ///< in the call's collective
    std::uint32_t round = 0;
    std::uint32_t to_come = 0;   ///< messages of its round that have not arrived
    std::vector<Posted> posted;  ///< of its round: the receives, then the sends
    std::uint32_t matched = 0;   ///< so many of the first have found their other side, at least
    double posted_at = 0;
    double reduce = 0;  ///< s that the rank computes once the round's messages are there
    std::optional<EventId> awaited;
    bool is_delayed = false;  ///< by `delay`, until it is woken up
    DelayEvent delay{};
    Path path;            ///< the critical path
    double path_end = 0;  ///< s
    LastArrival arrived;  ///< of the round's messages
    bool has_ended = false;
  };
  enum class Phase : std::uint8_t { none, latency, flow };
  /// A message both sides of which have posted.
  struct Transfer {
    StreamIndex sender, receiver;
    std::uint32_t sender_post, receiver_post;  ///< which of the streams' posted messages
    std::uint32_t route;
    Phase phase = Phase::none;
    double start;       ///< when both sides had posted
    double flows_at;    ///< when its latency has passed
    double work, left;  ///< bytes of capacity: all, and what had not passed at `since`
    double since;
    double end;     ///< at its rate, where nothing changes
    double queued;  ///< the time of its earliest entry in ends_, infinite where it has none
  };
  /// A change that is known beforehand.
  struct Fault {
    double time;
    bool is_death;
    std::uint32_t which;  ///< rank, or link
    double capacity;      ///< B/s, of the link
    bool was_down;        ///< the link comes up again
  };

  Rank rank_of(StreamIndex stream) const { return stream / per_rank_; }
  StreamId id_of(StreamIndex stream) const { return stream % per_rank_; }

  // Time (engine.cpp).
  /// Infinite where nothing will happen.
  double next_time();
  double next_end();
  void take_events();
  /// What takes no time; whether there was anything.
  bool take_due();
  void take_ends();
  void take_wakes();
  void take_starts();
  void solve();
  /// Reports what happens now; whether streams go on because of it.
  bool report_now();
  RunError describe_deadlock() const;
  BackendResult result();

  // Streams (streams.cpp).
  void open_streams();
  /// After a death; all have waited for what `path` says.
  void reopen_streams(const Path& path);
  void advance(StreamIndex stream);
  /// Whether the stream goes on at once.
  bool execute(StreamIndex stream, const Delay& delay);
  bool execute(StreamIndex stream, const CollectiveCall& call);
  bool execute(StreamIndex stream, const Record& record);
  bool execute(StreamIndex stream, const WaitEvent& wait);
  bool execute(StreamIndex stream, const Mark& mark);
  void end_call(StreamIndex stream);
  /// The stream has waited for `cause` until now.
  void go_on(Stream& state, Path path);
  void wake_up(StreamIndex stream);

  // Messages (messages.cpp).
  /// Whether the rounds of the stream's call are over.
  bool do_rounds(StreamIndex stream);
  void post(StreamIndex stream, std::uint32_t which);
  void match(StreamIndex sender, std::uint32_t sender_post, StreamIndex receiver,
             std::uint32_t receiver_post);
  void begin_flow(TransferId id);
  void arrive(TransferId id);
  void follow(const Transfer& transfer);
  void finish_message(StreamIndex stream, std::uint32_t which);
  void finish_round(StreamIndex stream);
  /// What passed between solve() and now.
  void settle(Transfer& transfer, double rate) const;

  // Faults (faults.cpp).
  void schedule_faults();
  void take_faults();
  void set_capacity(const Fault& fault);
  void die(Rank rank);
  void recover();
  /// The last rank has died, and its work was not done. Nobody is left to notice it.
  [[noreturn]] void end_without_ranks(Rank last);
  /// Accounts for what has passed of a message that will not arrive.
  void abandon(TransferId id);
  /// The first stream of a living rank that has not ended.
  const Stream* first_blocked() const;

  const Topology& topology_;
  const Program& program_;
  const Observer& observer_;
  bool checks_rates_;
  Rank ranks_;
  StreamId per_rank_;
  std::unique_ptr<PathLog> paths_;  ///< null: nobody wants the critical path
  Path last_path_;                  ///< of the stream that ended last
  std::vector<Stream> streams_;     ///< [rank * per_rank_ + stream]
  std::vector<StreamIndex> ready_;  ///< streams that go on now
  std::vector<StreamIndex> going_on_;
  std::size_t running_ = 0;  ///< streams that have not ended
  double now_ = 0, end_ = 0;
  StreamIndex last_stream_ = 0;

  RouteTable routes_;
  Sharing sharing_;
  std::vector<Transfer> transfers_;  ///< by flow
  EventHeap starts_;                 ///< of flows, when their latency has passed
  EventHeap wakes_;                  ///< of streams
  EventHeap ends_;  ///< of flows; entries that are earlier than the flow's end are put right later

  std::vector<Fault> faults_;  ///< in order of time
  std::size_t next_fault_ = 0;
  std::priority_queue<double, std::vector<double>, std::greater<>> recoveries_;
  std::vector<bool> is_dead_;  ///< per rank
  std::vector<Rank> dead_;     ///< that recover() has not been told of

  std::vector<CallTracker> calls_;                     ///< per stream number
  std::vector<std::unordered_set<EventId>> recorded_;  ///< per rank
  std::unordered_set<EventId> recorded_on_all_;
  Instant instant_;
  std::vector<StreamIndex> marked_;  ///< streams that go on when their mark has been reported
  Round round_;
};

}  // namespace ringsim
