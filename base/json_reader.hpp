#pragma once
// The strict JSON field reader. Unknown, missing and duplicate keys, wrong types and values out of
// range are UserErrors that name the file and the JSON pointer; nothing is silently ignored and
// nothing has a hidden default.
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

class JsonObject;
enum class RepeatedKeys;

/// One value of a document and where it stands. Cheap to copy; keeps the document alive.
class JsonValue {
 public:
  const Place& place() const { return place_; }
  const Json& json() const { return *json_; }
  bool is_null() const;
  bool is_array() const;
  bool is_object() const;
  bool is_string() const;

  /// The value as a type. `accepted` says in an error what was wanted, e.g. "a list of links".
  std::string string(std::string_view accepted = "a string is accepted") const;
  bool boolean() const;
  double number(double minimum, double maximum) const;
  std::uint64_t integer(std::uint64_t minimum, std::uint64_t maximum) const;
  Bytes bytes() const;
  Seconds seconds() const;
  BytesPerSecond bandwidth() const;
  FlopPerSecond flop_rate() const;
  std::vector<JsonValue> array(std::string_view accepted = "a list is accepted") const;
  /// The value as an object that may have these keys and no others.
  JsonObject object(std::initializer_list<std::string_view> keys) const;
  JsonObject object(std::span<const std::string_view> keys) const;
  /// A member of an object of which not all keys are known yet (a discriminator such as "kind").
  std::optional<JsonValue> find(std::string_view key) const;
  /// All members of an object, in their order: of one that may have many, find() for each would
  /// take the square of their number.
  std::vector<std::pair<std::string_view, JsonValue>> members(
      std::string_view accepted = "an object is accepted") const;

  /// "the number 10", "the string \"x\"", "a list", ...
  std::string found() const;
  [[noreturn]] void wrong(std::string_view accepted, std::string_view fix = {}) const;

 private:
  friend class JsonObject;
  friend JsonValue parse_json(std::string_view text, const std::string& file,
                              RepeatedKeys repeated);
  JsonValue(std::shared_ptr<const Json> root, const Json* json, Place place);
  std::string quantity_text(std::string_view accepted) const;

  std::shared_ptr<const Json> root_;
  const Json* json_;
  Place place_;
};

/// An object whose keys have been checked.
class JsonObject {
 public:
  const Place& place() const { return value_.place(); }
  /// The member `key`; an error where it is missing.
  JsonValue operator[](std::string_view key) const;
  /// The member `key`, or nothing where it is missing (null counts as a value).
  std::optional<JsonValue> find(std::string_view key) const { return value_.find(key); }

 private:
  friend class JsonValue;
  explicit JsonObject(JsonValue value) : value_(std::move(value)) {}
  JsonValue value_;
};

/// What to do with a key that stands twice in an object: files of ours have none; programs that
/// write JSON without care repeat some. Of keys that are kept find() takes the first.
enum class RepeatedKeys { refused, kept };
/// Parses JSON text; `file` is named in errors. Broken JSON is an error with line and column.
JsonValue parse_json(std::string_view text, const std::string& file,
                     RepeatedKeys repeated = RepeatedKeys::refused);
/// Reads and parses a file.
JsonValue load_json(const std::filesystem::path& path);

}  // namespace ringsim
