#include "tools/bench/plain_s4u.hpp"

#include <fmt/format.h>
#include <simgrid/s4u.hpp>
#include <xbt/log.h>

#include <array>
#include <string>

namespace ringsim::bench {
namespace {

namespace s4u = simgrid::s4u;

void exchange(s4u::Mailbox& out, s4u::Mailbox& in, Seconds start, std::uint32_t rounds,
              Bytes bytes) {
  static int payload = 0;
  s4u::this_actor::sleep_for(start.value);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    int* received = nullptr;
    const auto send = out.put_async(&payload, bytes.count);
    const auto receive = in.get_async(&received);
    send->wait();
    receive->wait();
  }
}

}  // namespace

Seconds run_plain_s4u(const Topology& ring, const std::vector<Seconds>& start, std::uint32_t rounds,
                      Bytes bytes) {
  xbt_log_control_set("root.thresh:critical");
  std::array<std::string, 6> arguments = {"plain",
                                          "--cfg=contexts/factory:raw",
                                          "--cfg=network/model:CM02",
                                          "--cfg=network/crosstraffic:0",
                                          "--cfg=network/TCP-gamma:0",
                                          "--cfg=surf/precision:1e-15"};
  std::array<char*, arguments.size() + 1> pointers{};
  for (std::size_t i = 0; i < arguments.size(); ++i) pointers[i] = arguments[i].data();
  int count = arguments.size();
  s4u::Engine engine(&count, pointers.data());

  using Links = std::vector<s4u::LinkInRoute>;
  auto* zone = s4u::create_star_zone("ring");
  const auto ranks = ring.hosts();
  for (Rank rank = 0; rank < ranks; ++rank) {
    auto* host = zone->create_host(fmt::format("host{}", rank), 1e9)->seal();
    const auto& link = ring.links()[rank];
    auto* up = zone->create_link(fmt::format("link{}", rank), link.bandwidth.value)
                   ->set_latency(link.latency.value)
                   ->seal();
    const auto point = host->get_netpoint();
    zone->add_route(point, nullptr, nullptr, nullptr, Links{s4u::LinkInRoute(up)}, false);
    zone->add_route(nullptr, point, nullptr, nullptr, Links{}, false);
    auto* out = s4u::Mailbox::by_name(fmt::format("to{}", (rank + 1) % ranks));
    auto* in = s4u::Mailbox::by_name(fmt::format("to{}", rank));
    s4u::Actor::create("rank", host, exchange, std::ref(*out), std::ref(*in), start[rank], rounds,
                       bytes);
  }
  zone->seal();
  engine.run();
  return {s4u::Engine::get_clock()};
}

}  // namespace ringsim::bench
