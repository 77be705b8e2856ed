#include "sim/recurrence/ring_path.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace ringsim;

namespace {

/// With a `stride`, every so many messages have no latency.
RingRounds random_ring(std::size_t ranks, Random& random, std::size_t stride = 0) {
  RingRounds ring{static_cast<std::uint32_t>(2 * (ranks - 1)), {}, {}, {}};
  for (std::size_t i = 0; i < ranks; ++i) {
    ring.latency.push_back(stride > 0 && i % stride == 0 ? 0 : 1e-5 * random.uniform());
    ring.bandwidth.push_back(1e9);
    ring.size.push_back(static_cast<double>(random.below(10'000)));
  }
  return ring;
}

}  // namespace

TEST_CASE("paths are the same when what they have in common has been summed up", "[ring_path]") {
  const auto ranks = GENERATE(Rank{70}, Rank{300});
  Random random(ranks, Purpose::compute_jitter);
  const auto ring = std::make_shared<const RingRounds>(random_ring(ranks, random));
  PathLog log;
  std::vector<Path> paths;
  for (Rank rank = 0; rank < ranks; ++rank) paths.push_back(log.begin(rank));
  std::vector<double> now(ranks);
  for (int step = 0; step < 3; ++step) {
    for (Rank rank = 0; rank < ranks; ++rank) {
      const double computes = 1e-2 * random.uniform();
      now[rank] += computes;
      paths[rank] = log.extend(paths[rank], Cause::compute, rank, {computes});
    }
    const auto times = advance_ring(now, *ring);
    auto& piece = log.keep(
        std::make_unique<RingPath>(now, std::move(paths), times.last_end, ring, RingCheckpoints{}));
    piece.has_all_ranks = true;
    paths.clear();
    for (Rank rank = 0; rank < ranks; ++rank) paths.push_back(log.piece(piece, rank));
    now = times.done;
  }
  std::vector<TracedPath> before;
  for (Rank rank = 0; rank < ranks; rank += 23) before.push_back(log.trace(paths[rank]));
  REQUIRE(log.pieces() == 3);
  log.sum_up();
  // The last piece, and what stands before it.
  CHECK(log.pieces() == 2);
  log.sum_up();  // what has been summed up is not summed up again
  CHECK(log.pieces() == 2);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Rank rank = static_cast<Rank>(23 * i);
    const auto after = log.trace(paths[rank]);
    CHECK(after.origin == before[i].origin);
    CHECK(after.times.total().value == Approx(now[rank]).epsilon(1e-12));
    REQUIRE(after.times.local.size() == before[i].times.local.size());
    for (const auto& [where, time] : before[i].times.local)
      CHECK(after.times.local.at(where).value == Approx(time.value).epsilon(1e-12));
    REQUIRE(after.times.from_to.size() == before[i].times.from_to.size());
    for (const auto& [ends, message] : before[i].times.from_to)
      CHECK(after.times.from_to.at(ends).transfer.value ==
            Approx(message.transfer.value).epsilon(1e-12));
  }
}

TEST_CASE("a path through a ring is the same with checkpoints, without, and message by message",
          "[ring_path]") {
  const auto ranks = GENERATE(std::size_t{3}, std::size_t{130}, std::size_t{700});
  Random random(ranks, Purpose::compute_jitter);
  const auto ring = std::make_shared<const RingRounds>(random_ring(ranks, random, 5));
  std::vector<double> ready;
  for (std::size_t i = 0; i < ranks; ++i) ready.push_back(1e-3 * random.uniform());
  RingCheckpoints kept{RingPath::checkpoint_distance(ranks)};
  const auto times = advance_ring(ready, *ring, &kept);

  // From message to message: s[round][rank] are the starts.
  std::vector<std::vector<double>> s = {first_starts(ready)}, e;
  for (std::size_t round = 0; round < ring->rounds; ++round) {
    auto& ends = e.emplace_back(ranks);
    for (std::size_t i = 0; i < ranks; ++i)
      ends[i] = s[round][i] + ring->duration(i, ring->part(i, round));
    std::vector<double> ended(ranks);
    for (std::size_t i = 0; i < ranks; ++i)
      ended[i] = std::max(ends[i], ends[(i + ranks - 1) % ranks]);
    s.push_back(first_starts(ended));
  }
  const Rank rank = 1;
  PathTimes plain;
  std::size_t receiver = rank;
  for (std::size_t round = ring->rounds; round-- > 0;) {
    const std::size_t before = (receiver + ranks - 1) % ranks;
    const std::size_t sender = e[round][before] > e[round][receiver] ? before : receiver;
    // Some latencies are 0; bytes flow there all the same.
    plain.from_to[{static_cast<Rank>(sender), static_cast<Rank>((sender + 1) % ranks)}].latency +=
        Seconds{ring->latency[sender]};
    // The message starts when the later one of its sides has posted it.
    const std::size_t after = (sender + 1) % ranks;
    const auto posted = [&](std::size_t i) {
      return round == 0 ? ready[i]
                        : std::max(e[round - 1][i], e[round - 1][(i + ranks - 1) % ranks]);
    };
    receiver = posted(after) > posted(sender) ? after : sender;
  }

  const auto latencies = [&](RingCheckpoints checkpoints) {
    const RingPath path(ready, std::vector<Path>(ranks), times.last_end, ring,
                        std::move(checkpoints));
    PathTimes traced;
    path.trace(rank, traced);
    std::map<std::pair<Rank, Rank>, double> sums;
    for (const auto& [ends, message] : traced.from_to) sums[ends] = message.latency.value;
    return sums;
  };
  const auto with_kept = latencies(kept), again = latencies({});
  CHECK(with_kept == again);
  REQUIRE(with_kept.size() == plain.from_to.size());
  for (const auto& [ends, message] : plain.from_to)
    CHECK(with_kept.at(ends) == Approx(message.latency.value).epsilon(1e-9));
}
