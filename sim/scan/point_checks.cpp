#include "sim/scan/point_checks.hpp"

#include "base/error.hpp"
#include "sim/run/experiment.hpp"
#include "sim/run/run_options.hpp"

#include <map>
#include <utility>

namespace ringsim {
namespace {

/// Whether all amounts of the option are accepted where one is: amounts above 0 that say how long
/// something takes.
bool is_amount(std::string_view name, const std::string& text) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return false;
  if (name == "compute-time" || name == "compress-time")
    return text.find('/') == std::string::npos && !names_ready_times(text);
  const auto* limits = std::get_if<WithUnit>(&find_run_option(name)->limits);
  return limits != nullptr && limits->kind != WithUnit::Kind::bytes;
}

std::string key_of(const std::vector<Assignment>& point) {
  std::string key;
  for (const auto& [name, text] : point) {
    key += name;
    key += '=';
    if (!is_amount(name, text)) key += text;
    key += '\n';
  }
  return key;
}

/// What is known of the points with one value of an option.
struct Having {
  const std::string* first_refusal = nullptr;
  bool can_be_had = false;
};

}  // namespace

PointChecks::PointChecks() = default;
PointChecks::~PointChecks() = default;

const std::string* PointChecks::refusal(const std::vector<Assignment>& point) {
  const auto [known, is_new] = known_.try_emplace(key_of(point));
  if (is_new) known->second = prepare_anew(point);
  return known->second ? &*known->second : nullptr;
}

std::optional<std::string> PointChecks::prepare_anew(const std::vector<Assignment>& point) {
  RunOptions options;
  try {
    for (const auto& [name, text] : point) set_run_option(options, name, text);
    prepare(options);
  } catch (const UserError& error) {
    return error.what();
  } catch (const std::exception&) {
    // What is not a mistake of the input is a result of the point, which says it once more.
  }
  return std::nullopt;
}

void check_points(const PointSet& points, const std::function<bool(std::string_view)>& is_given) {
  PointChecks checks;
  std::vector<std::map<std::string_view, Having>> having(points.varied().size());
  const std::string* first = nullptr;
  bool can_be_had = false;
  for (std::size_t point = 0; point < points.size(); ++point) {
    const auto* refusal = checks.refusal(points.assignments(point));
    if (first == nullptr) first = refusal;
    can_be_had = can_be_had || refusal == nullptr;
    const auto values = points.values(point);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i]) continue;
      auto& of_value = having[i][*values[i]];
      if (of_value.first_refusal == nullptr) of_value.first_refusal = refusal;
      of_value.can_be_had = of_value.can_be_had || refusal == nullptr;
    }
  }
  if (!can_be_had && first != nullptr) throw UserError({}, *first);
  for (std::size_t i = 0; i < having.size(); ++i) {
    if (!is_given(points.varied()[i])) continue;
    for (const auto& [value, of_value] : having[i]) {
      if (!of_value.can_be_had) throw UserError({}, *of_value.first_refusal);
    }
  }
}

}  // namespace ringsim
