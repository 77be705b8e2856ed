// Runs programs on SimGrid 3.32 (models and options: README.md).
#include "sim/simgrid/run.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/backend/deadlock.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/simgrid/stream.hpp"

#include <simgrid/Exception.hpp>
#include <simgrid/kernel/Timer.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

namespace s4u = simgrid::s4u;

class Run {
 public:
  Run(const Topology& topology, const Program& program, const Observer& observer)
      : topology_(topology),
        program_(program),
        observer_(observer),
        is_dead_(program.ranks),
        platform_(build_platform(topology, program.ranks,
                                 [this](const Route& route) { shared_->begin_transfer(route); })) {
    const bool restarts = topology.after_outage() == AfterOutage::restart;
    schedule_doublings();
    schedule_deaths();
    schedule_capacities(topology, platform_, [this, restarts](LinkId link) {
      if (restarts) shared_->restart_transfers(link);
    });
  }

  BackendResult operator()(s4u::Engine& engine) {
    begin(program_);
    s4u::Engine::on_deadlock_cb([this] { deadlock_ = describe_deadlock(); });
    engine.run();
    if (failure_) std::rethrow_exception(failure_);
    if (deadlock_) throw RunError(*deadlock_);
    if (first_blocked() != nullptr) throw describe_deadlock();
    return result();
  }

 private:
  void begin(const Program& part) {
    end_ = {};
    last_path_ = {};
    shared_ = std::make_shared<SharedState>(topology_, *platform_.zone, part, observer_,
                                            [this] { fail(); });
    parts_.push_back(shared_);
    start_streams(part);
  }

  /// All streams have ended, and nothing is under way. SimGrid's time goes on from here.
  void go_on_to_next_part() {
    shared_->reporter.flush();
    if (failure_) return;
    if (const auto* next = program_.next_part(result())) begin(*next);
  }

  BackendResult result() const {
    BackendResult result{end_, {}};
    for (const auto& link : shared_->links) {
      result.links.push_back({link.bytes, link.busy.total()});
    }
    if (!shared_->paths) return result;
    result.critical_path = critical_path(topology_, shared_->paths->times(last_path_), result);
    result.path_of = [shared = shared_](Rank rank) {
      const auto& stream = shared->streams[std::size_t{rank} * shared->streams_per_rank];
      return shared->paths->trace(stream->path());
    };
    return result;
  }

  void start_streams(const Program& part) {
    for (auto& stream : shared_->streams) {
      if (is_dead_[stream->rank()]) continue;
      // SimGrid runs an actor even if it is killed before it has begun: where a host dies, or
      // another death is noticed, at the moment of a recovery.
      s4u::Actor::create(
          "stream", platform_.hosts[stream->rank()],
          [this, &stream = *stream, rank = stream->rank(), generation = shared_->generation,
           begin = part.begin.empty() ? Seconds{} : part.begin[stream->rank()]] {
            if (generation == shared_->generation && !is_dead_[rank]) run_guarded(stream, begin);
          });
    }
  }

  void schedule_deaths() {
    using simgrid::kernel::timer::Timer;
    for (Rank rank = 0; rank < program_.ranks; ++rank) {
      const auto dies = topology_.host(rank).dies;
      if (!dies) continue;
      Timer::set(dies->value, [this, rank] { guarded([&] { die(rank); }); });
    }
  }

  template <class Action>
  void guarded(Action action) {
    try {
      action();
    } catch (...) {
      fail();
    }
  }

  void die(Rank rank) {
    if (first_blocked() == nullptr) return;  // all is over
    shared_->abandon_transfers(rank);
    is_dead_[rank] = true;
    shared_->last_progress = topology_.host(rank).dies.value();
    dead_.push_back(rank);
    platform_.hosts[rank]->turn_off();
    if (std::ranges::find(is_dead_, false) == is_dead_.end()) return end_without_ranks(rank);
    if (!program_.recover) return;
    // From here, as of timers of one moment any may come first.
    simgrid::kernel::timer::Timer::set(
        (topology_.host(rank).dies.value() + program_.detection).value,
        [this] { guarded([&] { recover(); }); });
  }

  /// The last rank has died, and its work was not done. Nobody is left to notice it, nor, for
  /// SimGrid, to wait for.
  void end_without_ranks(Rank last) {
    if (program_.recover) {
      shared_->reporter.flush();
      program_.recover(std::exchange(dead_, {}), Seconds{s4u::Engine::get_clock()});
    }
    throw all_have_died(last, topology_.host(last).dies.value());
  }

  void recover() {
    if (dead_.empty() || first_blocked() == nullptr) return;
    const Seconds now{s4u::Engine::get_clock()};
    // Before the program hears that they are dead, it hears what they did.
    shared_->reporter.flush();
    shared_->abandon_transfers({});
    s4u::Actor::kill_all();
    // The dead rank did something until it died; from then on all wait for the detection.
    Path path;
    if (shared_->paths) {
      const auto& last = *shared_->streams[std::size_t{dead_.back()} * program_.streams_per_rank];
      path =
          shared_->paths->extend(last.path(), Cause::failure, dead_.back(), now - last.path_end());
    }
    program_.recover(std::exchange(dead_, {}), now);
    shared_->reopen(program_, is_dead_, path);
    start_streams(program_);
  }

  /// The first stream of a living rank that has not ended; null where all have.
  const Stream* first_blocked() const {
    for (const auto& stream : shared_->streams) {
      if (!is_dead_[stream->rank()] && !stream->has_ended()) return stream.get();
    }
    return nullptr;
  }

  void run_guarded(Stream& stream, Seconds begin) {
    try {
      stream.run(begin);
      const Seconds now = shared_->now();
      if (now > end_) last_path_ = stream.path();
      end_ = std::max(end_, now);
      if (program_.next_part && first_blocked() == nullptr) {
        simgrid::kernel::timer::Timer::set(s4u::Engine::get_clock(),
                                           [this] { guarded([&] { go_on_to_next_part(); }); });
      }
    } catch (const simgrid::ForcefulKillException&) {
      throw;  // SimGrid ends the actor
    } catch (...) {
      fail();
    }
  }

  /// Inside a handler: keeps the exception for the caller of run_once and stops the simulation.
  void fail() {
    failure_ = std::current_exception();
    s4u::Actor::kill_all();
  }

  RunError describe_deadlock() const {
    const auto& blocked = *first_blocked();
    return cannot_finish(blocked.rank(), blocked.id(), shared_->streams_per_rank,
                         blocked.waits_for(), shared_->last_progress);
  }

  const Topology& topology_;
  const Program& program_;
  const Observer& observer_;
  std::vector<bool> is_dead_;
  std::vector<Rank> dead_;  ///< that recover() has not been told of
  Platform platform_;
  /// Timers of SimGrid may still know of those that are over.
  std::vector<std::shared_ptr<SharedState>> parts_;
  std::shared_ptr<SharedState> shared_;  ///< of the part that runs
  Path last_path_;                       ///< of the stream that ended last
  Seconds end_;
  std::exception_ptr failure_;
  std::optional<RunError> deadlock_;
};

}  // namespace

extern "C" void ringsim_simgrid_run(const Topology& topology, const Program& program,
                                    const Observer& observer, BackendResult& result) {
  static std::atomic<bool> has_run = false;
  if (has_run.exchange(true))
    throw RunError("SimGrid has run in this process before, and runs once per process; " +
                   option_word("backend") + " fluid gives the same times");
  check(program.ranks <= topology.hosts(), "more ranks than hosts");
  auto engine = make_engine();
  result = Run(topology, program, observer)(engine);
}

}  // namespace ringsim
