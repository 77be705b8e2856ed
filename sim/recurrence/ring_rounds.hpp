#pragma once
// When the ranks of a ring have gone through rounds in which each sends to the next one.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

/// Rounds in which rank i of N sends part (i - j) mod N, in round j, to rank i+1 mod N, and waits
/// for that and for what rank i-1 sends. The message takes latency[i] + size/bandwidth[i].
struct RingRounds {
  std::uint32_t rounds;
  std::vector<double> latency;    ///< s, per rank
  std::vector<double> bandwidth;  ///< B/s, per rank
  std::vector<double> size;       ///< B, per part

  /// The part that a rank sends in a round.
  std::size_t part(std::size_t rank, std::size_t round) const {
    return (rank + size.size() - round % size.size()) % size.size();
  }
  /// How long a rank's message takes, in s.
  double duration(std::size_t rank, std::size_t part) const {
    return latency[rank] + size[part] / bandwidth[rank];
  }
};

/// From so many ranks on, rings are advanced in pieces, and times may differ by rounding errors
/// from those that go by duration().
inline constexpr std::size_t smallest_ring_in_pieces = 256;

struct RingTimes {
  std::vector<double> done;  ///< s, per rank: when it has ended its last round
  std::vector<double>
      first_start;               ///< s, per rank: when both sides of its first message had posted
  std::vector<double> last_end;  ///< s, per rank: when its last message has arrived
};

/// When the message of each rank starts, in s, in the rounds 0, every, 2*every, ...:
/// [round/every][rank].
struct RingCheckpoints {
  std::size_t every = 0;
  std::vector<std::vector<double>> starts = {};
};

/// When the messages of round 0 start where rank i begins at ready[i]: when both sides have posted.
std::vector<double> first_starts(std::span<const double> ready);

/// Rank i begins at ready[i] s. At least one round and two ranks.
///
/// In round j the message of rank i starts at s[i] = max(t[i], t[i+1]) and ends at
/// e[i] = s[i] + d[i,j]; then t'[i] = max(e[i-1], e[i]), so that
/// s'[i] = max(e[i-1], e[i], e[i+1]): one addition and two maxima for each message.
///
/// Where `kept` is given, checkpoints are put there, `kept->every` rounds or a few more apart; the
/// times are the same.
RingTimes advance_ring(std::span<const double> ready, const RingRounds& ring,
                       RingCheckpoints* kept = nullptr);

/// Checkpoints every so many rounds, of messages that start in round 0 at `starts`.
RingCheckpoints ring_checkpoints(std::vector<double> starts, const RingRounds& ring,
                                 std::size_t every);

/// When messages start in each of the rounds from `first` to `last`, exclusively; in the first one
/// at `starts`.
std::vector<std::vector<double>> ring_checkpoints_plainly(std::vector<double> starts,
                                                          const RingRounds& ring, std::size_t first,
                                                          std::size_t last);

}  // namespace ringsim
