#pragma once
// What `ringsim breakeven` says of where two configurations take the same time.
#include "sim/scan/breakeven.hpp"
#include "tools/ringsim/verdict.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct Compared {
  std::string option;  ///< that is searched
  std::string a, b;    ///< "scheme=dense"
};

/// A value with at most 5 digits that count: "42.295Gbps".
std::string rounded(const std::string& value);

/// The configuration that is faster, or "neither".
std::string faster(const Compared& compared, const Comparison& at);

/// Lines that say from where to where the two hardly differ.
std::vector<std::string> near_lines(const Breakeven& result);

/// Lines that say where they are equal and who is faster beside it, how steep both are there, and
/// from where to where they hardly differ.
std::vector<std::string> crossing_lines(const Compared& compared, const Breakeven& result);

/// Who is faster where and by how much, what binds, how long that holds, and what it costs. Without
/// what was assumed.
Verdict breakeven_verdict(const Compared& compared, const Breakeven& result);

}  // namespace ringsim
