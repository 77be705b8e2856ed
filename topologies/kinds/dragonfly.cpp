// Groups of chassis of routers of nodes (Faanes et al., "Cray Cascade: a Scalable HPC System based
// on a Dragonfly Network", 2012), with the parameters, the links and the routes of SimGrid 3.32's
// dragonfly zone.
#include "base/error.hpp"
#include "topologies/kinds/parts.hpp"
#include "topologies/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ringsim {
namespace {

/// How a message finds its way inside a group; between groups both are alike.
enum class Routing {
  simgrid,  ///< takes a black link of the first chassis after each green one
  minimal   ///< takes the black link of the chassis where it is
};

struct Parameters {
  std::uint32_t groups;
  std::uint32_t chassis;  ///< of a group
  std::uint32_t routers;  ///< of a chassis
  std::uint32_t nodes;    ///< at a router
  Routing routing;

  std::uint64_t all_routers() const { return std::uint64_t{groups} * chassis * routers; }
};

constexpr std::uint64_t pairs(std::uint64_t count) { return count * (count - 1) / 2; }

/// The cables between switches: each joins two that differ in one coordinate.
struct Cables {
  std::uint64_t green;  ///< all routers of a chassis
  std::uint64_t black;  ///< the routers of one number in all chassis of a group
  std::uint64_t blue;   ///< all groups

  explicit Cables(const Parameters& p)
      : green(std::uint64_t{p.groups} * p.chassis * pairs(p.routers)),
        black(std::uint64_t{p.groups} * p.routers * pairs(p.chassis)),
        blue(pairs(p.groups)) {}
  std::uint64_t total() const { return green + black + blue; }
};

class Dragonfly final : public Shape {
 public:
  explicit Dragonfly(const Parameters& parameters)
      : p_(parameters),
        cables_(parameters),
        hosts_(static_cast<std::uint32_t>(p_.all_routers() * p_.nodes)) {}

  std::uint32_t hosts() const override { return hosts_; }

  std::vector<LinkId> way(Rank source, Rank target) const override {
    std::vector<LinkId> links = {source};
    Router at = router_of(source);
    const Router to = router_of(target);
    const auto green = [&](std::uint32_t router) {
      if (at.router == router) return;
      links.push_back(green_link(at, router));
      at.router = router;
    };
    const auto black = [&](std::uint32_t chassis) {
      if (at.chassis == chassis) return;
      links.push_back(black_link(at, chassis));
      at.chassis = chassis;
    };
    if (at.group != to.group) {
      // Router n of a group's first chassis has the cable to group n.
      green(to.group);
      black(0);
      links.push_back(blue_link(at.group, to.group));
      at = {to.group, 0, at.group};
    }
    const bool turns = at.router != to.router;
    green(to.router);
    if (turns && p_.routing == Routing::simgrid) at.chassis = 0;
    black(to.chassis);
    links.push_back(hosts_ + target);
    return links;
  }

  /// The cables between switches in the order of their ids. "...-A-B:up" leads from A to B.
  std::vector<Link> cables(const Link& green, const Link& black, const Link& blue) const {
    std::vector<Link> all;
    const auto add = [&](const Link& link, std::string name) {
      all.push_back(link);
      all.back().name = std::move(name);
    };
    for (std::uint32_t i = 0; i < p_.groups * p_.chassis; ++i) {
      for_pairs(p_.routers, [&](std::uint32_t a, std::uint32_t b) {
        add(green, fmt::format("group{}-chassis{}-router{}-router{}", i / p_.chassis,
                               i % p_.chassis, a, b));
      });
    }
    for (std::uint32_t i = 0; i < p_.groups * p_.routers; ++i) {
      for_pairs(p_.chassis, [&](std::uint32_t a, std::uint32_t b) {
        add(black, fmt::format("group{}-router{}-chassis{}-chassis{}", i / p_.routers,
                               i % p_.routers, a, b));
      });
    }
    for_pairs(p_.groups, [&](std::uint32_t a, std::uint32_t b) {
      add(blue, fmt::format("group{}-group{}", a, b));
    });
    return all;
  }

 private:
  struct Router {
    std::uint32_t group, chassis, router;
  };

  Router router_of(Rank rank) const {
    const std::uint32_t router = rank / p_.nodes;
    return {router / (p_.chassis * p_.routers), router / p_.routers % p_.chassis,
            router % p_.routers};
  }

  template <class Use>
  static void for_pairs(std::uint32_t count, Use use) {
    for (std::uint32_t a = 0; a < count; ++a) {
      for (std::uint32_t b = a + 1; b < count; ++b) use(a, b);
    }
  }

  /// The link from one to another of `count` that all are joined, in the set of this number; sets
  /// begin after `before` cables.
  LinkId link(std::uint64_t before, std::uint64_t set, std::uint32_t count, std::uint32_t from,
              std::uint32_t to) const {
    const std::uint64_t a = std::min(from, to), b = std::max(from, to);
    const std::uint64_t pair = a * (2 * count - a - 1) / 2 + b - a - 1;
    const std::uint64_t cable = before + set * pairs(count) + pair;
    return static_cast<LinkId>(2 * hosts_ + (from < to ? 0 : cables_.total()) + cable);
  }
  LinkId green_link(const Router& at, std::uint32_t to) const {
    return link(0, at.group * p_.chassis + at.chassis, p_.routers, at.router, to);
  }
  LinkId black_link(const Router& at, std::uint32_t to) const {
    return link(cables_.green, at.group * p_.routers + at.router, p_.chassis, at.chassis, to);
  }
  LinkId blue_link(std::uint32_t from, std::uint32_t to) const {
    return link(cables_.green + cables_.black, 0, p_.groups, from, to);
  }

  Parameters p_;
  Cables cables_;
  std::uint32_t hosts_;
};

/// How many parallel cables of each colour there are.
struct Parallel {
  std::uint32_t green = 1, black = 1, blue = 1;
};

/// So many cables as one link.
Link times(Link link, std::uint32_t count) {
  link.bandwidth = link.bandwidth * count;
  if (!link.extras) return link;
  auto extras = *link.extras;
  for (auto& piece : extras.pieces) piece.bandwidth = piece.bandwidth * count;
  for (auto& change : extras.profile) change.value = change.value * count;
  link.extras = std::make_shared<const LinkExtras>(std::move(extras));
  return link;
}

Wiring wire(const Parameters& parameters, const Link& link, const Parallel& parallel) {
  const auto shape = std::make_shared<Dragonfly>(parameters);
  Wiring wiring{{}, shape};
  add_duplex(wiring.links, numbered(link, "host", shape->hosts()));
  add_duplex(wiring.links, shape->cables(times(link, parallel.green), times(link, parallel.black),
                                         times(link, parallel.blue)));
  return wiring;
}

Routing read_routing(const JsonValue& value) {
  constexpr std::string_view accepted = "\"minimal\" or \"simgrid\" is accepted";
  const std::string text = value.string(accepted);
  if (text == "simgrid") return Routing::simgrid;
  if (text == "minimal") return Routing::minimal;
  value.wrong(accepted);
}

std::uint32_t read_parallel(const JsonObject& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? static_cast<std::uint32_t>(value->integer(1, 1024)) : 1;
}

Parameters read_parameters(const JsonObject& object) {
  Parameters parameters{read_count(object, "groups"), read_count(object, "chassis"),
                        read_count(object, "routers"), read_count(object, "nodes"),
                        Routing::minimal};
  if (const auto routing = object.find("routing")) parameters.routing = read_routing(*routing);
  const Place place = object["groups"].place();
  if (parameters.groups > parameters.routers) {
    throw UserError(place,
                    fmt::format("{} groups stand beside {} {} of a chassis", parameters.groups,
                                parameters.routers, parameters.routers == 1 ? "router" : "routers"),
                    "at most as many groups as routers are accepted: router n of a group's first "
                    "chassis has the cable to group n");
  }
  // Each factor is at most 2^20: past the limit, the next one could pass 64 bits.
  std::uint64_t hosts = 1;
  for (const std::uint64_t factor :
       {parameters.groups, parameters.chassis, parameters.routers, parameters.nodes}) {
    hosts *= factor;
    if (hosts > most_hosts) break;
  }
  if (hosts > most_hosts) {
    throw UserError(place, fmt::format("makes more than {} hosts", most_hosts),
                    fmt::format("2 to {} hosts in all are accepted", most_hosts));
  }
  check_hosts(place, hosts);
  const std::uint64_t cables = Cables(parameters).total();
  if (cables > most_cables) {
    throw UserError(object["routers"].place(), fmt::format("makes {} cables of routers", cables),
                    fmt::format("at most {} in all are accepted", most_cables));
  }
  return parameters;
}

Wiring read(const JsonObject& object) {
  const auto parameters = read_parameters(object);
  const Link link = read_link(object["link"]);
  return wire(parameters, link,
              {read_parallel(object, "green"), read_parallel(object, "black"),
               read_parallel(object, "blue")});
}

/// Two nodes at a router, two chassis in a group, and of the rest as many groups as routers, or
/// fewer.
Wiring make_uniform(std::uint32_t ranks, const Link& link) {
  const auto [groups, routers] = nearest_factors(ranks / 4);
  return wire({groups, 2, routers, 2, Routing::minimal}, link, {});
}

constexpr std::array<TopologyKey, 9> keys = {{
    {"groups", R"({"type": "integer", "minimum": 1, "maximum": 1048576,
         "description": "Number of groups; at most that of routers."})"},
    {"chassis",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Chassis of a group."})"},
    {"routers",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Routers of a chassis."})"},
    {"nodes",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Nodes at a router; one GPU each."})"},
    {"link", R"({"$ref": "#/definitions/link"})"},
    {"green",
     R"({"type": "integer", "minimum": 1, "maximum": 1024,
         "description": "Parallel cables between two routers of a chassis; default 1."})",
     false},
    {"black",
     R"({"type": "integer", "minimum": 1, "maximum": 1024,
         "description": "Parallel cables between routers of the same number in two chassis of a group; default 1."})",
     false},
    {"blue",
     R"({"type": "integer", "minimum": 1, "maximum": 1024,
         "description": "Parallel cables between two groups; default 1."})",
     false},
    {"routing",
     R"({"enum": ["minimal", "simgrid"], "description": "Ways inside a group: from router to neighbouring router (default), or as SimGrid 3.32 takes them."})",
     false},
}};

}  // namespace

extern const TopologyKindDefinition dragonfly_kind;
const TopologyKindDefinition dragonfly_kind = {
    .name = "dragonfly",
    .description = "groups of chassis of routers of nodes, each level joined all to all",
    .keys = keys,
    .conditions = "{}",
    .read = read,
    .uniform = {.fits = is_whole_groups,
                .accepted = whole_groups,
                .fix = "write a topology file for other groups",
                .make = make_uniform}};

}  // namespace ringsim
