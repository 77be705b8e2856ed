// Every rank sends its whole buffer to every other one, all at once, and adds up what it gets.
#include "base/error.hpp"
#include "sim/collectives/range.hpp"

namespace ringsim {
namespace {

class Direct final : public Collective {
 public:
  explicit Direct(const AllReduceRequest& request)
      : ranks_(request.ranks), buffer_{0, request.elements, request.element_bytes} {
    check(ranks_ >= 2, "a direct exchange needs at least two ranks");
  }

  std::string_view name() const override { return "direct"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 1; }
  Bytes total_bytes() const override { return ranks_ * ((ranks_ - 1) * buffer_.bytes()); }

  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    for (Rank peer = 0; peer < ranks_; ++peer) {
      if (peer == rank) continue;
      round.sends.push_back(buffer_.sent_to(peer));
      round.receives.push_back(buffer_.added_from(peer));
    }
  }

 private:
  Rank ranks_;
  Range buffer_;
};

}  // namespace

extern const CollectiveDefinition direct_collective;
const CollectiveDefinition direct_collective = {
    .name = "direct",
    .description = "every rank sends its buffer to every other one, 1 round",
    .make_all_reduce = [](const AllReduceRequest& request) -> std::shared_ptr<const Collective> {
      return std::make_shared<Direct>(request);
    },
};

}  // namespace ringsim
