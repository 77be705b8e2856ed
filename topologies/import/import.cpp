#include "topologies/import/import.hpp"

#include "base/files.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/option_names.hpp"
#include "topologies/import/network.hpp"
#include "topologies/parser.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

ImportedTopology import_unchecked(const NetworkImport& request) {
  const std::string text =
      read_file(request.file,
                "a platform of SimGrid (XML), a network of ASTRA-sim (YAML) or the text of "
                "nvidia-smi topo -m is accepted");
  if (import::is_topology_matrix(text)) return import::read_topology_matrix(text, request);
  const auto refuse = [&](bool given, std::string_view name) {
    if (!given) return;
    throw UserError(option_place(name),
                    fmt::format("has no effect with {}, which says it", request.file.string()),
                    "it is accepted with the text of nvidia-smi topo -m", "leave it out");
  };
  refuse(request.nvlink.has_value(), "nvlink");
  refuse(request.pcie.has_value(), "pcie");
  refuse(request.latency.has_value(), "latency");
  const auto begin = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (begin == std::string::npos) {
    throw UserError({request.file.string(), {}}, "is empty",
                    "XML of SimGrid, YAML of ASTRA-sim or a matrix of nvidia-smi is accepted");
  }
  return text[begin] == '<' ? import::read_simgrid(text, request)
                            : import::read_astra_sim(text, request);
}

}  // namespace

ImportedTopology import_topology(const NetworkImport& request) {
  auto imported = import_unchecked(request);
  // Other programs take numbers and names that a topology file may not have: an error then names
  // the place in what would have been written.
  parse_topology(parse_json(to_text(imported.file), request.file.string()));
  return imported;
}

}  // namespace ringsim
