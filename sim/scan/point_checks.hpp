#pragma once
// Whether points can be had at all, before the first one runs.
#include "sim/scan/points.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ringsim {

struct Experiment;

/// Prepares points, and those once that differ in amounts of time or bandwidth alone.
class PointChecks {
 public:
  PointChecks();
  PointChecks(const PointChecks&) = delete;
  PointChecks& operator=(const PointChecks&) = delete;
  ~PointChecks();

  /// What a run of the point says is wrong with its input; null: nothing. It stays where it is.
  const std::string* refusal(const std::vector<Assignment>& point);

 private:
  std::optional<std::string> prepare_anew(const std::vector<Assignment>& point);

  std::unordered_map<std::string, std::optional<std::string>> known_;
};

/// Throws UserError where no point can be had, or none of those that have a certain value of an
/// option of which `is_given` holds: such a value is a mistake, and not a combination that happens
/// to be none.
void check_points(const PointSet& points, const std::function<bool(std::string_view)>& is_given);

}  // namespace ringsim
