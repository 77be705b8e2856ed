#include "traces/summary.hpp"

#include "base/json_reader.hpp"

#include <limits>

namespace ringsim {
namespace {

template <class T>
Json json_of(const T& value);
template <class T>
Json json_of(const std::optional<T>& value);
template <class T>
Json json_of(const std::vector<T>& values);

template <class T>
Json json_of(const T& value) {
  if constexpr (HasFields<T>) {
    return T::fields([&](const auto&... fields) {
      return Json(Json::Object{{std::string(fields.name), json_of(value.*fields.value)}...});
    });
  } else {
    return Json(value);
  }
}

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : Json();
}

template <class T>
Json json_of(const std::vector<T>& values) {
  Json::Array elements;
  for (const auto& value : values) elements.push_back(json_of(value));
  return elements;
}

void read(const JsonValue& json, double& value) {
  constexpr double largest = std::numeric_limits<double>::max();
  value = json.number(-largest, largest);
}

void read(const JsonValue& json, std::uint64_t& value) {
  value = json.integer(0, std::numeric_limits<std::uint64_t>::max());
}

/// A number of ranks, of which there is at least one.
void read(const JsonValue& json, std::uint32_t& value) {
  value = static_cast<std::uint32_t>(json.integer(1, std::numeric_limits<std::uint32_t>::max()));
}

void read(const JsonValue& json, std::string& value) { value = json.string(); }

template <class T>
void read(const JsonValue& json, std::optional<T>& value);
template <class T>
void read(const JsonValue& json, std::vector<T>& values);

template <HasFields T>
void read(const JsonValue& json, T& value) {
  T::fields([&](const auto&... fields) {
    const auto object = json.object({fields.name...});
    (read(object[fields.name], value.*fields.value), ...);
  });
}

template <class T>
void read(const JsonValue& json, std::optional<T>& value) {
  if (json.is_null()) return;
  read(json, value.emplace());
}

template <class T>
void read(const JsonValue& json, std::vector<T>& values) {
  for (const auto& element : json.array()) read(element, values.emplace_back());
}

Summary read_members(const JsonValue& root) {
  Summary summary;
  read(root, summary);
  return summary;
}

}  // namespace

Json to_json(const Summary& summary) { return json_of(summary); }
Json to_json(const TimeBasis& basis) { return json_of(basis); }
Json to_json(const HeadroomSeconds& headroom) { return json_of(headroom); }

Summary parse_summary(std::string_view text, const std::string& file) {
  return read_members(parse_json(text, file));
}

Summary read_summary(const std::filesystem::path& path) { return read_members(load_json(path)); }

}  // namespace ringsim
