#pragma once
// The journal of a scan: the rows that are done, each appended as it comes. Whatever ends the
// process, what stands in front of the first record that is not whole stays valid.
//
// A record is a line `LENGTH CHECKSUM PAYLOAD`: the payload's bytes in 8 hexadecimal digits, the
// first 16 digits of its SHA-256, and the payload, which may hold newlines. The first payload is
// the manifest's hash, the others are `POINT STATUS ROW`.
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace ringsim {

/// A point's row in scan.csv, with its newline.
struct DoneRow {
  bool failed;
  std::string text;
};

class Journal {
 public:
  /// Opens or creates; takes the lock of the scan. Reads the rows that are done, and cuts off what
  /// is behind the last whole record, or everything where it is of another manifest. Throws
  /// UserError where another process scans into the same folder, and RunError.
  Journal(std::filesystem::path path, const std::string& manifest_hash);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  const std::map<std::uint32_t, DoneRow>& rows() const { return rows_; }
  /// The same, which it knows no more: nothing is to be added afterwards.
  std::map<std::uint32_t, DoneRow> take_rows() { return std::move(rows_); }

  /// Appends a row. On the disk once sync() has been called. Where it cannot be written (a full
  /// disk), the part that was is cut off again, and RunError says why.
  void add(std::uint32_t point, const DoneRow& row);
  void sync();

  /// The rows of a journal of this manifest, whose scan may still go on.
  static std::map<std::uint32_t, DoneRow> read(const std::filesystem::path& path,
                                               const std::string& manifest_hash);

 private:
  void append(std::string_view payload);
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t length_ = 0;  ///< of the whole records
  bool is_synced_ = true;
  std::map<std::uint32_t, DoneRow> rows_;
};

}  // namespace ringsim
