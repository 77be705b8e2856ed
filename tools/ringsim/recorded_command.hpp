#pragma once
// The command that made a result, read back (provenance.command of summary.json).
#include "sim/run/run_options.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

/// A command as the program wrote it down for provenance.
class RecordedCommand {
 public:
  explicit RecordedCommand(std::string_view text);

  /// What it gives option `name`; nothing where it does not.
  std::optional<std::string> value_of(std::string_view name) const;
  /// The options of a run, but for the seed, which may be a list; nothing where the command is no
  /// run of this version's.
  std::optional<RunOptions> run_options() const;
  /// The command of a run without its seed and the folder that it wrote, which tell apart what is
  /// the same otherwise; nothing where it is no run.
  std::optional<std::string> without_seed() const;

 private:
  bool is_run() const { return words_.size() >= 2 && words_[1] == "run"; }

  std::vector<std::string> words_;
  std::vector<std::pair<std::string, std::string>> values_;  ///< "density", "1/64"
};

}  // namespace ringsim
