#pragma once
// The values that one option takes in a scan: "dense,iwp", "8..64*2", "1Gbps..100Gbps*10".
//
// A text is a list of items between commas (a comma within a value is written "\,"). An item is a
// range, where what stands before its first ".." is a number with or without a unit, or else a
// value as it is: "../mine.json" is a value.
//
//   FIRST..LAST         whole numbers, one by one
//   FIRST..LAST+STEP    FIRST, FIRST+STEP, ..., up to LAST; a negative STEP leads downwards
//   FIRST..LAST*FACTOR  FIRST, FIRST*FACTOR, ..., up to LAST; a FACTOR below 1 leads downwards
//
// Numbers may be fractions ("1/2..1/64*1/2"). FIRST, LAST and STEP carry units of one kind, which
// the values then have from FIRST; a FACTOR has none. LAST is among the values where a step meets
// it (but for rounding).
#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct ValueRange {
  enum class By { sum, product };
  struct Step {
    By by;
    double amount;  ///< in the range's unit, or a factor
  };
  double first, last;
  std::string unit;  ///< empty: plain numbers
  std::optional<Step> step;
};

/// The items of a list. Throws UserError at `place` where one is empty.
std::vector<std::string> split_list(std::string_view text, const Place& place);

/// An item of a list as a range, or nothing where it is a value. Throws UserError at `place` where
/// it begins as a range and is none.
std::optional<ValueRange> parse_range(std::string_view item, const Place& place);

/// The values of a range. Throws UserError at `place` where its step does not lead from its first
/// value to its last one, or there are more than a million.
std::vector<std::string> values_of(const ValueRange& range, std::string_view item,
                                   const Place& place);

/// All values of one item, or of all items of a text. Throws UserError at `place`, also where a
/// value comes twice.
std::vector<std::string> expand_item(std::string_view item, const Place& place);
std::vector<std::string> expand_values(std::string_view text, const Place& place);

/// "8", "0.3", "12.5Gbps": 12 significant digits at most, all of them of a whole number.
std::string value_text(double number, std::string_view unit);

}  // namespace ringsim
