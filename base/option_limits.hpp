#pragma once
// What an option's value may be. The parser, its error messages, the help, the completion and the
// documentation are made of the same limits.
#include "base/error.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace ringsim {

inline constexpr std::uint64_t any_number = ~std::uint64_t{0};

struct WholeNumber {
  std::uint64_t minimum = 0, maximum = any_number;
};
/// A number or a fraction such as 1/64.
struct Number {
  double minimum, maximum;
  bool above_minimum = false;  ///< the minimum itself is not accepted
  bool below_maximum = false;  ///< nor the maximum
};
struct OnOff {};
struct OneOf {
  std::vector<std::string> (*words)();
};
/// A number with a unit.
struct WithUnit {
  enum class Kind { bytes, seconds, bytes_per_second, flop_per_second };
  Kind kind;
  bool above_zero = false;  ///< of bytes
};
/// The name of something that is registered.
struct NameOf {
  std::vector<std::string> (*names)();
  void (*find)(std::string_view name);  ///< throws UserError where there is no such thing
};
/// Text that something else reads.
struct Custom {
  std::string (*accepted)();                  ///< "ddp or a size above zero such as 8MiB"
  std::vector<std::string> (*words)();        ///< values that are words; null: none
  void (*check)(std::string_view) = nullptr;  ///< throws UserError; null: the option's `set` does
};

using Limits = std::variant<WholeNumber, Number, OnOff, OneOf, WithUnit, NameOf, Custom>;

/// A value within its limits; the alternative depends on the limits alone. Names and texts are
/// strings.
using OptionValue = std::variant<std::uint64_t, double, bool, std::string, Bytes, Seconds,
                                 BytesPerSecond, FlopPerSecond>;

/// Throws UserError at option_place(`name`).
OptionValue parse_value(const Limits& limits, std::string_view text, std::string_view name);

/// What is accepted, for people: "a whole number from 1 to 64", "fp32, fp16 or bf16".
std::string limit_text(const Limits& limits);
/// The words among the values that are accepted.
std::vector<std::string> words_of(const Limits& limits);

/// The value as the type that the limits stand for; whole numbers as any type of whole numbers.
template <class T>
T value_as(const OptionValue& value) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<T>(std::get<std::uint64_t>(value));
  } else {
    return std::get<T>(value);
  }
}

/// "a, b or c".
std::string either(std::span<const std::string> words);

enum class Affects {
  learning,  ///< what is learned and sent
  timing,    ///< only how long it takes; one recording serves all values
  both,
};

/// What every option says of itself. The default is in `default_value` as a user would give it, or
/// in `default_note` where it is no value ("all hosts"); both: the note explains the value.
struct OptionText {
  std::string_view name;     ///< "mask-interval"
  std::string_view value;    ///< what stands for the value in the help: "K"
  std::string_view meaning;  ///< with other options in backquotes (base/option_names.hpp)
  Limits limits;
  std::string_view default_value = {}, default_note = {};
  std::string_view needs = {};  ///< what has to hold for it to have an effect; empty: nothing
};

/// "512 (the paper's)", "all hosts"; empty where there is neither.
std::string default_of(const OptionText& option);
/// Meaning, default and limits, with option names in backquotes.
std::string help_of(const OptionText& option);

}  // namespace ringsim
