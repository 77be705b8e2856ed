#include "traces/shipped_traces.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/shipped_folder.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

namespace fs = std::filesystem;

std::vector<ShippedTrace> shipped_traces() {
  const auto where = shipped_folder("traces", RINGSIM_TRACES_FROM_PROGRAM, RINGSIM_SOURCE_TRACES,
                                    RINGSIM_INSTALLED_TRACES);
  std::vector<ShippedTrace> traces;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(where, error)) {
    if (fs::exists(entry.path() / "trace.json", error))
      traces.push_back({entry.path().filename().string(), entry.path()});
  }
  std::ranges::sort(traces, {}, &ShippedTrace::name);
  return traces;
}

fs::path trace_folder(std::string_view what) {
  std::error_code error;
  if (what.find('/') != std::string_view::npos || fs::is_directory(what, error)) return what;
  std::vector<std::string> names;
  for (const auto& shipped : shipped_traces()) {
    if (shipped.name == what) return shipped.folder;
    names.push_back(shipped.name);
  }
  if (names.empty()) throw nothing_shipped("traces");
  throw UserError(
      option_place("source"),
      fmt::format("unknown trace \"{}\"{}", what, did_you_mean(what, names)),
      fmt::format("accepted: a folder that ringsim prune wrote, or one of {}", join(names, ", ")));
}

}  // namespace ringsim
