#include "sim/recurrence/ring_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace ringsim {

RingSteps::RingSteps(const RingRounds& ring, PathTimes& times)
    : ring_(ring), ranks_(ring.latency.size()), times_(times), messages_(ranks_) {}

std::size_t RingSteps::last_arrival(std::size_t rank, double from_before, double own) const {
  if (is_later({from_before}, {own})) return before(rank);
  if (is_later({own}, {from_before})) return rank;
  return std::min(before(rank), rank);
}

void RingSteps::add(std::size_t sender, std::size_t round) {
  const Seconds latency{ring_.latency[sender]},
      transfer{ring_.size[ring_.part(sender, round)] / ring_.bandwidth[sender]};
  if (latency == Seconds{} && transfer == Seconds{}) return;
  auto*& message = messages_[sender];
  if (message == nullptr)
    message = &times_.from_to[{static_cast<Rank>(sender), static_cast<Rank>(after(sender))}];
  message->latency += latency;
  message->transfer += transfer;
}

std::size_t RingSteps::waited_for(std::size_t sender, double start_before, double start,
                                  double start_after, std::size_t round) const {
  const double a = end_of(before(sender), start_before, round), b = end_of(sender, start, round),
               c = end_of(after(sender), start_after, round);
  const bool for_receiver = is_later({std::max(b, c)}, {std::max(a, b)});
  return for_receiver ? last_arrival(after(sender), b, c) : last_arrival(sender, a, b);
}

std::size_t RingSteps::first_poster(std::size_t sender, double ready, double ready_after) const {
  return is_later({ready_after}, {ready}) ? after(sender) : sender;
}

namespace {

/// How long the messages of a ring take, where its parts have few sizes: a division for each rank
/// and size, and none for each message.
class RingDurations {
 public:
  explicit RingDurations(const RingRounds& ring)
      : ranks_(ring.latency.size()), size_of_part_(ranks_), alike_(ranks_, 1) {
    std::vector<double> sizes;
    for (std::size_t part = 0; part < ranks_; ++part) {
      const auto known = std::ranges::find(sizes, ring.size[part]);
      size_of_part_[part] = static_cast<std::size_t>(known - sizes.begin());
      if (known != sizes.end()) continue;
      if (sizes.size() == most_sizes) return;
      sizes.push_back(ring.size[part]);
      for (std::size_t rank = 0; rank < ranks_; ++rank)
        durations_.push_back(ring.duration(rank, part));
    }
    for (std::size_t part = ranks_ - 1; part-- > 0;)
      if (size_of_part_[part] == size_of_part_[part + 1]) alike_[part] = alike_[part + 1] + 1;
    is_known_ = true;
  }

  /// Whether the sizes are few.
  bool is_known() const { return is_known_; }
  /// Ranks from `rank` on that send parts of one size where `rank` sends `part`: `from` points at
  /// how long their messages take, and the result is how many they are, without those behind the
  /// last rank or part.
  std::size_t find(std::size_t rank, std::size_t part, const double*& from) const {
    from = &durations_[size_of_part_[part] * ranks_ + rank];
    return std::min(ranks_ - rank, alike_[part]);
  }

 private:
  static constexpr std::size_t most_sizes = 4;

  std::size_t ranks_;
  bool is_known_ = false;
  std::vector<std::size_t> size_of_part_;  ///< which of the sizes
  std::vector<std::size_t> alike_;         ///< how many parts from each on have its size
  std::vector<double> durations_;          ///< s, [size][rank]
};

/// Walks from the last round to the first, with the times of the rounds before it at hand for the
/// ranks that can matter alone: from round to round a path moves to a neighbour at most.
///
/// When messages start is known for all ranks in some rounds (the checkpoints). Between two of them
/// it is worked out again for a window of ranks round the path, with checkpoints of its own where
/// the window is large.
class Walk {
 public:
  Walk(const RingRounds& ring, RingSteps& steps)
      : ring_(ring), ranks_(ring.latency.size()), steps_(steps) {}

  /// The path is at the message of rank `sender` in round `last`; `starts` has the starts in round
  /// `first` of 2*(last-first)+1 ranks round it. Afterwards it is at one in round `first`.
  std::size_t back(std::size_t sender, std::vector<double> starts, std::size_t first,
                   std::size_t last) {
    const std::size_t center = sender, rounds = last - first;
    const auto checkpoints = rounds <= smallest
                                 ? plain_checkpoints(std::move(starts), center, first, last)
                                 : checkpoints_in(std::move(starts), center, first, last);
    std::size_t end = last;
    for (std::size_t i = checkpoints.starts.size(); i-- > 0;) {
      const std::size_t round = first + i * checkpoints.every;
      const auto& known = checkpoints.starts[i];
      // The window of `known` is round `center`, the path has moved on from there.
      const std::size_t moved = (sender + ranks_ - center) % ranks_;
      const std::size_t middle = known.size() / 2;
      const std::size_t here = moved <= ranks_ / 2 ? middle + moved : middle - (ranks_ - moved);
      const std::size_t half = end - round;
      std::vector<double> window(known.begin() + static_cast<std::ptrdiff_t>(here - half),
                                 known.begin() + static_cast<std::ptrdiff_t>(here + half + 1));
      sender = half == 1 ? steps_.step_back(sender, window[0], window[1], window[2], round)
                         : back(sender, std::move(window), round, end);
      end = round;
    }
    return sender;
  }

 private:
  /// Rounds between which all are worked out plainly, and so many of which are taken together
  /// otherwise: as many as PieceByPiece takes without a look at neighbours.
  static constexpr std::size_t smallest = 128, least_stride = 32, parts = 8;

  /// The rank at `index` of a window of `half` ranks on both sides of `center`.
  std::size_t sender_at(std::size_t center, std::size_t index, std::size_t half) const {
    return (center + index + ranks_ - half % ranks_) % ranks_;
  }

  /// All rounds from `first` on, each of which knows two ranks less.
  RingCheckpoints plain_checkpoints(std::vector<double> starts, std::size_t center,
                                    std::size_t first, std::size_t last) {
    RingCheckpoints checkpoints{1};
    for (std::size_t round = first; round < last; ++round) {
      auto next = next_round(starts, sender_at(center, 0, last - round), round);
      checkpoints.starts.push_back(std::exchange(starts, std::move(next)));
    }
    return checkpoints;
  }

  /// Some rounds from `first` on, of which only the ranks that a path to `center` can pass are
  /// right: the window is taken for a ring, whose ends are no neighbours.
  RingCheckpoints checkpoints_in(std::vector<double> starts, std::size_t center, std::size_t first,
                                 std::size_t last) const {
    const std::size_t rounds = last - first, sender = sender_at(center, 0, rounds);
    RingRounds window{static_cast<std::uint32_t>(rounds), {}, {}, {}};
    for (std::size_t x = 0; x < starts.size(); ++x) {
      const std::size_t rank = (sender + x) % ranks_;
      window.latency.push_back(ring_.latency[rank]);
      window.bandwidth.push_back(ring_.bandwidth[rank]);
      // In later rounds the first ranks would send parts from before this one, but these ranks
      // know too little then anyway.
      window.size.push_back(ring_.size[ring_.part(rank, first)]);
    }
    return ring_checkpoints(std::move(starts), window, std::max(least_stride, rounds / parts));
  }

  /// When the next round starts on the ranks of a window whose first one is `sender`, but for the
  /// ranks at its ends.
  std::vector<double> next_round(const std::vector<double>& starts, std::size_t sender,
                                 std::size_t round) {
    if (!durations_) durations_.emplace(ring_);
    std::vector<double> ends(starts.size());
    std::size_t part = ring_.part(sender, round);
    for (std::size_t i = 0; i < starts.size();) {
      std::size_t count = 1;
      if (durations_->is_known()) {
        const double* duration = nullptr;
        count = std::min(durations_->find(sender, part, duration), starts.size() - i);
        for (std::size_t k = 0; k < count; ++k) ends[i + k] = starts[i + k] + duration[k];
      } else {
        ends[i] = starts[i] + ring_.duration(sender, part);
      }
      i += count;
      if ((sender += count) == ranks_) sender = 0;
      if ((part += count) == ranks_) part = 0;
    }
    std::vector<double> next(starts.size() - 2);
    for (std::size_t i = 0; i < next.size(); ++i)
      next[i] = std::max({ends[i], ends[i + 1], ends[i + 2]});
    return next;
  }

  const RingRounds& ring_;
  std::size_t ranks_;
  RingSteps& steps_;
  std::optional<RingDurations> durations_;  ///< absent: no round was worked out so far
};

/// Walks back from the messages of several ranks at once, as long as their paths are apart.
class WalkTogether {
 public:
  WalkTogether(const RingRounds& ring, const RingSteps& steps)
      : ring_(ring), ranks_(ring.latency.size()), steps_(steps), seen_(ranks_) {}

  /// From messages in round `last` to those in round `first`, where those of all ranks start at
  /// `starts`.
  std::vector<std::size_t> back(std::vector<std::size_t> senders, std::vector<double> starts,
                                std::size_t first, std::size_t last) {
    const std::size_t rounds = last - first;
    // Checkpoints are less than twice as far apart as asked for.
    if (rounds <= 2 * stride)
      return back_plainly(std::move(senders), std::move(starts), first, last);
    RingRounds later{static_cast<std::uint32_t>(rounds), ring_.latency, ring_.bandwidth, {}};
    for (std::size_t part = 0; part < ranks_; ++part)
      later.size.push_back(ring_.size[ring_.part(part, first)]);
    auto checkpoints = ring_checkpoints(std::move(starts), later, std::max(stride, rounds / parts));
    std::size_t end = last;
    for (std::size_t i = checkpoints.starts.size(); i-- > 0;) {
      const std::size_t round = first + i * checkpoints.every;
      senders = back(std::move(senders), std::move(checkpoints.starts[i]), round, end);
      end = round;
    }
    return senders;
  }

 private:
  static constexpr std::size_t stride = 32, parts = 8;

  std::vector<std::size_t> back_plainly(std::vector<std::size_t> senders,
                                        std::vector<double> starts, std::size_t first,
                                        std::size_t last) {
    const auto every = ring_checkpoints_plainly(std::move(starts), ring_, first, last);
    for (std::size_t round = last; round-- > first;) {
      const auto& known = every[round - first];
      std::vector<std::size_t> waited;
      ++turn_;
      for (const std::size_t sender : senders) {
        const std::size_t before =
            steps_.waited_for(sender, known[steps_.before(sender)], known[sender],
                              known[steps_.after(sender)], round);
        if (std::exchange(seen_[before], turn_) != turn_) waited.push_back(before);
      }
      senders = std::move(waited);
    }
    return senders;
  }

  const RingRounds& ring_;
  std::size_t ranks_;
  const RingSteps& steps_;
  std::vector<std::uint64_t> seen_;  ///< per sender: the last turn in which it was come to
  std::uint64_t turn_ = 0;
};

}  // namespace

std::size_t RingPath::checkpoint_distance(std::size_t ranks) {
  constexpr std::size_t least = 64, share = 4;
  return std::max(least, ranks / share);
}

Path RingPath::trace(Rank rank, PathTimes& times) const {
  const std::size_t n = ready_.size(), last = ring_->rounds - 1;
  RingCheckpoints again;
  if (kept_.starts.empty()) {
    // On a small ring the starts of all rounds. (On a large one ring_checkpoints() and Walk differ
    // by rounding errors.)
    const bool is_small = n < smallest_ring_in_pieces && ring_->rounds * n <= std::size_t{1} << 17;
    const std::size_t every = is_small ? 1 : checkpoint_distance(n);
    again = ring_checkpoints(first_starts(ready_), *ring_, every);
  }
  const auto& checkpoints = kept_.starts.empty() ? again : kept_;
  RingSteps steps(*ring_, times);
  Walk walk(*ring_, steps);
  std::size_t sender = steps.last_arrival(rank, last_end_[steps.before(rank)], last_end_[rank]);
  steps.add(sender, last);
  std::size_t end = last;
  for (std::size_t i = checkpoints.starts.size(); i-- > 0;) {
    const auto& starts = checkpoints.starts[i];
    const std::size_t round = i * checkpoints.every, half = end - round;
    if (half == 1) {
      sender = steps.step_back(sender, starts[steps.before(sender)], starts[sender],
                               starts[steps.after(sender)], round);
    } else {
      std::vector<double> window(2 * half + 1);
      for (std::size_t k = 0; k < window.size(); ++k)
        window[k] = starts[(sender + k + n - half % n) % n];
      sender = walk.back(sender, std::move(window), round, end);
    }
    end = round;
  }
  return before_[steps.first_poster(sender, ready_[sender], ready_[steps.after(sender)])];
}

std::vector<Rank> RingPath::origins() const {
  const std::size_t n = ready_.size();
  PathTimes nobody_asks;
  const RingSteps steps(*ring_, nobody_asks);
  std::set<std::size_t> last;
  for (std::size_t rank = 0; rank < n; ++rank)
    last.insert(steps.last_arrival(rank, last_end_[steps.before(rank)], last_end_[rank]));
  WalkTogether walk(*ring_, steps);
  std::set<Rank> origins;
  for (const std::size_t sender :
       walk.back({last.begin(), last.end()}, first_starts(ready_), 0, ring_->rounds - 1))
    origins.insert(
        static_cast<Rank>(steps.first_poster(sender, ready_[sender], ready_[steps.after(sender)])));
  return {origins.begin(), origins.end()};
}

}  // namespace ringsim
