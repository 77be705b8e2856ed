#pragma once
// Importance-weighted pruning between processes (docs/method.md): the same steps as
// models/schemes/iwp.cpp does for all ranks at once, for one rank whose masks and values really
// travel. The threshold is fixed.
#include "models/schemes/residuals.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/collectives/pipelined_all_gather.hpp"
#include "tools/validate/peers.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace ringsim::validate {

class Stopwatch {
 public:
  /// The seconds since the last call, or since it was made.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// Does the messages of a collective on this rank's buffer; returns how many bytes it sent.
Bytes perform(const Collective& collective, Rank rank, std::span<std::byte> buffer, Peers& peers);

struct PrunedSettings {
  Rank rank, ranks;
  std::uint64_t seed;
  double threshold;
  HopSpeed hop;  ///< what masks are cut into pieces by
};

/// Seconds of this rank's own work, an entry a step.
struct PrunedTimes {
  std::vector<double> encode, between, decode;
};

class PrunedExchange {
 public:
  PrunedExchange(const Layers& layers, const PrunedSettings& settings);

  /// One step; the mean of what the ranks sent, valid until the next one. `watch` has been read
  /// when the gradient was ready.
  std::span<const float> exchange(std::uint64_t step, std::span<const float> gradient,
                                  std::span<const float> weights, Peers& peers, Stopwatch& watch,
                                  PrunedTimes& times);

  /// What this rank sent in all steps so far, but for the masks' lengths.
  Bytes sent() const { return sent_; }
  /// Parameters of all unions so far, and whole layers.
  std::uint64_t kept() const { return kept_; }

 private:
  void select(std::span<const float> gradient, std::span<const float> weights);
  /// Every rank's masks, encoded; empty where it broadcasts none.
  std::vector<Bytes> exchange_lengths(Bytes own, Peers& peers) const;
  void unite(std::span<const Bytes> parts, std::span<const std::byte> encoded);

  PrunedSettings settings_;
  Residuals residuals_;
  std::vector<prune::Segment> segments_;
  std::vector<prune::MaskWord> mask_, decoded_, union_;
  std::vector<prune::Statistics> statistics_;
  std::vector<float> mean_;
  Bytes sent_;
  std::uint64_t kept_ = 0;
};

}  // namespace ringsim::validate
