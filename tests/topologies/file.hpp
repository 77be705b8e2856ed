#pragma once
// Topology files from text.
#include "base/error.hpp"
#include "topologies/topology.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ringsim::test {

/// A file that is there as long as this is.
struct File {
  explicit File(const std::string& text)
      : path(std::filesystem::temp_directory_path() /
             ("ringsim-topology-" + std::to_string(getpid()) + ".json")) {
    std::ofstream(path) << text;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

inline Topology loaded(const std::string& text) { return load_topology(File(text).path); }

/// The message of the UserError that the text causes, without the file's name in front.
inline std::string error_of(const std::string& text) {
  const File file(text);
  try {
    load_topology(file.path);
  } catch (const UserError& error) {
    const std::string message = error.what(), prefix = file.path.string() + ": ";
    return message.rfind(prefix, 0) == 0 ? message.substr(prefix.size())
                                         : "without the file's name: " + message;
  }
  return "no error";
}

/// The names of a route's links, with blanks between them.
inline std::string way(const Topology& topology, Rank source, Rank target) {
  std::string names;
  for (const LinkId id : topology.route(source, target).links) {
    names += (names.empty() ? "" : " ") + topology.links()[id].name;
  }
  return names;
}

}  // namespace ringsim::test
