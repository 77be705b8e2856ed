#pragma once
// A sparse gradient trace: how much each rank selected in each layer and step, and what its mask
// costs in every encoding (`ringsim prune` writes it, `run --source trace:DIR` simulates it). A
// folder with trace.json, trace_layers.csv, plain or packed (gzip), and, on request, masks/ and
// values/ (traces/README.md).
#include "base/files.hpp"
#include "base/rank.hpp"
#include "traces/records.hpp"
#include "traces/records/trace_layers.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// trace.json.
struct TraceHeader {
  struct Layer {
    std::string name;
    std::uint64_t parameters;
  };
  std::string schema;  ///< of a trace that was read
  std::string model, scheme;
  std::string description = {};  ///< may be empty
  Rank ranks = 0;
  std::uint64_t steps = 0;
  bool with_velocity = false;  ///< momentum correction: the pruning passes move velocities, too
  std::vector<Layer> layers;   ///< in forward order
  /// The other files of the trace, by their names in its folder; empty: a trace of an older
  /// version, whose files cannot be checked.
  std::vector<Summary::Input> files = {};
  struct {
    std::string version, command;
    std::uint64_t seed = 0;
    std::vector<Summary::Input> inputs;
  } provenance;
};

/// Writes a trace. The folder appears when it is whole; without commit() nothing stays behind.
class TraceWriter {
 public:
  /// Throws UserError where the folder exists and holds anything, or cannot be created.
  explicit TraceWriter(std::filesystem::path folder);
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;
  ~TraceWriter();

  void write(const TraceLayerRow& row);
  /// Another file of the trace: "masks/step-000000.safetensors". Throws RunError (a full disk).
  void write(const std::filesystem::path& name, std::string_view bytes);
  /// Throws RunError.
  void commit(const TraceHeader& header);

 private:
  void remove_all() noexcept;

  std::filesystem::path folder_, temporary_;
  std::vector<std::filesystem::path> created_;  ///< folders that were missing, innermost first
  std::optional<AtomicFile> layers_;
  std::vector<Summary::Input> files_;  ///< that were written
};

struct GradientTrace {
  TraceHeader header;
  std::vector<TraceLayerRow> rows;     ///< steps x ranks x layers
  std::vector<Summary::Input> inputs;  ///< the files that were read

  const TraceLayerRow& row(std::uint64_t step, Rank rank, std::size_t layer) const {
    return rows[(step * header.ranks + rank) * header.layers.size() + layer];
  }
};

/// Throws UserError where the SHA-256 of file `name` of the trace is not what it was when the file
/// was written.
void check_unchanged(const TraceHeader& header, const std::filesystem::path& folder,
                     std::string_view name, std::string_view hash);

/// Reads trace.json alone. Throws UserError.
TraceHeader read_trace_header(const std::filesystem::path& folder);

/// Reads a trace. Throws UserError with the file and the line or JSON pointer where it is missing,
/// truncated, contradicts itself, or was changed after it was written.
GradientTrace read_trace(const std::filesystem::path& folder);

}  // namespace ringsim
