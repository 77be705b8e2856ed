#include "base/error.hpp"
#include "sim/collectives/nccl.hpp"
#include "sim/collectives/nccl_call.hpp"
#include "sim/collectives/range.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ringsim {
namespace {

/// The ranks in the order in which ring `lane` passes them: the root, the other GPUs of its node
/// and then node after node, each entered at GPU `lane` and left at the one before it. The root's
/// node is left there too, unless that is the root.
std::vector<Rank> order_from(Rank root, Rank ranks, Rank per_node, Rank lane) {
  std::vector<Rank> order;
  for (Rank node = 0; node < ranks / per_node; ++node) {
    const Rank first = (root / per_node + node) % (ranks / per_node) * per_node;
    for (Rank gpu = 0; gpu < per_node; ++gpu) order.push_back(first + (lane + gpu) % per_node);
  }
  const auto at = std::find(order.begin(), order.begin() + per_node, root);
  std::rotate(order.begin(), at, at + 1);
  return order;
}

class NcclBroadcast final : public Collective {
 public:
  NcclBroadcast(const NcclCall& call, const AllReduceRequest& request, Rank root,
                std::uint32_t pieces)
      : ranks_(request.ranks),
        per_node_(call.per_node()),
        buffer_{0, request.elements, request.element_bytes},
        pieces_(pieces),
        first_(call.broadcast_passages(true, pieces)),
        later_(call.broadcast_passages(false, pieces)) {
    check(root < ranks_, "a broadcast needs its root among its ranks");
    for (Rank lane = 0; lane < call.rails(); ++lane) {
      orders_.push_back(order_from(root, ranks_, per_node_, lane));
      auto& positions = positions_.emplace_back(ranks_);
      for (Rank position = 0; position < ranks_; ++position)
        positions[orders_.back()[position]] = position;
    }
  }

  std::string_view name() const override { return "nccl broadcast"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return ranks_ - 2 + pieces_; }
  Bytes total_bytes() const override { return (ranks_ - 1) * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    for (std::size_t lane = 0; lane < orders_.size(); ++lane) {
      const auto part = buffer_.part(orders_.size(), lane);
      const Rank position = positions_[lane][rank];
      // Piece p leaves position d in round p+d.
      if (position + 1 < ranks_ && index >= position && index - position < pieces_) {
        const std::uint32_t piece = index - position;
        const Rank next = orders_[lane][position + 1];
        round.sends.push_back(part.part(pieces_, piece).sent_to(next));
        round.sends.back().passage =
            (piece == 0 ? first_ : later_).of(index, next / per_node_ == rank / per_node_);
      }
      if (position > 0 && index + 1 >= position && index + 1 - position < pieces_) {
        round.receives.push_back(
            part.part(pieces_, index + 1 - position).stored_from(orders_[lane][position - 1]));
      }
    }
  }

 private:
  Rank ranks_, per_node_;
  Range buffer_;
  std::uint32_t pieces_;
  NcclPassages first_, later_;                         ///< of the first piece, and of the others
  std::vector<std::vector<Rank>> orders_, positions_;  ///< by lane: ranks by position, and back
};

std::uint32_t pieces_of_broadcast(const NcclCall& call) {
  constexpr double fewest = 16;
  const auto protocol = call.choice().protocol;
  double pieces = fewest;
  if (call.arrangement().nodes > 1)
    pieces = std::max(fewest, nccl::network_pieces(call.bytes(), protocol));
  else if (call.fabric() != nccl::Fabric::sockets && call.bytes() > 0)
    pieces = std::ceil(call.bytes() / nccl::broadcast_piece(call.bytes(), protocol));
  return static_cast<std::uint32_t>(pieces);
}

}  // namespace

std::shared_ptr<const Collective> make_nccl_broadcast(const AllReduceRequest& request, Rank root) {
  const NcclCall call(request, "broadcast", request.elements * request.element_bytes);
  return std::make_shared<NcclBroadcast>(call, request, root, pieces_of_broadcast(call));
}

}  // namespace ringsim
