// Hosts at the points of a grid whose lines are closed to rings. Routes are those of SimGrid 3.32's
// torus zone.
#include "base/error.hpp"
#include "topologies/kinds/parts.hpp"
#include "topologies/reader.hpp"

#include <fmt/format.h>

#include <array>
#include <numeric>

namespace ringsim {
namespace {

/// A point of the grid; the first coordinate counts fastest.
using Position = std::uint32_t;

enum class RankOrder { ring, row_major };

/// A ring that passes every point of a `width` x `height` torus once, from neighbour to neighbour;
/// point (x, y) is y * width + x. It passes row after row, each row whole: to the right it ends one
/// column before the one where it began, to the left one after. Where as many rows go each way, or
/// `width` rows more go left than right, it ends above its beginning.
std::vector<Position> closed_way(std::uint32_t width, std::uint32_t height) {
  const std::uint32_t to_the_right = height % 2 == 0 ? height / 2 : (height - width) / 2;
  std::vector<Position> way;
  std::uint32_t column = 0;
  for (std::uint32_t row = 0; row < height; ++row) {
    const std::uint32_t step = row < to_the_right ? 1 : width - 1;
    for (std::uint32_t i = 0; i < width; ++i) {
      way.push_back(row * width + column);
      if (i + 1 < width) column = (column + step) % width;
    }
  }
  return way;
}

/// A ring that passes every point of the torus once: one of a plane is in the next dimension a
/// line of the plane that it spans with that.
std::vector<Position> embedded_ring(const std::vector<std::uint32_t>& extents) {
  std::vector<Position> ring = {0};
  for (const std::uint32_t extent : extents) {
    const auto length = static_cast<std::uint32_t>(ring.size());
    // closed_way() takes an even number of rows, or an odd one of not longer, odd rows.
    const bool along = extent % 2 == 0 || (length % 2 == 1 && extent >= length);
    std::vector<Position> next;
    for (const Position point : closed_way(along ? length : extent, along ? extent : length)) {
      const std::uint32_t in_ring = along ? point % length : point / extent;
      const std::uint32_t coordinate = along ? point / length : point % extent;
      next.push_back(coordinate * length + ring[in_ring]);
    }
    ring = std::move(next);
  }
  return ring;
}

class Torus final : public Shape {
 public:
  Torus(const std::vector<std::uint32_t>& extents, RankOrder order) {
    for (const std::uint32_t extent : extents) {
      dimensions_.push_back({extent, hosts_, 0});
      hosts_ *= extent;
    }
    for (auto& dimension : dimensions_) {
      dimension.first_cable = cables_;
      cables_ += hosts_ / dimension.extent * dimension.cables();
    }
    if (order == RankOrder::ring) {
      positions_ = embedded_ring(extents);
    } else {
      positions_.resize(hosts_);
      std::iota(positions_.begin(), positions_.end(), 0);
    }
  }

  std::uint32_t hosts() const override { return hosts_; }

  /// One dimension after the other, each the shorter way round. Where both are equally long it goes
  /// up, except to coordinate 0.
  std::vector<LinkId> way(Rank source, Rank target) const override {
    Position at = positions_[source];
    const Position to = positions_[target];
    std::vector<LinkId> links;
    for (const auto& dimension : dimensions_) {
      const std::uint32_t extent = dimension.extent, end = dimension.coordinate(to);
      std::uint32_t coordinate = dimension.coordinate(at);
      const std::uint32_t upwards = (end + extent - coordinate) % extent;
      const bool up = 2 * upwards < extent || (2 * upwards == extent && end != 0);
      while (coordinate != end) {
        const std::uint32_t next = (coordinate + (up ? 1 : extent - 1)) % extent;
        const LinkId cable = dimension.cable(at, up ? coordinate : next);
        links.push_back(up ? cable : cables_ + cable);
        coordinate = next;
      }
      at = dimension.moved(at, end);
    }
    return links;
  }

  /// Cables like `link`, in the order of their ids; "hostA-hostB" leads from a coordinate to the
  /// next.
  std::vector<Link> cables(const Link& link) const {
    std::vector<Rank> ranks(hosts_);
    for (Rank rank = 0; rank < hosts_; ++rank) ranks[positions_[rank]] = rank;
    std::vector<Link> cables(cables_, link);
    for (const auto& dimension : dimensions_) {
      for (Position from = 0; from < hosts_; ++from) {
        const std::uint32_t coordinate = dimension.coordinate(from);
        if (coordinate >= dimension.cables()) continue;
        const Position to = dimension.moved(from, (coordinate + 1) % dimension.extent);
        cables[dimension.cable(from, coordinate)].name =
            fmt::format("host{}-host{}", ranks[from], ranks[to]);
      }
    }
    return cables;
  }

 private:
  struct Dimension {
    std::uint32_t extent;
    std::uint32_t stride;  ///< between the positions of neighbours
    LinkId first_cable;

    /// Those of one line. Two hosts in a line have one cable: SimGrid's second one between them
    /// carries nothing.
    std::uint32_t cables() const { return extent > 2 ? extent : extent - 1; }
    std::uint32_t coordinate(Position position) const { return position / stride % extent; }
    /// The cable of the line through `position` that leads upwards from this coordinate.
    LinkId cable(Position position, std::uint32_t coordinate) const {
      const std::uint32_t line = position / (stride * extent) * stride + position % stride;
      return first_cable + line * cables() + coordinate;
    }
    Position moved(Position position, std::uint32_t to) const {
      return position - coordinate(position) * stride + to * stride;
    }
  };

  std::vector<Dimension> dimensions_;
  std::uint32_t hosts_ = 1;
  LinkId cables_ = 0;
  std::vector<Position> positions_;  ///< by rank
};

Wiring wire(const std::vector<std::uint32_t>& extents, const Link& link, RankOrder order) {
  const auto shape = std::make_shared<Torus>(extents, order);
  Wiring wiring{{}, shape};
  add_duplex(wiring.links, shape->cables(link));
  return wiring;
}

std::vector<std::uint32_t> read_extents(const JsonValue& value) {
  constexpr std::string_view accepted = "a list of 2 or 3 numbers of hosts is accepted";
  const auto entries = value.array(accepted);
  if (entries.size() < 2 || entries.size() > 3) {
    throw UserError(value.place(),
                    fmt::format("found {} {}", entries.size(),
                                entries.size() == 1 ? "dimension" : "dimensions"),
                    accepted);
  }
  std::vector<std::uint32_t> extents;
  std::uint64_t hosts = 1;
  for (const auto& entry : entries) {
    extents.push_back(static_cast<std::uint32_t>(entry.integer(1, most_hosts)));
    hosts *= extents.back();
  }
  check_hosts(value.place(), hosts);
  return extents;
}

RankOrder read_order(const JsonValue& value) {
  constexpr std::string_view accepted = "\"ring\" or \"row-major\" is accepted";
  const std::string text = value.string(accepted);
  if (text == "ring") return RankOrder::ring;
  if (text == "row-major") return RankOrder::row_major;
  value.wrong(accepted);
}

Wiring read(const JsonObject& object) {
  const auto extents = read_extents(object["dimensions"]);
  const auto order = object.find("rank_order");
  return wire(extents, read_link(object["link"]), order ? read_order(*order) : RankOrder::ring);
}

Wiring make_uniform(std::uint32_t ranks, const Link& link) {
  const auto [height, width] = nearest_factors(ranks);
  return wire({width, height}, link, RankOrder::ring);
}

constexpr std::array<TopologyKey, 3> keys = {{
    {"dimensions",
     R"({"type": "array", "minItems": 2, "maxItems": 3,
         "items": {"type": "integer", "minimum": 1, "maximum": 1048576},
         "description": "Hosts along each dimension; one GPU each."})"},
    {"link", R"({"$ref": "#/definitions/link"})"},
    {"rank_order",
     R"({"enum": ["ring", "row-major"],
         "description": "Whether ranks count along a ring of neighbours (default), or by coordinates, the first fastest."})",
     false},
}};

}  // namespace

extern const TopologyKindDefinition torus_kind;
const TopologyKindDefinition torus_kind = {
    .name = "torus",
    .description = "a grid of 2 or 3 dimensions whose lines are closed to rings",
    .keys = keys,
    .conditions = "{}",
    .read = read,
    .uniform = {.fits = [](std::uint32_t ranks) { return nearest_factors(ranks).smaller >= 2; },
                .accepted = "a number that is no prime from 4",
                .fix = "write a topology file for other dimensions",
                .make = make_uniform}};

}  // namespace ringsim
