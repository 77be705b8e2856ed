#pragma once
#include "topologies/topology.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct SimgridPlatform {
  std::string xml;
  struct File {
    std::string name, text;
  };
  /// Profiles that the XML names, to be put in its folder.
  std::vector<File> files;
};

/// The topology as a platform of SimGrid (version 4.1): hosts "rank0", "rank1", ...; the links,
/// each in one direction; the route of every pair. Changes of bandwidth and speed, outages and
/// deaths are in files "STEM-...": SimGrid 3.32 refuses traces inside the XML ("once the Link is
/// sealed"). The file sets SimGrid's model of the network (CM02, without cross traffic and TCP's
/// window), with which SimGrid times single messages on it as ringsim does. Jitter, the
/// rate of adding up, nodes and their cards are properties, which SimGrid does not use and
/// import_topology() reads. Throws UserError at `place` where a link has a model by
/// message size, which the format does not know, and where the routes have more than 4 million
/// links together.
SimgridPlatform simgrid_platform(const Topology& topology, std::string_view stem,
                                 const Place& place);

}  // namespace ringsim
