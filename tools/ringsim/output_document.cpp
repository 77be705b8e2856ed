#include "tools/ringsim/output_document.hpp"

#include "tools/ringsim/calibration_output.hpp"
#include "tools/ringsim/scan_output.hpp"
#include "tools/ringsim/wrapped_text.hpp"
#include "traces/records.hpp"
#include "traces/records/trace_layers.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

constexpr std::size_t page_width = 120;

constexpr std::string_view introduction =
    "`ringsim run -o DIR` writes a folder of results. This page says what is in it (but for "
    "`timeline.json`: [report.md](report.md)), and what `scan`, `prune` and `calibrate` write. It "
    "is made by `ringsim explain --document output`; "
    "`ringsim explain NAME` says what a column or key means. [method.md](method.md) has the method "
    "behind the figures.";

constexpr std::string_view conventions =
    "CSV files follow RFC 4180 and begin with a header. Units stand in the names of columns and in "
    "brackets below: `s` seconds, `1` a number without a unit (a share of 0.25 is a quarter), `x` "
    "how many times less, `nats` the unit of a loss with the natural logarithm. Steps, ranks, "
    "buckets, rounds and points are numbered from 0. A figure that is absent is an empty cell in "
    "CSV and null in JSON, never 0. Numbers have the fewest digits that read back equal.";

std::string rows_of(const FileHeading& heading) {
  if (heading.name.ends_with(".json")) return "A JSON object; keys are named by their paths";
  return fmt::format("One row per {}", heading.one_row_per);
}

std::string section(const OutputFile& file) {
  const auto& heading = file.heading;
  auto text = fmt::format("\n## `{}`\n\n", heading.name);
  text += wrapped(fmt::format("Written by {}. {}.", heading.written_by, rows_of(heading)), "", 0,
                  page_width);
  text += '\n';
  for (const auto& field : file.fields) {
    const auto unit = field.unit.empty() ? std::string() : fmt::format(" [{}]", field.unit);
    text +=
        wrapped(fmt::format("`{}`{}: {}", field.name, unit, field.meaning), "- ", 2, page_width);
  }
  return text;
}

}  // namespace

const std::vector<OutputFile>& output_files() {
  static const std::vector<OutputFile> all = {
      describe<Summary>(),       describe<StepRow>(),
      describe<LayerRow>(),      describe<LinkRow>(),
      describe<StalenessRow>(),  describe<TransferRow>(),
      describe<FaultRow>(),      scan_file(),
      describe<TraceLayerRow>(), describe<CalibrationPointRow>()};
  return all;
}

std::string files_table() {
  std::string text =
      "| file | one row per | written by | what it says |\n| --- | --- | --- | --- |\n";
  for (const auto& file : output_files()) {
    const auto& heading = file.heading;
    text += fmt::format("| `{}` | {} | {} | {} |\n", heading.name, heading.one_row_per,
                        heading.written_by, heading.contents);
  }
  return text;
}

std::string output_document() {
  std::string text = "# The files that ringsim writes\n\n";
  text += wrapped(introduction, "", 0, page_width) + '\n' +
          wrapped(conventions, "", 0, page_width) + '\n';
  text += files_table();
  for (const auto& file : output_files()) text += section(file);
  return text;
}

std::string_view unit_text(std::string_view unit) {
  if (unit == "s") return "seconds";
  if (unit == "1") return "a number without a unit";
  if (unit == "x") return "how many times less";
  return unit;
}

}  // namespace ringsim
