#include "base/error.hpp"
#include "sim/collectives/range.hpp"

#include <bit>

namespace ringsim {
namespace {

/// Reduce-scatter by recursive halving, all-gather by recursive doubling (Thakur, Rabenseifner &
/// Gropp, 2005) among the first 2^k ranks. Where N is no power of two, each of the others gives its
/// buffer to the rank 2^k below it first, and gets the sum from it at the end.
class HalvingDoubling final : public Collective {
 public:
  explicit HalvingDoubling(const AllReduceRequest& request)
      : ranks_(request.ranks),
        core_(std::bit_floor(request.ranks)),
        steps_(static_cast<std::uint32_t>(std::bit_width(core_)) - 1),
        buffer_{0, request.elements, request.element_bytes} {
    check(ranks_ >= 2, "halving-doubling needs at least two ranks");
  }

  std::string_view name() const override { return "halving-doubling"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 2 * steps_ + (ranks_ > core_ ? 2 : 0); }
  Bytes total_bytes() const override {
    // In the core every pair of halves passes once each way at each step: (core-1) buffers.
    return (2 * (core_ - 1) + 2 * (ranks_ - core_)) * buffer_.bytes();
  }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    if (ranks_ > core_) {
      const bool is_first = index == 0, is_last = index == 2 * steps_ + 1;
      if (is_first || is_last) return fold(rank, is_first, round);
      --index;
    }
    if (rank >= core_) return;
    const bool halves = index < steps_;
    const std::uint32_t bit = halves ? steps_ - 1 - index : index - steps_;
    const Rank partner = rank ^ (Rank{1} << bit);
    const auto own = chunks(rank, bit), other = chunks(partner, bit);
    round.sends.push_back((halves ? other : own).sent_to(partner));
    round.receives.push_back(halves ? own.added_from(partner) : other.stored_from(partner));
  }

 private:
  void fold(Rank rank, bool is_first, Round& round) const {
    if (rank >= core_) {
      const Rank partner = rank - core_;
      if (is_first) {
        round.sends.push_back(buffer_.sent_to(partner));
      } else {
        round.receives.push_back(buffer_.stored_from(partner));
      }
    } else if (rank + core_ < ranks_) {
      const Rank partner = rank + core_;
      if (is_first) {
        round.receives.push_back(buffer_.added_from(partner));
      } else {
        round.sends.push_back(buffer_.sent_to(partner));
      }
    }
  }

  /// Those of the 2^k chunks whose numbers agree with `rank` from bit `bit` upwards.
  Range chunks(Rank rank, std::uint32_t bit) const {
    const Rank first = rank >> bit << bit, last = first + (Rank{1} << bit) - 1;
    return {buffer_.part(core_, first).begin, buffer_.part(core_, last).end, buffer_.element_bytes};
  }

  Rank ranks_, core_;
  std::uint32_t steps_;
  Range buffer_;
};

}  // namespace

extern const CollectiveDefinition halving_doubling_collective;
const CollectiveDefinition halving_doubling_collective = {
    .name = "halving-doubling",
    .description = "reduce-scatter by recursive halving, all-gather by doubling, 2 log2(N) rounds",
    .make_all_reduce = [](const AllReduceRequest& request) -> std::shared_ptr<const Collective> {
      return std::make_shared<HalvingDoubling>(request);
    },
};

}  // namespace ringsim
