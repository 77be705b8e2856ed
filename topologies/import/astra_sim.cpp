// Networks of ASTRA-sim's analytical backend (version 2, extern/network_backend/analytical there).
#include "topologies/import/network.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ringsim::import {
namespace {

constexpr double gibi = 1024. * 1024 * 1024, nano = 1e9;
constexpr double most_bandwidth = 1e8, most_latency = 1e18;
constexpr std::array<std::string_view, 4> known_keys = {"topology", "npus_count", "bandwidth",
                                                        "latency"};

enum class Block { ring, fully_connected, switched };

struct Dimension {
  Block block = Block::ring;
  std::uint32_t npus = 0;
  BytesPerSecond bandwidth;
  Seconds latency;
};

class Reader {
 public:
  Reader(const std::string& text, std::string file) : file_(std::move(file)) {
    try {
      root_ = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      throw UserError({file_, line_of(error.mark)}, "broken YAML",
                      "a network of ASTRA-sim (YAML), a platform of SimGrid (XML) or the text of "
                      "nvidia-smi topo -m is accepted");
    }
    if (!root_.IsMap())
      wrong(root_, "found no keys", "the keys topology, npus_count, bandwidth and latency");
    for (const auto& member : root_) {
      const auto key = member.first.IsScalar() ? member.first.Scalar() : std::string();
      if (std::find(known_keys.begin(), known_keys.end(), key) == known_keys.end()) {
        wrong(member.first, fmt::format("found the key \"{}\"", key),
              "topology, npus_count, bandwidth and latency (ASTRA-sim 2, analytical)");
      }
    }
  }

  std::vector<Dimension> dimensions() const {
    const auto blocks = list("topology"), counts = list("npus_count"),
               bandwidths = list("bandwidth"), latencies = list("latency");
    for (const auto* other : {&counts, &bandwidths, &latencies}) {
      if (other->size() == blocks.size()) continue;
      wrong(other->front(), fmt::format("found {} values", other->size()),
            fmt::format("one for each of the {} dimensions of \"topology\"", blocks.size()));
    }
    std::vector<Dimension> all;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      all.push_back({block_of(blocks[i]),
                     count_of(counts[i]),
                     {number_of(bandwidths[i], most_bandwidth) * gibi},
                     {number_of(latencies[i], most_latency) / nano}});
      if (all.back().bandwidth.value <= 0)
        wrong(bandwidths[i], "found the bandwidth 0", "a number of GB/s above zero");
    }
    return all;
  }

  Place place() const { return {file_, {}}; }

 private:
  static std::string line_of(const YAML::Mark& mark) {
    return mark.is_null() ? "" : fmt::format("line {}", mark.line + 1);
  }
  [[noreturn]] void wrong(const YAML::Node& node, const std::string& found,
                          const std::string& accepted) const {
    throw UserError({file_, line_of(node.Mark())}, found,
                    fmt::format("{} {} accepted", accepted,
                                accepted.find(" and ") == std::string::npos ? "is" : "are"));
  }

  std::vector<YAML::Node> list(const std::string& key) const {
    const YAML::Node node = root_[key];
    if (!node) {
      throw UserError({file_, {}}, fmt::format("the key \"{}\" is missing", key),
                      "topology, npus_count, bandwidth and latency are accepted");
    }
    if (node.IsScalar()) return {node};
    if (!node.IsSequence() || node.size() == 0)
      wrong(node, fmt::format("found no values of \"{}\"", key), "a list, one of each dimension,");
    std::vector<YAML::Node> nodes;
    for (const auto& each : node) nodes.push_back(each);
    return nodes;
  }

  Block block_of(const YAML::Node& node) const {
    const auto name = node.IsScalar() ? node.Scalar() : std::string();
    if (name == "Ring") return Block::ring;
    if (name == "FullyConnected") return Block::fully_connected;
    if (name == "Switch") return Block::switched;
    wrong(node, fmt::format("found the topology \"{}\"", name), "Ring, FullyConnected or Switch");
  }
  std::uint32_t count_of(const YAML::Node& node) const {
    constexpr std::uint32_t most = 1U << 20U;
    std::uint32_t count = 0;
    if (node.IsScalar() && YAML::convert<std::uint32_t>::decode(node, count) && count >= 2 &&
        count <= most)
      return count;
    wrong(node, fmt::format("found \"{}\" NPUs", node.IsScalar() ? node.Scalar() : "a list"),
          fmt::format("a whole number from 2 to {}", most));
  }
  double number_of(const YAML::Node& node, double most) const {
    double value = 0;
    if (node.IsScalar() && YAML::convert<double>::decode(node, value) && value >= 0 &&
        value <= most)
      return value;
    wrong(node, fmt::format("found \"{}\"", node.IsScalar() ? node.Scalar() : "a list"),
          fmt::format("a number from 0 to {:g}", most));
  }

  std::string file_;
  YAML::Node root_;
};

/// The links of one dimension, and ways along it.
class DimensionLinks {
 public:
  DimensionLinks(Network& network, const Dimension& dimension, std::size_t number,
                 std::uint32_t stride)
      : dimension_(dimension), stride_(stride) {
    const auto add = [&](std::vector<std::uint32_t>& ids, Rank host, std::string_view what) {
      ids.push_back(network.add({fmt::format("dimension{}-host{}:{}", number, host, what),
                                 dimension.bandwidth, dimension.latency}));
    };
    for (Rank host = 0; host < network.hosts; ++host) {
      if (dimension.block != Block::fully_connected) {
        add(up_, host, "up");
        add(down_, host, "down");
        continue;
      }
      for (std::uint32_t i = 0; i < dimension.npus; ++i)
        add(up_, host, fmt::format("to{}", with_coordinate(host, i)));
    }
  }

  /// Adds the links from a host to the one that stands at `target`'s coordinate; returns it.
  Rank pass(Rank host, Rank target, std::vector<std::uint32_t>& way) const {
    const auto from = coordinate(host), to = coordinate(target);
    if (from == to) return host;
    const Rank next = with_coordinate(host, to);
    if (dimension_.block == Block::switched) {
      way.push_back(up_[host]);
      way.push_back(down_[next]);
    } else if (dimension_.block == Block::fully_connected) {
      way.push_back(up_[host * dimension_.npus + to]);
    } else {
      const auto n = dimension_.npus, clockwise = (to + n - from) % n;
      const bool is_up = clockwise <= n - clockwise;
      for (auto at = from; at != to; at = (at + (is_up ? 1 : n - 1)) % n)
        way.push_back((is_up ? up_ : down_)[with_coordinate(host, at)]);
    }
    return next;
  }

 private:
  std::uint32_t coordinate(Rank host) const { return host / stride_ % dimension_.npus; }
  Rank with_coordinate(Rank host, std::uint32_t value) const {
    return host + (value - coordinate(host)) * stride_;
  }

  Dimension dimension_;
  std::uint32_t stride_;
  std::vector<std::uint32_t> up_, down_;
};

Json network_of(const std::vector<Dimension>& dimensions, std::uint32_t hosts,
                const std::string& name, const std::string& description) {
  Network network(hosts);
  std::vector<DimensionLinks> links;
  std::uint32_t stride = 1;
  for (const auto& dimension : dimensions) {
    links.emplace_back(network, dimension, links.size(), stride);
    stride *= dimension.npus;
  }
  for (Rank source = 0; source < hosts; ++source) {
    for (Rank target = 0; target < hosts; ++target) {
      Rank at = source;
      for (const auto& each : links) at = each.pass(at, target, network.way(source, target));
    }
  }
  // The first dimension, where it is the fastest, is a node's.
  if (dimensions.size() > 1 && dimensions[0].bandwidth > dimensions[1].bandwidth)
    network.gpus_per_node = dimensions[0].npus;
  return routes_file(network, name, description);
}

}  // namespace

ImportedTopology read_astra_sim(const std::string& text, const NetworkImport& request) {
  const Reader reader(text, request.file.string());
  const auto dimensions = reader.dimensions();
  const auto description =
      fmt::format("imported from ASTRA-sim's {}", request.file.filename().string());
  const auto& first = dimensions.front();
  if (dimensions.size() == 1 && first.block != Block::fully_connected) {
    auto file =
        beginning(request.name, description, first.block == Block::ring ? "ring" : "switch");
    file.emplace_back("hosts", first.npus);
    file.emplace_back("link", link_json(first.bandwidth, first.latency));
    return {file, {}};
  }
  std::uint64_t hosts = 1;
  for (const auto& dimension : dimensions) {
    hosts *= dimension.npus;
    check_hosts(hosts, reader.place());
  }
  return {network_of(dimensions, static_cast<std::uint32_t>(hosts), request.name, description), {}};
}

}  // namespace ringsim::import
