#include "base/error.hpp"
#include "sim/collectives/range.hpp"

#include <algorithm>

namespace ringsim {
namespace {

class Broadcast final : public Collective {
 public:
  Broadcast(Rank ranks, Rank root, Range buffer, Bytes chunk)
      : ranks_(ranks), root_(root), buffer_(buffer), pieces_(pieces_of(buffer, chunk)) {
    check(ranks >= 2 && root < ranks, "a broadcast needs two ranks, and its root among them");
  }

  std::string_view name() const override { return "broadcast"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return ranks_ - 2 + pieces_; }
  Bytes total_bytes() const override { return (ranks_ - 1) * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    // Piece p leaves the rank at distance d from the root in round p+d.
    const Rank distance = (rank + ranks_ - root_) % ranks_;
    if (distance + 1 < ranks_ && index >= distance && index - distance < pieces_) {
      round.sends.push_back(buffer_.part(pieces_, index - distance).sent_to((rank + 1) % ranks_));
    }
    if (distance > 0 && index + 1 >= distance && index + 1 - distance < pieces_) {
      round.receives.push_back(
          buffer_.part(pieces_, index + 1 - distance).stored_from((rank + ranks_ - 1) % ranks_));
    }
  }

 private:
  Rank ranks_, root_;
  Range buffer_;
  std::uint32_t pieces_;
};

}  // namespace

std::shared_ptr<const Collective> make_broadcast(Rank ranks, Rank root, std::size_t elements,
                                                 Bytes element_bytes, Bytes chunk) {
  return std::make_shared<Broadcast>(ranks, root, Range{0, elements, element_bytes}, chunk);
}

}  // namespace ringsim
