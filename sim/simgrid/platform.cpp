#include "sim/simgrid/platform.hpp"

#include <fmt/format.h>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/kernel/resource/NetworkModelIntf.hpp>
#include <xbt/log.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <unordered_set>

namespace ringsim {
namespace {

namespace s4u = simgrid::s4u;

constexpr double host_speed = 1e9;  // never used: computing is a delay

// Sanitizers know threads, not SimGrid's own context switches.
#ifdef __SANITIZE_ADDRESS__
constexpr auto context_factory = "--cfg=contexts/factory:thread";
#else
constexpr auto context_factory = "--cfg=contexts/factory:raw";
#endif

/// SimGrid ignores a bandwidth of 0. During an outage of 1000 s this one passes nothing that
/// counts.
constexpr double nothing = 1e-30;  // B/s

double bandwidth_of(BytesPerSecond capacity) { return std::max(capacity.value, nothing); }

Rank rank_of(const s4u::Host* host) { return static_cast<Rank>(host->get_netpoint()->id()); }

}  // namespace

s4u::Engine make_engine() {
  // A deadlock is logged as critical, the highest priority: silence takes another place to log to.
  xbt_log_control_set("root.thresh:critical root.app:file:/dev/null");
  std::array<std::string, 7> arguments = {"ringsim",
                                          context_factory,
                                          "--cfg=network/model:CM02",
                                          "--cfg=network/crosstraffic:0",
                                          "--cfg=network/TCP-gamma:0",
                                          "--cfg=network/optim:Lazy",
                                          "--cfg=surf/precision:1e-19"};
  std::array<char*, arguments.size() + 1> pointers{};
  for (std::size_t i = 0; i < arguments.size(); ++i) pointers[i] = arguments[i].data();
  int count = arguments.size();
  return s4u::Engine(&count, pointers.data());
}

Platform build_platform(const Topology& topology, Rank ranks,
                        const std::function<void(const Route&)>& on_start) {
  auto zone = std::make_unique<TopologyZone>("ringsim", topology);
  Platform platform{{}, {}, zone.get()};
  s4u::NetZone* interface = zone.release()->get_iface();  // the engine owns its root zone
  for (Rank rank = 0; rank < ranks; ++rank) {
    platform.hosts.push_back(interface->create_host(fmt::format("rank{}", rank), host_speed));
    platform.hosts.back()->seal();
  }
  std::vector<simgrid::kernel::resource::StandardLinkImpl*> links;
  for (std::size_t i = 0; i < topology.links().size(); ++i) {
    const auto first = capacity_over_time(topology.links()[i]).front().value;
    auto* link = interface->create_link(fmt::format("link{}", i), bandwidth_of(first));
    link->set_sharing_policy(s4u::Link::SharingPolicy::SHARED)->seal();
    platform.links.push_back(link);
    links.push_back(link->get_impl());
  }
  platform.zone->set_links(std::move(links));
  interface->get_network_model()->set_lat_factor_cb(
      [zone = platform.zone, on_start](double work, const s4u::Host* source,
                                       const s4u::Host* target, const std::vector<s4u::Link*>&,
                                       const std::unordered_set<s4u::NetZone*>&) {
        const auto& route = zone->route(rank_of(source), rank_of(target));
        on_start(route.route);
        return TopologyZone::latency_factor(route, work);
      });
  interface->seal();
  return platform;
}

void schedule_doublings() {
  // From less than what any message takes to more than any run lasts.
  constexpr int first = -80, last = 60;
  for (int exponent = first; exponent <= last; ++exponent)
    simgrid::kernel::timer::Timer::set(std::ldexp(1.0, exponent), [] {});
}

void schedule_capacities(const Topology& topology, const Platform& platform,
                         const std::function<void(LinkId)>& on_up) {
  for (LinkId id = 0; id < platform.links.size(); ++id) {
    const auto changes = capacity_over_time(topology.links()[id]);
    for (std::size_t i = 1; i < changes.size(); ++i) {
      const bool is_up = changes[i - 1].value.value == 0;
      simgrid::kernel::timer::Timer::set(changes[i].at.value,
                                         [link = platform.links[id], id, on_up, is_up,
                                          bandwidth = bandwidth_of(changes[i].value)] {
                                           link->set_bandwidth(bandwidth);
                                           if (is_up) on_up(id);
                                         });
    }
  }
}

}  // namespace ringsim
