#include "sim/collectives/nccl_call.hpp"
#include "sim/collectives/range.hpp"

#include <array>
#include <vector>

namespace ringsim {
namespace {

/// A binary tree of nodes, in which those of odd number are leaves.
struct NodeTree {
  static constexpr Rank none = ~Rank{0};
  std::vector<Rank> parent;  ///< none: of the root
  std::vector<std::vector<Rank>> children;
  std::vector<std::uint32_t> depth;
  std::uint32_t height = 0;

  /// `turned`: the nodes change places so that those of even number are leaves, but for the root
  /// of an odd number of nodes.
  NodeTree(Rank nodes, bool turned) : parent(nodes, none), children(nodes), depth(nodes, 0) {
    const auto place = [&](Rank label) {
      if (!turned) return label;
      return nodes % 2 == 0 ? nodes - 1 - label : (label + 1) % nodes;
    };
    const auto parent_label = [&](Rank label) {
      // The lowest bit that is set moves up, where that is a node; else it goes.
      const Rank bit = label & (~label + 1), rest = label ^ bit;
      return (rest | (bit << 1)) < nodes ? rest | (bit << 1) : rest;
    };
    for (Rank label = 1; label < nodes; ++label) {
      const Rank node = place(label), above = place(parent_label(label));
      parent[node] = above;
      children[above].push_back(node);
      for (Rank at = label; at != 0; at = parent_label(at)) ++depth[node];
      height = std::max(height, depth[node]);
    }
  }
};

/// Lanes side by side, each with its part of the buffer in pieces: piece p leaves a rank at depth d
/// of H in round p stride + H - d upwards, and in round p stride + H + d downwards.
class NcclTree final : public Collective {
 public:
  NcclTree(const NcclCall& call, const AllReduceRequest& request)
      : ranks_(request.ranks),
        per_node_(call.per_node()),
        rails_(call.rails()),
        buffer_{0, request.elements, request.element_bytes},
        first_(call.tree_passages(true)),
        later_(call.tree_passages(false)) {
    const Rank nodes = call.arrangement().nodes;
    const auto protocol = call.choice().protocol;
    const double pieces = nodes == 1
                              ? nccl::chain_pieces(call.bytes(), protocol, call.fabric(), ranks_)
                              : nccl::network_pieces(call.bytes(), protocol);
    pieces_ = static_cast<std::uint32_t>(pieces);
    stride_ = call.stride();
    trees_.emplace_back(nodes, false);
    if (nodes > 2) trees_.emplace_back(nodes, true);
    height_ = trees_.front().height + per_node_ - 1;
  }

  std::string_view name() const override { return "nccl tree"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 2 * height_ + (pieces_ - 1) * stride_; }
  Bytes total_bytes() const override { return 2 * (ranks_ - 1) * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    for (Rank rail = 0; rail < rails_; ++rail) {
      for (std::size_t tree = 0; tree < trees_.size(); ++tree) {
        const auto part = buffer_.part(rails_ * trees_.size(), rail * trees_.size() + tree);
        add_lane({index, part, round, rank}, rail, trees_[tree]);
      }
    }
  }

 private:
  struct Lane {
    std::uint32_t index;
    Range buffer;
    Round& round;
    Rank rank;
  };

  void add_lane(const Lane& lane, Rank rail, const NodeTree& tree) const {
    const Rank node = lane.rank / per_node_, gpu = lane.rank % per_node_;
    const Rank in_chain = (gpu + per_node_ - rail) % per_node_;
    const std::uint32_t depth = tree.depth[node] + in_chain;
    if (in_chain + 1 < per_node_) add_child(lane, depth, node * per_node_ + (gpu + 1) % per_node_);
    if (in_chain > 0)
      return add_parent(lane, depth, node * per_node_ + (gpu + per_node_ - 1) % per_node_);
    for (const Rank child : tree.children[node]) add_child(lane, depth, child * per_node_ + rail);
    if (tree.parent[node] != NodeTree::none)
      add_parent(lane, depth, tree.parent[node] * per_node_ + rail);
  }

  void add_child(const Lane& lane, std::uint32_t depth, Rank child) const {
    if (const auto piece = piece_in(lane.index, height_ - depth - 1))
      lane.round.receives.push_back(range(lane, *piece).added_from(child));
    if (const auto piece = piece_in(lane.index, height_ + depth)) send(lane, *piece, child);
  }
  void add_parent(const Lane& lane, std::uint32_t depth, Rank parent) const {
    if (const auto piece = piece_in(lane.index, height_ - depth)) send(lane, *piece, parent);
    if (const auto piece = piece_in(lane.index, height_ + depth - 1))
      lane.round.receives.push_back(range(lane, *piece).stored_from(parent));
  }
  void send(const Lane& lane, std::uint32_t piece, Rank peer) const {
    const bool is_inside = peer / per_node_ == lane.rank / per_node_;
    lane.round.sends.push_back(range(lane, piece).sent_to(peer));
    lane.round.sends.back().passage = (piece == 0 ? first_ : later_).of(lane.index, is_inside);
  }

  /// The piece that moves in round `index`, where the first one moves in round `first`.
  std::optional<std::uint32_t> piece_in(std::uint32_t index, std::uint32_t first) const {
    if (index < first || (index - first) % stride_ != 0) return std::nullopt;
    const std::uint32_t piece = (index - first) / stride_;
    return piece < pieces_ ? std::optional(piece) : std::nullopt;
  }
  Range range(const Lane& lane, std::uint32_t piece) const {
    return lane.buffer.part(pieces_, piece);
  }

  Rank ranks_, per_node_, rails_;
  Range buffer_;
  NcclPassages first_, later_;  ///< of the first piece, and of the others
  std::uint32_t pieces_ = 1, stride_ = 1, height_ = 0;
  std::vector<NodeTree> trees_;
};

}  // namespace

std::shared_ptr<const Collective> make_nccl_tree(const NcclCall& call,
                                                 const AllReduceRequest& request) {
  return std::make_shared<NcclTree>(call, request);
}

}  // namespace ringsim
