#include "models/label_skew.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ringsim {
namespace {

using Indices = std::vector<std::uint32_t>;

void shuffle(Indices& indices, Random& random) {
  for (std::size_t i = indices.size(); i > 1; --i) {
    std::swap(indices[i - 1], indices[random.below(i)]);
  }
}

/// The samples of each class, in random order.
std::vector<Indices> by_class(std::span<const std::uint8_t> labels, Random& random) {
  std::vector<Indices> classes(
      labels.empty() ? 0 : std::size_t{*std::max_element(labels.begin(), labels.end())} + 1);
  for (std::uint32_t i = 0; i < labels.size(); ++i) classes[labels[i]].push_back(i);
  for (auto& members : classes) shuffle(members, random);
  return classes;
}

/// The logarithm of a gamma variate of scale 1 (Marsaglia & Tsang, 2000). Of shapes far below 1 the
/// variate itself would underflow.
double log_gamma_variate(double shape, Random& random) {
  // A variate of this shape is one of shape + 1 times uniform^(1/shape).
  const double boost = std::log(1 - random.uniform()) / shape;
  const double d = shape + 1 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return boost + std::log(d * v);
    }
  }
}

/// A point of the Dirichlet distribution, times a factor.
std::vector<double> dirichlet_variate(std::size_t classes, double concentration, Random& random) {
  std::vector<double> shares(classes);
  for (auto& share : shares) share = log_gamma_variate(concentration, random);
  const double largest = *std::max_element(shares.begin(), shares.end());
  for (auto& share : shares) share = std::exp(share - largest);
  return shares;
}

/// A class that still has samples, drawn by `shares`; by what is left where the shares of those are
/// all 0.
std::size_t draw_class(const std::vector<double>& shares, const std::vector<Indices>& left,
                       Random& random) {
  std::vector<double> weights(left.size());
  for (std::size_t c = 0; c < left.size(); ++c) weights[c] = left[c].empty() ? 0 : shares[c];
  double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (sum == 0) {
    for (std::size_t c = 0; c < left.size(); ++c) weights[c] = static_cast<double>(left[c].size());
    sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  }
  double point = random.uniform() * sum;
  std::size_t last = 0;
  for (std::size_t c = 0; c < left.size(); ++c) {
    if (weights[c] == 0) continue;
    last = c;
    point -= weights[c];
    if (point < 0) break;
  }
  return last;  // the last with a weight, where rounding left the point at 0
}

std::vector<Indices> deal_by_dirichlet(std::vector<Indices> left, Rank ranks, std::size_t each,
                                       double concentration, Random& random) {
  std::vector<std::vector<double>> shares;
  for (Rank rank = 0; rank < ranks; ++rank) {
    shares.push_back(dirichlet_variate(left.size(), concentration, random));
  }
  std::vector<Indices> parts(ranks);
  // In turns, so that no rank is left with what the others did not want.
  for (std::size_t i = 0; i < each; ++i) {
    for (Rank rank = 0; rank < ranks; ++rank) {
      auto& members = left[draw_class(shares[rank], left, random)];
      parts[rank].push_back(members.back());
      members.pop_back();
    }
  }
  return parts;
}

/// Moves samples from the parts that have more than `each` to those that have fewer, and drops the
/// rest.
void level(std::vector<Indices>& parts, std::size_t each) {
  Indices spare;
  for (auto& part : parts) {
    while (part.size() > each) {
      spare.push_back(part.back());
      part.pop_back();
    }
  }
  for (auto& part : parts) {
    while (part.size() < each) {
      part.push_back(spare.back());
      spare.pop_back();
    }
  }
}

std::vector<Indices> deal_by_shards(const std::vector<Indices>& classes, Rank ranks,
                                    std::size_t each, std::uint32_t shards, Random& random) {
  Indices sorted;
  for (const auto& members : classes) sorted.insert(sorted.end(), members.begin(), members.end());
  const std::size_t count = std::size_t{ranks} * shards;
  Indices order(count);
  std::iota(order.begin(), order.end(), 0U);
  shuffle(order, random);
  std::vector<Indices> parts(ranks);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = [&](std::size_t shard) {
      return sorted.begin() + static_cast<std::ptrdiff_t>(shard * sorted.size() / count);
    };
    auto& part = parts[i / shards];
    part.insert(part.end(), at(order[i]), at(order[i] + std::size_t{1}));
  }
  level(parts, each);
  return parts;
}

}  // namespace

LabelSkew parse_label_skew(std::string_view text, const Place& place) {
  if (text == "none") return {};
  const std::size_t colon = text.find(':');
  const auto kind = text.substr(0, colon);
  const auto value = parse_number_or_fraction(
      colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1));
  if (kind == "dirichlet" && value && *value >= 0.001 && *value <= 1e6) {
    return {LabelSkew::Kind::dirichlet, *value, 0};
  }
  if (kind == "shards" && value && *value >= 1 && *value <= 1000 && std::floor(*value) == *value) {
    return {LabelSkew::Kind::shards, 0, static_cast<std::uint32_t>(*value)};
  }
  throw UserError(place, fmt::format("found \"{}\"", text),
                  fmt::format("{} is accepted", accepted_label_skews));
}

std::vector<std::vector<std::uint32_t>> partition_by_label(std::span<const std::uint8_t> labels,
                                                           Rank ranks, const LabelSkew& skew,
                                                           std::uint64_t seed) {
  check(skew.kind != LabelSkew::Kind::none && ranks > 0, "partition_by_label: nothing to part by");
  Random random(seed, Purpose::label_skew);
  auto classes = by_class(labels, random);
  const std::size_t each = labels.size() / ranks;
  if (skew.kind == LabelSkew::Kind::shards) {
    return deal_by_shards(classes, ranks, each, skew.shards, random);
  }
  return deal_by_dirichlet(std::move(classes), ranks, each, skew.concentration, random);
}

}  // namespace ringsim
