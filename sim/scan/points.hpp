#pragma once
// The points of a scan: each a value for every option that varies.
#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ringsim {

struct RunOption;
struct RunOptions;

/// An option of run_options() with the text of its value.
using Assignment = std::pair<std::string_view, std::string>;

/// What a scan was asked for, before its points are made.
struct ScanRequest {
  struct Option {
    std::string_view name;  ///< of run_options()
    std::vector<std::string> values;
  };
  std::vector<Option> options;  ///< those that were given, in the order of run_options()
  bool zip = false;             ///< lists are paired, the first of each with one another, ...
  std::string points_file;      ///< CSV: a column per option, a row per point; empty: none
};

/// Points in order. Of several options with a list each, the last one (in the order of
/// run_options()) changes fastest; a points file's rows, or the pairs of `zip`, change slowest.
///
/// An option that the scheme or the collective of a point does not take, but that of another point
/// does, is left out of the point; points that have become the same are one.
class PointSet {
 public:
  /// Throws UserError: a value that its option does not accept, lists that cannot be paired, a
  /// wrong points file, more than a million points.
  explicit PointSet(const ScanRequest& request);

  std::size_t size() const { return varied_.empty() ? 1 : choices_.size() / varied_.size(); }
  /// The options that have more than one value or come from a points file, in the order of
  /// run_options().
  const std::vector<std::string_view>& varied() const { return varied_; }
  /// Which of the values each varied option has in a point: texts(); left_out where it is none.
  std::span<const std::uint32_t> choices(std::size_t point) const {
    return std::span(choices_).subspan(point * varied_.size(), varied_.size());
  }
  static constexpr std::uint32_t left_out = ~std::uint32_t{0};
  /// All values of a varied option.
  const std::vector<std::string>& texts(std::size_t column) const { return texts_[column]; }
  /// The values of the varied options; absent where one is left out.
  std::vector<std::optional<std::string_view>> values(std::size_t point) const;
  /// All options of a point, in the order of run_options().
  std::vector<Assignment> assignments(std::size_t point) const;
  /// All values that option `name` has in some point.
  std::vector<std::string> all_values(std::string_view name) const;

 private:
  /// Options that change together.
  struct Axis {
    std::vector<std::size_t> columns;              ///< of varied_
    std::vector<std::vector<std::uint32_t>> rows;  ///< a choice per column
  };
  /// An option that all points have, but for those that it is left out of.
  struct Slot {
    const RunOption* option;
    bool is_varied;
    std::size_t index;  ///< in varied_ or fixed_
    bool may_be_left_out;
    /// Where that depends on the value of another varied option alone: whether it is, by the choice
    /// among those.
    std::optional<std::size_t> other_column;
    std::vector<bool> is_left_out = {};
  };
  Axis read_file(const ScanRequest& request);
  void set_slots();
  Slot slot_of(std::string_view name, bool is_varied, std::size_t index) const;
  void add_lists(const ScanRequest& request, std::vector<Axis>& axes);
  void add_product(const std::vector<Axis>& axes);
  std::size_t column_of(std::string_view name) const;
  /// The value of option `name`, which has a default, in a point of these choices.
  std::string value_of(std::string_view name, std::span<const std::uint32_t> choices) const;
  /// The options of a point of these choices by which a scheme's stages and draws are known, with
  /// another scheme, and other ranks where they are given; `more` options are among them.
  RunOptions options_that_count(std::span<const std::uint32_t> choices, const std::string& scheme,
                                const std::string* ranks,
                                std::span<const std::string_view> more = {}) const;
  /// Whether what DistributedDataParallel adds takes time.
  bool adds_ddp(const RunOptions& options) const;
  /// Whether `gpu` or `gpu-memory-bandwidth` may say how long something takes.
  bool may_feel_gpu(std::string_view name, const RunOptions& options) const;
  /// Whether something is random in a point of these options.
  bool may_feel_seed(const RunOptions& options) const;
  /// Whether nothing is random in a point of these choices, and something is with another of the
  /// schemes or the numbers of ranks.
  bool lacks_seed(std::span<const std::uint32_t> choices) const;
  /// Whether nothing feels the option in a point of these choices, and something does with another
  /// scheme.
  bool lacks_stage(std::string_view name, std::span<const std::uint32_t> choices) const;
  /// Whether an option is left out of a point of these choices.
  bool leaves_out(const Slot& slot, std::span<const std::uint32_t> choices) const;

  std::vector<Assignment> fixed_;
  mutable std::unordered_map<std::string, bool> has_own_jitter_;  ///< of topologies, once asked
  mutable std::unordered_map<std::string, bool> has_ddp_costs_;   ///< by GPU and topology
  std::vector<std::string_view> varied_;
  std::vector<std::vector<std::string>> texts_;  ///< [varied option][value]
  std::vector<std::uint32_t> choices_;           ///< [point * varied + option]: of texts_
  std::vector<Slot> slots_;                      ///< in the order of run_options()
};

/// "scheme=iwp density=1/64"
std::string describe_point(const PointSet& points, std::size_t point);

}  // namespace ringsim
