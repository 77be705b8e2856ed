#include "sim/collectives/pipelined_all_gather.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
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

  std::optional<std::vector<RingRun>> ring_runs(Rank sender) const override {
    std::vector<RingRun> runs;
    for_each_root(sender, [&](const Root& root, std::uint32_t begin) {
      runs.push_back({begin, root.pieces, root.bytes});
      return true;
    });
    return runs;
  }

 private:
  struct Root {
    Rank rank;
    std::uint32_t pieces;
    Bytes bytes, offset;
  };

  /// Calls `visit(root, round)` for the roots whose pieces `sender` sends, with the round of the
  /// first one, in order, until it returns false.
  ///
  /// The pieces of the root at distance d follow one another from round A(d) on: the first one
  /// arrives after round d-1 at the earliest, and the link is free once those of nearer roots have
  /// passed, A(d) = max(d, A(d') + k(d')) with the next nearer root at d'. Nothing is waited for in
  /// between, since the rank before sends the same sequence without its head.
  template <class Visit>
  void for_each_root(Rank sender, Visit visit) const {
    const auto after = std::ranges::upper_bound(roots_, sender, {}, &Root::rank);
    auto next = static_cast<std::size_t>(after - roots_.begin());
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < roots_.size(); ++i) {
      next = (next + roots_.size() - 1) % roots_.size();
      const Root& root = roots_[next];
      const Rank distance = (sender + ranks_ - root.rank) % ranks_;
      if (distance == ranks_ - 1) return;  // the next rank is the root
      const std::uint32_t begin = std::max<std::uint32_t>(end, distance);
      if (!visit(root, begin)) return;
      end = begin + root.pieces;
    }
  }

  /// What `sender` sends to the next rank in the round, if anything; the peer is not set.
  std::optional<Message> message_from(Rank sender, std::uint32_t index) const {
    std::optional<Message> message;
    for_each_root(sender, [&](const Root& root, std::uint32_t begin) {
      if (begin <= index && index < begin + root.pieces) message = piece_of(root, index - begin);
      return begin + root.pieces <= index;
    });
    return message;
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

/// The rounds of all-gathers of the same parts in pieces of any size.
class PipelinedRounds {
 public:
  explicit PipelinedRounds(std::span<const Bytes> parts) : parts_(parts) {
    check(parts.size() >= 2, "a pipelined all-gather needs two ranks, and pieces");
    for (std::size_t rank = 0; rank < parts.size(); ++rank) {
      if (parts[rank].count > 0) roots_.push_back(rank);
    }
  }

  std::uint32_t in(Bytes piece) const {
    check(piece.count > 0, "a pipelined all-gather needs two ranks, and pieces");
    if (roots_.empty()) return 0;
    const auto most = roots_.size() <= few ? most_of_few(piece) : most_of_many(piece);
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(parts_.size()) - 1 + most);
  }

 private:
  static constexpr std::size_t few = 16;

  // Both: the greatest sum of pieces-1 over 1 to N-1 neighbours.

  /// Such a stretch begins and ends at ranks that have something to send.
  std::int64_t most_of_few(Bytes piece) const {
    const std::size_t n = parts_.size(), count = roots_.size();
    std::array<std::int64_t, few> pieces{};
    for (std::size_t i = 0; i < count; ++i) pieces[i] = pieces_of(parts_[roots_[i]], piece);
    std::int64_t most = pieces[0] - 1;
    for (std::size_t first = 0; first < count; ++first) {
      std::int64_t sum = 0;
      for (std::size_t i = first; i < first + count; ++i) {
        const std::size_t last = i < count ? i : i - count;
        const std::size_t length = (roots_[last] + n - roots_[first]) % n + 1;
        if (length > n - 1) break;
        sum += pieces[last];
        most = std::max(most, sum - static_cast<std::int64_t>(length));
      }
    }
    return most;
  }

  /// By sums from the front: twice round the ring, with the least sum of those before in a window
  /// at the front of `least`.
  std::int64_t most_of_many(Bytes piece) const {
    const std::size_t n = parts_.size();
    std::vector<std::int64_t> sums(2 * n + 1);
    for (std::size_t i = 0; i < 2 * n; ++i)
      sums[i + 1] = sums[i] + std::int64_t{pieces_of(parts_[i % n], piece)} - 1;
    std::int64_t most = sums[1];
    std::deque<std::size_t> least;
    for (std::size_t end = 1; end <= 2 * n; ++end) {
      while (!least.empty() && sums[least.back()] >= sums[end - 1]) least.pop_back();
      least.push_back(end - 1);
      if (least.front() + (n - 1) < end) least.pop_front();
      most = std::max(most, sums[end] - sums[least.front()]);
    }
    return most;
  }

  std::span<const Bytes> parts_;
  std::vector<std::size_t> roots_;  ///< ranks that have something to send, ascending
};

}  // namespace

std::uint32_t pipelined_rounds(std::span<const Bytes> parts, Bytes piece) {
  return PipelinedRounds(parts).in(piece);
}

Bytes best_piece(std::span<const Bytes> parts, const HopSpeed& hop) {
  const std::uint64_t largest = std::ranges::max(parts, {}, &Bytes::count).count;
  if (largest == 0) return Bytes{1};
  const PipelinedRounds rounds(parts);
  const auto piece = [&](std::uint64_t pieces) { return Bytes{(largest + pieces - 1) / pieces}; };
  const auto time = [&](std::uint64_t pieces) {
    const Bytes size = piece(pieces);
    return rounds.in(size) * (hop.latency + size / hop.bandwidth).value;
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
  double least = time(best);
  for (std::uint64_t pieces = low; pieces <= high; ++pieces) {
    const double other = time(pieces);
    if (!(other < least)) continue;
    best = pieces;
    least = other;
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
