#pragma once
// A sink of its own: what each rank sent, as a CSV file. It gets rows and knows nothing of who made
// them; connect it as `RunObserver::on_transfer`.
#include "base/files.hpp"
#include "tests/examples/column/rank_bytes.hpp"
#include "traces/csv.hpp"
#include "traces/records/transfers.hpp"

#include <filesystem>
#include <map>

namespace ringsim {

class RankBytesFile {
 public:
  explicit RankBytesFile(const std::filesystem::path& folder)
      : file_(folder / RankBytesRow::file.name) {}

  void add(const TransferRow& transfer) {
    auto& row =
        rows_.try_emplace(transfer.source, RankBytesRow{transfer.source, 0, 0}).first->second;
    ++row.messages;
    row.bytes += transfer.bytes;
  }

  /// Writes the file, whole.
  void commit() {
    file_.write(csv_header<RankBytesRow>());
    for (const auto& [rank, row] : rows_) file_.write(csv_line(row));
    file_.commit();
  }

 private:
  AtomicFile file_;
  std::map<std::uint64_t, RankBytesRow> rows_;
};

}  // namespace ringsim
