#pragma once
// The options of schemes. A scheme declares its own beside its definition; what several schemes
// take is declared in models/schemes/shared_options.cpp.
#include "base/option_limits.hpp"
#include "base/rank.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Where what a run exchanges may come from, as bits: an option has no effect elsewhere.
enum Origins : unsigned {
  from_training = 1,
  from_model = 2,  ///< drawn for the layers of a model (`source` synthetic)
  from_bytes = 4,  ///< drawn for so many values (`bytes`)
  from_trace = 8,
  from_all_but_traces = 7,
  from_anywhere = 15,
};

struct SchemeOptionFacts {
  Affects affects = Affects::learning;
  std::string_view group = "scheme";  ///< of the help
  /// What a trace holds was selected already; how it is sent can still be chosen.
  unsigned origins = from_all_but_traces;
  /// It says what is kept of the layers that are pruned, and how their masks travel: without such a
  /// layer it has no effect.
  bool of_pruned_layers = false;
};

/// An option that some schemes take. Each stands once, and a scheme lists those that it takes.
struct SchemeOption : OptionText, SchemeOptionFacts {};

/// What a scheme is made with: the settings of the run that all schemes share, and the values of
/// the options that were given.
struct SchemeOptions {
  Rank ranks = 2;
  std::uint64_t seed = 1;
  std::uint32_t bucket = 0;  ///< that the scheme works on
  std::uint64_t steps_per_epoch = 1;
  double momentum = 0;
  std::map<std::string_view, OptionValue> given = {};  ///< by the option's name

  /// Sets an option from text. Throws UserError at the option where the limits do not hold.
  SchemeOptions& set(const SchemeOption& option, std::string_view text) {
    given.insert_or_assign(option.name, parse_value(option.limits, text, option.name));
    return *this;
  }
  bool has(const SchemeOption& option) const { return given.contains(option.name); }
  /// The value that was given, if one was.
  template <class T>
  std::optional<T> find(const SchemeOption& option) const {
    const auto value = given.find(option.name);
    return value == given.end() ? std::nullopt : std::optional(value_as<T>(value->second));
  }
  /// The value that was given, or the option's default value.
  template <class T>
  T get(const SchemeOption& option) const {
    const auto value = given.find(option.name);
    return value_as<T>(value != given.end()
                           ? value->second
                           : parse_value(option.limits, option.default_value, option.name));
  }

  /// Stands for the step where random numbers are drawn that are to differ from bucket to bucket.
  std::uint64_t draw_of(std::uint64_t step) const { return step | std::uint64_t{bucket} << 40; }
};

/// The options of all schemes, each once, in an order in which those of every scheme stand
/// together.
std::span<const SchemeOption* const> scheme_options();
/// The option of this name, which there has to be.
const SchemeOption& scheme_option(std::string_view name);

}  // namespace ringsim
