#pragma once
// Some of a program's ranks, in an order: those that take part in a collective call.
#include "base/rank.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace ringsim {

class Group {
 public:
  /// Member i plays rank i of the collective. No rank stands twice.
  explicit Group(std::vector<Rank> members) : members_(std::move(members)) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i] >= positions_.size()) positions_.resize(members_[i] + std::size_t{1});
      positions_[members_[i]] = static_cast<Rank>(i);
    }
  }

  const std::vector<Rank>& members() const { return members_; }
  Rank member(Rank position) const { return members_[position]; }
  /// Which rank of the collective `rank` plays, where it takes part.
  std::optional<Rank> position(Rank rank) const {
    return rank < positions_.size() ? positions_[rank] : std::nullopt;
  }

 private:
  std::vector<Rank> members_;
  std::vector<std::optional<Rank>> positions_;
};

}  // namespace ringsim
