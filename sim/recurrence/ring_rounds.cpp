#include "sim/recurrence/ring_rounds.hpp"

#include "base/error.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/recurrence/ring_kernels.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

using ring_kernels::fused;
using ring_kernels::Lanes;
using ring_kernels::lanes;

/// s of round `from`, when it is that of round `to`: one after the other.
void advance_plainly(std::vector<double>& s, const RingRounds& ring, std::size_t from,
                     std::size_t to) {
  const std::size_t n = s.size();
  std::vector<double> e(n);
  for (std::size_t round = from; round < to; ++round) {
    std::size_t part = (n - round % n) % n;
    for (std::size_t i = 0; i < n; ++i) {
      e[i] = s[i] + ring.duration(i, part);
      if (++part == n) part = 0;
    }
    for (std::size_t i = 1; i + 1 < n; ++i) s[i] = std::max({e[i - 1], e[i], e[i + 1]});
    s[0] = std::max({e[n - 1], e[0], e[1]});
    s[n - 1] = std::max({e[n - 2], e[n - 1], e[0]});
  }
}

/// The same, several rounds and ranks at a time.
///
/// The ring is cut into pieces of consecutive ranks. A visit takes a piece on by `visit` rounds
/// without a look at its neighbours: it brings along a margin of at least `visit` ranks on both
/// sides, of which with each round one more on the edge is wrong. Afterwards the margins are
/// renewed.
class PieceByPiece {
 public:
  PieceByPiece(const std::vector<double>& s, const RingRounds& ring)
      : ring_(ring),
        n_(s.size()),
        pieces_(lanes * ((n_ + lanes * largest_piece - 1) / (lanes * largest_piece))),
        visit_(std::min(largest_visit, n_ / pieces_ / 8 / fused * fused)),
        length_((n_ + pieces_ - 1) / pieces_ + 2 * visit_),
        s_(pieces_ / lanes * length_),
        d_(s_.size()),
        latency_(s_.size()),
        per_byte_(s_.size()),
        size_(length_ + visit_),
        size_of_piece_(pieces_, -1),
        equal_sizes_(n_) {
    check(visit_ >= fused, "PieceByPiece: the ring is too small");
    for (std::size_t p = 0; p < pieces_; ++p) {
      for (std::size_t x = 0, i = rank(p, 0); x < length_; ++x) {
        at(s_, p, x) = s[i];
        at(latency_, p, x) = ring.latency[i];
        at(per_byte_, p, x) = 1 / ring.bandwidth[i];
        if (++i == n_) i = 0;
      }
    }
    count_equal_sizes();
  }

  /// Rounds without a look at the neighbours. Rounds before the last ones go by whole visits.
  std::size_t visit() const { return visit_; }

  void advance(std::size_t from, std::size_t to) {
    for (std::size_t first = from; first < to; first += visit_) {
      const std::size_t count = std::min(visit_, to - first);
      for (std::size_t group = 0; group < pieces_ / lanes; ++group)
        advance_group(group, first, count);
      renew_margins();
    }
  }

  void get(std::vector<double>& s) {
    for (std::size_t p = 0; p < pieces_; ++p) {
      for (std::size_t x = visit_; x < visit_ + piece_size(p); ++x) s[rank(p, x)] = at(s_, p, x);
    }
  }

 private:
  // What a group of pieces needs has to fit into the second-level cache.
  static constexpr std::size_t largest_piece = 256, largest_visit = 32;

  std::size_t piece_size(std::size_t p) const {
    return chunk_begin(n_, pieces_, p + 1) - chunk_begin(n_, pieces_, p);
  }
  /// The rank at position x of piece p, whose own ranks start at position visit_.
  std::size_t rank(std::size_t p, std::size_t x) const {
    return (chunk_begin(n_, pieces_, p) + x + n_ - visit_) % n_;
  }
  std::size_t back(std::size_t rank, std::size_t by) const { return (rank + n_ - by % n_) % n_; }
  double& at(std::vector<Lanes>& values, std::size_t p, std::size_t x) const {
    return values[p / lanes * length_ + x].value[p % lanes];
  }

  void count_equal_sizes() {
    std::size_t run = 0;
    for (std::size_t back = 0; back < 2 * n_; ++back) {
      const std::size_t u = 2 * n_ - 1 - back;
      const bool same = back > 0 && ring_.size[u % n_] == ring_.size[(u + 1) % n_];
      run = same ? std::min(run + 1, n_) : 1;
      equal_sizes_[u % n_] = static_cast<std::uint32_t>(run);
    }
  }

  /// Takes the pieces that share vectors through these rounds.
  void advance_group(std::size_t group, std::size_t first, std::size_t count) {
    const std::size_t begin = group * length_;
    if (count % fused == 0 && has_equal_sizes(group, first, count)) {
      set_durations(group, first, count);
      kernels_.uniform(&s_[begin], &d_[begin], length_, count);
    } else {
      set_sizes(group, first, count);
      kernels_.sized(&s_[begin], &latency_[begin], &per_byte_[begin], size_.data(), length_, count);
    }
  }

  /// From position 0 of a piece on, in the last of these rounds, the parts from this one on are
  /// sent.
  std::size_t first_part(std::size_t p, std::size_t first, std::size_t count) const {
    return back(rank(p, 0), first + count - 1);
  }

  /// Whether the messages of each piece have one size in these rounds.
  bool has_equal_sizes(std::size_t group, std::size_t first, std::size_t count) const {
    for (std::size_t p = group * lanes; p < (group + 1) * lanes; ++p) {
      if (equal_sizes_[first_part(p, first, count)] < std::min(n_, length_ + count - 1))
        return false;
    }
    return true;
  }

  void set_durations(std::size_t group, std::size_t first, std::size_t count) {
    for (std::size_t p = group * lanes; p < (group + 1) * lanes; ++p) {
      const double size = ring_.size[first_part(p, first, count)];
      if (size_of_piece_[p] == size) continue;
      size_of_piece_[p] = size;
      for (std::size_t x = 0; x < length_; ++x)
        at(d_, p, x) = at(latency_, p, x) + size * at(per_byte_, p, x);
    }
  }

  void set_sizes(std::size_t group, std::size_t first, std::size_t count) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      std::size_t part = back(first_part(group * lanes + lane, first, count), 1);
      for (std::size_t x = 0; x < length_ + count; ++x) {
        size_[x].value[lane] = ring_.size[part];
        if (++part == n_) part = 0;
      }
    }
  }

  void renew_margins() {
    for (std::size_t p = 0; p < pieces_; ++p) {
      const std::size_t before = (p + pieces_ - 1) % pieces_, after = (p + 1) % pieces_;
      const std::size_t from_before = piece_size(before), own = piece_size(p);
      for (std::size_t x = 0; x < visit_; ++x) at(s_, p, x) = at(s_, before, x + from_before);
      for (std::size_t x = visit_ + own; x < length_; ++x) at(s_, p, x) = at(s_, after, x - own);
    }
  }

  const RingRounds& ring_;
  ring_kernels::Kernels kernels_ = ring_kernels::available().front();
  std::size_t n_, pieces_, visit_;
  std::size_t length_;                             ///< of a piece with its margins
  std::vector<Lanes> s_, d_, latency_, per_byte_;  ///< [piece / lanes * length_ + position]
  std::vector<Lanes> size_;                        ///< of a group, for advance_sized
  std::vector<double> size_of_piece_;              ///< that d_ is set for
  std::vector<std::uint32_t> equal_sizes_;  ///< how many parts from each on have its size, up to n
};

/// The starts of round 0, and then of later ones.
class Starts {
 public:
  Starts(std::vector<double> starts, const RingRounds& ring) : ring_(ring), s_(std::move(starts)) {
    check(s_.size() >= 2 && ring.rounds >= 1, "advance_ring: at least two ranks and one round");
    if (s_.size() >= smallest_ring_in_pieces) pieces_.emplace(s_, ring);
  }

  const std::vector<double>& of_round(std::size_t round) {
    if (pieces_) {
      pieces_->advance(round_, round);
      pieces_->get(s_);
    } else {
      advance_plainly(s_, ring_, round_, round);
    }
    round_ = round;
    return s_;
  }

  /// `every` or a few more rounds, such that a stop after so many changes nothing: whole visits.
  std::size_t whole_visits(std::size_t every) const {
    const std::size_t visit = pieces_ ? pieces_->visit() : 1;
    return (every + visit - 1) / visit * visit;
  }

 private:
  const RingRounds& ring_;
  std::size_t round_ = 0;
  std::vector<double> s_;
  std::optional<PieceByPiece> pieces_;
};

void add_checkpoints(Starts& starts, const RingRounds& ring, RingCheckpoints& kept) {
  kept.every = starts.whole_visits(kept.every);
  for (std::size_t round = 0; round < ring.rounds; round += kept.every)
    kept.starts.push_back(starts.of_round(round));
}

}  // namespace

std::vector<double> first_starts(std::span<const double> ready) {
  const std::size_t n = ready.size();
  std::vector<double> starts(n);
  for (std::size_t i = 0; i < n; ++i) starts[i] = std::max(ready[i], ready[(i + 1) % n]);
  return starts;
}

RingCheckpoints ring_checkpoints(std::vector<double> starts, const RingRounds& ring,
                                 std::size_t every) {
  RingCheckpoints checkpoints{every};
  Starts rounds(std::move(starts), ring);
  add_checkpoints(rounds, ring, checkpoints);
  return checkpoints;
}

std::vector<std::vector<double>> ring_checkpoints_plainly(std::vector<double> starts,
                                                          const RingRounds& ring, std::size_t first,
                                                          std::size_t last) {
  std::vector<std::vector<double>> all;
  for (std::size_t round = first; round < last; ++round) {
    all.push_back(starts);
    advance_plainly(starts, ring, round, round + 1);
  }
  return all;
}

RingTimes advance_ring(std::span<const double> ready, const RingRounds& ring,
                       RingCheckpoints* kept) {
  const std::size_t n = ready.size();
  auto first_start = first_starts(ready);
  Starts starts(first_start, ring);
  RingTimes times{std::vector<double>(n), std::move(first_start), std::vector<double>(n)};
  if (kept != nullptr) add_checkpoints(starts, ring, *kept);
  const std::size_t last = ring.rounds - 1;
  const auto& s = starts.of_round(last);
  for (std::size_t i = 0; i < n; ++i) {
    times.last_end[i] = s[i] + ring.duration(i, ring.part(i, last));
  }
  for (std::size_t i = 0; i < n; ++i) {
    times.done[i] = std::max(times.last_end[i], times.last_end[(i + n - 1) % n]);
  }
  return times;
}

}  // namespace ringsim
