#include "sim/collectives/sparse_ring.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace ringsim {
namespace {

class SparseRing final : public Collective {
 public:
  SparseRing(Rank ranks, SparseChunkSize size) : ranks_(ranks), size_(std::move(size)) {
    check(ranks >= 2, "a sparse ring needs at least two ranks");
  }

  std::string_view name() const override { return "sparse ring"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return 2 * (ranks_ - 1); }
  Bytes total_bytes() const override {
    Bytes total;
    for (Rank chunk = 0; chunk < ranks_; ++chunk) {
      for (Rank hop = 0; hop + 1 < ranks_; ++hop) total += size(chunk, hop);
      total += (ranks_ - 1) * size(chunk, ranks_ - 1);
    }
    return total;
  }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const Rank before = (rank + ranks_ - 1) % ranks_;
    round.sends.push_back({(rank + 1) % ranks_, sent(rank, index)});
    round.receives.push_back({before, sent(before, index), {}, index < ranks_ - 1});
  }

 private:
  Bytes size(Rank chunk, Rank hop) const { return size_((chunk + hop) % ranks_, chunk, hop); }
  Bytes sent(Rank rank, std::uint32_t index) const {
    return size((rank + 2 * ranks_ - index) % ranks_, std::min<Rank>(index, ranks_ - 1));
  }

  Rank ranks_;
  SparseChunkSize size_;
};

}  // namespace

std::shared_ptr<const Collective> make_sparse_ring(Rank ranks, SparseChunkSize size) {
  return std::make_shared<SparseRing>(ranks, std::move(size));
}

SparseChunkSize sparse_chunk_sizes(std::span<const std::vector<prune::MaskWord>> masks,
                                   Bytes entry) {
  const std::size_t ranks = masks.size(), words = masks.front().size();
  std::vector<Bytes> sizes;
  sizes.reserve(ranks * ranks);
  for (std::size_t chunk = 0; chunk < ranks; ++chunk) {
    const std::size_t begin = chunk_begin(words, ranks, chunk);
    const std::size_t length = chunk_begin(words, ranks, chunk + 1) - begin;
    std::vector<prune::MaskWord> merged(length);
    for (std::size_t hop = 0; hop < ranks; ++hop) {
      prune::unite(merged, std::span(masks[(chunk + hop) % ranks]).subspan(begin, length));
      sizes.push_back(prune::count(merged) * entry);
    }
  }
  return [sizes = std::move(sizes), ranks](Rank, Rank chunk, Rank hop) {
    return sizes[chunk * ranks + hop];
  };
}

SparseChunkSize even_chunk_sizes(std::vector<std::uint64_t> union_kept, Bytes entry) {
  return [kept = std::move(union_kept), entry](Rank, Rank chunk, Rank hop) {
    const std::size_t chunks = kept.size();
    return (chunk_begin(kept[hop], chunks, chunk + 1) - chunk_begin(kept[hop], chunks, chunk)) *
           entry;
  };
}

}  // namespace ringsim
