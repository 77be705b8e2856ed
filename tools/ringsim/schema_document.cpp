#include "tools/ringsim/schema_document.hpp"

#include "base/json_writer.hpp"
#include "sim/run/run_options.hpp"
#include "tools/ringsim/output_document.hpp"

#include <utility>
#include <variant>

namespace ringsim {
namespace {

/// Null where there is none.
Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

Json list_of(const std::vector<std::string>& words) {
  return Json::Array(words.begin(), words.end());
}

std::string_view type_of(const Limits& limits) {
  if (std::holds_alternative<WholeNumber>(limits)) return "whole number";
  if (std::holds_alternative<Number>(limits)) return "number";
  if (std::holds_alternative<OnOff>(limits)) return "on or off";
  return std::holds_alternative<WithUnit>(limits) ? "quantity" : "text";
}

std::string_view text_of(Affects affects) {
  switch (affects) {
    case Affects::learning:
      return "learning";
    case Affects::timing:
      return "timing";
    case Affects::both:
      break;
  }
  return "both";
}

std::string_view text_of(FieldType type) {
  switch (type) {
    case FieldType::text:
      return "text";
    case FieldType::whole_number:
      return "whole number";
    case FieldType::number:
      return "number";
    case FieldType::yes_or_no:
      return "yes or no";
    case FieldType::whole_numbers:
      return "whole numbers";
    case FieldType::object:
      return "object";
    case FieldType::objects:
      break;
  }
  return "objects";
}

Json json_of(const RunOption& option) {
  return Json::Object{{"name", option.name},
                      {"group", option.group},
                      {"value", option.value},
                      {"meaning", option.meaning},
                      {"accepted", limit_text(option.limits)},
                      {"type", type_of(option.limits)},
                      {"words", list_of(words_of(option.limits))},
                      {"default", text_or_null(default_of(option))},
                      {"needs", text_or_null(needs_of(option))},
                      {"affects", text_of(option.affects)}};
}

Json json_of(const FieldText& field) {
  return Json::Object{{"name", field.name},
                      {"unit", text_or_null(field.unit)},
                      {"meaning", field.meaning},
                      {"type", text_of(field.type)},
                      {"may_be_absent", field.may_be_absent}};
}

Json json_of(const OutputFile& file) {
  Json::Array fields;
  for (const auto& field : file.fields) fields.push_back(json_of(field));
  return Json::Object{{"name", file.heading.name},
                      {"one_row_per", file.heading.one_row_per},
                      {"written_by", file.heading.written_by},
                      {"contents", file.heading.contents},
                      {"fields", std::move(fields)}};
}

}  // namespace

std::string schema_document() {
  Json::Array options, files;
  for (const auto& option : run_options()) options.push_back(json_of(option));
  for (const auto& file : output_files()) files.push_back(json_of(file));
  return to_text(Json::Object{
      {"version", RINGSIM_VERSION}, {"options", std::move(options)}, {"files", std::move(files)}});
}

}  // namespace ringsim
