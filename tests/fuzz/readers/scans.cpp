#include "base/csv_reader.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/journal.hpp"
#include "sim/scan/manifest.hpp"
#include "sim/scan/points.hpp"
#include "sim/scan/points_file.hpp"
#include "sim/scan/scan_file.hpp"
#include "sim/scan/values.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/readers.hpp"
#include "tools/ringsim/report_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace ringsim::fuzz {
namespace {

constexpr std::string_view manifest_hash =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The points of a request that has few.
void use(const ScanRequest& request) {
  double count = 1;
  for (const auto& option : request.options) count *= static_cast<double>(option.values.size());
  if (count > 1000 || !request.points_file.empty()) return;
  const PointSet points(request);
  for (std::size_t i = 0; i < points.size(); ++i) static_cast<void>(describe_point(points, i));
}

void read_scan(std::string_view bytes) { use(read_scan_file(write_input("scan.json", bytes))); }

void read_points(std::string_view bytes) {
  const auto path = write_input("points.csv", bytes);
  const auto file = read_points_file(path);
  for (const auto& row : file.rows)
    check(row.size() == file.options.size(), "a point has a cell for each option");
  if (file.rows.size() > 200) return;
  const PointSet points({.options = {}, .zip = false, .points_file = path.string()});
  check(points.size() <= file.rows.size(), "there is no point without a row");
}

void read_manifest_file(std::string_view bytes) {
  const auto manifest = read_manifest(write_input("scan.json", bytes));
  expect_accepted("a manifest that was written", [&] {
    const auto again = read_manifest(write_input("again.json", to_text(manifest)));
    check(!difference(manifest, again), "a manifest is written as it was read");
  });
}

void read_journal(std::string_view bytes) {
  const auto path = write_input("points.journal", bytes);
  // The first record is the hash of the manifest; what stands before it takes 26 bytes.
  const std::string hash(
      bytes.substr(std::min<std::size_t>(26, bytes.size()), manifest_hash.size()));
  const auto rows = Journal::read(path, hash);
  // Opening cuts off what is not whole, and what is left reads the same.
  check(Journal(path, hash).rows().size() == rows.size(),
        "a journal that is opened has the rows that it had");
  check(Journal::read(path, hash).size() == rows.size(),
        "a journal that was opened has the rows that it had");
}

/// Payloads, divided by lines "%%", as whole records behind that of the manifest.
void read_journal_rows(std::string_view bytes) {
  std::string text;
  const auto append = [&](std::string_view payload) {
    text += fmt::format("{:08x} {} {}\n", payload.size(), sha256(payload).substr(0, 16), payload);
  };
  append(manifest_hash);
  for (const auto payload : parts_of(bytes, 5)) append(payload);
  read_journal(text);
}

/// The page of a scan: its manifest and its table.
void read_scan_folder(std::string_view bytes) {
  const auto parts = parts_of(bytes, 2);
  write_input("scan/scan.json", parts[0]);
  const auto folder = write_input("scan/scan.csv", parts[1]).parent_path();
  static_cast<void>(report_data({folder.string()}));
}

void read_csv(std::string_view bytes) {
  CsvReader reader(bytes, "table.csv");
  while (!reader.is_at_end()) {
    const auto line = reader.line();
    check(!reader.row().empty() && reader.line() > line, "a row has a cell and takes a line");
  }
}

void read_values(std::string_view bytes) {
  // Ranges of up to a million values are fine; they only cost the fuzzer its time.
  constexpr std::size_t longest = 40;
  if (bytes.size() > longest) bytes = bytes.substr(0, longest);
  check(!expand_values(bytes, {{}, "values"}).empty(), "a text has a value");
}

/// "NAME VALUE" in each line, as on a command line.
void read_options(std::string_view bytes) {
  RunOptions options;
  while (!bytes.empty()) {
    const auto line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    const auto name = line.substr(0, line.find(' '));
    if (find_run_option(name) == nullptr) continue;
    set_run_option(options, name, line.substr(std::min(line.size(), name.size() + 1)));
  }
  check_run_options(options);
}

}  // namespace

std::span<const Reader> scan_readers() {
  static constexpr std::array<Reader, 9> all = {{{"scan-file", read_scan},
                                                 {"points", read_points},
                                                 {"manifest", read_manifest_file},
                                                 {"journal", read_journal},
                                                 {"journal-rows", read_journal_rows},
                                                 {"scan-folder", read_scan_folder},
                                                 {"csv", read_csv},
                                                 {"values", read_values},
                                                 {"options", read_options}}};
  return all;
}

}  // namespace ringsim::fuzz
