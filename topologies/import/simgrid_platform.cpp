// Platforms of SimGrid (version 4.1, https://simgrid.org/doc/latest/XML_reference.html).
#include "base/files.hpp"
#include "base/text.hpp"
#include "topologies/calibration/readers.hpp"
#include "topologies/import/network.hpp"
#include "topologies/import/xml_source.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <unordered_map>

namespace ringsim::import {
namespace {

/// "98.1Mf" as flop/s.
double read_speed(const Source& source, const Node& node) {
  struct Prefix {
    std::string_view unit;
    double factor;
  };
  constexpr std::array<Prefix, 6> prefixes = {
      {{"f", 1}, {"kf", 1e3}, {"Mf", 1e6}, {"Gf", 1e9}, {"Tf", 1e12}, {"Pf", 1e15}}};
  auto text = source.needed(node, "speed");
  text = text.substr(0, text.find(','));  // the first of the speeds between which it can change
  const auto number = leading_number(text);
  if (number && number->value > 0) {
    if (number->rest.empty()) return number->value;
    for (const auto& [unit, factor] : prefixes)
      if (number->rest == unit) return number->value * factor;
  }
  source.wrong(node, fmt::format("found the speed \"{}\"", text),
               "a speed such as 1Gf or 98.1Mf is accepted");
}

struct Sample {
  double at, value;
};

/// The lines "time value" of the file that an attribute names, beside the platform.
std::vector<Sample> read_profile(const Source& source, const Node& node, const char* attribute) {
  std::vector<Sample> samples;
  const auto name = node.attribute(attribute);
  if (!name) return samples;
  const auto path = source.path.parent_path() / name.value();
  const auto text = read_file(path, "a profile of SimGrid is accepted");
  for (const auto& line : calibration::lines_of(text, path.string())) {
    if (line.text.front() == '#') continue;
    const auto words = calibration::words_of(line.text);
    const auto at = leading_number(words.front());
    const auto value = words.size() == 2 ? leading_number(words[1]) : std::nullopt;
    if (!at || !at->rest.empty() || !value || !value->rest.empty()) {
      throw UserError(line.place, fmt::format("found \"{}\"", line.text),
                      "a time and a value are accepted, and no repetition");
    }
    samples.push_back({at->value, value->value});
  }
  return samples;
}

std::string seconds_text(double seconds) { return fmt::format("{}s", seconds); }

/// "profile" and "outages" of a link.
Json::Object changes_of(const Source& source, const Node& node) {
  Json::Object more;
  Json::Array profile, outages;
  for (const auto& [at, value] : read_profile(source, node, "bandwidth_file")) {
    profile.emplace_back(
        Json::Object{{"at", seconds_text(at)}, {"bandwidth", fmt::format("{}Bps", value)}});
  }
  std::optional<double> down;
  for (const auto& [at, value] : read_profile(source, node, "state_file")) {
    if (value == 0 && !down) down = at;
    if (value == 0 || !down) continue;
    outages.emplace_back(Json::Object{{"from", seconds_text(*down)}, {"until", seconds_text(at)}});
    down.reset();
  }
  if (down) {
    source.wrong(node, fmt::format("the link is down from {} s on", *down),
                 "a state_file that turns it on again is accepted");
  }
  if (!profile.empty()) more.emplace_back("profile", std::move(profile));
  if (!outages.empty()) more.emplace_back("outages", std::move(outages));
  return more;
}

std::optional<std::string> property(const Node& node, std::string_view id) {
  for (const auto& each : node.children("prop"))
    if (id == each.attribute("id").value()) return each.attribute("value").value();
  return std::nullopt;
}

class Zone {
 public:
  Zone(const Source& source, const Node& zone) : source_(source), zone_(zone) {
    constexpr std::array<std::string_view, 4> known = {"host", "link", "route", "prop"};
    for (const auto& node : zone.children()) {
      if (node.type() != pugi::node_element) continue;
      const std::string_view name = node.name();
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        source.wrong(node, fmt::format("found <{}> in a zone", name),
                     "<host>, <link> and <route>, or one <cluster> alone, is accepted");
      }
      if (name != "host") continue;
      if (!ranks_.emplace(source.needed(node, "id"), hosts_.size()).second)
        source.wrong(node, "the host stands twice", "a name of its own for each is accepted");
      hosts_.push_back(node);
    }
    check_hosts(hosts_.size(), source.at(zone));
  }

  Network network() {
    Network network(static_cast<std::uint32_t>(hosts_.size()));
    for (const auto& link : zone_.children("link")) add_link(network, link);
    for (const auto& route : zone_.children("route")) add_route(network, route);
    for (Rank source = 0; source < network.hosts; ++source) {
      for (Rank target = 0; target < network.hosts; ++target) {
        if (source == target || !network.way(source, target).empty()) continue;
        source_.wrong(zone_,
                      fmt::format("the route from {} to {} is missing",
                                  hosts_[source].attribute("id").value(),
                                  hosts_[target].attribute("id").value()),
                      "a route of each pair is accepted");
      }
    }
    add_hosts(network);
    return network;
  }

 private:
  void add_link(Network& network, const Node& node) {
    source_.only(node,
                 {"id", "bandwidth", "latency", "sharing_policy", "bandwidth_file", "state_file"});
    const auto id = source_.needed(node, "id");
    const auto place = source_.at(node);
    const auto latency = node.attribute("latency");
    NetworkLink link{id, parse_bandwidth(source_.needed(node, "bandwidth"), place),
                     latency ? parse_seconds(latency.value(), place) : Seconds{},
                     changes_of(source_, node)};
    const std::string policy = node.attribute("sharing_policy").as_string("SPLITDUPLEX");
    if (policy != "SHARED" && policy != "SPLITDUPLEX") {
      source_.wrong(node, fmt::format("found the sharing policy {}", policy),
                    "SHARED or SPLITDUPLEX is accepted");
    }
    std::vector<std::string> names = {""};
    if (policy == "SPLITDUPLEX") names = {"_UP", "_DOWN"};
    for (const auto& suffix : names) {
      link.name = id + suffix;
      if (!links_.emplace(link.name, network.add(link)).second)
        source_.wrong(node, "the link stands twice", "a name of its own for each is accepted");
    }
  }

  std::uint32_t link_of(const Node& node, bool is_back) const {
    std::string name = source_.needed(node, "id"), direction = node.attribute("direction").value();
    if (direction == "UP" || direction == "DOWN")
      name += (direction == "UP") != is_back ? "_UP" : "_DOWN";
    const auto found = links_.find(name);
    if (found != links_.end()) return found->second;
    const bool lacks_direction = links_.contains(name + "_UP");
    source_.wrong(node, fmt::format("no link is named \"{}\"", name),
                  "the name of a link is accepted",
                  lacks_direction ? "add direction=\"UP\" or \"DOWN\"" : "");
  }

  Rank rank_of(const Node& node, const char* attribute) const {
    const auto name = source_.needed(node, attribute);
    const auto found = ranks_.find(name);
    if (found != ranks_.end()) return found->second;
    source_.wrong(node, fmt::format("no host is named \"{}\"", name),
                  "the name of a host is accepted");
  }

  void add_route(Network& network, const Node& node) {
    source_.only(node, {"src", "dst", "symmetrical"});
    const Rank from = rank_of(node, "src"), to = rank_of(node, "dst");
    if (from == to) return;  // no message goes from a host to itself
    std::vector<std::uint32_t> there, back;
    for (const auto& link : node.children("link_ctn")) {
      there.push_back(link_of(link, false));
      back.insert(back.begin(), link_of(link, true));
    }
    if (there.empty()) source_.wrong(node, "the route has no link", "<link_ctn> is accepted");
    const std::string symmetrical = node.attribute("symmetrical").as_string("YES");
    const bool is_both_ways = symmetrical != "NO" && symmetrical != "no";
    if (!network.way(from, to).empty() || (is_both_ways && !network.way(to, from).empty())) {
      source_.wrong(node, "the route stands twice", "one route of each pair is accepted",
                    "routes lead both ways unless they say symmetrical=\"NO\"");
    }
    network.way(from, to) = std::move(there);
    if (is_both_ways) network.way(to, from) = std::move(back);
  }

  /// A host's speed is that of its property, as ringsim writes it, else relative to the fastest.
  void add_hosts(Network& network) const {
    double fastest = 0;
    for (const auto& host : hosts_)
      if (!property(host, "speed")) fastest = std::max(fastest, read_speed(source_, host));
    for (Rank rank = 0; rank < network.hosts; ++rank) add_host(network, rank, fastest);
    const auto cards = property(hosts_.front(), "nics");
    std::uint32_t first_node = 0;
    for (const auto& host : hosts_) first_node += property(host, "node") == "0" ? 1 : 0;
    if (!cards || first_node < 2 || network.hosts % first_node != 0) return;
    network.gpus_per_node = first_node;
    network.has_card_per_gpu = *cards == "per-gpu";
  }

  double number_in(const Node& host, const std::string& text) const {
    const auto number = leading_number(text);
    if (number && number->rest.empty()) return number->value;
    source_.wrong(host, fmt::format("found the property \"{}\"", text), "a number is accepted");
  }

  void add_host(Network& network, Rank rank, double fastest) const {
    const auto& host = hosts_[rank];
    source_.only(host,
                 {"id", "speed", "speed_file", "state_file", "core", "pstate", "coordinates"});
    const auto given = property(host, "speed");
    const double speed = given ? number_in(host, *given) : read_speed(source_, host) / fastest;
    Json::Object exception = {{"host", rank}};
    if (speed != 1) exception.emplace_back("speed", speed);
    if (const auto jitter = property(host, "jitter"))
      exception.emplace_back("jitter", number_in(host, *jitter));
    if (const auto rate = property(host, "reduce_rate"))
      exception.emplace_back("reduce_rate", *rate);
    Json::Array profile;
    for (const auto& [at, value] : read_profile(source_, host, "speed_file"))
      profile.emplace_back(Json::Object{{"at", seconds_text(at)}, {"speed", value * speed}});
    if (!profile.empty()) exception.emplace_back("profile", std::move(profile));
    for (const auto& [at, value] : read_profile(source_, host, "state_file")) {
      if (value != 0)
        source_.wrong(host, "the host is turned on again", "one that dies is accepted");
      exception.emplace_back("dies", seconds_text(at));
    }
    if (exception.size() > 1) network.host_exceptions.emplace_back(std::move(exception));
  }

  const Source& source_;
  Node zone_;
  std::vector<Node> hosts_;
  std::unordered_map<std::string, Rank> ranks_;
  std::unordered_map<std::string, std::uint32_t> links_;
};

/// "0-3,8": how many.
std::uint64_t count_radical(const Source& source, const Node& node) {
  const auto text = source.needed(node, "radical");
  std::uint64_t count = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto part = std::string_view(text).substr(begin, end - begin);
    const auto dash = part.find('-');
    const auto first = parse_whole_number(part.substr(0, dash));
    const auto last = dash == part.npos ? first : parse_whole_number(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last > (1U << 20U)) {
      source.wrong(node, fmt::format("found the radical \"{}\"", text),
                   "numbers such as 0-15 or 0-3,8 are accepted");
    }
    count += *last - *first + 1;
    begin = end + 1;
  }
  return count;
}

/// Hosts round a switch, with a backbone where the cluster has one.
Json cluster_file(const Source& source, const Node& node, const NetworkImport& request,
                  const std::string& description) {
  source.only(node, {"id", "prefix", "suffix", "radical", "speed", "core", "bw", "lat", "bb_bw",
                     "bb_lat", "sharing_policy", "bb_sharing_policy", "topology", "router_id"});
  const std::string topology = node.attribute("topology").as_string("FLAT");
  const std::string policy = node.attribute("sharing_policy").as_string("SPLITDUPLEX");
  if (topology != "FLAT" || policy != "SPLITDUPLEX") {
    source.wrong(node,
                 fmt::format("found a cluster of topology {} and policy {}", topology, policy),
                 "FLAT and SPLITDUPLEX are accepted",
                 "ringsim has kinds of its own for fat trees, tori and dragonflies");
  }
  const auto place = source.at(node);
  const auto hosts = count_radical(source, node);
  if (hosts < 2) source.wrong(node, "found one host", "two and more are accepted");
  auto file = beginning(request.name, description, "switch");
  file.emplace_back("hosts", hosts);
  file.emplace_back("link", link_json(parse_bandwidth(source.needed(node, "bw"), place),
                                      parse_seconds(source.needed(node, "lat"), place)));
  if (node.attribute("bb_bw")) {
    file.emplace_back("backbone", link_json(parse_bandwidth(source.needed(node, "bb_bw"), place),
                                            parse_seconds(source.needed(node, "bb_lat"), place)));
  }
  return file;
}

std::vector<Node> children_named(const Node& node, std::initializer_list<std::string_view> names) {
  std::vector<Node> found;
  for (const auto& child : node.children())
    if (std::find(names.begin(), names.end(), child.name()) != names.end()) found.push_back(child);
  return found;
}

/// The zone or cluster that is all of the platform, inside zones that hold nothing else.
Node find_only_zone(const Source& source, const Node& platform) {
  Node at = platform;
  for (;;) {
    const auto inner = children_named(at, {"zone", "AS", "cluster"});
    if (inner.empty() && at != platform) return at;
    const bool has_more = !children_named(at, {"host", "link", "route", "zoneRoute"}).empty();
    if (inner.size() != 1 || has_more) {
      source.wrong(at, fmt::format("found {} zones", inner.size()),
                   "one zone of hosts, or one cluster, is accepted");
    }
    at = inner.front();
    if (std::string_view(at.name()) == "cluster") return at;
  }
}

/// Units and elements have changed from one major version to the next. A file without one is taken
/// for the newest.
void check_version(const Source& source, const Node& platform) {
  const std::string version = platform.attribute("version").as_string("4.1");
  if (version == "4" || version == "4.0" || version == "4.1") return;
  source.wrong(platform, fmt::format("found a platform of version \"{}\"", version),
               "version 4 or 4.1 is accepted",
               "simgrid_update_xml, which comes with SimGrid, brings older ones up to date");
}

}  // namespace

ImportedTopology read_simgrid(const std::string& text, const NetworkImport& request) {
  const Source source{text, request.file};
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed)
    throw UserError(source.at(parsed.offset), broken_xml(parsed.status), "XML is accepted");
  const Node platform = document.child("platform");
  if (!platform) {
    throw UserError({request.file.string(), {}}, "found no <platform>",
                    "a platform of SimGrid (version 4.1) is accepted");
  }
  check_version(source, platform);
  ImportedTopology imported;
  const auto model = [&] {
    for (const auto& config : platform.children("config"))
      if (const auto value = property(config, "network/model")) return *value;
    return std::string("LV08, SimGrid's default");
  }();
  if (model != "CM02") {
    imported.notes.push_back(
        fmt::format("The file's network/model is {}, which multiplies latencies and bandwidths by "
                    "factors; they are taken as the file has them, as CM02 does.",
                    model));
  }
  const auto description =
      fmt::format("imported from SimGrid's {}", request.file.filename().string());
  const Node zone = find_only_zone(source, platform);
  if (std::string_view(zone.name()) == "cluster") {
    imported.file = cluster_file(source, zone, request, description);
    return imported;
  }
  const std::string routing = zone.attribute("routing").value();
  if (routing != "Full") {
    source.wrong(zone, fmt::format("found the routing \"{}\"", routing), "Full is accepted",
                 "other ones find routes that the file does not say");
  }
  imported.file = routes_file(Zone(source, zone).network(), request.name, description);
  return imported;
}

}  // namespace ringsim::import
