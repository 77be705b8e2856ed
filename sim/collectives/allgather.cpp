#include "base/error.hpp"
#include "sim/collectives/range.hpp"

namespace ringsim {
namespace {

/// Every rank gathers the buffers of all others round the ring, and adds them up by itself. It adds
/// each as it comes; what it sends on is what it got.
class AllGatherSum final : public Collective {
 public:
  explicit AllGatherSum(const AllReduceRequest& request)
      : ranks_(request.ranks), buffer_{0, request.elements, request.element_bytes} {
    check(ranks_ >= 2, "an all-gather needs at least two ranks");
  }

  std::string_view name() const override { return "allgather"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return ranks_ - 1; }
  Bytes total_bytes() const override { return ranks_ * (rounds() * buffer_.bytes()); }

  void round(Rank rank, std::uint32_t, Round& round) const override {
    round.clear();
    round.sends.push_back(buffer_.sent_to((rank + 1) % ranks_));
    round.receives.push_back(buffer_.added_from((rank + ranks_ - 1) % ranks_));
  }

  std::optional<std::vector<Bytes>> ring_parts() const override {
    return std::vector<Bytes>(ranks_, buffer_.bytes());
  }

 private:
  Rank ranks_;
  Range buffer_;
};

}  // namespace

extern const CollectiveDefinition allgather_collective;
const CollectiveDefinition allgather_collective = {
    .name = "allgather",
    .description = "every rank gathers all buffers round the ring and adds them up, N-1 rounds",
    .make_all_reduce = [](const AllReduceRequest& request) -> std::shared_ptr<const Collective> {
      return std::make_shared<AllGatherSum>(request);
    },
};

}  // namespace ringsim
