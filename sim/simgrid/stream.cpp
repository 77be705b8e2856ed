#include "sim/simgrid/stream.hpp"

#include "base/error.hpp"
#include "sim/backend/deadlock.hpp"

#include <fmt/format.h>
#include <simgrid/Exception.hpp>
#include <simgrid/kernel/resource/Action.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/simix.hpp>

#include <algorithm>
#include <cmath>
#include <span>

namespace ringsim {

namespace s4u = simgrid::s4u;

SharedState::SharedState(const Topology& its_topology, TopologyZone& its_zone,
                         const Program& program, const Observer& observer,
                         std::function<void()> on_failure)
    : origin{s4u::Engine::get_clock()},
      topology(its_topology),
      zone(its_zone),
      reporter(observer, std::move(on_failure)),
      links(its_topology.links().size()),
      streams_per_rank(program.streams_per_rank),
      calls(program.streams_per_rank, CallTracker(program.ranks)),
      recorded(program.ranks),
      remembers_posted(its_topology.after_outage() == AfterOutage::restart ||
                       has_deaths(its_topology, program.ranks)),
      paths(observer.wants_critical_path ? std::make_unique<PathLog>() : nullptr) {
  for (Rank rank = 0; rank < program.ranks; ++rank) {
    const Path begin = paths ? paths->begin(rank) : Path();
    for (StreamId id = 0; id < program.streams_per_rank; ++id) {
      streams.push_back(std::make_unique<Stream>(*this, rank, id, program.open(rank, id), begin));
    }
  }
}

Seconds SharedState::now() const { return Seconds{s4u::Engine::get_clock()} - origin; }

void SharedState::reopen(const Program& program, const std::vector<bool>& is_dead,
                         const Path& path) {
  ++generation;
  const auto living = static_cast<Rank>(std::ranges::count(is_dead, false));
  calls.assign(program.streams_per_rank, CallTracker(living));
  recorded.assign(program.ranks, {});
  recorded_on_all.clear();
  posted.clear();
  for (Rank rank = 0; rank < program.ranks; ++rank) {
    for (StreamId id = 0; id < program.streams_per_rank; ++id) {
      auto& stream = streams[std::size_t{rank} * program.streams_per_rank + id];
      auto source =
          is_dead[rank] ? PhaseSource([] { return std::nullopt; }) : program.open(rank, id);
      // Its actor is being killed, and still holds on to it.
      retired.push_back(std::move(stream));
      stream = std::make_unique<Stream>(*this, rank, id, std::move(source), path);
    }
  }
}

template <class Visit>
void SharedState::for_each_transfer(Visit visit) {
  for (auto* model : s4u::Engine::get_instance()->get_all_models()) {
    for (auto& action : *model->get_started_action_set()) {
      const auto found = posted.find(action.get_activity());
      if (found != posted.end()) visit(action, *found->second);
    }
  }
}

void SharedState::abandon_transfers(std::optional<Rank> of) {
  const Seconds now{s4u::Engine::get_clock()};
  for_each_transfer([&](simgrid::kernel::resource::Action& action, const Sending& sending) {
    if (of && sending.sender->rank() != *of && sending.message.peer != *of) return;
    const double passed = 1 - action.get_remains() / action.get_cost();
    const Seconds flows_from = Seconds{action.get_start_time()} + sending.latency;
    for (const LinkId id : sending.route->route.links) {
      links[id].busy.end(std::min(flows_from, now), now);
      if (action.get_cost() > 0) {
        links[id].bytes += Bytes{static_cast<std::uint64_t>(
            std::llround(passed * static_cast<double>(sending.message.bytes.count)))};
      }
    }
    posted.erase(action.get_activity());
  });
}

void SharedState::begin_transfer(const Route& route) {
  for (const LinkId link : route.links) links[link].busy.begin();
}

void SharedState::end_transfer(const TransferEvent& event, const Route& route, Seconds latency) {
  // The sum may be a rounding error later than the end of a message of 0 bytes.
  const Seconds flows_from = std::min(event.start + latency, event.end);
  for (const LinkId id : route.links) {
    links[id].bytes += event.bytes;
    links[id].busy.end(flows_from, event.end);
  }
  if (reporter.wants_transfers()) reporter.add(event);
}

void SharedState::restart_transfers(LinkId link) {
  for_each_transfer([&](simgrid::kernel::resource::Action& action, const Sending& sending) {
    const auto& route = sending.route->route.links;
    if (std::find(route.begin(), route.end(), link) != route.end())
      action.set_remains(action.get_cost());
  });
}

void SharedState::end_call(StreamId stream, std::uint64_t number) {
  if (const auto event = calls[stream].finish(number)) reporter.add(*event);
}

Stream::Stream(SharedState& shared, Rank rank, StreamId id, PhaseSource source, const Path& path)
    : shared_(shared),
      host_(shared.topology.host(rank)),
      rank_(rank),
      id_(id),
      source_(std::move(source)),
      wake_(s4u::Semaphore::create(0)),
      path_(path) {}

void Stream::run(Seconds begin) {
  if (begin > Seconds{}) s4u::this_actor::sleep_for(begin.value);
  while (const auto phase = source_()) {
    std::visit([this](const auto& what) { execute(what); }, *phase);
    shared_.last_progress = shared_.now();
  }
  has_ended_ = true;
}

void Stream::spend(Cause cause, Seconds time) {
  s4u::this_actor::sleep_for(time.value);
  shared_.last_progress = shared_.now();
  if (shared_.paths) go_on(shared_.paths->extend(path_, cause, rank_, time));
}

void Stream::go_on(Path path) {
  path_ = std::move(path);
  path_end_ = shared_.now();
}

void Stream::execute(const Delay& delay) {
  const Seconds start = shared_.now();
  const Seconds duration = compute_time(host_, start, delay.duration);
  spend(delay.kind == DelayKind::compress ? Cause::compress : Cause::compute, duration);
  if (shared_.reporter.wants_delays())
    shared_.reporter.add(DelayEvent{rank_, delay.kind, delay.step, start, duration, delay.phase});
}

void Stream::reduce() {
  const Seconds time = reduce_time(host_, round_.reduced());
  if (time > Seconds{}) spend(Cause::reduce, time);
}

void Stream::execute(const CollectiveCall& call) {
  call_ = &call;
  shared_.calls[id_].begin(call_number_, call);
  const auto position = call.position(rank_);
  const std::uint32_t rounds = position ? call.collective->rounds() : 0;
  for (index_ = 0; index_ < rounds; ++index_) {
    call.round(*position, index_, round_);
    post();
    wait_for_all();
    if (shared_.paths && !comms_.empty()) go_on(last_arrival_.take());
    reduce();
  }
  comms_.clear();
  call_ = nullptr;
  shared_.end_call(id_, call_number_++);
}

void Stream::wait_for_all() {
  try {
    for (waiting_ = 0; waiting_ < comms_.size(); ++waiting_) comms_[waiting_]->wait();
  } catch (const simgrid::NetworkFailureException&) {
    // The other side has died: the stream is blocked for good. (An actor that ended would cancel
    // what else it has posted, one that is suspended would suspend it.)
    s4u::Semaphore::create(0)->acquire();
  }
}

void Stream::post() {
  comms_.clear();
  sending_.clear();
  sending_.reserve(round_.sends.size());  // SimGrid holds pointers to the elements
  posted_at_ = shared_.now();
  for (const auto& receive : round_.receives) {
    comms_.push_back(mailbox(from_, receive.peer, receive.peer, rank_).get_init());
    comms_.back()->set_dst_data(&received_, sizeof received_)->set_copy_data_callback(arrived);
  }
  for (const auto& send : round_.sends) {
    auto& route = shared_.zone.route(rank_, send.peer);
    const auto cost = shared_.zone.cost(route, send.bytes, send.passage);
    auto* sending = &sending_.emplace_back(Sending{this, send, &route, cost.latency, nullptr});
    comms_.push_back(mailbox(to_, send.peer, rank_, send.peer).put_init(sending, send.bytes.count));
    comms_.back()->set_copy_data_callback(arrived)->set_remaining(cost.work);
    sending->comm = comms_.back().get();
  }
  // One visit to SimGrid's kernel for all of them, where start() alone makes one for each.
  simgrid::kernel::actor::simcall_answered([this] {
    for (const auto& comm : comms_) comm->start();
  });
  if (!shared_.remembers_posted) return;
  for (const auto& sending : sending_) shared_.posted[sending.comm->get_impl()] = &sending;
}

s4u::Mailbox& Stream::mailbox(Mailboxes& known, Rank peer, Rank source, Rank target) const {
  if (known.last == nullptr || known.last_peer != peer) {
    auto& mailbox = known.all[peer];
    if (mailbox == nullptr) {
      // What was posted before an abort is never met.
      mailbox = s4u::Mailbox::by_name(
          fmt::format("{}>{}:{}:{}", source, target, id_, shared_.generation));
    }
    known.last_peer = peer;
    known.last = mailbox;
  }
  return *known.last;
}

void Stream::arrived(simgrid::kernel::activity::CommImpl*, void* sending, std::size_t) {
  const auto& sent = *static_cast<const Sending*>(sending);
  const auto& [sender, message, route, latency, comm] = sent;
  const auto& call = *sender->call_;
  auto& shared = sender->shared_;
  shared.last_progress = shared.now();
  const TransferEvent event{
      call.step,     call.phase,   call.bucket,   sender->index_,
      sender->rank_, message.peer, message.bytes, Seconds{comm->get_start_time()} - shared.origin,
      shared.now(),  latency};
  shared.calls[sender->id_].add_message(sender->call_number_, event.start, event.end);
  shared.end_transfer(event, route->route, latency);
  if (shared.remembers_posted) shared.posted.erase(comm->get_impl());
  if (shared.paths) sender->follow(sent, event);
}

void Stream::follow(const Sending& sending, const TransferEvent& event) {
  auto& receiver = *shared_.streams[std::size_t{event.target} * shared_.streams_per_rank + id_];
  const auto& later = is_later(receiver.posted_at_, posted_at_) ? receiver : *this;
  const Seconds latency = std::min(sending.latency, event.end - event.start);
  auto& log = *shared_.paths;
  auto path = log.extend(later.path_, Cause::latency, event.source, event.target, latency);
  path = log.extend(path, Cause::transfer, event.source, event.target,
                    event.end - event.start - latency);
  last_arrival_.add(path, event.end, event.source);
  receiver.last_arrival_.add(path, event.end, event.source);
}

void Stream::execute(const Record& record) {
  (record.on_all_ranks ? shared_.recorded_on_all : shared_.recorded[rank_]).insert(record.event);
  const auto streams =
      record.on_all_ranks
          ? std::span(shared_.streams)
          : std::span(shared_.streams)
                .subspan(std::size_t{rank_} * shared_.streams_per_rank, shared_.streams_per_rank);
  for (const auto& stream : streams) {
    auto& other = *stream;
    if (other.awaited_ != record.event) continue;
    other.awaited_.reset();
    other.go_on(path_);
    other.wake_->release();
  }
}

void Stream::execute(const WaitEvent& wait) {
  if (shared_.recorded[rank_].contains(wait.event) || shared_.recorded_on_all.contains(wait.event))
    return;
  awaited_ = wait.event;
  wake_->acquire();
}

void Stream::execute(const Mark& mark) {
  shared_.reporter.add({rank_, mark, shared_.now()}, [this] { wake_->release(); });
  wake_->acquire();
}

std::string Stream::waits_for() const {
  if (awaited_) return waits_for_event(*awaited_);
  check(call_ != nullptr, "a stream can be blocked in a call or by an event alone");
  const bool is_receive = waiting_ < round_.receives.size();
  const auto& message =
      is_receive ? round_.receives[waiting_] : round_.sends[waiting_ - round_.receives.size()];
  return waits_for_message(is_receive, message.peer, index_, *call_);
}

}  // namespace ringsim
