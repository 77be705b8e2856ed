#include "tools/ringsim/man_page.hpp"

#include "base/option_names.hpp"
#include "sim/run/run_options.hpp"
#include "tools/ringsim/command.hpp"

#include <fmt/format.h>

#include <string_view>

namespace ringsim {
namespace {

/// Text as troff takes it for itself: hyphens are minus signs, so that options can be copied.
std::string troff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      // A line that begins with a dot or a quote would be a command.
      if (escaped.empty() && (c == '.' || c == '\'')) escaped += "\\&";
      escaped += c;
    }
  }
  return escaped;
}

std::string item(std::string_view heading, std::string_view text) {
  return fmt::format(".TP\n{}\n{}\n", heading, troff(text));
}

std::string option_item(const RunOption& option) {
  std::string text =
      fmt::format("{}. Accepted: {}.", with_dashes(option.meaning), limit_text(option.limits));
  if (const auto value = default_of(option); !value.empty())
    text += fmt::format(" Default: {}.", with_dashes(value));
  if (const auto needs = needs_of(option); !needs.empty())
    text += fmt::format(" Needs {}.", with_dashes(needs));
  return item(fmt::format("\\fB\\-\\-{}\\fR \\fI{}\\fR", troff(option.name), troff(option.value)),
              text);
}

constexpr std::string_view head = R"(.SH NAME
ringsim \- simulator of gradient exchange in distributed training
.SH SYNOPSIS
.B ringsim
.I COMMAND
.RI [ OPTION ]...
.SH DESCRIPTION
Does pruning gradients pay on a cluster, in seconds, in bytes, in accuracy?
.B ringsim
trains real networks over simulated GPUs, prunes their gradients, and simulates what exchanging them takes on a network
whose links are written down. Quantities carry their unit, such as 10Gbps, 25MiB or 5us.
.SH COMMANDS
.B ringsim
.I COMMAND
.B \-\-help
lists the options of a command.
)";

constexpr std::string_view tail = R"(.SH EXIT STATUS
0 where it is done, 1 where the run failed, 2 where the input is wrong; 130 after Ctrl\-C and 143 after SIGTERM.
.SH ENVIRONMENT
.TP
.B RINGSIM_THREADS
How many threads compute; one per core without.
.TP
.B RINGSIM_DATASETS
A folder with the data set fashion\-mnist in it, where that is not in /usr/share/datasets.
.TP
.B RINGSIM_DATA
A folder with topologies, models, profiles, gpus and traces, in place of those that are installed.
.SH SEE ALSO
.BR ringsim\-plot (1)
)";

}  // namespace

std::string man_page() {
  std::string page =
      fmt::format(".TH RINGSIM 1 \"\" \"ringsim {}\" \"User Commands\"\n{}", RINGSIM_VERSION, head);
  for (const auto* command : commands())
    page += item(fmt::format("\\fB{}\\fR", command->name), command->description);
  page +=
      ".SH OPTIONS OF EXPERIMENTS\n"
      "run, scan, breakeven and optimize take these, prune some of them.\n";
  std::string_view group;
  for (const auto& option : run_options()) {
    if (option.group != group) {
      group = option.group;
      page += fmt::format(".SS {}\n", group);
    }
    page += option_item(option);
  }
  return page.append(tail);
}

}  // namespace ringsim
