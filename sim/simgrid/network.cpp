#include "sim/simgrid/network.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <simgrid/kernel/Timer.hpp>

#include <iterator>

namespace ringsim {
namespace {

namespace s4u = simgrid::s4u;

Seconds now() { return {s4u::Engine::get_clock()}; }

std::uint64_t pair_key(Rank source, Rank target) { return std::uint64_t{source} << 32 | target; }

}  // namespace

Network::Network(const Topology& topology, const Platform& platform, StreamId streams,
                 Finished finished)
    : platform_(platform),
      streams_(streams),
      finished_(std::move(finished)),
      channels_(platform.routes.size() * streams),
      use_(topology.links().size()),
      flowing_(topology.links().size()) {
  for (std::size_t i = 0; i < platform.routes.size(); ++i) {
    route_of_pair_.emplace(pair_key(platform.routes[i].source, platform.routes[i].target), i);
  }
}

std::size_t Network::route_index(Rank source, Rank target) const {
  const auto found = route_of_pair_.find(pair_key(source, target));
  check(found != route_of_pair_.end(), "a message between ranks that Program::pairs does not list");
  return found->second;
}

void Network::post_send(Endpoint& sender, StreamId stream, const Message& message,
                        const MessageLabel& label) {
  const std::size_t route = route_index(sender.rank, message.peer);
  auto& channel = channels_[route * streams_ + stream];
  ++sender.pending;
  channel.sends.push_back({&sender, message.bytes, label});
  start_matched(channel, route);
}

void Network::post_receive(Endpoint& receiver, StreamId stream, Rank source) {
  const std::size_t route = route_index(source, receiver.rank);
  auto& channel = channels_[route * streams_ + stream];
  ++receiver.pending;
  channel.receives.push_back(&receiver);
  start_matched(channel, route);
}

void Network::start_matched(Channel& channel, std::size_t route) {
  if (channel.sends.empty() || channel.receives.empty()) return;
  auto& transfer = transfers_.emplace_back(
      Transfer{route, channel.sends.front(), channel.receives.front(), now(), {}});
  channel.sends.pop_front();
  channel.receives.pop_front();
  transfer.position = std::prev(transfers_.end());
  const Seconds latency = platform_.routes[route].route.latency;
  if (transfer.send.bytes.count == 0) {
    simgrid::kernel::timer::Timer::set((now() + latency).value,
                                       [this, &transfer] { finish(transfer); });
  } else if (latency > flow_latency) {
    simgrid::kernel::timer::Timer::set((now() + latency - flow_latency).value,
                                       [this, &transfer] { start_flow(transfer); });
  } else {
    start_flow(transfer);
  }
}

void Network::start_flow(const Transfer& transfer) {
  if (idle_.empty()) {
    auto& carrier = carriers_.emplace_back();
    carrier.load = &transfer;
    carrier.actor = s4u::Actor::create("carrier", platform_.hosts.front(),
                                       [this, &carrier] { carry(carrier); });
    carrier.actor->daemonize();
    return;
  }
  auto& carrier = *idle_.back();
  idle_.pop_back();
  carrier.load = &transfer;
  carrier.actor->resume();
}

void Network::carry(Carrier& carrier) {
  for (;;) {
    const auto& transfer = *carrier.load;
    const auto& route = platform_.routes[transfer.route];
    set_flowing(transfer, true);
    s4u::Comm::sendto(route.from, route.to, transfer.send.bytes.count);
    set_flowing(transfer, false);
    finish(transfer);
    idle_.push_back(&carrier);
    s4u::this_actor::suspend();
  }
}

void Network::set_flowing(const Transfer& transfer, bool flowing) {
  for (const LinkId id : platform_.routes[transfer.route].route.links) {
    auto& link = flowing_[id];
    if (flowing) {
      if (link.transfers++ == 0) link.since = now();
      continue;
    }
    if (--link.transfers == 0) use_[id].busy += now() - link.since;
    use_[id].bytes += transfer.send.bytes;
  }
}

void Network::finish(const Transfer& transfer) {
  const auto& route = platform_.routes[transfer.route];
  const auto& label = transfer.send.label;
  finished_({label.step, label.phase, label.bucket, label.round, route.source, route.target,
             transfer.send.bytes, transfer.start, now()});
  release(*transfer.send.endpoint);
  release(*transfer.receiver);
  transfers_.erase(transfer.position);
}

void Network::release(Endpoint& endpoint) {
  if (--endpoint.pending > 0 || !endpoint.is_waiting) return;
  endpoint.is_waiting = false;
  endpoint.actor->resume();
}

void Network::wait(Endpoint& endpoint) {
  if (endpoint.pending == 0) return;
  endpoint.is_waiting = true;
  s4u::this_actor::suspend();
}

std::string Network::blocked_on(const Endpoint& endpoint) const {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const auto& route = platform_.routes[i / streams_];
    for (const auto& send : channels_[i].sends) {
      if (send.endpoint != &endpoint) continue;
      return fmt::format("rank {} to take a message of {} bytes ({}, step {})", route.target,
                         send.bytes.count, send.label.phase, send.label.step);
    }
    for (const auto* receiver : channels_[i].receives) {
      if (receiver == &endpoint) return fmt::format("a message from rank {}", route.source);
    }
  }
  return "nothing";
}

}  // namespace ringsim
