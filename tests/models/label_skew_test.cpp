#include "models/label_skew.hpp"

#include "models/sampler.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace ringsim;

namespace {

const Place option{{}, "`label-skew`"};

std::vector<std::uint8_t> ten_classes(std::size_t samples) {
  std::vector<std::uint8_t> labels(samples);
  for (std::size_t i = 0; i < samples; ++i) labels[i] = static_cast<std::uint8_t>(i * 7 % 10);
  return labels;
}

/// Share of its most frequent class in a part.
double largest_share(const std::vector<std::uint32_t>& part,
                     const std::vector<std::uint8_t>& labels) {
  std::vector<double> counts(10);
  for (const auto index : part) ++counts[labels[index]];
  return *std::max_element(counts.begin(), counts.end()) / static_cast<double>(part.size());
}

std::size_t classes_in(const std::vector<std::uint32_t>& part,
                       const std::vector<std::uint8_t>& labels) {
  std::set<std::uint8_t> seen;
  for (const auto index : part) seen.insert(labels[index]);
  return seen.size();
}

}  // namespace

TEST_CASE("parts are disjoint and equally large", "[label_skew]") {
  const auto labels = ten_classes(1003);
  for (const auto* text : {"dirichlet:0.001", "dirichlet:0.3", "dirichlet:1e6", "shards:1",
                           "shards:2", "shards:5", "shards:1000"}) {
    INFO(text);
    const auto parts = partition_by_label(labels, 7, parse_label_skew(text, option), 1);
    REQUIRE(parts.size() == 7);
    std::set<std::uint32_t> seen;
    for (const auto& part : parts) {
      CHECK(part.size() == 143);  // floor(1003 / 7)
      seen.insert(part.begin(), part.end());
    }
    CHECK(seen.size() == 7 * 143);
    CHECK(*seen.rbegin() < 1003);
  }
}

TEST_CASE("a small concentration leaves a rank few classes, a large one all", "[label_skew]") {
  const auto labels = ten_classes(8000);
  const auto mean_share = [&](const char* text) {
    double sum = 0;
    const auto parts = partition_by_label(labels, 8, parse_label_skew(text, option), 3);
    for (const auto& part : parts) sum += largest_share(part, labels) / 8;
    return sum;
  };
  // Even shares are 0.1; of 1000 draws the largest of ten counts lies within 0.03 of that.
  CHECK(mean_share("dirichlet:1e6") == Approx(0.1).margin(0.03));
  // The mean of the largest of ten shares at concentration 0.1 is about 0.7; classes that ranks
  // compete for run out, so less of it is left.
  CHECK(mean_share("dirichlet:0.1") > 0.4);
  CHECK(mean_share("dirichlet:0.1") > mean_share("dirichlet:1") + 0.1);
  CHECK(mean_share("dirichlet:1") > mean_share("dirichlet:1e6") + 0.05);
}

TEST_CASE("with two shards a rank sees at most two classes where shards divide them",
          "[label_skew]") {
  // 5 ranks, 2 shards each: 10 shards of one class each.
  const auto labels = ten_classes(1000);
  const auto parts = partition_by_label(labels, 5, parse_label_skew("shards:2", option), 1);
  for (const auto& part : parts) CHECK(classes_in(part, labels) == 2);
}

TEST_CASE("the partition depends on the seed alone", "[label_skew]") {
  const auto labels = ten_classes(1000);
  for (const auto* text : {"dirichlet:0.3", "shards:2"}) {
    const auto skew = parse_label_skew(text, option);
    CHECK(partition_by_label(labels, 4, skew, 1) == partition_by_label(labels, 4, skew, 1));
    CHECK(partition_by_label(labels, 4, skew, 1) != partition_by_label(labels, 4, skew, 2));
  }
}

TEST_CASE("with parts, an epoch shows a rank samples of its own part, each at most once",
          "[label_skew][sampler]") {
  const auto labels = ten_classes(203);
  const auto parts = partition_by_label(labels, 4, parse_label_skew("shards:2", option), 1);
  BatchSampler sampler(parts, 8, 1);
  REQUIRE(sampler.steps_per_epoch() == 6);  // floor(50 / 8), as floor(203 / 32)
  std::vector<std::vector<std::uint32_t>> orders;
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    for (Rank rank = 0; rank < 4; ++rank) {
      std::vector<std::uint32_t> seen;
      for (std::uint64_t step = epoch * 6; step < epoch * 6 + 6; ++step) {
        sampler.begin_step(step);
        const auto batch = sampler.batch(step, rank);
        seen.insert(seen.end(), batch.begin(), batch.end());
      }
      const std::set<std::uint32_t> distinct(seen.begin(), seen.end()),
          own(parts[rank].begin(), parts[rank].end());
      CHECK(distinct.size() == 48);
      CHECK(std::includes(own.begin(), own.end(), distinct.begin(), distinct.end()));
      orders.push_back(std::move(seen));
    }
  }
  CHECK(orders[0] != orders[4]);  // another epoch, another order
}

TEST_CASE("label skew is parsed strictly", "[label_skew]") {
  CHECK(parse_label_skew("none", option).kind == LabelSkew::Kind::none);
  CHECK(parse_label_skew("dirichlet:0.5", option).concentration == 0.5);
  CHECK(parse_label_skew("shards:2", option).shards == 2);
  for (const std::string text : {"shards", "shards:0", "shards:1.5", "dirichlet:0", "dirichlet:-1",
                                 "dirichlet", "even", "", "none:1"}) {
    CHECK_THROWS_WITH(parse_label_skew(text, option),
                      "`label-skew`: found \"" + text +
                          "\"; none, dirichlet:X (X from 0.001 to 1e6) or shards:K (K a whole "
                          "number from 1 to 1000) is accepted");
  }
}
