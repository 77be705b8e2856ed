// ringsim calibrate: measured times -> a link's latency and bandwidth.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "tools/ringsim/calibrate_cluster.hpp"
#include "tools/ringsim/calibration_output.hpp"
#include "tools/ringsim/command.hpp"
#include "topologies/calibration/cluster/cluster_file.hpp"
#include "topologies/calibration/link_file.hpp"
#include "topologies/calibration/link_fit.hpp"
#include "topologies/calibration/measured_table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace ringsim {
namespace {

struct CalibrateCommand {
  std::vector<std::string> files;
  std::string file, operation, ranks, gpus_per_node, hosts, latency, holdout = "off", output,
                                                                     points;
  bool in_place = false, force = false, cluster = false;
  Format format = Format::table;
};

/// A fit that errs more is told to the user: times of links are within it.
constexpr double worst_of_links = 0.25;
/// No file is written of a fit that errs more, unless it is forced.
constexpr double worst_written = 0.5;

Place option(const char* name) { return {{}, name}; }

[[noreturn]] void no_effect(const char* name, const Calibration& result) {
  throw UserError(option(name), fmt::format("has no effect with {}", result.format),
                  "leave it out");
}

std::optional<std::uint32_t> parse_hosts(const std::string& text, const char* name,
                                         std::uint32_t fewest = 2) {
  if (text.empty()) return std::nullopt;
  constexpr std::uint32_t most = 1'048'576;
  const auto value = parse_whole_number(text);
  if (value && *value >= fewest && *value <= most) return static_cast<std::uint32_t>(*value);
  throw UserError(option(name), fmt::format("found \"{}\"", text),
                  fmt::format("a whole number from {} to {} is accepted", fewest, most));
}

/// "all_reduce, 4 ranks (line 12)"
std::string text_of(const MeasuredTable& table) {
  auto text = table.setting.operation.value_or("an unknown operation");
  if (table.setting.ranks) text += fmt::format(", {} ranks", *table.setting.ranks);
  if (table.setting.nodes.value_or(1) > 1) text += fmt::format(", {} nodes", *table.setting.nodes);
  if (table.setting.algorithm) text += fmt::format(", {}", *table.setting.algorithm);
  return text + (table.place.position.empty() ? "" : fmt::format(" ({})", table.place.position));
}

/// The table that `operation` and `ranks` pick. Tables of one setting are repetitions.
MeasuredTable choose_table(const CalibrateCommand& command, std::vector<MeasuredTable> tables) {
  if (tables.size() == 1) return std::move(tables.front());
  const auto ranks = parse_hosts(command.ranks, "--ranks");
  std::optional<MeasuredTable> chosen;
  std::vector<std::string> names;
  bool is_one = true;
  for (auto& table : tables) {
    names.push_back(text_of(table));
    const auto& setting = table.setting;
    if (!command.operation.empty() &&
        setting.operation.value_or(command.operation) != command.operation)
      continue;
    if (ranks && setting.ranks.value_or(*ranks) != *ranks) continue;
    if (!chosen) {
      chosen = std::move(table);
    } else if (chosen->setting == setting && chosen->in_place == table.in_place) {
      chosen->rows.insert(chosen->rows.end(), table.rows.begin(), table.rows.end());
    } else {
      is_one = false;
    }
  }
  if (chosen && is_one) return *std::move(chosen);
  throw UserError({command.file, {}},
                  fmt::format("found {} tables: {}", tables.size(), join(names, "; ")),
                  "one is accepted",
                  "pick it with --operation and --ranks, or fit all together with --cluster");
}

const Operation& choose_operation(const CalibrateCommand& command, const MeasuredTable& table) {
  const auto& named = table.setting.operation;
  if (named) {
    const auto& operation = find_operation(*named, {command.file, {}});
    if (!command.operation.empty() && command.operation != *named) {
      throw UserError(option("--operation"), fmt::format("found \"{}\"", command.operation),
                      fmt::format("{}, as {} says, is accepted", *named, command.file),
                      "leave it out");
    }
    return operation;
  }
  if (!command.operation.empty()) return find_operation(command.operation, option("--operation"));
  if (table.format == "CSV") return find_operation("message", {});
  throw UserError(option("--operation"),
                  fmt::format("is needed, as {} does not say what was measured", command.file),
                  "the name of an operation is accepted", "e.g. --operation all_reduce");
}

std::optional<std::uint32_t> choose_ranks(const CalibrateCommand& command,
                                          const MeasuredTable& table, const Operation& operation) {
  const auto given = parse_hosts(command.ranks, "--ranks");
  const auto& said = table.setting.ranks;
  if (given && said && *given != *said) {
    throw UserError(option("--ranks"), fmt::format("found {}", *given),
                    fmt::format("{}, as {} says, is accepted", *said, command.file),
                    "leave it out");
  }
  const auto ranks = given ? given : said;
  if (ranks || !operation.uses_ranks) return ranks;
  throw UserError(option("--ranks"),
                  fmt::format("is needed, as {} does not say how many ranks took part in the {}",
                              command.file, operation.name),
                  "a number of ranks is accepted", "e.g. --ranks 8");
}

void fit_table(const CalibrateCommand& command, const MeasuredTable& table, Calibration& result) {
  if (!command.latency.empty()) no_effect("--latency", result);
  if (command.in_place && table.format == "CSV") no_effect("--in-place", result);
  const auto& operation = choose_operation(command, table);
  result.operation = operation.name;
  result.in_place = table.in_place;
  result.nodes = table.setting.nodes;
  result.ranks = choose_ranks(command, table, operation);
  result.fitted = observations_of(table.rows, operation, result.ranks.value_or(2));
  if (command.holdout != "off") {
    std::vector<Observation> fitted;
    for (std::size_t i = 0; i < result.fitted.size(); ++i)
      (i % 2 == 0 ? fitted : result.held_out).push_back(result.fitted[i]);
    result.fitted = std::move(fitted);
  }
  result.fit = fit_link(result.fitted, {command.file, {}});
  if (result.fit.error.worst > worst_of_links) {
    result.notes.push_back(
        fmt::format("The worst error is {}: these times follow no link of a latency and a "
                    "bandwidth. Look at them with --points, and fit to the sizes that do.",
                    percent(result.fit.error.worst)));
  }
}

void take_throughput(const CalibrateCommand& command, const MeasuredThroughput& measured,
                     Calibration& result) {
  if (!command.operation.empty()) no_effect("--operation", result);
  if (!command.ranks.empty()) no_effect("--ranks", result);
  if (command.in_place) no_effect("--in-place", result);
  if (command.holdout != "off") no_effect("--holdout", result);
  if (!command.points.empty()) no_effect("--points", result);
  result.operation = "stream";
  for (const auto& note : measured.notes) result.notes.push_back(note);
  Seconds latency;
  if (!command.latency.empty()) {
    latency = parse_seconds(command.latency, option("--latency"));
    result.latency_from = "--latency";
  } else if (measured.round_trip) {
    latency = *measured.round_trip / 2;
    result.latency_from = "half the smallest round trip";
  } else {
    result.latency_from = "nothing: 0 is taken, as the file has no round trip";
  }
  result.fit.pieces.push_back({{{}, latency, measured.bandwidth}, {}});
}

Calibration calibrate(const CalibrateCommand& command) {
  auto measured =
      read_measured(command.file, command.in_place ? BufferUse::in_place : BufferUse::either);
  Calibration result;
  result.file = command.file;
  if (auto* tables = std::get_if<std::vector<MeasuredTable>>(&measured)) {
    const auto table = choose_table(command, std::move(*tables));
    result.format = table.format;
    fit_table(command, table, result);
  } else {
    const auto& throughput = std::get<MeasuredThroughput>(measured);
    result.format = throughput.format;
    take_throughput(command, throughput, result);
  }
  return result;
}

/// What the links were fitted to. A message is between two ranks.
Json calibration_of(const Calibration& result) {
  const auto ranks = result.ranks.value_or(2);
  cluster::Scope scope{{std::string(result.operation)},
                       {ranks},
                       {result.nodes.value_or(1)},
                       result.fitted.front().size,
                       result.fitted.back().size};
  return cluster::calibration_json(scope, result.fit.error, result.notes);
}

std::string topology_text(const CalibrateCommand& command, const Calibration& result) {
  auto hosts = parse_hosts(command.hosts, "--hosts");
  if (!hosts) hosts = result.ranks;
  if (!hosts) {
    throw UserError(option("--hosts"),
                    fmt::format("is needed with -o, as {} does not say how many", command.file),
                    "the number of hosts of the topology is accepted", "e.g. --hosts 8");
  }
  auto description =
      fmt::format("fitted by ringsim calibrate to {} ({})",
                  std::filesystem::path(result.file).filename().string(), source_of(result));
  if (result.fit.error.sizes > 0) {
    description += fmt::format(": median error {}, worst {}", percent(result.fit.error.median),
                               percent(result.fit.error.worst));
  }
  const auto name = std::filesystem::path(command.output).stem().string();
  auto topology = *ring_of(result.fit, *hosts, name, description).get_if<Json::Object>();
  if (!result.fitted.empty()) topology.emplace_back("calibration", calibration_of(result));
  return to_text(topology);
}

void check_output(const std::string& output, const char* name, const std::string& file) {
  if (output.empty() || !is_same_file(output, file)) return;
  throw UserError(option(name), fmt::format("{} is the file that is read", output),
                  "another file is accepted");
}

std::optional<cluster::Group> holdout_of(const CalibrateCommand& command, bool is_cluster) {
  using cluster::Group;
  constexpr std::pair<std::string_view, Group> names[] = {{"on", Group::sizes},
                                                          {"sizes", Group::sizes},
                                                          {"ranks", Group::ranks},
                                                          {"operations", Group::operations},
                                                          {"nodes", Group::nodes}};
  if (command.holdout == "off") return std::nullopt;
  for (const auto& [name, group] : names) {
    if (command.holdout == name && (is_cluster || group == Group::sizes)) return group;
  }
  throw UserError(option("--holdout"), fmt::format("found \"{}\"", command.holdout),
                  is_cluster ? "on, off, sizes, ranks, operations or nodes is accepted"
                             : "on, off or sizes is accepted");
}

/// All tables of all files together.
int execute_cluster(const CalibrateCommand& command) {
  const std::pair<const char*, bool> without_effect[] = {
      {"--operation", !command.operation.empty()},
      {"--ranks", !command.ranks.empty()},
      {"--latency", !command.latency.empty()},
      {"--points", !command.points.empty()}};
  for (const auto& [name, is_given] : without_effect) {
    if (is_given)
      throw UserError(option(name), "has no effect where all tables are fitted", "leave it out");
  }
  if (command.output.empty() && (command.force || !command.hosts.empty())) {
    throw UserError(option(command.force ? "--force" : "--hosts"), "has no effect without -o",
                    "leave it out");
  }
  for (const auto& file : command.files) check_output(command.output, "--output", file);
  calibrate_cluster({.files = command.files,
                     .use = command.in_place ? BufferUse::in_place : BufferUse::either,
                     .gpus_per_node = parse_hosts(command.gpus_per_node, "--gpus-per-node", 1),
                     .holdout = holdout_of(command, true),
                     .output = command.output,
                     .hosts = parse_hosts(command.hosts, "--hosts"),
                     .force = command.force,
                     .format = command.format});
  return 0;
}

int execute_table(const CalibrateCommand& command) {
  holdout_of(command, false);
  if (!command.gpus_per_node.empty())
    throw UserError(option("--gpus-per-node"), "has no effect without --cluster", "leave it out");
  if (!command.hosts.empty() && command.output.empty()) {
    throw UserError(option("--hosts"), "has no effect without -o", "leave it out");
  }
  check_output(command.output, "--output", command.file);
  check_output(command.points, "--points", command.file);
  if (!command.points.empty() && !command.output.empty() &&
      is_same_file(command.points, command.output)) {
    throw UserError(option("--points"),
                    fmt::format("{} is the file of --output too", command.points),
                    "another file is accepted");
  }
  if (command.force && command.output.empty())
    throw UserError(option("--force"), "has no effect without -o", "leave it out");
  const auto result = calibrate(command);
  if (!command.output.empty() && result.fit.error.worst > worst_written && !command.force) {
    throw UserError(
        {command.file, {}},
        fmt::format("the fit errs by {} at worst: these times follow no link",
                    percent(result.fit.error.worst)),
        fmt::format("with -o an error of at most {} is accepted", percent(worst_written)),
        "look at them with --points, or add --force");
  }
  std::vector<AtomicFile> files;
  if (!command.output.empty())
    files.emplace_back(command.output).write(topology_text(command, result));
  if (!command.points.empty()) files.emplace_back(command.points).write(points_csv(result));
  for (auto& file : files) file.commit();
  print(result, command.format);
  for (const auto& note : result.notes) fmt::print(stderr, "warning: {}: {}\n", result.file, note);
  return 0;
}

std::function<int()> add_calibrate(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<CalibrateCommand>();
  app.add_option("FILE", command->files,
                 "table of nccl-tests (text, or JSON of -J), JSON of iperf3 -J, or CSV with the "
                 "columns bytes and seconds; several: as --cluster")
      ->required()
      ->type_name("");
  app.add_option("--operation", command->operation,
                 "what was measured, where FILE does not say: message (default for CSV), "
                 "sendrecv, reduce_scatter, all_gather, all_reduce, broadcast, reduce, alltoall, "
                 "scatter, gather")
      ->type_name("NAME");
  app.add_option("--ranks", command->ranks, "ranks that took part, where FILE does not say")
      ->type_name("N");
  app.add_flag("--in-place", command->in_place,
               "read nccl-tests' in-place columns instead of the out-of-place ones");
  app.add_option("--latency", command->latency,
                 "for iperf3, which does not measure it; default: half the smallest round trip")
      ->type_name("Q");
  app.add_option("--holdout", command->holdout,
                 "on, or sizes: fit to every other size, test on the rest; with --cluster ranks, "
                 "operations or nodes, too: fit without each group, test on it; default off")
      ->type_name("on|off|...");
  app.add_flag("--cluster", command->cluster,
               "fit all tables of all files together to a model of NCCL's collectives");
  app.add_option("--gpus-per-node", command->gpus_per_node,
                 "for --cluster, where a table does not say it")
      ->type_name("G");
  app.add_option("-o,--output", command->output, "file for a topology of such links (JSON)")
      ->type_name("FILE")
      ->group("output");
  app.add_option("--hosts", command->hosts, "hosts of that topology; default: the ranks measured")
      ->type_name("N")
      ->group("output");
  app.add_flag("--force", command->force, "write the topology of a bad fit, too")->group("output");
  app.add_option("--points", command->points,
                 "file for the sizes, measured and fitted (CSV), for tools/plot")
      ->type_name("FILE")
      ->group("output");
  add_format_option(app, command->format);
  return [command] {
    if (command->cluster || command->files.size() > 1) return execute_cluster(*command);
    command->file = command->files.front();
    return execute_table(*command);
  };
}

}  // namespace

extern const CommandDefinition calibrate_command;
const CommandDefinition calibrate_command = {
    "calibrate", "measured times of transfers -> a link's latency and bandwidth, or a cluster",
    add_calibrate};

}  // namespace ringsim
