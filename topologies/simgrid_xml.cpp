#include "topologies/simgrid_xml.hpp"

#include "base/error.hpp"

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

/// A trace and what it is for. The lines are "time value".
void add_trace(Text& text, std::string_view kind, const std::string& element,
               const std::string& lines) {
  add(text, "    <trace id=\"{0} {1}\" periodicity=\"-1\">\n{2}    </trace>\n", element, kind,
      lines);
  add(text, "    <trace_connect kind=\"{0}\" trace=\"{1} {0}\" element=\"{1}\"/>\n", kind, element);
}

void add_host(Text& text, Rank rank, const Host& host) {
  add(text, "    <host id=\"rank{}\" speed=\"{}f\"", rank, host.speed * flops);
  if (host.jitter) {
    add(text, "><prop id=\"jitter\" value=\"{}\"/></host>\n", *host.jitter);
  } else {
    add(text, "/>\n");
  }
}

void add_host_traces(Text& text, Rank rank, const Host& host) {
  const std::string name = fmt::format("rank{}", rank);
  if (!host.speed_changes.empty()) {
    std::string lines;
    // SimGrid's profile of a host's speed is relative to its peak.
    for (const auto& change : host.speed_changes) {
      lines += fmt::format("{} {}\n", change.at.value, change.value / host.speed);
    }
    add_trace(text, "SPEED", name, lines);
  }
  if (host.dies) add_trace(text, "HOST_AVAIL", name, fmt::format("{} 0\n", host.dies->value));
}

void add_link_traces(Text& text, const Link& link) {
  if (!link.extras) return;
  const std::string name = escaped(link.name);
  std::string lines;
  for (const auto& change : link.extras->profile) {
    lines += fmt::format("{} {}\n", change.at.value, change.value.value);
  }
  if (!lines.empty()) add_trace(text, "BANDWIDTH", name, lines);
  lines.clear();
  for (const auto& outage : link.extras->outages) {
    lines += fmt::format("{} 0\n{} 1\n", outage.from.value, outage.until.value);
  }
  if (!lines.empty()) add_trace(text, "LINK_AVAIL", name, lines);
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

std::string simgrid_xml(const Topology& topology, const Place& place) {
  Text text;
  add(text,
      "<?xml version=\"1.0\"?>\n"
      "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
      "<!-- {}, written by ringsim -->\n"
      "<platform version=\"4.1\">\n  <zone id=\"ringsim\" routing=\"Full\">\n",
      name_of(topology.kind()));
  for (Rank rank = 0; rank < topology.hosts(); ++rank) add_host(text, rank, topology.host(rank));
  for (const auto& link : topology.links()) {
    if (link.extras && !link.extras->pieces.empty()) {
      throw UserError(place, fmt::format("the link \"{}\" has a model by message size", link.name),
                      "SimGrid's format has none", "remove its \"sizes\" to export the topology");
    }
    add(text,
        "    <link id=\"{}\" bandwidth=\"{}Bps\" latency=\"{}s\" sharing_policy=\"SHARED\"/>\n",
        escaped(link.name), link.bandwidth.value, link.latency.value);
  }
  add_routes(text, topology, place);
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    add_host_traces(text, rank, topology.host(rank));
  }
  for (const auto& link : topology.links()) add_link_traces(text, link);
  add(text, "  </zone>\n</platform>\n");
  return fmt::to_string(text);
}

}  // namespace ringsim
