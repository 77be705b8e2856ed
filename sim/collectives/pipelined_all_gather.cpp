#include "sim/collectives/pipelined_all_gather.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <deque>
#include <optional>

namespace ringsim {
namespace {

std::uint32_t pieces_of(Bytes part, Bytes piece) {
  return static_cast<std::uint32_t>((part.count + piece.count - 1) / piece.count);
}

class PipelinedAllGather final : public Collective {
 public:
  PipelinedAllGather(std::span<const Bytes> parts, Bytes piece)
      : ranks_(static_cast<Rank>(parts.size())), rounds_(pipelined_rounds(parts, piece)) {
    for (Rank rank = 0; rank < ranks_; ++rank) {
      if (parts[rank].count > 0)
        roots_.push_back({rank, pieces_of(parts[rank], piece), parts[rank], whole_});
      whole_ += parts[rank];
    }
  }

  std::string_view name() const override { return "pipelined all-gather"; }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return rounds_; }
  Bytes total_bytes() const override { return (ranks_ - 1) * whole_; }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const Rank before = (rank + ranks_ - 1) % ranks_;
    if (auto sent = message_from(rank, index)) {
      sent->peer = (rank + 1) % ranks_;
      round.sends.push_back(*sent);
    }
    if (auto received = message_from(before, index)) {
      received->peer = before;
      round.receives.push_back(*received);
    }
  }

 private:
  struct Root {
    Rank rank;
    std::uint32_t pieces;
    Bytes bytes, offset;
  };

  /// What `sender` sends to the next rank in the round, if anything; the peer is not set.
  ///
  /// The pieces of the root at distance d follow one another from round A(d) on: the first one
  /// arrives after round d-1 at the earliest, and the link is free once those of nearer roots have
  /// passed, A(d) = max(d, A(d') + k(d')) with the next nearer root at d'. Nothing is waited for in
  /// between, since the rank before sends the same sequence without its head.
  std::optional<Message> message_from(Rank sender, std::uint32_t index) const {
    const auto after = std::ranges::upper_bound(roots_, sender, {}, &Root::rank);
    auto next = static_cast<std::size_t>(after - roots_.begin());
    std::uint32_t begin = 0, end = 0;
    for (std::size_t i = 0; i < roots_.size(); ++i) {
      next = (next + roots_.size() - 1) % roots_.size();
      const Root& root = roots_[next];
      const Rank distance = (sender + ranks_ - root.rank) % ranks_;
      if (distance == ranks_ - 1) return std::nullopt;  // the next rank is the root
      begin = std::max<std::uint32_t>(end, distance);
      if (index < begin) return std::nullopt;
      end = begin + root.pieces;
      if (index < end) return piece_of(root, index - begin);
    }
    return std::nullopt;
  }

  static Message piece_of(const Root& root, std::uint32_t piece) {
    const std::size_t begin = chunk_begin(root.bytes.count, root.pieces, piece);
    const std::size_t end = chunk_begin(root.bytes.count, root.pieces, piece + 1);
    return {.peer = {}, .bytes = Bytes{end - begin}, .offset = root.offset + Bytes{begin}};
  }

  Rank ranks_;
  std::uint32_t rounds_;
  std::vector<Root> roots_;  ///< ranks whose parts are not empty, ascending
  Bytes whole_;
};

}  // namespace

std::uint32_t pipelined_rounds(std::span<const Bytes> parts, Bytes piece) {
  const std::size_t n = parts.size();
  check(n >= 2 && piece.count > 0, "a pipelined all-gather needs two ranks, and pieces");
  if (std::ranges::all_of(parts, [](Bytes part) { return part.count == 0; })) return 0;
  // The greatest sum of 1 to n-1 neighbours, by sums from the front: twice round the ring, with the
  // least sum of those before in a window at the front of `least`.
  std::vector<std::int64_t> sums(2 * n + 1);
  for (std::size_t i = 0; i < 2 * n; ++i)
    sums[i + 1] = sums[i] + std::int64_t{pieces_of(parts[i % n], piece)} - 1;
  std::int64_t most = sums[1];
  std::deque<std::size_t> least;
  for (std::size_t end = 1; end <= 2 * n; ++end) {
    while (!least.empty() && sums[least.back()] >= sums[end - 1]) least.pop_back();
    least.push_back(end - 1);
    if (least.front() + (n - 1) < end) least.pop_front();
    most = std::max(most, sums[end] - sums[least.front()]);
  }
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(n) - 1 + most);
}

Bytes best_piece(std::span<const Bytes> parts, const HopSpeed& hop) {
  const std::uint64_t largest = std::ranges::max(parts, {}, &Bytes::count).count;
  if (largest == 0) return Bytes{1};
  const auto piece = [&](std::uint64_t pieces) { return Bytes{(largest + pieces - 1) / pieces}; };
  const auto time = [&](std::uint64_t pieces) {
    const Bytes size = piece(pieces);
    return pipelined_rounds(parts, size) * (hop.latency + size / hop.bandwidth).value;
  };
  // Rounds grow linearly with the pieces, and the time of one falls with 1/pieces: the product has
  // one minimum, but for rounding up the pieces of smaller parts, so that the last 33 are compared
  // one by one. Of equal times the fewer pieces.
  std::uint64_t low = 1, high = std::min<std::uint64_t>(largest, 1024);
  while (high - low > 32) {
    const std::uint64_t third = (high - low) / 3;
    if (time(low + third) <= time(high - third)) {
      high -= third;
    } else {
      low += third;
    }
  }
  std::uint64_t best = 1;
  for (std::uint64_t pieces = low; pieces <= high; ++pieces) {
    if (time(pieces) < time(best)) best = pieces;
  }
  return piece(best);
}

std::shared_ptr<const Collective> make_pipelined_all_gather(std::vector<Bytes> parts, Bytes piece) {
  return std::make_shared<PipelinedAllGather>(parts, piece);
}

std::shared_ptr<const Collective> make_fastest_all_gather(std::vector<Bytes> parts,
                                                          const HopSpeed& hop) {
  const Bytes piece = best_piece(parts, hop);
  const bool cuts = std::ranges::any_of(parts, [&](Bytes part) { return part > piece; });
  if (!cuts) return make_ring_all_gather(std::move(parts));
  return make_pipelined_all_gather(std::move(parts), piece);
}

}  // namespace ringsim
