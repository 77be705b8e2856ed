#include "sim/collectives/sparse_ring.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

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

SparseChunkSize union_chunk_sizes(std::vector<std::uint64_t> union_kept, std::size_t elements,
                                  std::span<const double> weights, Bytes entry) {
  const auto chunks = union_kept.size();
  std::vector<double> excess(chunks + 1);  // of the chunks before one over the mean
  for (std::size_t chunk = 0; chunk < weights.size(); ++chunk)
    excess[chunk + 1] = excess[chunk] + weights[chunk] - 1;
  const double largest = weights.empty() ? 1 : *std::ranges::max_element(weights);
  return [kept = std::move(union_kept), excess = std::move(excess), largest, elements, chunks,
          entry](Rank, Rank chunk, Rank hop) {
    const auto all = static_cast<double>(kept[hop]);
    const double room = static_cast<double>(elements) / std::max(1.0, all) - 1;
    const double spread = largest > 1 ? std::clamp(room / (largest - 1), 0.0, 1.0) : 0;
    const auto begin = [&](std::size_t index) {
      const double shift = all / static_cast<double>(chunks) * spread * excess[index];
      return static_cast<std::int64_t>(chunk_begin(kept[hop], chunks, index)) + std::llround(shift);
    };
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, begin(chunk + 1) - begin(chunk))) *
           entry;
  };
}

}  // namespace ringsim
