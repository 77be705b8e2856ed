#pragma once
// What a file that ringsim writes holds, as text: for `ringsim explain` and the documents.
#include "traces/records/field.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// A column, or a key by its path: "target.steps", and "provenance.inputs[].name" in a list.
struct FieldText {
  std::string name;
  std::string_view unit, meaning;
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
};
template <class T>
struct Held<std::optional<T>> : Held<T> {};
template <class T>
struct Held<std::vector<T>> : Held<T> {
  static constexpr std::string_view separator = "[].";
};

template <HasFields T>
void add_field_texts(const std::string& prefix, std::vector<FieldText>& all);

template <class Value>
void add_field_text(const std::string& prefix, const Field<Value>& field,
                    std::vector<FieldText>& all) {
  all.push_back({prefix + std::string(field.name), field.unit, field.meaning});
}
template <class Owner, class Member>
void add_field_text(const std::string& prefix, const Field<Member Owner::*>& field,
                    std::vector<FieldText>& all) {
  const auto name = prefix + std::string(field.name);
  all.push_back({name, field.unit, field.meaning});
  using Inner = typename Held<Member>::Type;
  if constexpr (HasFields<Inner>)
    add_field_texts<Inner>(name + std::string(Held<Member>::separator), all);
}

template <HasFields T>
void add_field_texts(const std::string& prefix, std::vector<FieldText>& all) {
  T::fields([&](const auto&... fields) { (add_field_text(prefix, fields, all), ...); });
}

/// What the records of a file say.
template <HasFile T>
OutputFile describe() {
  OutputFile file{T::file, {}};
  add_field_texts<T>({}, file.fields);
  return file;
}

}  // namespace ringsim
