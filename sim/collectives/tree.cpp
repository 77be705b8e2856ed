#include "base/error.hpp"
#include "sim/collectives/range.hpp"

#include <bit>

namespace ringsim {
namespace {

/// Rank i has the parent (i-1)/2 and the children 2i+1 and 2i+2. The buffer goes in pieces up to
/// the root, summed on the way, and down again; in round p + H - d piece p leaves a rank at depth d
/// of H upwards, and in round p + H + d downwards.
class Tree final : public Collective {
 public:
  explicit Tree(const AllReduceRequest& request)
      : ranks_(request.ranks),
        buffer_{0, request.elements, request.element_bytes},
        pieces_(pieces_of(buffer_, request.chunk)),
        height_(depth(ranks_ - 1)) {
    check(ranks_ >= 2, "a tree needs at least two ranks");
  }

  std::string_view name() const override { return "tree"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 2 * height_ + pieces_ - 1; }
  Bytes total_bytes() const override { return 2 * (ranks_ - 1) * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const std::uint32_t own = depth(rank);
    const Rank parent = rank == 0 ? 0 : (rank - 1) / 2;
    for (const Rank child : {2 * rank + 1, 2 * rank + 2}) {
      if (child >= ranks_) break;
      if (has_piece(index, height_ - own - 1))
        round.receives.push_back(piece(index, height_ - own - 1).added_from(child));
      if (has_piece(index, height_ + own))
        round.sends.push_back(piece(index, height_ + own).sent_to(child));
    }
    if (rank == 0) return;
    if (has_piece(index, height_ - own))
      round.sends.push_back(piece(index, height_ - own).sent_to(parent));
    if (has_piece(index, height_ + own - 1))
      round.receives.push_back(piece(index, height_ + own - 1).stored_from(parent));
  }

 private:
  static std::uint32_t depth(Rank rank) {
    return static_cast<std::uint32_t>(std::bit_width(rank + std::uint64_t{1})) - 1;
  }
  /// Whether a piece moves in round `index` whose first one moves in round `first`.
  bool has_piece(std::uint32_t index, std::uint32_t first) const {
    return index >= first && index - first < pieces_;
  }
  Range piece(std::uint32_t index, std::uint32_t first) const {
    return buffer_.part(pieces_, index - first);
  }

  Rank ranks_;
  Range buffer_;
  std::uint32_t pieces_, height_;
};

}  // namespace

extern const CollectiveDefinition tree_collective;

namespace {
constexpr CollectiveOption chunk_option = {
    {.name = "chunk",
     .value = "Q",
     .meaning = "size of the pieces that follow one another, one value or more",
     .limits = WithUnit{WithUnit::Kind::bytes, true},
     .default_value = "512KiB"},
    [](AllReduceRequest& request, const OptionValue& value) {
      request.chunk = value_as<Bytes>(value);
    }};
constexpr const CollectiveOption* tree_options[] = {&chunk_option};
}  // namespace

const CollectiveDefinition tree_collective = {
    .name = "tree",
    .description = "up a binary tree and down again, in pieces of `chunk` that follow one another",
    .make_all_reduce = [](const AllReduceRequest& request) -> std::shared_ptr<const Collective> {
      return std::make_shared<Tree>(request);
    },
    .options = tree_options,
};

}  // namespace ringsim
