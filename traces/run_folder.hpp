#pragma once
// The result folder of a run. Its files appear all together, when the run is whole; a run that
// fails leaves nothing.
#include "base/files.hpp"
#include "traces/csv.hpp"
#include "traces/records.hpp"
#include "traces/timeline.hpp"

#include <filesystem>
#include <optional>
#include <string_view>
#include <tuple>

namespace ringsim {

class RunFolder {
 public:
  /// Creates the folder (and its parents) where it is missing, with a transfers.csv where that is
  /// asked for. What a killed run left in it goes. Throws UserError where the folder holds
  /// anything, or cannot be written to. No file has its name before commit().
  explicit RunFolder(const std::filesystem::path& folder, bool with_transfers = false);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  /// Removes what was written, and the folders that were created, unless commit() was called.
  ~RunFolder();

  /// Adds a row to its table.
  template <class Row>
  void write(const Row& row) {
    std::get<Table<Row>>(*tables_).file.write(csv_line(row));
  }
  void write(const TransferRow& row) { transfers_->file.write(csv_line(row)); }
  /// There is a faults.csv where there was a fault.
  void write(const FaultRow& row) {
    if (!faults_) faults_.emplace(folder_);
    faults_->file.write(csv_line(row));
  }

  /// Adds to timeline.json, which is there once something has been added.
  void write_timeline(std::string_view text) {
    if (!timeline_) timeline_.emplace(folder_ / timeline_file_name);
    timeline_->write(text);
  }

  /// Puts every file in its place, summary.json last: a folder without it holds no run. Throws
  /// RunError (a full disk).
  void commit(const Summary& summary);

 private:
  template <class Row>
  struct Table {
    explicit Table(const std::filesystem::path& folder) : file(folder / Row::file.name) {
      file.write(csv_header<Row>());
    }
    AtomicFile file;
  };
  using Tables = std::tuple<Table<StepRow>, Table<LayerRow>, Table<LinkRow>, Table<StalenessRow>>;

  void remove_created() noexcept;

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> created_;  ///< folders that were missing, innermost first
  std::optional<Tables> tables_;
  std::optional<Table<TransferRow>> transfers_;
  std::optional<Table<FaultRow>> faults_;
  std::optional<AtomicFile> timeline_;
};

}  // namespace ringsim
