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

SparseChunkSize union_chunk_sizes(std::vector<std::uint64_t> union_kept, ChunkParts parts,
                                  Bytes entry) {
  const auto ranks = union_kept.size();
  if (parts.chunks.empty()) {
    return [kept = std::move(union_kept), ranks, entry](Rank, Rank chunk, Rank hop) {
      return (chunk_begin(kept[hop], ranks, chunk + 1) - chunk_begin(kept[hop], ranks, chunk)) *
             entry;
    };
  }
  const auto shared = std::make_shared<const ChunkParts>(std::move(parts));
  const auto length = [shared](std::size_t chunk) {
    double elements = 0;
    for (const auto& part : shared->chunks[chunk]) elements += part.elements;
    return elements;
  };
  const auto expected = [shared](std::size_t chunk, std::size_t hop) {
    double kept = 0;
    for (const auto& part : shared->chunks[chunk])
      kept += part.elements * shared->curves[part.curve][hop];
    return kept;
  };
  std::vector<double> scale(ranks);  // of each hop: what unions keep is known
  for (std::size_t hop = 0; hop < ranks; ++hop) {
    double all = 0;
    for (std::size_t chunk = 0; chunk < ranks; ++chunk) all += expected(chunk, hop);
    scale[hop] = all > 0 ? static_cast<double>(union_kept[hop]) / all : 0;
  }
  return [expected, length, scale = std::move(scale), entry](Rank, Rank chunk, Rank hop) {
    return static_cast<std::uint64_t>(
               std::llround(std::min(length(chunk), scale[hop] * expected(chunk, hop)))) *
           entry;
  };
}

}  // namespace ringsim
