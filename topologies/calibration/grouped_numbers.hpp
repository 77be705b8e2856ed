#pragma once
// Numbers whose digits people or their tools put in groups of three.
#include <string>
#include <string_view>

namespace ringsim::calibration {

/// "1,048,576" and "1.048.576" as "1048576": a size or a count, which has no fraction. Another word
/// as it is.
std::string whole_of(std::string_view word);

/// "1,234.5" as "1234.5". Another word as it is: "12,345" may be either number, and is none.
std::string decimal_of(std::string_view word);

}  // namespace ringsim::calibration
