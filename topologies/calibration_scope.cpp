#include "topologies/calibration_scope.hpp"

#include "topologies/nccl/model_json.hpp"

#include <algorithm>

namespace ringsim {
namespace {

std::vector<std::uint32_t> read_counts(const JsonValue& value) {
  constexpr std::uint64_t most = 1'048'576;
  std::vector<std::uint32_t> counts;
  for (const auto& each : value.array("a list of whole numbers is accepted"))
    counts.push_back(static_cast<std::uint32_t>(each.integer(1, most)));
  return counts;
}

template <class Value>
bool has(const std::vector<Value>& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

CalibrationScope read_calibration_scope(const JsonValue& value) {
  const auto object = value.object({"operations", "ranks", "nodes", "smallest", "largest",
                                    "median_error", "worst_error", "warnings", "model"});
  constexpr double most = 1e9;
  CalibrationScope scope{{},
                         read_counts(object["ranks"]),
                         read_counts(object["nodes"]),
                         object["smallest"].bytes(),
                         object["largest"].bytes(),
                         object["median_error"].number(0, most),
                         object["worst_error"].number(0, most),
                         {}};
  for (const auto& each : object["operations"].array("a list of operations is accepted"))
    scope.operations.push_back(each.string("the name of an operation is accepted"));
  if (scope.largest < scope.smallest)
    object["largest"].wrong("a size of at least \"smallest\" is accepted");
  if (const auto warnings = object.find("warnings"))
    for (const auto& each : warnings->array("a list of texts is accepted")) each.string();
  if (const auto model = object.find("model")) scope.model = nccl::read_model(*model);
  return scope;
}

Basis basis_of(const std::optional<CalibrationScope>& scope, const CollectiveCalls& calls) {
  if (!scope) return Basis::modelled;
  const bool is_within =
      (!calls.operation || has(scope->operations, std::string(*calls.operation))) &&
      has(scope->ranks, calls.ranks) && (!calls.nodes || has(scope->nodes, *calls.nodes)) &&
      scope->smallest <= calls.smallest && calls.largest <= scope->largest;
  return is_within ? Basis::calibrated : Basis::extrapolated;
}

}  // namespace ringsim
