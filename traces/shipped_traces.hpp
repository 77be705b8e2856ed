#pragma once
// The traces of trainings that ship with the program (captured/).
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct ShippedTrace {
  std::string name;
  std::filesystem::path folder;
};

/// By name: from RINGSIM_DATA where it is set, else installed with the program, else from the
/// source tree.
std::vector<ShippedTrace> shipped_traces();

/// The folder of the trace that `--source trace:WHAT` names: a folder (a name with "/", or one that
/// is there), or a shipped trace. Throws UserError at "source" where it is neither.
std::filesystem::path trace_folder(std::string_view what);

}  // namespace ringsim
