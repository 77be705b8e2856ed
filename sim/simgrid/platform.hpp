#pragma once
// A topology as a SimGrid platform.
#include "sim/simgrid/zone.hpp"

#include <simgrid/s4u.hpp>

#include <functional>
#include <vector>

namespace ringsim {

struct Platform {
  std::vector<simgrid::s4u::Host*> hosts;  ///< one per rank
  std::vector<simgrid::s4u::Link*> links;  ///< one per link of the topology
  TopologyZone* zone;                      ///< SimGrid owns it
};

/// SimGrid's engine with the options of README.md. It prints nothing.
simgrid::s4u::Engine make_engine();

/// `on_start` is called whenever both sides of a message have posted, with its route.
Platform build_platform(const Topology& topology, Rank ranks,
                        const std::function<void(const Route&)>& on_start);

/// Has SimGrid stop at every power of two seconds (README.md, "Exact times").
void schedule_doublings();

/// Has the bandwidth of the links change in time as the topology says. `on_up` is called when an
/// outage of a link has ended.
void schedule_capacities(const Topology& topology, const Platform& platform,
                         const std::function<void(LinkId)>& on_up);

}  // namespace ringsim
