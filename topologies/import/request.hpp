#pragma once
// What is imported, and what comes of it.
#include "base/json.hpp"
#include "base/units.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct NetworkImport {
  std::filesystem::path file;
  std::string name;  ///< of the topology
  // What `nvidia-smi topo -m` does not say; refused beside other files.
  std::optional<BytesPerSecond> nvlink;  ///< of one NVLink, in each direction
  std::optional<BytesPerSecond> pcie;    ///< of a GPU's PCIe, in each direction
  std::optional<Seconds> latency;        ///< of a message between two GPUs
};

struct ImportedTopology {
  Json file;                       ///< a topology file
  std::vector<std::string> notes;  ///< what a user should know of it; whole sentences
};

}  // namespace ringsim
