#include "sim/backend.hpp"

#include "base/error.hpp"
#include "sim/simgrid/network.hpp"
#include "sim/simgrid/platform.hpp"

#include <fmt/format.h>
#include <simgrid/Exception.hpp>
#include <xbt/log.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <set>

namespace ringsim {
namespace {

namespace s4u = simgrid::s4u;

/// Reports in order of time; of equal times, in order of rank.
class Reporter {
 public:
  explicit Reporter(const Observer& observer) : observer_(observer) {}

  void report(const MarkEvent& event) {
    if (!observer_.on_mark) return;
    begin(event.time);
    marks_.push_back(event);
  }
  void report(const TransferEvent& event) {
    if (!observer_.on_transfer) return;
    begin(event.end);
    transfers_.push_back(event);
  }
  void flush() {
    std::stable_sort(transfers_.begin(), transfers_.end(),
                     [](const auto& a, const auto& b) { return a.source < b.source; });
    std::stable_sort(marks_.begin(), marks_.end(),
                     [](const auto& a, const auto& b) { return a.rank < b.rank; });
    for (const auto& event : transfers_) observer_.on_transfer(event);
    for (const auto& event : marks_) observer_.on_mark(event);
    transfers_.clear();
    marks_.clear();
  }

 private:
  void begin(Seconds time) {
    if (time > time_) flush();
    time_ = time;
  }

  const Observer& observer_;
  Seconds time_;
  std::vector<TransferEvent> transfers_;
  std::vector<MarkEvent> marks_;
};

/// One stream of one rank: an actor that runs its phases.
struct Stream {
  Endpoint endpoint;
  StreamId id = 0;
  PhaseSource source;
  std::optional<EventId> awaited;  ///< suspended until this is recorded
  bool has_ended = false;
};

class Run {
 public:
  Run(const Topology& topology, const Program& program, const Observer& observer)
      : platform_(build_platform(topology, program.ranks, program.pairs)),
        reporter_(observer),
        network_(topology, platform_, program.streams_per_rank,
                 [this](const TransferEvent& event) { reporter_.report(event); }),
        recorded_(program.ranks) {
    for (Rank rank = 0; rank < program.ranks; ++rank) {
      for (StreamId id = 0; id < program.streams_per_rank; ++id) {
        auto& stream = streams_.emplace_back(std::make_unique<Stream>());
        stream->endpoint.rank = rank;
        stream->id = id;
        stream->source = program.open(rank, id);
      }
    }
  }

  BackendResult operator()(s4u::Engine& engine) {
    for (auto& stream : streams_) {
      const auto actor = s4u::Actor::create("stream", platform_.hosts[stream->endpoint.rank],
                                            [this, &stream = *stream] { guarded(stream); });
      stream->endpoint.actor = actor.get();
    }
    s4u::Engine::on_deadlock_cb([this] { deadlock_ = describe_deadlock(); });
    engine.run();
    if (failure_) std::rethrow_exception(failure_);
    if (deadlock_) throw RunError(*deadlock_);
    reporter_.flush();
    return {end_, network_.links()};
  }

 private:
  void guarded(Stream& stream) {
    try {
      while (auto phase = stream.source()) {
        std::visit([&](const auto& what) { execute(stream, what); }, *phase);
      }
      stream.has_ended = true;
      end_ = std::max(end_, Seconds{s4u::Engine::get_clock()});
    } catch (const simgrid::ForcefulKillException&) {
      throw;  // SimGrid ends the actor
    } catch (...) {
      failure_ = std::current_exception();
      s4u::Actor::kill_all();
    }
  }

  void execute(Stream&, const Delay& delay) { s4u::this_actor::sleep_for(delay.duration.value); }

  void execute(Stream& stream, const CollectiveCall& call) {
    for (std::uint32_t index = 0; index < call.collective->rounds(); ++index) {
      call.collective->round(stream.endpoint.rank, index, stream_round_);
      const MessageLabel label{call.step, call.phase, call.bucket, index};
      for (const auto& send : stream_round_.sends)
        network_.post_send(stream.endpoint, stream.id, send, label);
      for (const auto& receive : stream_round_.receives) {
        network_.post_receive(stream.endpoint, stream.id, receive.peer);
      }
      Network::wait(stream.endpoint);
    }
  }

  void execute(Stream& stream, const Record& record) {
    recorded_[stream.endpoint.rank].insert(record.event);
    for (auto& other : streams_) {
      if (other->endpoint.rank != stream.endpoint.rank || other->awaited != record.event) continue;
      other->awaited.reset();
      other->endpoint.actor->resume();
    }
  }

  void execute(Stream& stream, const WaitEvent& wait) {
    if (recorded_[stream.endpoint.rank].contains(wait.event)) return;
    stream.awaited = wait.event;
    s4u::this_actor::suspend();
  }

  void execute(Stream& stream, const Mark& mark) {
    reporter_.report(MarkEvent{stream.endpoint.rank, mark, {s4u::Engine::get_clock()}});
  }

  std::string describe_deadlock() const {
    for (const auto& stream : streams_) {
      if (stream->has_ended) continue;
      const std::string waits =
          stream->awaited ? fmt::format("event {}, which is never recorded", *stream->awaited)
                          : network_.blocked_on(stream->endpoint);
      return fmt::format("the program cannot finish: at {} s rank {} (stream {}) waits for {}",
                         s4u::Engine::get_clock(), stream->endpoint.rank, stream->id, waits);
    }
    return "the program cannot finish";
  }

  Platform platform_;
  Reporter reporter_;
  Network network_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::set<EventId>> recorded_;  ///< per rank
  Round stream_round_;                       ///< scratch: actors do not run at the same time
  Seconds end_;
  std::exception_ptr failure_;
  std::optional<std::string> deadlock_;
};

s4u::Engine make_engine() {
  // The factory is taken from the command line alone. Sanitizers know threads, not SimGrid's own
  // context switches.
#ifdef __SANITIZE_ADDRESS__
  static char factory[] = "--cfg=contexts/factory:thread";
#else
  static char factory[] = "--cfg=contexts/factory:raw";
#endif
  static char name[] = "ringsim", quiet[] = "--log=root.thresh:critical";
  static char* arguments[] = {name, quiet, factory, nullptr};
  int count = 3;
  xbt_log_control_set("root.thresh:critical");
  return s4u::Engine(&count, arguments);
}

}  // namespace

void require_simgrid() {}

BackendResult run_simgrid(const Topology& topology, const Program& program,
                          const Observer& observer) {
  static bool has_run = false;
  check(!has_run, "run_simgrid: SimGrid allows one run per process");
  has_run = true;
  auto engine = make_engine();
  for (const auto* option : {"network/model:CM02", "network/crosstraffic:0", "network/TCP-gamma:0",
                             "surf/precision:1e-15", "contexts/stack-size:256"}) {
    s4u::Engine::set_config(option);
  }
  return Run(topology, program, observer)(engine);
}

}  // namespace ringsim
