#pragma once
// A JSON value, as read (json_reader.hpp) and as written (json_writer.hpp). Members keep their
// order.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ringsim {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string,
                             Array, Object>;

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value) : value_(value) {}
  Json(std::uint32_t value) : value_(std::uint64_t{value}) {}
  Json(double value) : value_(value) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(Array elements) : value_(std::move(elements)) {}
  Json(Object members) : value_(std::move(members)) {}
  /// An absent value is null.
  template <class T>
  Json(const std::optional<T>& value) : value_(value ? Json(*value).value_ : Value(nullptr)) {}

  const Value& value() const { return value_; }
  Value& value() { return value_; }

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value_);
  }

 private:
  Value value_;
};

}  // namespace ringsim
