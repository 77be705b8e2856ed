#include "topologies/reader.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <set>

namespace ringsim {
namespace {

constexpr Seconds never{std::numeric_limits<double>::infinity()};

/// Traffic of others, at a constant rate.
struct Background {
  BytesPerSecond bandwidth;
  Seconds from, until;
};

std::vector<JsonValue> filled_list(const JsonValue& value, std::string_view accepted) {
  auto entries = value.array(accepted);
  if (entries.empty()) throw UserError(value.place(), "found an empty list", accepted);
  return entries;
}

std::vector<SizePiece> read_sizes(const JsonValue& value, BytesPerSecond widest) {
  std::vector<SizePiece> pieces;
  for (const auto& entry : filled_list(value, "a list of pieces is accepted")) {
    const auto object = entry.object({"from", "latency", "bandwidth"});
    const SizePiece piece{object["from"].bytes(), object["latency"].seconds(),
                          object["bandwidth"].bandwidth()};
    if (!pieces.empty() && piece.from <= pieces.back().from) {
      object["from"].wrong("pieces in increasing order of size are accepted");
    }
    if (piece.bandwidth > widest) {
      object["bandwidth"].wrong(
          fmt::format("at most the link's bandwidth, {}, is accepted", format(widest)));
    }
    pieces.push_back(piece);
  }
  return pieces;
}

std::vector<Change<BytesPerSecond>> read_profile(const JsonValue& value) {
  std::vector<Change<BytesPerSecond>> changes;
  for (const auto& entry : filled_list(value, "a list of changes of bandwidth is accepted")) {
    const auto object = entry.object({"at", "bandwidth"});
    changes.push_back({object["at"].seconds(), object["bandwidth"].bandwidth()});
    if (changes.size() > 1 && changes.back().at <= changes[changes.size() - 2].at) {
      object["at"].wrong("changes in increasing order of time are accepted");
    }
  }
  return changes;
}

std::vector<Outage> read_outages(const JsonValue& value) {
  std::vector<Outage> outages;
  for (const auto& entry : filled_list(value, "a list of outages is accepted")) {
    const auto object = entry.object({"from", "until"});
    const Outage outage{object["from"].seconds(), object["until"].seconds()};
    if (outage.until <= outage.from) object["until"].wrong("a time after \"from\" is accepted");
    if (!outages.empty() && outage.from <= outages.back().until) {
      object["from"].wrong("a time after the outage before has ended is accepted");
    }
    outages.push_back(outage);
  }
  return outages;
}

std::vector<Background> read_background(const JsonValue& value) {
  std::vector<Background> background;
  for (const auto& entry : filled_list(value, "a list of flows of others is accepted")) {
    const auto object = entry.object({"bandwidth", "from", "until"});
    const auto from = object.find("from"), until = object.find("until");
    background.push_back({object["bandwidth"].bandwidth(), from ? from->seconds() : Seconds{},
                          until ? until->seconds() : never});
    if (background.back().until <= background.back().from) {
      until->wrong("a time after \"from\" is accepted");
    }
  }
  return background;
}

/// What the profile leaves after background traffic, at each time at which one of them changes.
std::vector<Change<BytesPerSecond>> left_over(BytesPerSecond bandwidth,
                                              const std::vector<Change<BytesPerSecond>>& profile,
                                              const std::vector<Background>& background,
                                              const Place& place) {
  std::set<Seconds> times;
  for (const auto& change : profile) times.insert(change.at);
  for (const auto& flow : background) times.insert({flow.from, flow.until});
  times.erase(never);
  std::vector<Change<BytesPerSecond>> left;
  for (const Seconds at : times) {
    BytesPerSecond capacity = bandwidth, taken;
    for (const auto& change : profile) {
      if (change.at <= at) capacity = change.value;
    }
    for (const auto& flow : background) {
      if (flow.from <= at && at < flow.until) taken += flow.bandwidth;
    }
    if (taken >= capacity) {
      throw UserError(place,
                      fmt::format("{} of traffic leaves nothing of {} at {}", format(taken),
                                  format(capacity), format(at)),
                      "less than the link's bandwidth, times its efficiency, is accepted");
    }
    left.push_back({at, capacity - taken});
  }
  return left;
}

/// Payload over what a link carries of full frames of TCP over IPv4: the frame holds 14 bytes of
/// Ethernet, which a shaper counts too, 20 of IP, 20 of TCP and 12 of its time stamps.
double ethernet_efficiency(double mtu) {
  constexpr double frame = 14, headers = 20 + 20 + 12;
  return (mtu - headers) / (mtu + frame);
}

/// What "medium" and "mtu" say; absent where they are not there. The MTU has no default, as
/// switches and clouds differ.
std::optional<double> read_medium(const JsonObject& object) {
  const auto medium = object.find("medium"), mtu = object.find("mtu");
  if (!medium && !mtu) return std::nullopt;
  if (!medium) {
    throw UserError(mtu->place(), "\"mtu\" stands without \"medium\"",
                    "both or neither is accepted", "add \"medium\": \"ethernet\"");
  }
  if (medium->string("\"ethernet\" is accepted") != "ethernet")
    medium->wrong("\"ethernet\" is accepted");
  for (const auto* other : {"efficiency", "sizes"}) {
    if (const auto beside = object.find(other)) {
      throw UserError(beside->place(), fmt::format("\"{}\" stands beside \"medium\"", other),
                      "one of the two is accepted", "both say what is left for payload");
    }
  }
  constexpr std::uint64_t least = 576, most = 65535;
  return ethernet_efficiency(static_cast<double>(object["mtu"].integer(least, most)));
}

Link read_members(const JsonObject& object) {
  Link link{{}, object["bandwidth"].bandwidth(), object["latency"].seconds()};
  const auto efficiency = object.find("efficiency"), sizes = object.find("sizes"),
             profile = object.find("profile"), outages = object.find("outages"),
             background = object.find("background");
  const auto medium = read_medium(object);
  if (!efficiency && !sizes && !profile && !outages && !background && !medium) return link;
  LinkExtras extras;
  if (efficiency && sizes) {
    throw UserError(sizes->place(), "\"sizes\" stands beside \"efficiency\"",
                    "one of the two is accepted", "put the efficiency into the pieces' bandwidth");
  }
  if (efficiency) extras.efficiency = efficiency->number(0.001, 1);
  if (medium) extras.efficiency = *medium;
  link.bandwidth = link.bandwidth * extras.efficiency;
  if (sizes) extras.pieces = read_sizes(*sizes, link.bandwidth);
  std::vector<Change<BytesPerSecond>> changes;
  if (profile) changes = read_profile(*profile);
  for (auto& change : changes) change.value = change.value * extras.efficiency;
  if (background) {
    changes = left_over(link.bandwidth, changes, read_background(*background), background->place());
  }
  extras.profile = std::move(changes);
  if (outages) extras.outages = read_outages(*outages);
  link.extras = std::make_shared<const LinkExtras>(std::move(extras));
  return link;
}

}  // namespace

Link read_link(const JsonValue& value) {
  return read_members(value.object({"bandwidth", "latency", "efficiency", "sizes", "profile",
                                    "outages", "background", "medium", "mtu"}));
}

Link read_named_link(const JsonValue& value, std::string name) {
  const auto object = value.object({"name", "bandwidth", "latency", "efficiency", "sizes",
                                    "profile", "outages", "background", "medium", "mtu"});
  if (const auto given = object.find("name")) {
    name = given->string("a name is accepted");
    if (name.empty() || name.find(':') != std::string::npos) {
      given->wrong("a name that is not empty and has no colon is accepted");
    }
  }
  Link link = read_members(object);
  link.name = std::move(name);
  return link;
}

Link read_link_exception(const JsonValue& value) {
  const auto object = value.object({"link", "bandwidth", "latency", "efficiency", "sizes",
                                    "profile", "outages", "background", "medium", "mtu"});
  std::string name = object["link"].string("the name of a link is accepted");
  Link link = read_members(object);
  link.name = std::move(name);
  return link;
}

}  // namespace ringsim
