// ringsim topology: check and show topology files.
#include "topologies/topology.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/table.hpp"
#include "topologies/simgrid_xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

namespace ringsim {
namespace {

void print_heading(const Topology& topology) {
  fmt::print("{}: {}, {} hosts, {} links\n", topology.name(), name_of(topology.kind()),
             topology.hosts(), topology.links().size());
}

int show(const std::string& what) {
  const Topology topology = find_topology(what);
  print_heading(topology);
  if (!topology.description().empty()) fmt::print("{}\n", topology.description());
  std::vector<std::vector<std::string>> links = {{"link", "bandwidth", "latency"}};
  for (const auto& link : topology.links()) {
    links.push_back({link.name, format(link.bandwidth), format(link.latency)});
  }
  std::vector<std::vector<std::string>> hops = {{"ring hop", "links", "bandwidth", "latency"}};
  Rank slowest = 0;
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    const Rank next = (rank + 1) % topology.hosts();
    const auto route = topology.route(rank, next);
    std::string names;
    for (const LinkId id : route.links)
      names += (names.empty() ? "" : " ") + topology.links()[id].name;
    hops.push_back({fmt::format("{} -> {}", rank, next), names, format(route.bandwidth),
                    format(route.latency)});
    const auto bandwidth_of = [&](Rank from) {
      return topology.route(from, (from + 1) % topology.hosts()).bandwidth;
    };
    if (route.bandwidth < bandwidth_of(slowest)) slowest = rank;
  }
  fmt::print("\n{}\n{}\n", format_table(links), format_table(hops));
  fmt::print("the ring's bottleneck: {} -> {}, {}\n", slowest, (slowest + 1) % topology.hosts(),
             format(topology.route(slowest, (slowest + 1) % topology.hosts()).bandwidth));
  return 0;
}

int check_file(const std::string& what) {
  print_heading(find_topology(what));
  return 0;
}

int export_file(const std::string& what, const std::string& output) {
  const auto path = std::filesystem::path(output);
  const auto stem = output.empty() ? "profile" : path.stem().string();
  const auto platform =
      simgrid_platform(find_topology(what), stem, {topology_file(what).string(), {}});
  if (output.empty()) {
    if (!platform.files.empty()) {
      throw UserError({{}, "--output"},
                      fmt::format("missing; {} changes over time, which goes into files beside the "
                                  "platform file",
                                  what),
                      "a file to write is accepted", "add -o platform.xml");
    }
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

std::function<int()> add(CLI::App& app, const Invocation&) {
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
  add_action("show", "links, routes of the ring, and its bottleneck", show);
  auto* to_simgrid = app.add_subcommand("export", "writes a platform file of SimGrid (XML)");
  auto output = std::make_shared<std::string>();
  to_simgrid->add_option("FILE", *file, "topology file, or the name of a shipped one")
      ->required()
      ->type_name("");
  to_simgrid->add_option("-o,--output", *output, "file to write; default: standard output")
      ->type_name("FILE");
  to_simgrid->callback(
      [action, file, output] { *action = [file, output] { return export_file(*file, *output); }; });
  app.require_subcommand(1);
  return [action] { return (*action)(); };
}

}  // namespace

extern const CommandDefinition topology_command;
const CommandDefinition topology_command = {"topology", "check | show | export a topology file",
                                            add};

}  // namespace ringsim
