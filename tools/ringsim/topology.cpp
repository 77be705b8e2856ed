// ringsim topology: check, show, export and import topology files.
#include "topologies/topology.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/table.hpp"
#include "topologies/import/import.hpp"
#include "topologies/kinds/kind.hpp"
#include "topologies/schema.hpp"
#include "topologies/simgrid_xml.hpp"
#include "traces/csv.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <vector>

namespace ringsim {
namespace {

void print_heading(const Topology& topology) {
  fmt::print("{}: {}, {} hosts, {} links\n", topology.name(), topology.kind().name,
             topology.hosts(), topology.links().size());
}

/// "2 sizes, 1 outage": what the table's columns do not say of a link.
std::string extras_of(const Link& link) {
  if (!link.extras) return {};
  std::vector<std::string> parts;
  const auto& extras = *link.extras;
  if (extras.efficiency != 1) parts.push_back(fmt::format("efficiency {}", extras.efficiency));
  for (const auto& piece : extras.pieces) {
    parts.push_back(fmt::format("from {}: {}, {}", format(piece.from), format(piece.bandwidth),
                                format(piece.latency)));
  }
  for (const auto& change : extras.profile) {
    parts.push_back(fmt::format("at {}: {}", format(change.at), format(change.value)));
  }
  for (const auto& outage : extras.outages) {
    parts.push_back(fmt::format("down {} to {}", format(outage.from), format(outage.until)));
  }
  return join(parts, "; ");
}

std::vector<std::vector<std::string>> link_rows(const Topology& topology) {
  const auto& links = topology.links();
  const bool has_extras = std::any_of(links.begin(), links.end(),
                                      [](const Link& link) { return link.extras != nullptr; });
  std::vector<std::vector<std::string>> rows = {{"link", "bandwidth", "latency"}};
  if (has_extras) rows.front().emplace_back("besides");
  for (const auto& link : links) {
    rows.push_back({link.name, format(link.bandwidth), format(link.latency)});
    if (has_extras) rows.back().push_back(extras_of(link));
  }
  return rows;
}

/// The hosts of which the file says something.
std::vector<std::vector<std::string>> host_rows(const Topology& topology) {
  std::vector<std::vector<std::string>> rows = {{"host", "speed", "besides"}};
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    const auto& host = topology.host(rank);
    std::vector<std::string> parts;
    if (host.jitter) parts.push_back(fmt::format("jitter {}", *host.jitter));
    for (const auto& change : host.speed_changes) {
      parts.push_back(fmt::format("at {}: speed {}", format(change.at), change.value));
    }
    if (host.reduce_rate) parts.push_back(fmt::format("reduces {}", format(*host.reduce_rate)));
    if (host.dies) parts.push_back(fmt::format("dies at {}", format(*host.dies)));
    if (host.speed == 1 && parts.empty()) continue;
    rows.push_back({fmt::format("{}", rank), fmt::format("{}", host.speed), join(parts, "; ")});
  }
  return rows;
}

/// The way from a rank to the next one of the ring.
struct RingHop {
  Rank source, target;
  std::vector<std::string> links;
  BytesPerSecond bandwidth;
  Seconds latency;
};

std::vector<RingHop> ring_of(const Topology& topology) {
  std::vector<RingHop> ring;
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    const Rank next = (rank + 1) % topology.hosts();
    const auto route = topology.route(rank, next);
    auto& hop = ring.emplace_back(RingHop{rank, next, {}, route.bandwidth, route.latency});
    for (const LinkId id : route.links) hop.links.push_back(topology.links()[id].name);
  }
  return ring;
}

void show_json(const Topology& topology) {
  Json::Array links, ring;
  for (const auto& link : topology.links()) {
    links.emplace_back(Json::Object{{"name", link.name},
                                    {"bandwidth_bytes_per_second", link.bandwidth.value},
                                    {"latency_seconds", link.latency.value}});
  }
  for (const auto& hop : ring_of(topology)) {
    ring.emplace_back(Json::Object{{"source", hop.source},
                                   {"target", hop.target},
                                   {"links", Json::Array(hop.links.begin(), hop.links.end())},
                                   {"bandwidth_bytes_per_second", hop.bandwidth.value},
                                   {"latency_seconds", hop.latency.value}});
  }
  fmt::print("{}", to_text(Json::Object{{"name", topology.name()},
                                        {"kind", topology.kind().name},
                                        {"description", topology.description()},
                                        {"hosts", topology.hosts()},
                                        {"links", std::move(links)},
                                        {"ring", std::move(ring)}}));
}

void show_text(const Topology& topology) {
  print_heading(topology);
  if (!topology.description().empty()) fmt::print("{}\n", topology.description());
  std::vector<std::vector<std::string>> hops = {{"ring hop", "links", "bandwidth", "latency"}};
  const auto ring = ring_of(topology);
  for (const auto& hop : ring) {
    hops.push_back({fmt::format("{} -> {}", hop.source, hop.target), join(hop.links, " "),
                    format(hop.bandwidth), format(hop.latency)});
  }
  const auto& slowest = *std::ranges::min_element(
      ring, [](const RingHop& a, const RingHop& b) { return a.bandwidth < b.bandwidth; });
  fmt::print("\n{}\n{}\n", format_table(link_rows(topology)), format_table(hops));
  const auto hosts = host_rows(topology);
  if (hosts.size() > 1) fmt::print("{}\n", format_table(hosts));
  fmt::print("the ring's bottleneck: {} -> {}, {}\n", slowest.source, slowest.target,
             format(slowest.bandwidth));
}

void show_csv(const Topology& topology) {
  fmt::print("{}", csv_line({"link", "bandwidth_bytes_per_second", "latency_s"}));
  for (const auto& link : topology.links()) {
    fmt::print("{}", csv_line({link.name, fmt::format("{}", link.bandwidth.value),
                               fmt::format("{}", link.latency.value)}));
  }
}

int show(const std::string& what, Format format) {
  const Topology topology = find_topology(what);
  if (format == Format::json) {
    show_json(topology);
  } else if (format == Format::csv) {
    show_csv(topology);
  } else {
    show_text(topology);
  }
  return 0;
}

int check_file(const std::string& what) {
  print_heading(find_topology(what));
  return 0;
}

bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  return !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
}

int export_file(const std::string& what, const std::string& output) {
  if (!output.empty() && is_same_file(output, topology_file(what))) {
    throw UserError({{}, "--output"}, fmt::format("{} is the file that is read", output),
                    "another file is accepted");
  }
  const auto path = std::filesystem::path(output);
  const auto stem = output.empty() ? "profile" : path.stem().string();
  if (std::ranges::any_of(stem, [](unsigned char c) { return std::iscntrl(c) != 0; })) {
    throw UserError({{}, "--output"}, fmt::format("found \"{}\"", output),
                    "a name without control characters is accepted");
  }
  const auto platform =
      simgrid_platform(find_topology(what), stem, {topology_file(what).string(), {}});
  if (output.empty() || !is_file(path)) {
    if (!platform.files.empty()) {
      throw UserError({{}, "--output"},
                      fmt::format("{}; {} changes over time, which goes into files beside the "
                                  "platform file",
                                  output.empty() ? "missing" : output + " is no file", what),
                      "a file to write is accepted", "add -o platform.xml");
    }
  }
  if (output.empty()) {
    fmt::print("{}", platform.xml);
    return 0;
  }
  std::vector<AtomicFile> files;
  const auto add_file = [&](const std::filesystem::path& name, const std::string& text) {
    files.emplace_back(name).write(text);
  };
  for (const auto& file : platform.files) add_file(path.parent_path() / file.name, file.text);
  add_file(path, platform.xml);
  for (auto& file : files) file.commit();
  return 0;
}

struct ImportCommand {
  std::string file, output, nvlink, pcie, latency;
};

int import_file(const ImportCommand& command) {
  if (!command.output.empty() && is_same_file(command.output, command.file)) {
    throw UserError({{}, "--output"}, fmt::format("{} is the file that is read", command.output),
                    "another file is accepted");
  }
  const auto& named = command.output.empty() ? command.file : command.output;
  NetworkImport request{.file = command.file,
                        .name = std::filesystem::path(named).stem().string(),
                        .nvlink = {},
                        .pcie = {},
                        .latency = {}};
  if (!command.nvlink.empty()) request.nvlink = parse_bandwidth(command.nvlink, {{}, "--nvlink"});
  if (!command.pcie.empty()) request.pcie = parse_bandwidth(command.pcie, {{}, "--pcie"});
  if (!command.latency.empty()) request.latency = parse_seconds(command.latency, {{}, "--latency"});
  const auto imported = import_topology(request);
  const auto text = to_text(imported.file);
  if (command.output.empty()) {
    fmt::print("{}", text);
  } else {
    AtomicFile file(command.output);
    file.write(text);
    file.commit();
  }
  for (const auto& note : imported.notes)
    fmt::print(stderr, "warning: {}: {}\n", command.file, note);
  return 0;
}

void add_import(CLI::App& app, const std::shared_ptr<std::function<int()>>& action) {
  auto* sub = app.add_subcommand(
      "import", "a platform of SimGrid, a network of ASTRA-sim or a matrix of nvidia-smi -> JSON");
  auto command = std::make_shared<ImportCommand>();
  sub->add_option("FILE", command->file,
                  "XML of SimGrid, YAML of ASTRA-sim's analytical network, "
                  "or the text of nvidia-smi topo -m")
      ->required()
      ->type_name("");
  sub->add_option("-o,--output", command->output, "file to write; default: standard output")
      ->type_name("FILE");
  sub->add_option("--nvlink", command->nvlink,
                  "for nvidia-smi: bandwidth of one NVLink, each way (25GBps from V100 to H100)")
      ->type_name("Q");
  sub->add_option("--pcie", command->pcie, "for nvidia-smi: bandwidth of a GPU's PCIe, each way")
      ->type_name("Q");
  sub->add_option("--latency", command->latency,
                  "for nvidia-smi: latency of a message between two GPUs")
      ->type_name("Q");
  sub->callback([action, command] { *action = [command] { return import_file(*command); }; });
}

std::function<int()> add_topology(CLI::App& app, const Invocation&) {
  auto file = std::make_shared<std::string>();
  auto action = std::make_shared<std::function<int()>>();
  const auto add_action = [&](const char* name, const char* description,
                              int (*run)(const std::string&)) {
    auto* sub = app.add_subcommand(name, description);
    sub->add_option("FILE", *file, "topology file, or the name of a shipped one")
        ->required()
        ->type_name("");
    sub->callback([action, file, run] { *action = [file, run] { return run(*file); }; });
  };
  add_action("check", "reads a topology file; says what is wrong with it", check_file);
  auto* to_show = app.add_subcommand("show", "links, routes of the ring, and its bottleneck");
  to_show->add_option("FILE", *file, "topology file, or the name of a shipped one")
      ->required()
      ->type_name("");
  auto format = std::make_shared<Format>(Format::table);
  add_format_option(*to_show, *format);
  to_show->callback(
      [action, file, format] { *action = [file, format] { return show(*file, *format); }; });
  auto* to_simgrid = app.add_subcommand("export", "writes a platform file of SimGrid (XML)");
  auto output = std::make_shared<std::string>();
  to_simgrid->add_option("FILE", *file, "topology file, or the name of a shipped one")
      ->required()
      ->type_name("");
  to_simgrid->add_option("-o,--output", *output, "file to write; default: standard output")
      ->type_name("FILE");
  to_simgrid->callback(
      [action, file, output] { *action = [file, output] { return export_file(*file, *output); }; });
  add_import(app, action);
  app.add_subcommand("schema", "prints the JSON Schema of topology files")->callback([action] {
    *action = [] {
      fmt::print("{}", topology_schema());
      return 0;
    };
  });
  app.require_subcommand(1);
  return [action] { return (*action)(); };
}

}  // namespace

extern const CommandDefinition topology_command;
const CommandDefinition topology_command = {
    "topology", "check | show | export | import a topology file, or print the schema of all",
    add_topology};

}  // namespace ringsim
