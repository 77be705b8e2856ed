#include "base/option_limits.hpp"

#include "base/option_names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view text,
                         const std::string& accepted) {
  throw UserError(option_place(name), fmt::format("found \"{}\"", text), accepted);
}

std::string one_of(std::string_view text, std::string_view name,
                   const std::vector<std::string>& words) {
  if (std::ranges::find(words, text) != words.end()) return std::string(text);
  throw UserError(option_place(name),
                  fmt::format("found \"{}\"{}", text, did_you_mean(text, words)),
                  "accepted: " + join(words, ", "));
}

const std::vector<std::string>& on_and_off() {
  static const std::vector<std::string> words = {"on", "off"};
  return words;
}

std::string range_of(const Number& number) {
  if (number.above_minimum)
    return fmt::format("a number above {} and at most {}", number.minimum, number.maximum);
  if (number.below_maximum)
    return fmt::format("a number from {} and below {}", number.minimum, number.maximum);
  return fmt::format("a number from {} to {}", number.minimum, number.maximum);
}

struct Parser {
  std::string_view text, name;

  OptionValue operator()(const WholeNumber& whole) const {
    const auto value = parse_whole_number(text);
    if (!value || *value < whole.minimum || *value > whole.maximum) {
      refuse(name, text,
             fmt::format("a whole number from {} to {} is accepted", whole.minimum, whole.maximum));
    }
    return *value;
  }
  OptionValue operator()(const Number& number) const {
    const auto value = parse_number_or_fraction(text);
    const bool is_within = value && *value >= number.minimum && *value <= number.maximum &&
                           !(number.above_minimum && *value == number.minimum) &&
                           !(number.below_maximum && *value == number.maximum);
    if (!is_within) {
      refuse(
          name, text,
          range_of(number) + (number.above_minimum ? " such as 0.01 or 1/64 is accepted"
                                                   : ", or a fraction such as 1/64, is accepted"));
    }
    return *value;
  }
  OptionValue operator()(const OnOff&) const { return one_of(text, name, on_and_off()) == "on"; }
  OptionValue operator()(const OneOf& one) const { return one_of(text, name, one.words()); }
  OptionValue operator()(const WithUnit& measure) const {
    const Place place = option_place(name);
    switch (measure.kind) {
      case WithUnit::Kind::seconds:
        return parse_seconds(text, place);
      case WithUnit::Kind::bytes_per_second:
        return parse_bandwidth(text, place);
      case WithUnit::Kind::flop_per_second:
        return parse_flop_rate(text, place);
      case WithUnit::Kind::bytes:
        break;
    }
    const Bytes bytes = parse_bytes(text, place);
    if (measure.above_zero && bytes.count == 0)
      refuse(name, text, limit_text(measure) + " is accepted");
    return bytes;
  }
  OptionValue operator()(const NameOf& registered) const {
    registered.find(text);
    return std::string(text);
  }
  OptionValue operator()(const Custom& custom) const {
    if (custom.check != nullptr) custom.check(text);
    return std::string(text);
  }
};

struct Describer {
  std::string operator()(const WholeNumber& whole) const {
    if (whole.maximum != any_number)
      return fmt::format("a whole number from {} to {}", whole.minimum, whole.maximum);
    return whole.minimum == 0 ? std::string("a whole number")
                              : fmt::format("a whole number from {} on", whole.minimum);
  }
  std::string operator()(const Number& number) const { return range_of(number); }
  std::string operator()(const OnOff&) const { return either(on_and_off()); }
  std::string operator()(const OneOf& one) const { return either(one.words()); }
  std::string operator()(const WithUnit& measure) const {
    switch (measure.kind) {
      case WithUnit::Kind::seconds:
        return "a time such as 20us";
      case WithUnit::Kind::bytes_per_second:
        return "a rate such as 10Gbps or 900GBps";
      case WithUnit::Kind::flop_per_second:
        return "a speed such as 9TFLOPS";
      case WithUnit::Kind::bytes:
        break;
    }
    return measure.above_zero ? "a size above zero such as 512KiB" : "a size such as 512KiB";
  }
  std::string operator()(const NameOf& registered) const { return either(registered.names()); }
  std::string operator()(const Custom& custom) const { return custom.accepted(); }
};

}  // namespace

OptionValue parse_value(const Limits& limits, std::string_view text, std::string_view name) {
  return std::visit(Parser{text, name}, limits);
}

std::string limit_text(const Limits& limits) { return std::visit(Describer{}, limits); }

std::vector<std::string> words_of(const Limits& limits) {
  if (const auto* one = std::get_if<OneOf>(&limits)) return one->words();
  if (const auto* registered = std::get_if<NameOf>(&limits)) return registered->names();
  if (std::holds_alternative<OnOff>(limits)) return on_and_off();
  const auto* custom = std::get_if<Custom>(&limits);
  return custom != nullptr && custom->words != nullptr ? custom->words()
                                                       : std::vector<std::string>{};
}

std::string either(std::span<const std::string> words) {
  if (words.size() < 2) return words.empty() ? std::string() : words.front();
  return join(words.first(words.size() - 1), ", ") + " or " + words.back();
}

std::string default_of(const OptionText& option) {
  if (option.default_value.empty()) return std::string(option.default_note);
  if (option.default_note.empty()) return std::string(option.default_value);
  return fmt::format("{} ({})", option.default_value, option.default_note);
}

std::string help_of(const OptionText& option) {
  std::string text(option.meaning);
  // "on|off" stands beside the name already, and names that are registered are listed elsewhere.
  const bool is_listed = std::holds_alternative<NameOf>(option.limits) ||
                         join(words_of(option.limits), "|") == option.value;
  if (!is_listed) text += "; " + limit_text(option.limits);
  if (const auto value = default_of(option); !value.empty()) text += "; default " + value;
  return text;
}

}  // namespace ringsim
