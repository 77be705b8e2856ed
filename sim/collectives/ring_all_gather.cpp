#include "base/error.hpp"
#include "sim/collectives/range.hpp"

#include <algorithm>

namespace ringsim {
namespace {

class RingAllGather final : public Collective {
 public:
  explicit RingAllGather(std::vector<Bytes> parts)
      : parts_(std::move(parts)), ranges_(ranges_of(parts_)) {
    check(parts_.size() >= 2, "an all-gather needs at least two ranks");
  }

  std::string_view name() const override { return "ring all-gather"; }
  Rank ranks() const override { return static_cast<Rank>(parts_.size()); }
  std::uint32_t rounds() const override { return ranks() - 1; }
  Bytes total_bytes() const override { return rounds() * Bytes{ranges_.back().end}; }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const Rank n = ranks();
    const Rank before = (rank + n - 1) % n;
    const Rank sent = (rank + n - index) % n, received = (before + n - index) % n;
    if (parts_[sent].count > 0) round.sends.push_back(ranges_[sent].sent_to((rank + 1) % n));
    if (parts_[received].count > 0) round.receives.push_back(ranges_[received].stored_from(before));
  }

  std::optional<std::vector<Bytes>> ring_parts() const override {
    const bool has_empty = std::find(parts_.begin(), parts_.end(), Bytes{}) != parts_.end();
    if (has_empty) return std::nullopt;  // which is not sent
    return parts_;
  }

  std::optional<std::vector<RingRun>> ring_runs(Rank sender) const override {
    std::vector<RingRun> runs;
    for (Rank round = 0; round < rounds(); ++round) {
      const Bytes part = parts_[(sender + ranks() - round) % ranks()];
      if (part.count > 0) runs.push_back({round, 1, part});
    }
    return runs;
  }

 private:
  std::vector<Bytes> parts_;
  std::vector<Range> ranges_;
};

}  // namespace

std::shared_ptr<const Collective> make_ring_all_gather(std::vector<Bytes> parts) {
  return std::make_shared<RingAllGather>(std::move(parts));
}

}  // namespace ringsim
