#include "sim/learning/late_ranks.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

/// Times that differ by rounding alone are the same, so that all backends train alike.
Seconds rounding_at(Seconds time) { return 1e-9 * time; }

}  // namespace

std::uint64_t LateRank::version_at_begin(const PendingGradient& gradient) const {
  const auto end = std::ranges::upper_bound(applied, gradient.begin + rounding_at(gradient.begin));
  return static_cast<std::uint64_t>(end - applied.begin());
}

std::uint64_t LateRank::undo(std::uint64_t step, std::uint64_t version) {
  std::uint64_t next = step;
  auto left = pending.begin();
  for (; left != pending.end(); ++left) {
    if (!left->is_ready() || version_at_begin(*left) > version || left->step > next) break;
    if (left->step == next) ++next;
  }
  pending.erase(left, pending.end());
  if (applied.size() > version) applied.resize(version);
  return next - step;
}

std::vector<Rank> choose_contributors(const std::vector<LateRank>& ranks, std::uint64_t step,
                                      std::size_t bucket, std::size_t wanted) {
  std::vector<std::pair<Seconds, Rank>> ready;
  for (Rank position = 0; position < ranks.size(); ++position) {
    for (const auto& gradient : ranks[position].pending) {
      const auto& time = gradient.ready[bucket];
      if (gradient.step == step && time) ready.emplace_back(*time, position);
    }
  }
  check(ready.size() >= wanted, "an exchange began before enough ranks were ready");
  std::ranges::sort(ready);
  const Seconds opened = ready[wanted - 1].first, rounding = rounding_at(opened);
  std::vector<Rank> chosen, together;
  for (const auto& [time, position] : ready) {
    if (time < opened - rounding) {
      chosen.push_back(position);
    } else if (time <= opened + rounding) {
      together.push_back(position);
    }
  }
  std::ranges::sort(together, {}, [&](Rank position) { return (position + step) % ranks.size(); });
  together.resize(wanted - chosen.size());
  chosen.insert(chosen.end(), together.begin(), together.end());
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace ringsim
