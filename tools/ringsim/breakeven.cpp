// ringsim breakeven: where two configurations take the same time per step.
#include "sim/scan/breakeven.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "sim/run/assumptions.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/point_runner.hpp"
#include "sim/scan/scan_file.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/crossings.hpp"
#include "tools/ringsim/experiment_options.hpp"
#include "tools/ringsim/progress.hpp"
#include "tools/ringsim/result_table.hpp"
#include "tools/ringsim/verdict.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace ringsim {
namespace {

struct BreakevenCommand {
  std::map<std::string_view, std::string> values;  ///< of run_options(), as typed
  double accuracy = 0.001;
  std::size_t grid = 9;
  ResultFormat format = ResultFormat::table;
  bool quiet = false;
};

[[noreturn]] void wrong_question(std::string_view found) {
  throw UserError({{}, "breakeven"}, found,
                  "lists of two values, one for each configuration, and one range FIRST..LAST are "
                  "accepted",
                  "for example --scheme dense,iwp --bandwidth 1Gbps..100Gbps");
}

struct Question {
  BreakevenRequest request;
  std::string a, b;  ///< "scheme=dense"
};

void add_to(std::string& text, std::string_view name, const std::string& value) {
  text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
}

Question read_question(const CLI::App& app, const BreakevenCommand& command) {
  Question question;
  auto& request = question.request;
  request.both.zip = true;
  for (const auto& option : run_options()) {
    const auto name = fmt::format("--{}", option.name);
    if (app.count(name) == 0) continue;
    const auto items = split_list(command.values.at(option.name), {{}, name});
    const auto range = parse_range(items.front(), {{}, name});
    if (items.size() == 1 && range) {
      if (!request.option.empty())
        wrong_question(fmt::format("found two ranges, of --{} and {}", request.option, name));
      request.option = option.name;
      request.range = *range;
      request.item = items.front();
      continue;
    }
    if (items.size() > 2) wrong_question(fmt::format("found {} values of {}", items.size(), name));
    request.both.options.push_back({option.name, items});
    if (items.size() == 1) continue;
    add_to(question.a, option.name, items.front());
    add_to(question.b, option.name, items.back());
  }
  if (request.option.empty()) wrong_question("found no range");
  if (question.a.empty()) wrong_question("found no list of two values");
  if (question.a == question.b) wrong_question("found one configuration twice");
  return question;
}

/// What both configurations assumed, at the first value of the option.
std::vector<std::string> assumed_by(const Question& question, const Breakeven& result) {
  auto at_first = question.request.both;
  at_first.options.push_back({question.request.option, {result.grid.front().value}});
  const PointSet points(at_first);
  std::vector<std::string> assumed;
  for (std::size_t point = 0; point < points.size(); ++point)
    add_once(assumed, assumptions(options_of(points.assignments(point))));
  return assumed;
}

/// Two columns, where it is known of one value at least.
void add_headroom(TableRows& rows, const std::string& name, const std::vector<Comparison>& grid,
                  HeadroomSeconds Comparison::*headroom) {
  if (std::ranges::none_of(grid, [&](const Comparison& at) { return has_any(at.*headroom); }))
    return;
  auto headings = headroom_headings();
  headings.front().insert(0, name + ": ");
  append_cells(rows[0], headings);
  for (std::size_t i = 0; i < grid.size(); ++i)
    append_cells(rows[i + 1], headroom_cells(grid[i].*headroom));
}

void print_table(const Question& question, const Breakeven& result, ResultFormat format) {
  const Compared compared{std::string(question.request.option), question.a, question.b};
  TableRows rows = {{compared.option, question.a, question.b, "faster"}};
  for (const auto& at : result.grid) {
    rows.push_back({rounded(at.value), ringsim::format(Seconds{at.a}),
                    ringsim::format(Seconds{at.b}), faster(compared, at)});
  }
  add_headroom(rows, question.a, result.grid, &Comparison::headroom_a);
  add_headroom(rows, question.b, result.grid, &Comparison::headroom_b);
  auto verdict = breakeven_verdict(compared, result);
  verdict.assumed = assumed_by(question, result);
  const auto lines =
      format == ResultFormat::full ? crossing_lines(compared, result) : near_lines(result);
  fmt::print("time per step\n{}{}", format == ResultFormat::markdown ? "\n" : "",
             result_text(rows, lines, verdict, format));
}

void print_csv(const Breakeven& result) {
  fmt::print("{}", csv_line(std::vector<std::string>{"low", "high", "width", "low_a_s", "low_b_s",
                                                     "high_a_s", "high_b_s"}));
  const auto number = [](double value) { return fmt::format("{}", value); };
  for (const auto& [low, high, width] : result.crossings) {
    fmt::print("{}", csv_line(std::vector<std::string>{
                         low.value, high.value, width ? number(*width) : "", number(low.a),
                         number(low.b), number(high.a), number(high.b)}));
  }
}

Json json_of(const Comparison& at) {
  return Json::Object{{"value", at.value},
                      {"a_s", at.a},
                      {"b_s", at.b},
                      {"a_basis", to_json(at.basis_a)},
                      {"b_basis", to_json(at.basis_b)},
                      {"a_headroom_seconds", to_json(at.headroom_a)},
                      {"b_headroom_seconds", to_json(at.headroom_b)}};
}

void print_json(const Question& question, const Breakeven& result) {
  Json::Array crossings, grid;
  for (const auto& [low, high, width] : result.crossings) {
    crossings.emplace_back(
        Json::Object{{"low", json_of(low)}, {"high", json_of(high)}, {"width", width}});
  }
  for (const auto& at : result.grid) grid.push_back(json_of(at));
  fmt::print("{}", to_text(Json::Object{{"option", question.request.option},
                                        {"a", question.a},
                                        {"b", question.b},
                                        {"a_compress_basis", result.compress_basis_a},
                                        {"b_compress_basis", result.compress_basis_b},
                                        {"crossings", Json(std::move(crossings))},
                                        {"grid", Json(std::move(grid))}}));
}

int execute(const CLI::App& app, const BreakevenCommand& command) {
  const auto question = read_question(app, command);
  if (app.count("--within") > 0 && question.request.range.step) {
    throw UserError(
        {{}, "--within"},
        fmt::format("has no effect with the listed values of \"{}\"", question.request.item), {},
        "leave it out, or give the range without a step");
  }
  const auto result = run_breakeven(question.request, command.grid, command.accuracy);
  Progress(command.quiet).line(fmt::format("compared {} with {}", question.a, question.b));
  if (command.format == ResultFormat::csv) {
    print_csv(result);
  } else if (command.format == ResultFormat::json) {
    print_json(question, result);
  } else {
    print_table(question, result, command.format);
  }
  return 0;
}

std::function<int()> add_breakeven(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<BreakevenCommand>();
  for (const auto& option : run_options())
    add_run_option(app, option, command->values[option.name]);
  app.add_option("--within", command->accuracy,
                 "relative width of the bracket at which bisection ends; default 0.001")
      ->type_name("X")
      ->check([](const std::string& text) {
        const auto value = parse_number_or_fraction(text);
        constexpr double least = 1e-12;
        return value && *value >= least && *value <= 1
                   ? std::string()
                   : fmt::format("found \"{}\"; a number from 1e-12 to 1 is accepted", text);
      })
      ->group("breakeven");
  app.add_option(
         "--grid", command->grid,
         "values at which both are compared before bisection, the ends among them; default 9")
      ->type_name("N")
      ->check(CLI::Range(2, 100000))
      ->group("breakeven");
  add_result_format_option(app, command->format);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command] { return execute(app, *command); };
}

}  // namespace

extern const CommandDefinition breakeven_command;
const CommandDefinition breakeven_command = {
    "breakeven", "where two configurations take the same time per step", add_breakeven};

}  // namespace ringsim
