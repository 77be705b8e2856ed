#pragma once
// SimGrid allows one run per process: a test that needs more calls one child for each.
#include "base/child_process.hpp"

#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ringsim::test {

/// What a child process computed: numbers, or the message of what it threw.
struct ChildResult {
  std::vector<double> values;
  std::string error;
};

inline ChildResult run_child(const std::function<std::vector<double>()>& compute) {
  const auto output = call_in_child([&] {
    const auto values = compute();
    return std::string(reinterpret_cast<const char*>(values.data()),
                       values.size() * sizeof(double));
  });
  if (output.signal) throw std::runtime_error("the child process crashed");
  ChildResult result;
  if (output.failed) {
    result.error = output.text;
  } else if (!output.text.empty()) {
    result.values.resize(output.text.size() / sizeof(double));
    std::memcpy(result.values.data(), output.text.data(), output.text.size());
  }
  return result;
}

}  // namespace ringsim::test
