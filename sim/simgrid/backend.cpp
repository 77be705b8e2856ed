// The simgrid backend: SimGrid 3.32 (models and options: README.md).
#include "sim/backend/backend.hpp"

#include "base/error.hpp"
#include "sim/backend/deadlock.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/simgrid/stream.hpp"

#include <simgrid/Exception.hpp>
#include <simgrid/kernel/Timer.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

namespace ringsim {
namespace {

namespace s4u = simgrid::s4u;

class Run {
 public:
  Run(const Topology& topology, const Program& program, const Observer& observer)
      : topology_(topology),
        program_(program),
        is_dead_(program.ranks),
        platform_(build_platform(topology, program.ranks,
                                 [this](const Route& route) { shared_->begin_transfer(route); })),
        shared_(std::make_unique<SharedState>(topology, *platform_.zone, program, observer,
                                              [this] { fail(); })) {
    const bool restarts = topology.after_outage() == AfterOutage::restart;
    schedule_doublings();
    schedule_deaths();
    schedule_capacities(topology, platform_, [this, restarts](LinkId link) {
      if (restarts) shared_->restart_transfers(link);
    });
  }

  BackendResult operator()(s4u::Engine& engine) {
    start_streams();
    s4u::Engine::on_deadlock_cb([this] { deadlock_ = describe_deadlock(); });
    engine.run();
    if (failure_) std::rethrow_exception(failure_);
    if (deadlock_) throw RunError(*deadlock_);
    if (first_blocked() != nullptr) throw describe_deadlock();
    BackendResult result{end_, {}};
    for (const auto& link : shared_->links) {
      result.links.push_back({link.bytes, link.busy.total()});
    }
    if (shared_->paths) {
      result.critical_path = critical_path(topology_, shared_->paths->times(last_path_), result);
    }
    return result;
  }

 private:
  void start_streams() {
    for (auto& stream : shared_->streams) {
      if (is_dead_[stream->rank()]) continue;
      // SimGrid runs an actor even if it is killed before it has begun: where a host dies, or
      // another death is noticed, at the moment of a recovery.
      s4u::Actor::create(
          "stream", platform_.hosts[stream->rank()],
          [this, &stream = *stream, rank = stream->rank(), generation = shared_->generation] {
            if (generation == shared_->generation && !is_dead_[rank]) run_guarded(stream);
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
    start_streams();
  }

  /// The first stream of a living rank that has not ended; null where all have.
  const Stream* first_blocked() const {
    for (const auto& stream : shared_->streams) {
      if (!is_dead_[stream->rank()] && !stream->has_ended()) return stream.get();
    }
    return nullptr;
  }

  void run_guarded(Stream& stream) {
    try {
      stream.run();
      const Seconds now{s4u::Engine::get_clock()};
      if (now > end_) last_path_ = stream.path();
      end_ = std::max(end_, now);
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
  std::vector<bool> is_dead_;
  std::vector<Rank> dead_;  ///< that recover() has not been told of
  Platform platform_;
  std::unique_ptr<SharedState> shared_;
  Path last_path_;  ///< of the stream that ended last
  Seconds end_;
  std::exception_ptr failure_;
  std::optional<RunError> deadlock_;
};

BackendResult run_once(const Topology& topology, const Program& program, const Observer& observer) {
  static bool has_run = false;
  check(!std::exchange(has_run, true), "SimGrid runs once per process");
  check(program.ranks <= topology.hosts(), "more ranks than hosts");
  auto engine = make_engine();
  return Run(topology, program, observer)(engine);
}

}  // namespace

extern const BackendDefinition simgrid_backend;
const BackendDefinition simgrid_backend = {
    .name = "simgrid",
    .description = "SimGrid 3.32: links are shared by all that flows over them",
    .unavailable = [] { return std::optional<BackendRefusal>(); },
    .why_not = [](const Topology&, Rank) { return std::optional<BackendRefusal>(); },
    .run = run_once,
    .is_always_exact = true,
    .runs_once_per_process = true};

}  // namespace ringsim
