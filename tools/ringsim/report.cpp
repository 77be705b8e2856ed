// ringsim report: result folders -> one page that opens without a network.
#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/gzip.hpp"
#include "base/json_writer.hpp"
#include "base/shipped_folder.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/report_data.hpp"
#include "tools/ringsim/standard_streams.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view place_of_results = "@RESULTS@";

struct ReportCommand {
  std::vector<std::string> folders;
  std::string output;
};

/// Where the page without results is, as tools/report makes it.
fs::path page_file() {
  return shipped_folder("report", RINGSIM_REPORT_FROM_PROGRAM, RINGSIM_BUILT_REPORT,
                        RINGSIM_INSTALLED_REPORT) /
         "page.html";
}

std::string empty_page() {
  const auto path = page_file();
  if (!fs::exists(path)) {
    throw UserError({path.string(), {}}, "the page of reports has not been built", {},
                    "tools/install page, then build the target report_page; it needs node and npm");
  }
  return read_file(path);
}

int execute(const ReportCommand& command) {
  std::string page = empty_page();
  const auto at = page.find(place_of_results);
  if (at == std::string::npos)
    throw UserError({page_file().string(), {}}, "has no place for results", {},
                    "build the target report_page again");
  const auto results = base64(pack_gzip(to_text(report_data(command.folders))));
  page.replace(at, place_of_results.size(), results);
  AtomicFile file(command.output);
  file.write(page);
  file.commit();
  say(fmt::format("the report is in {} ({} kB)\n", command.output, (page.size() + 500) / 1000));
  return 0;
}

std::function<int()> add_report(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<ReportCommand>();
  app.add_option("DIR", command->folders,
                 "result folders of run -o, of which the first is what the others are held "
                 "against, or one of scan -o")
      ->required()
      ->type_name("");
  app.add_option("-o,--output", command->output, "the page (HTML)")->required()->type_name("FILE");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition report_command;
const CommandDefinition report_command = {"report", "result folders -> one HTML page", add_report};

}  // namespace ringsim
