#pragma once
// What a file that ringsim writes holds, as text: for `ringsim explain` and the documents.
#include "traces/records/field.hpp"

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ringsim {

/// What the values of a field are.
enum class FieldType { text, whole_number, number, yes_or_no, whole_numbers, object, objects };

/// A column, or a key by its path: "target.steps", and "provenance.inputs[].name" in a list.
struct FieldText {
  std::string name;
  std::string_view unit, meaning;
  FieldType type;
  bool may_be_absent;  ///< an empty cell, or null
};

struct OutputFile {
  FileHeading heading;
  std::vector<FieldText> fields;  ///< in the order of the file
};

/// What a member is itself, and what it holds.
template <class T>
struct Held {
  using Type = T;
  static constexpr std::string_view separator = ".";
  static constexpr bool is_optional = false, is_list = false;
};
template <class T>
struct Held<std::optional<T>> : Held<T> {
  static constexpr bool is_optional = true;
};
template <class T>
struct Held<std::vector<T>> : Held<T> {
  static constexpr std::string_view separator = "[].";
  static constexpr bool is_list = true;
};

template <class Value>
constexpr FieldType field_type() {
  using Inner = typename Held<Value>::Type;
  if constexpr (HasFields<Inner>)
    return Held<Value>::is_list ? FieldType::objects : FieldType::object;
  if constexpr (Held<Value>::is_list) return FieldType::whole_numbers;
  if constexpr (std::same_as<Inner, bool>) return FieldType::yes_or_no;
  if constexpr (std::integral<Inner>) return FieldType::whole_number;
  return std::floating_point<Inner> ? FieldType::number : FieldType::text;
}

template <HasFields T>
void add_field_texts(const std::string& prefix, std::vector<FieldText>& all);

template <HasFields Row, class Value>
void add_field_text(const std::string& prefix, const Field<Value>& field,
                    std::vector<FieldText>& all) {
  using Member = std::remove_cvref_t<std::invoke_result_t<const Value&, const Row&>>;
  using Inner = typename Held<Member>::Type;
  const auto name = prefix + std::string(field.name);
  all.push_back({name, field.unit, field.meaning, field_type<Member>(), Held<Member>::is_optional});
  if constexpr (HasFields<Inner>)
    add_field_texts<Inner>(name + std::string(Held<Member>::separator), all);
}

template <HasFields T>
void add_field_texts(const std::string& prefix, std::vector<FieldText>& all) {
  T::fields([&](const auto&... fields) { (add_field_text<T>(prefix, fields, all), ...); });
}

/// What the records of a file say.
template <HasFile T>
OutputFile describe() {
  OutputFile file{T::file, {}};
  add_field_texts<T>({}, file.fields);
  return file;
}

}  // namespace ringsim
