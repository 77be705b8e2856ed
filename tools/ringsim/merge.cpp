// ringsim merge: the shards of a scan become one.
#include "sim/scan/merge.hpp"

#include "tools/ringsim/command.hpp"
#include "tools/ringsim/standard_streams.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace ringsim {
namespace {

struct MergeCommand {
  std::vector<std::string> folders;
  std::string output;
};

int execute(const MergeCommand& command) {
  const auto outcome =
      merge_shards({command.folders.begin(), command.folders.end()}, command.output);
  say(fmt::format("{} points of {} shards are in {}/scan.csv\n", outcome.points,
                  command.folders.size(), command.output));
  if (outcome.failed == 0) return 0;
  say(fmt::format("{} of {} points failed; the column error of {}/scan.csv says why\n",
                  outcome.failed, outcome.points, command.output));
  return 1;
}

std::function<int()> add_merge(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<MergeCommand>();
  app.add_option("DIR", command->folders, "folders of all shards (of scan --shard)")
      ->required()
      ->type_name("");
  app.add_option("-o,--output", command->output, "folder for the whole scan; new or empty")
      ->required()
      ->type_name("DIR");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition merge_command;
const CommandDefinition merge_command = {"merge", "shards of a scan -> one", add_merge};

}  // namespace ringsim
