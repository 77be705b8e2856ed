#include "base/error.hpp"
#include "sim/collectives/collective.hpp"

namespace ringsim {
namespace {

class RingAllReduce final : public Collective {
 public:
  RingAllReduce(Rank ranks, std::size_t elements, Bytes element_bytes)
      : ranks_(ranks), elements_(elements), element_bytes_(element_bytes) {
    check(ranks >= 2, "a ring all-reduce needs at least two ranks");
  }

  std::string_view name() const override { return "ring"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 2 * (ranks_ - 1); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    // Chunk (rank - index) mod N in the reduce-scatter; there rank i ends with chunk i+1 summed,
    // and in the all-gather, N-1 rounds later, sends it on: (rank + 1 - (index - (N-1))) mod N,
    // which is the same formula.
    const Rank chunk = (rank + 2 * ranks_ - index) % ranks_;
    round.sends.push_back({(rank + 1) % ranks_, chunk_size(chunk)});
    round.receives.push_back({(rank + ranks_ - 1) % ranks_, {}});
  }

  std::optional<std::vector<Bytes>> ring_parts() const override {
    std::vector<Bytes> parts(ranks_);
    for (Rank chunk = 0; chunk < ranks_; ++chunk) parts[chunk] = chunk_size(chunk);
    return parts;
  }

 private:
  Bytes chunk_size(Rank chunk) const {
    return (chunk_begin(elements_, ranks_, chunk + std::size_t{1}) -
            chunk_begin(elements_, ranks_, chunk)) *
           element_bytes_;
  }

  Rank ranks_;
  std::size_t elements_;
  Bytes element_bytes_;
};

}  // namespace

std::shared_ptr<const Collective> make_ring_all_reduce(Rank ranks, std::size_t elements,
                                                       Bytes element_bytes) {
  return std::make_shared<RingAllReduce>(ranks, elements, element_bytes);
}

extern const CollectiveDefinition ring_collective;
const CollectiveDefinition ring_collective = {
    .name = "ring",
    .description = "reduce-scatter and all-gather round the ring, 2(N-1) rounds",
    .make_all_reduce = make_ring_all_reduce,
};

}  // namespace ringsim
