#include "sim/backend.hpp"

#include "base/error.hpp"
#include "sim/deadlock.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/simgrid/stream.hpp"

#include <simgrid/Exception.hpp>

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
        platform_(build_platform(topology, program.ranks,
                                 [this](const Route& route) { shared_->begin_transfer(route); })),
        shared_(std::make_unique<SharedState>(topology, platform_, program, observer,
                                              [this] { fail(); })) {
    const bool restarts = topology.after_outage() == AfterOutage::restart;
    schedule_capacities(topology, platform_, [this, restarts](LinkId link) {
      if (restarts) shared_->restart_transfers(link);
    });
  }

  BackendResult operator()(s4u::Engine& engine) {
    for (auto& stream : shared_->streams) {
      s4u::Actor::create("stream", platform_.hosts[stream->rank()],
                         [this, &stream = *stream] { run_guarded(stream); });
    }
    s4u::Engine::on_deadlock_cb([this] { deadlock_ = describe_deadlock(); });
    engine.run();
    if (failure_) std::rethrow_exception(failure_);
    if (deadlock_) throw RunError(*deadlock_);
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

  /// Inside a handler: keeps the exception for the caller of run_simgrid and stops the simulation.
  void fail() {
    failure_ = std::current_exception();
    s4u::Actor::kill_all();
  }

  RunError describe_deadlock() const {
    const auto& blocked = **std::find_if(shared_->streams.begin(), shared_->streams.end(),
                                         [](const auto& stream) { return !stream->has_ended(); });
    return cannot_finish(blocked.rank(), blocked.id(), shared_->streams_per_rank,
                         blocked.waits_for(), Seconds{s4u::Engine::get_clock()});
  }

  const Topology& topology_;
  Platform platform_;
  std::unique_ptr<SharedState> shared_;
  Path last_path_;  ///< of the stream that ended last
  Seconds end_;
  std::exception_ptr failure_;
  std::optional<RunError> deadlock_;
};

}  // namespace

void require_simgrid() {}

BackendResult run_simgrid(const Topology& topology, const Program& program,
                          const Observer& observer) {
  static bool has_run = false;
  check(!std::exchange(has_run, true), "SimGrid runs once per process");
  check(program.ranks <= topology.hosts(), "more ranks than hosts");
  auto engine = make_engine();
  return Run(topology, program, observer)(engine);
}

}  // namespace ringsim
