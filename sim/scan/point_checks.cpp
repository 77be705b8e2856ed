#include "sim/scan/point_checks.hpp"

#include "base/error.hpp"
#include "sim/run/prepare.hpp"
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

/// Says what is wrong with points, asking once for those that differ in amounts alone.
class RefusalsOfSet {
 public:
  explicit RefusalsOfSet(const PointSet& points)
      : points_(points), classes_(points.varied().size()) {
    for (std::size_t column = 0; column < classes_.size(); ++column) {
      const auto& texts = points.texts(column);
      for (std::uint32_t choice = 0; choice < texts.size(); ++choice) {
        const bool is_any_amount = is_amount(points.varied()[column], texts[choice]);
        classes_[column].push_back(is_any_amount ? amount : choice);
      }
    }
  }

  const std::string* of(std::size_t point) {
    std::u32string key;
    const auto choices = points_.choices(point);
    for (std::size_t column = 0; column < choices.size(); ++column) {
      const auto choice = choices[column];
      key.push_back(choice == PointSet::left_out ? choice : classes_[column][choice]);
    }
    const auto [known, is_new] = known_.try_emplace(key);
    if (is_new) known->second = checks_.refusal(points_.assignments(point));
    return known->second;
  }

 private:
  static constexpr std::uint32_t amount = PointSet::left_out - 1;

  const PointSet& points_;
  PointChecks checks_;
  std::vector<std::vector<std::uint32_t>> classes_;  ///< [column][choice]
  std::unordered_map<std::u32string, const std::string*> known_;
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
  RefusalsOfSet refusals(points);
  std::vector<std::vector<Having>> having;  // [column][choice]
  for (std::size_t column = 0; column < points.varied().size(); ++column)
    having.emplace_back(points.texts(column).size());
  const std::string* first = nullptr;
  bool can_be_had = false;
  for (std::size_t point = 0; point < points.size(); ++point) {
    const auto* refusal = refusals.of(point);
    if (first == nullptr) first = refusal;
    can_be_had = can_be_had || refusal == nullptr;
    const auto choices = points.choices(point);
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (choices[i] == PointSet::left_out) continue;
      auto& of_value = having[i][choices[i]];
      if (of_value.first_refusal == nullptr) of_value.first_refusal = refusal;
      of_value.can_be_had = of_value.can_be_had || refusal == nullptr;
    }
  }
  if (!can_be_had && first != nullptr) throw UserError({}, *first);
  for (std::size_t i = 0; i < having.size(); ++i) {
    if (!is_given(points.varied()[i])) continue;
    std::map<std::string_view, const Having*> by_text;
    for (std::size_t choice = 0; choice < having[i].size(); ++choice)
      by_text.emplace(points.texts(i)[choice], &having[i][choice]);
    for (const auto& [value, of_value] : by_text) {
      // No point has a value whose points are the same as those of another one.
      if (!of_value->can_be_had && of_value->first_refusal != nullptr)
        throw UserError({}, *of_value->first_refusal);
    }
  }
}

}  // namespace ringsim
