#include "base/error.hpp"
#include "sim/collectives/range.hpp"

namespace ringsim {
namespace {

/// Reduce-scatter by pairwise exchange (Thakur, Rabenseifner & Gropp, 2005): in round j rank i
/// sends chunk i+j to its owner, rank i+j. Then the owners send what they have summed, in the same
/// order. Every chunk passes one link twice, whatever the distance.
class Pairwise final : public Collective {
 public:
  explicit Pairwise(const AllReduceRequest& request)
      : ranks_(request.ranks), buffer_{0, request.elements, request.element_bytes} {
    check(ranks_ >= 2, "a pairwise exchange needs at least two ranks");
  }

  std::string_view name() const override { return "pairwise"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 2 * (ranks_ - 1); }
  Bytes total_bytes() const override { return rounds() * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const bool reduces = index < ranks_ - 1;
    const Rank distance = index % (ranks_ - 1) + 1;
    const Rank target = (rank + distance) % ranks_, source = (rank + ranks_ - distance) % ranks_;
    const auto chunk = [&](Rank owner) { return buffer_.part(ranks_, owner); };
    round.sends.push_back(chunk(reduces ? target : rank).sent_to(target));
    round.receives.push_back(reduces ? chunk(rank).added_from(source)
                                     : chunk(source).stored_from(source));
  }

 private:
  Rank ranks_;
  Range buffer_;
};

}  // namespace

extern const CollectiveDefinition pairwise_collective;
const CollectiveDefinition pairwise_collective = {
    .name = "pairwise",
    .description = "every rank exchanges its chunk with every other one directly, 2(N-1) rounds",
    .make_all_reduce = [](const AllReduceRequest& request) -> std::shared_ptr<const Collective> {
      return std::make_shared<Pairwise>(request);
    },
};

}  // namespace ringsim
