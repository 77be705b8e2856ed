#include "sim/simgrid/stream.hpp"

#include "base/error.hpp"
#include "sim/deadlock.hpp"

#include <fmt/format.h>
#include <simgrid/simix.hpp>

namespace ringsim {

namespace s4u = simgrid::s4u;

SharedState::SharedState(TopologyZone& its_zone, std::size_t number_of_links,
                         const Program& program, const Observer& observer,
                         std::function<void()> on_failure)
    : zone(its_zone),
      reporter(observer, std::move(on_failure)),
      links(number_of_links),
      streams_per_rank(program.streams_per_rank),
      calls(program.streams_per_rank, CallTracker(program.ranks)),
      recorded(program.ranks) {
  for (Rank rank = 0; rank < program.ranks; ++rank) {
    for (StreamId id = 0; id < program.streams_per_rank; ++id) {
      streams.push_back(std::make_unique<Stream>(*this, rank, id, program.open(rank, id)));
    }
  }
}

void SharedState::begin_transfer(const Route& route) {
  for (const LinkId link : route.links) links[link].busy.begin();
}

void SharedState::end_transfer(const TransferEvent& event, const Route& route) {
  // The sum may be a rounding error later than the end of a message of 0 bytes.
  const Seconds flows_from = std::min(event.start + route.latency, event.end);
  for (const LinkId id : route.links) {
    links[id].bytes += event.bytes;
    links[id].busy.end(flows_from, event.end);
  }
  if (reporter.wants_transfers()) reporter.add(event);
}

void SharedState::end_call(StreamId stream, std::uint64_t number) {
  if (const auto event = calls[stream].finish(number)) reporter.add(*event);
}

Stream::Stream(SharedState& shared, Rank rank, StreamId id, PhaseSource source)
    : shared_(shared),
      rank_(rank),
      id_(id),
      source_(std::move(source)),
      wake_(s4u::Semaphore::create(0)) {}

void Stream::run() {
  while (const auto phase = source_()) {
    std::visit([this](const auto& what) { execute(what); }, *phase);
  }
  has_ended_ = true;
}

void Stream::execute(const Delay& delay) { s4u::this_actor::sleep_for(delay.duration.value); }

void Stream::execute(const CollectiveCall& call) {
  call_ = &call;
  shared_.calls[id_].begin(call_number_, call);
  const bool takes_part = rank_ < call.collective->ranks();
  const std::uint32_t rounds = takes_part ? call.collective->rounds() : 0;
  for (index_ = 0; index_ < rounds; ++index_) {
    call.collective->round(rank_, index_, round_);
    post();
    for (waiting_ = 0; waiting_ < comms_.size(); ++waiting_) comms_[waiting_]->wait();
  }
  comms_.clear();
  call_ = nullptr;
  shared_.end_call(id_, call_number_++);
}

void Stream::post() {
  comms_.clear();
  sending_.clear();
  sending_.reserve(round_.sends.size());  // SimGrid holds pointers to the elements
  for (const auto& receive : round_.receives) {
    comms_.push_back(mailbox(from_, receive.peer, receive.peer, rank_).get_init());
    comms_.back()->set_dst_data(&received_, sizeof received_)->set_copy_data_callback(arrived);
  }
  for (const auto& send : round_.sends) {
    auto* sending =
        &sending_.emplace_back(Sending{this, send, &shared_.zone.route(rank_, send.peer), nullptr});
    comms_.push_back(mailbox(to_, send.peer, rank_, send.peer).put_init(sending, send.bytes.count));
    comms_.back()->set_copy_data_callback(arrived);
    sending->comm = comms_.back().get();
  }
  // One visit to SimGrid's kernel for all of them, where start() alone makes one for each.
  simgrid::kernel::actor::simcall_answered([this] {
    for (const auto& comm : comms_) comm->start();
  });
}

s4u::Mailbox& Stream::mailbox(Mailboxes& known, Rank peer, Rank source, Rank target) const {
  if (known.last == nullptr || known.last_peer != peer) {
    auto& mailbox = known.all[peer];
    if (mailbox == nullptr) {
      mailbox = s4u::Mailbox::by_name(fmt::format("{}>{}:{}", source, target, id_));
    }
    known.last_peer = peer;
    known.last = mailbox;
  }
  return *known.last;
}

void Stream::arrived(simgrid::kernel::activity::CommImpl*, void* sending, std::size_t) {
  const auto& [sender, message, route, comm] = *static_cast<const Sending*>(sending);
  const auto& call = *sender->call_;
  auto& shared = sender->shared_;
  const Seconds start{comm->get_start_time()}, end{s4u::Engine::get_clock()};
  shared.calls[sender->id_].add_message(sender->call_number_, start, end);
  shared.end_transfer({call.step, call.phase, call.bucket, sender->index_, sender->rank_,
                       message.peer, message.bytes, start, end},
                      route->route);
}

void Stream::execute(const Record& record) {
  shared_.recorded[rank_].insert(record.event);
  for (StreamId id = 0; id < shared_.streams_per_rank; ++id) {
    auto& other = *shared_.streams[std::size_t{rank_} * shared_.streams_per_rank + id];
    if (other.awaited_ != record.event) continue;
    other.awaited_.reset();
    other.wake_->release();
  }
}

void Stream::execute(const WaitEvent& wait) {
  if (shared_.recorded[rank_].contains(wait.event)) return;
  awaited_ = wait.event;
  wake_->acquire();
}

void Stream::execute(const Mark& mark) {
  shared_.reporter.add({rank_, mark, {s4u::Engine::get_clock()}}, [this] { wake_->release(); });
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
