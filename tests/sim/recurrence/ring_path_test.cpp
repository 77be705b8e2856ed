#include "sim/recurrence/ring_path.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace ringsim;

TEST_CASE("a path through a ring is the same with checkpoints, without, and message by message",
          "[ring_path]") {
  const auto ranks = GENERATE(std::size_t{3}, std::size_t{130}, std::size_t{700});
  Random random(ranks, Purpose::compute_jitter);
  auto ring = std::make_shared<RingRounds>();
  ring->rounds = static_cast<std::uint32_t>(2 * (ranks - 1));
  std::vector<double> ready;
  for (std::size_t i = 0; i < ranks; ++i) {
    ready.push_back(1e-3 * random.uniform());
    ring->latency.push_back(1e-5 * random.uniform());
    ring->bandwidth.push_back(1e9);
    ring->size.push_back(static_cast<double>(random.below(10'000)));
  }
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
    plain.add(Cause::latency, static_cast<Rank>(sender), static_cast<Rank>((sender + 1) % ranks),
              {ring->latency[sender]});
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
