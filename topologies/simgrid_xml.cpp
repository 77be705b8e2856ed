#include "topologies/simgrid_xml.hpp"

#include "base/error.hpp"
#include "topologies/kinds/kind.hpp"

#include <fmt/format.h>

#include <iterator>

namespace ringsim {
namespace {

using Text = fmt::memory_buffer;

constexpr std::size_t most_hops = 4'000'000;
constexpr double flops = 1e9;  ///< of a host of speed 1

template <class... Values>
void add(Text& text, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Values>(values)...);
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// Adds a file of lines "time value", and an attribute that names it.
class Profiles {
 public:
  Profiles(std::string_view stem, std::vector<SimgridPlatform::File>& files)
      : stem_(stem), files_(files) {}

  void add_to(Text& text, std::string_view attribute, std::string_view element,
              const std::string& lines) {
    if (lines.empty()) return;
    auto name = fmt::format("{}-{}-{}", stem_, element, attribute);
    add(text, " {}=\"{}\"", attribute, escaped(name));
    files_.push_back({std::move(name), lines});
  }

 private:
  std::string_view stem_;
  std::vector<SimgridPlatform::File>& files_;
};

/// What SimGrid does not use, for `topology import`.
std::string properties_of(const Topology& topology, Rank rank) {
  const auto& host = topology.host(rank);
  std::string text;
  const auto add_property = [&](std::string_view id, const std::string& value) {
    text += fmt::format("<prop id=\"{}\" value=\"{}\"/>", id, value);
  };
  if (host.speed != 1) add_property("speed", fmt::format("{}", host.speed));
  if (host.jitter) add_property("jitter", fmt::format("{}", *host.jitter));
  if (host.reduce_rate) add_property("reduce_rate", fmt::format("{}Bps", host.reduce_rate->value));
  if (const auto gpus = topology.gpus_per_node(); gpus > 1) {
    add_property("node", fmt::format("{}", rank / gpus));
    add_property("nics", topology.has_card_per_gpu() ? "per-gpu" : "per-node");
  }
  return text;
}

void add_host(Text& text, const Topology& topology, Rank rank, Profiles& profiles) {
  const auto& host = topology.host(rank);
  const std::string name = fmt::format("rank{}", rank);
  add(text, "    <host id=\"{}\" speed=\"{}f\"", name, host.speed * flops);
  std::string lines;
  // SimGrid's profile of a host's speed is relative to its peak.
  for (const auto& change : host.speed_changes) {
    lines += fmt::format("{} {}\n", change.at.value, change.value / host.speed);
  }
  profiles.add_to(text, "speed_file", name, lines);
  if (host.dies) profiles.add_to(text, "state_file", name, fmt::format("{} 0\n", host.dies->value));
  const auto properties = properties_of(topology, rank);
  if (properties.empty()) {
    add(text, "/>\n");
  } else {
    add(text, ">{}</host>\n", properties);
  }
}

void add_link(Text& text, const Link& link, LinkId id, Profiles& profiles) {
  add(text, "    <link id=\"{}\" bandwidth=\"{}Bps\" latency=\"{}s\" sharing_policy=\"SHARED\"",
      escaped(link.name), link.bandwidth.value, link.latency.value);
  if (link.extras) {
    // The name of a link may be no name for a file.
    const std::string name = fmt::format("link{}", id);
    std::string lines;
    for (const auto& change : link.extras->profile) {
      lines += fmt::format("{} {}\n", change.at.value, change.value.value);
    }
    profiles.add_to(text, "bandwidth_file", name, lines);
    lines.clear();
    for (const auto& outage : link.extras->outages) {
      lines += fmt::format("{} 0\n{} 1\n", outage.from.value, outage.until.value);
    }
    profiles.add_to(text, "state_file", name, lines);
  }
  add(text, "/>\n");
}

void add_routes(Text& text, const Topology& topology, const Place& place) {
  std::size_t hops = 0;
  for (Rank source = 0; source < topology.hosts(); ++source) {
    for (Rank target = 0; target < topology.hosts(); ++target) {
      if (source == target) continue;
      const auto route = topology.route(source, target);
      hops += route.links.size();
      if (hops > most_hops) {
        throw UserError(place,
                        fmt::format("the routes of {} hosts pass more than {} links together",
                                    topology.hosts(), most_hops),
                        "a smaller topology is accepted");
      }
      add(text, "    <route src=\"rank{}\" dst=\"rank{}\" symmetrical=\"NO\">", source, target);
      for (const LinkId id : route.links) {
        add(text, "<link_ctn id=\"{}\"/>", escaped(topology.links()[id].name));
      }
      add(text, "</route>\n");
    }
  }
}

}  // namespace

SimgridPlatform simgrid_platform(const Topology& topology, std::string_view stem,
                                 const Place& place) {
  SimgridPlatform platform;
  Profiles profiles(stem, platform.files);
  Text text;
  add(text,
      "<?xml version=\"1.0\"?>\n"
      "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
      "<!-- {}, written by ringsim -->\n"
      "<platform version=\"4.1\">\n"
      "  <config>\n"
      "    <prop id=\"network/model\" value=\"CM02\"/>\n"
      "    <prop id=\"network/TCP-gamma\" value=\"0\"/>\n"
      "    <prop id=\"network/crosstraffic\" value=\"0\"/>\n"
      "  </config>\n"
      "  <zone id=\"ringsim\" routing=\"Full\">\n",
      topology.kind().name);
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    add_host(text, topology, rank, profiles);
  }
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    const auto& link = topology.links()[id];
    if (link.extras && !link.extras->pieces.empty()) {
      throw UserError(place, fmt::format("the link \"{}\" has a model by message size", link.name),
                      "SimGrid's format has none", "remove its \"sizes\" to export the topology");
    }
    add_link(text, link, id, profiles);
  }
  add_routes(text, topology, place);
  add(text, "  </zone>\n</platform>\n");
  platform.xml = fmt::to_string(text);
  return platform;
}

}  // namespace ringsim
