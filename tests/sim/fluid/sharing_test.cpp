// Rates by hand, and against progressive filling.
#include "sim/fluid/sharing.hpp"

#include "base/random.hpp"
#include "tests/random_cases.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace ringsim;

namespace {

using Links = std::vector<LinkId>;

Sharing::FlowId start(Sharing& sharing, const Links& links, double now = 0) {
  const auto flow = sharing.make_flow(links);
  sharing.begin(flow, now);
  return flow;
}

/// Max-min by progressive filling: the rates of all flows grow together; those over a link that is
/// full stop.
std::map<Sharing::FlowId, double> filled(const std::vector<double>& capacities,
                                         const std::map<Sharing::FlowId, Links>& flows) {
  std::map<Sharing::FlowId, double> rates;
  auto left = capacities;
  auto growing = flows;
  double level = 0;
  while (!growing.empty()) {
    std::vector<int> counts(capacities.size());
    for (const auto& [flow, links] : growing) {
      for (const LinkId link : links) ++counts[link];
    }
    double growth = 1e300;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (counts[i] > 0) growth = std::min(growth, left[i] / counts[i]);
    }
    level += growth;
    std::vector<bool> is_full(capacities.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      left[i] -= growth * counts[i];
      is_full[i] = left[i] <= 1e-12 * capacities[i];
    }
    std::erase_if(growing, [&](const auto& flow) {
      const bool stops = std::any_of(flow.second.begin(), flow.second.end(),
                                     [&](LinkId link) { return is_full[link]; });
      if (stops) rates[flow.first] = level;
      return stops;
    });
  }
  return rates;
}

}  // namespace

TEST_CASE("what one flow may not take, others get", "[sharing]") {
  // Link 0 (6 B/s) carries three flows; one of them passes link 1 (1 B/s) too, and another one
  // link 2 (10 B/s), with a fourth flow: 1, (6-1)/2 = 2.5 twice, and 10-2.5 = 7.5.
  Sharing sharing({6, 1, 10});
  const auto slow = start(sharing, {0, 1}), alone = start(sharing, {0});
  const auto shared = start(sharing, {2, 0}), fast = start(sharing, {2});
  sharing.solve();
  CHECK(sharing.rate(slow) == 1);
  CHECK(sharing.rate(alone) == 2.5);
  CHECK(sharing.rate(shared) == 2.5);
  CHECK(sharing.rate(fast) == 7.5);
  CHECK(sharing.changed().size() == 4);
  CHECK(sharing.distance_from_max_min() == 0);

  // Without the one that is alone: 6-1 = 5 for the shared one, and 10-5 = 5.
  sharing.end(alone, 2);
  sharing.solve();
  CHECK(sharing.rate(slow) == 1);
  CHECK(sharing.rate(shared) == 5);
  CHECK(sharing.rate(fast) == 5);
  CHECK(sharing.changed().size() == 2);

  // Link 2 goes down: the slow flow stays as it is, and the others stop.
  sharing.set_capacity(2, 0);
  sharing.solve();
  CHECK(sharing.rate(slow) == 1);
  CHECK(sharing.rate(shared) == 0);
  CHECK(sharing.rate(fast) == 0);
  CHECK(sharing.distance_from_max_min() == 0);

  sharing.end(slow, 3);
  sharing.end(shared, 5);
  sharing.end(fast, 7);
  CHECK(sharing.busy(0) == 5);
  CHECK(sharing.busy(1) == 3);
  CHECK(sharing.busy(2) == 7);
}

TEST_CASE("a change may have effects far away", "[sharing]") {
  // Flow i passes links i and i+1; the capacities are 1, 2, 3, ... B/s, so that each flow takes
  // what the one before leaves of its first link: 1 on link 0 alone at first. Flow 0 is held by
  // link 0: 1; link 1 leaves 2-1 = 1 for flow 1, link 2 leaves 3-1 = 2, link 3 4-2 = 2, then
  // 5-2 = 3, ... When link 0 gets 1.5: 1.5 is more than half of link 1: 1 and 1, nothing else.
  const LinkId count = 40;
  std::vector<double> capacities;
  for (LinkId i = 0; i <= count; ++i) capacities.push_back(i + 1.0);
  Sharing sharing(capacities);
  std::vector<Sharing::FlowId> flows;
  for (LinkId i = 0; i < count; ++i) flows.push_back(start(sharing, {i, i + 1}));
  sharing.solve();
  for (LinkId i = 0; i < count; ++i) CHECK(sharing.rate(flows[i]) == 1 + i / 2);
  sharing.set_capacity(0, 1.5);
  sharing.solve();
  CHECK(sharing.changed().empty());
  // At 0.5 the first one leaves 1.5 of link 1, which leaves 1.5 of link 2, then 2.5, 2.5, ...
  sharing.set_capacity(0, 0.5);
  sharing.solve();
  for (LinkId i = 0; i < count; ++i) CHECK(sharing.rate(flows[i]) == 0.5 + (i + 1) / 2);
  CHECK(sharing.changed().size() == count);
}

TEST_CASE("rates are the max-min allocation whatever comes and goes", "[sharing]") {
  for (std::uint64_t seed = 0; seed < random_cases(300); ++seed) {
    Random random(seed, Purpose::compute_jitter);
    const auto below = [&](std::uint64_t bound) {
      return static_cast<std::uint32_t>(random.below(bound));
    };
    const bool is_equal = seed % 3 == 0;
    std::vector<double> capacities(1 + below(20));
    const auto draw = [&] { return is_equal ? 1e9 : 1e8 + 1e9 * random.uniform(); };
    std::generate(capacities.begin(), capacities.end(), draw);
    Sharing sharing(capacities);
    std::map<Sharing::FlowId, Links> flows;
    for (int moment = 0; moment < 40; ++moment) {
      for (auto changes = 1 + below(4); changes > 0; --changes) {
        const auto what = below(8);
        if (what == 0) {
          const auto link = below(capacities.size());
          capacities[link] = draw();
          sharing.set_capacity(link, capacities[link]);
        } else if (what < 4 && !flows.empty()) {
          const auto ended = std::next(flows.begin(), below(flows.size()));
          sharing.end(ended->first, moment);
          sharing.drop_flow(ended->first);
          flows.erase(ended);
        } else {
          Links links;
          for (LinkId link = 0; link < capacities.size(); ++link) {
            if (below(4) == 0) links.push_back(link);
          }
          if (links.empty()) links.push_back(below(capacities.size()));
          flows.emplace(start(sharing, links, moment), links);
        }
      }
      sharing.solve();
      INFO("seed " << seed << ", moment " << moment);
      REQUIRE(sharing.distance_from_max_min() <= 1e-12);
      for (const auto& [flow, rate] : filled(capacities, flows))
        REQUIRE(sharing.rate(flow) == Approx(rate).epsilon(1e-11));
    }
  }
}

TEST_CASE("the distance from max-min sees what is wrong", "[sharing]") {
  // Before solve() new flows stand still, and could be faster; after a link has lost half of its
  // capacity it carries twice as much.
  Sharing sharing({4, 8});
  start(sharing, {0, 1});
  CHECK(sharing.distance_from_max_min() == Approx(1));
  sharing.solve();
  CHECK(sharing.distance_from_max_min() == 0);
  sharing.set_capacity(0, 2);
  CHECK(sharing.distance_from_max_min() == Approx(1));
  // A flow that stands still beside others of 2 B/s on a full link lacks all of that.
  Sharing full({4});
  start(full, {0});
  start(full, {0});
  full.solve();
  CHECK(full.distance_from_max_min() == 0);
  start(full, {0});
  CHECK(full.distance_from_max_min() == Approx(1));
}
