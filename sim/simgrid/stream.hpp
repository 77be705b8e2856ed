#pragma once
// One stream of one rank: a SimGrid actor that runs its phases.
#include "sim/backend/backend.hpp"
#include "sim/backend/busy_time.hpp"
#include "sim/backend/call_tracker.hpp"
#include "sim/simgrid/reporter.hpp"
#include "sim/simgrid/zone.hpp"

#include <simgrid/s4u.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace ringsim {

class Stream;

/// A send of a round that is under way.
struct Sending {
  Stream* sender;
  Message message;
  const PlatformRoute* route;
  Seconds latency;
  simgrid::s4u::Comm* comm;
};

/// What the streams of a part of a run share. Actors never run at the same time.
struct SharedState {
  SharedState(const Topology& its_topology, TopologyZone& its_zone, const Program& program,
              const Observer& observer, std::function<void()> on_failure);

  /// Since the part of the program began.
  Seconds now() const;
  /// Both sides of a message have posted.
  void begin_transfer(const Route& route);
  /// Its last byte has arrived; bytes flowed once `latency` had passed.
  void end_transfer(const TransferEvent& event, const Route& route, Seconds latency);
  /// All streams anew, their critical path up to now being `path`; those of dead ranks do nothing.
  void reopen(const Program& program, const std::vector<bool>& is_dead, const Path& path);
  /// Accounts for what has passed of messages that will not arrive: those from and to a rank, or
  /// all.
  void abandon_transfers(std::optional<Rank> of);
  /// What flows over the link flows from its start once more.
  void restart_transfers(LinkId link);
  /// A rank has done its part in a call.
  void end_call(StreamId stream, std::uint64_t number);

  /// Calls visit(action, sending) for each message that is under way; needs remembers_posted.
  template <class Visit>
  void for_each_transfer(Visit visit);

  const Seconds origin;  ///< SimGrid's time when the part of the program began
  const Topology& topology;
  TopologyZone& zone;
  Reporter reporter;
  struct LinkState {
    Bytes bytes;
    BusyTime busy;
  };
  std::vector<LinkState> links;
  StreamId streams_per_rank;
  std::vector<CallTracker> calls;                     ///< per stream number
  std::vector<std::unordered_set<EventId>> recorded;  ///< per rank
  std::unordered_set<EventId> recorded_on_all;
  /// Messages that are posted, where outages or deaths may ask for them.
  std::unordered_map<const simgrid::kernel::activity::ActivityImpl*, const Sending*> posted;
  bool remembers_posted;
  Seconds last_progress;           ///< when something of the program has last ended, or a rank died
  std::uint32_t generation = 0;    ///< goes up with every reopen()
  std::unique_ptr<PathLog> paths;  ///< null: nobody wants the critical path
  std::vector<std::unique_ptr<Stream>> streams;  ///< [rank * streams_per_rank + stream]
  std::vector<std::unique_ptr<Stream>> retired;  ///< before reopen()
};

class Stream {
 public:
  Stream(SharedState& shared, Rank rank, StreamId id, PhaseSource source, const Path& path);

  Rank rank() const { return rank_; }
  StreamId id() const { return id_; }
  /// Runs all phases from `begin` on; called in the stream's own actor.
  void run(Seconds begin);
  bool has_ended() const { return has_ended_; }
  /// What it has waited for, up to now.
  const Path& path() const { return path_; }
  /// Where that path ends.
  Seconds path_end() const { return path_end_; }
  /// What it waits for, e.g. "to receive from rank 3 in round 1 of ring (values, step 0)".
  std::string waits_for() const;

 private:
  /// The mailboxes to or from the last peer; most ranks have the same one again and again.
  struct Mailboxes {
    Rank last_peer = 0;
    simgrid::s4u::Mailbox* last = nullptr;
    std::unordered_map<Rank, simgrid::s4u::Mailbox*> all;
  };

  void execute(const Delay& delay);
  void execute(const CollectiveCall& call);
  void execute(const Record& record);
  void execute(const WaitEvent& wait);
  void execute(const Mark& mark);
  void post();
  void wait_for_all();
  void reduce();
  /// The critical path up to now.
  void go_on(Path path);
  /// Sleeps, on account of the critical path's `cause`.
  void spend(Cause cause, Seconds time);
  simgrid::s4u::Mailbox& mailbox(Mailboxes& known, Rank peer, Rank source, Rank target) const;
  /// SimGrid calls it when a message has arrived, in order of time.
  static void arrived(simgrid::kernel::activity::CommImpl*, void* sending, std::size_t);
  /// The critical path goes on through a message that has just arrived.
  void follow(const Sending& sending, const TransferEvent& event);

  SharedState& shared_;
  const Host& host_;
  Rank rank_;
  StreamId id_;
  PhaseSource source_;
  bool has_ended_ = false;
  simgrid::s4u::SemaphorePtr wake_;
  std::optional<EventId> awaited_;

  // The collective call and the round that are under way.
  const CollectiveCall* call_ = nullptr;
  std::uint64_t call_number_ = 0;
  std::uint32_t index_ = 0;
  Round round_;
  std::vector<Sending> sending_;
  std::vector<simgrid::s4u::CommPtr> comms_;  ///< the receives, then the sends
  std::size_t waiting_ = 0;                   ///< which of them the stream waits for
  Mailboxes to_, from_;
  void* received_ = nullptr;

  Path path_;
  Seconds path_end_;
  LastArrival last_arrival_;  ///< of the round's messages, the one that arrived last
  Seconds posted_at_;         ///< when the round was posted
};

}  // namespace ringsim
