#include "tools/ringsim/seeds.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/number_range.hpp"
#include "base/option_names.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/result_table.hpp"
#include "tools/ringsim/seed_means.hpp"
#include "tools/ringsim/verdict.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

namespace ringsim {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void wrong_seeds(std::string_view text) {
  throw UserError({{}, "--seed"}, fmt::format("found \"{}\"", text),
                  "a whole number, a list such as 1,2,7 or a range such as 1..5 (at most 1000 "
                  "seeds, each once) is accepted");
}

/// Mean and spread over the runs that have the figure; nothing where none has.
std::optional<MeanOfSeeds> figures_of(const Metric& metric,
                                      const std::vector<SeededSummary>& runs) {
  std::vector<double> values;
  for (const auto& run : runs) {
    if (const auto value = metric.value(run.summary)) values.push_back(*value);
  }
  return mean_of_seeds(values);
}

void print_table(const std::vector<SeededSummary>& runs, ResultFormat format,
                 const std::vector<std::string>& assumed) {
  TableRows rows(1, {""});
  std::vector<const Summary*> summaries;
  for (const auto& run : runs) {
    rows[0].push_back(fmt::format("seed {}", run.seed));
    summaries.push_back(&run.summary);
  }
  rows[0].insert(rows[0].end(), {"mean", "+- (95 %)"});
  for (const auto* metric : table_metrics(format, summaries)) {
    auto& row = rows.emplace_back(1, std::string(metric->label));
    for (const auto* summary : summaries) row.push_back(shown(*metric, *summary));
    const auto figures = metric->text ? std::nullopt : figures_of(*metric, runs);
    row.push_back(figures ? shown(metric->shown, figures->mean) : "");
    row.push_back(figures ? shown(metric->shown, figures->half_width) : "");
  }
  const auto verdict = run_verdict(mean_summary(summaries), assumed, seeds_note(summaries));
  fmt::print("{}", result_text(rows, {}, verdict, format));
}

void print_csv(const std::vector<SeededSummary>& runs) {
  std::vector<std::string> names = {"run"}, mean = {"mean"}, half_width = {"ci95"};
  std::string text;
  for (const auto& metric : metrics()) {
    names.emplace_back(metric.name);
    const auto figures = metric.text ? std::nullopt : figures_of(metric, runs);
    mean.push_back(figures ? fmt::format("{}", figures->mean) : "");
    half_width.push_back(figures ? fmt::format("{}", figures->half_width) : "");
  }
  for (const auto& run : runs) {
    std::vector<std::string> cells = {fmt::format("{}", run.seed)};
    for (const auto& metric : metrics()) cells.push_back(exact(metric, run.summary));
    text += csv_line(cells);
  }
  fmt::print("{}{}{}{}", csv_line(names), text, csv_line(mean), csv_line(half_width));
}

void print_json(const std::vector<SeededSummary>& runs) {
  Json::Array all;
  for (const auto& run : runs)
    all.emplace_back(Json::Object{{"seed", run.seed}, {"summary", to_json(run.summary)}});
  Json::Object mean, half_width;
  for (const auto& metric : metrics()) {
    const auto figures = metric.text ? std::nullopt : figures_of(metric, runs);
    if (!figures) continue;
    mean.emplace_back(std::string(metric.name), figures->mean);
    half_width.emplace_back(std::string(metric.name), figures->half_width);
  }
  fmt::print("{}", to_text(Json(Json::Object{{"runs", Json(std::move(all))},
                                             {"mean", Json(std::move(mean))},
                                             {"ci95", Json(std::move(half_width))}})));
}

}  // namespace

std::optional<std::vector<std::uint64_t>> parse_seeds(std::string_view text) {
  constexpr std::size_t most = 1000;
  if (text.find(',') == std::string_view::npos && !split_range(text)) return std::nullopt;
  const auto ranges = parse_whole_ranges(text);
  if (!ranges) wrong_seeds(text);
  std::vector<std::uint64_t> seeds;
  for (const auto& [first, last] : *ranges) {
    if (last - first >= most) wrong_seeds(text);
    for (std::uint64_t i = 0; i <= last - first; ++i) {
      if (seeds.size() == most || std::ranges::find(seeds, first + i) != seeds.end())
        wrong_seeds(text);
      seeds.push_back(first + i);
    }
  }
  return seeds;
}

fs::path seed_folder(const fs::path& output, std::uint64_t seed) {
  return output / fmt::format("seed-{}", seed);
}

std::vector<SeededSummary> runs_left(const std::vector<std::uint64_t>& seeds,
                                     const fs::path& output, const std::string& command) {
  std::vector<SeededSummary> left;
  for (const std::uint64_t seed : seeds) {
    const auto file = seed_folder(output, seed) / Summary::file.name;
    std::error_code error;
    if (!fs::exists(file, error)) continue;
    auto summary = read_summary(file);
    const auto& made = summary.provenance;
    if (made.command == command && made.version == RINGSIM_VERSION)
      left.push_back({seed, std::move(summary)});
  }
  if (left.size() == seeds.size()) left.clear();
  return left;
}

std::vector<SeededSummary> run_seeds(const std::vector<std::uint64_t>& seeds,
                                     const std::vector<SeededSummary>& there,
                                     const std::function<Summary(std::uint64_t seed)>& run) {
  std::vector<SeededSummary> runs;
  for (const std::uint64_t seed : seeds) {
    const auto found = std::ranges::find(there, seed, &SeededSummary::seed);
    if (found != there.end()) {
      runs.push_back(*found);
      continue;
    }
    const auto what = fmt::format("the run of seed {}", seed);
    const auto output = call_in_child([&] { return to_text(to_json(run(seed))); });
    const auto text = text_or_throw(output, what);
    runs.push_back({seed, parse_summary(text, fmt::format("seed {}", seed))});
  }
  return runs;
}

void check_same_inputs(const std::vector<SeededSummary>& there,
                       const std::vector<SeededSummary>& runs, const fs::path& output) {
  const auto is_there = [&](const SeededSummary& run) {
    return std::ranges::find(there, run.seed, &SeededSummary::seed) != there.end();
  };
  const auto made = std::ranges::find_if_not(runs, is_there);
  if (made == runs.end()) return;
  const auto is_same = [](const Summary::Input& a, const Summary::Input& b) {
    return a.name == b.name && a.sha256 == b.sha256;
  };
  for (const auto& run : there) {
    if (std::ranges::equal(run.summary.provenance.inputs, made->summary.provenance.inputs, is_same))
      continue;
    throw UserError({(seed_folder(output, run.seed) / Summary::file.name).string(), {}},
                    "was made from other input files than the seeds that were missing", {},
                    "remove the folders of all seeds, and run them once more");
  }
}

void print_seeds(const std::vector<SeededSummary>& runs, ResultFormat format,
                 const std::vector<std::string>& assumed) {
  if (format == ResultFormat::json) return print_json(runs);
  if (format == ResultFormat::csv) return print_csv(runs);
  print_table(runs, format, assumed);
}

}  // namespace ringsim
