#include "tools/ringsim/scan_request.hpp"

#include "sim/run/run_options.hpp"
#include "sim/scan/scan_file.hpp"
#include "sim/scan/values.hpp"
#include "tools/ringsim/experiment_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

void add_listed_options(CLI::App& app, ListedOptions& options) {
  for (const auto& option : run_options()) add_run_option(app, option, options.values[option.name]);
  app.add_option("--scan-file", options.file,
                 "JSON object of the same options; those on the command line go before it")
      ->type_name("FILE")
      ->group("scan");
  app.footer(
      "Options of the groups network to staleness take a list (dense,iwp) or a range (1..5, "
      "0..8+2, "
      "8..64*2,\n1Gbps..100Gbps*10).");
}

ScanRequest parse_listed_options(const CLI::App& app, const ListedOptions& options) {
  const auto file = options.file.empty() ? ScanRequest{} : read_scan_file(options.file);
  ScanRequest request{{}, file.zip, file.points_file};
  for (const auto& option : run_options()) {
    const auto name = fmt::format("--{}", option.name);
    if (app.count(name) > 0) {
      request.options.push_back(
          {option.name, expand_values(options.values.at(option.name), {{}, name})});
      continue;
    }
    const auto in_file = std::ranges::find(file.options, option.name, &ScanRequest::Option::name);
    if (in_file != file.options.end()) request.options.push_back(*in_file);
  }
  return request;
}

}  // namespace ringsim
