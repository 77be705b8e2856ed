#include "sim/scan/scan_file.hpp"

#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

constexpr std::string_view accepted_value =
    "a string as on the command line, a number or a list of those is accepted";

/// A string or a number, as it would be typed.
std::string text_of(const JsonValue& value) {
  if (value.is_string()) return value.string();
  const auto& json = value.json().value();
  if (const auto* number = std::get_if<std::int64_t>(&json)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<std::uint64_t>(&json)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&json)) return fmt::format("{}", *number);
  value.wrong(accepted_value);
}

std::vector<std::string> values_of(const JsonValue& value) {
  if (!value.is_array()) return expand_values(text_of(value), value.place());
  std::vector<std::string> values;
  for (const auto& element : value.array()) {
    for (auto& one : expand_item(text_of(element), element.place())) {
      if (std::ranges::find(values, one) != values.end())
        element.wrong("each value once is accepted");
      values.push_back(std::move(one));
    }
  }
  if (values.empty()) value.wrong("a list with at least one value is accepted");
  return values;
}

void check_keys(const JsonValue& root) {
  const auto* members = root.json().get_if<Json::Object>();
  if (members == nullptr) root.wrong("an object is accepted");
  std::vector<std::string> known = {"zip", "points"};
  for (const auto& option : run_options()) known.emplace_back(option.name);
  for (const auto& [key, ignored] : *members) {
    if (std::ranges::find(known, key) != known.end()) continue;
    throw UserError(root.place().member(key),
                    fmt::format("unknown key{}", did_you_mean(key, known)),
                    "options of ringsim run without their dashes, zip and points are accepted");
  }
}

}  // namespace

ScanRequest read_scan_file(const std::filesystem::path& path) {
  const auto root = load_json(path);
  check_keys(root);
  ScanRequest request;
  for (const auto& option : run_options()) {
    if (const auto value = root.find(option.name))
      request.options.push_back({option.name, values_of(*value)});
  }
  if (const auto zip = root.find("zip")) request.zip = zip->boolean();
  if (const auto points = root.find("points")) request.points_file = points->string();
  return request;
}

}  // namespace ringsim
