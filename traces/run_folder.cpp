#include "traces/run_folder.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "traces/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ringsim {

namespace fs = std::filesystem;

namespace {

constexpr std::array file_names = {
    StepRow::file.name,     LayerRow::file.name, LinkRow::file.name, StalenessRow::file.name,
    TransferRow::file.name, FaultRow::file.name, timeline_file_name, Summary::file.name};

/// What killed runs left in a folder.
struct LeftOver {
  std::vector<fs::path> tables;     ///< have their names already: the run was killed in its commit
  std::vector<fs::path> partials;   ///< of tables
  std::vector<fs::path> summaries;  ///< partial: commit() makes one before any table has its name
};

/// Nothing where the folder holds anything else. Tables without a summary are of a killed run only
/// where it left a partial one.
std::optional<LeftOver> find_left_over(const fs::path& folder) {
  LeftOver left;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto& path = entry.path();
    if (is_abandoned(path, Summary::file.name)) {
      left.summaries.push_back(path);
    } else if (std::ranges::any_of(file_names,
                                   [&](auto name) { return is_abandoned(path, name); })) {
      left.partials.push_back(path);
    } else if (path.filename() != Summary::file.name &&
               std::ranges::find(file_names, path.filename().string()) != file_names.end()) {
      left.tables.push_back(path);
    } else {
      return std::nullopt;
    }
  }
  if (!left.tables.empty() && left.summaries.empty()) return std::nullopt;
  return left;
}

/// Whether the folder holds anything besides what killed runs left behind, which goes.
bool holds_others(const fs::path& folder) {
  const auto left = find_left_over(folder);
  if (!left) return true;
  // Who is killed meanwhile leaves the summary, which says that the rest was left over.
  std::error_code error;
  for (const auto* paths : {&left->tables, &left->partials, &left->summaries}) {
    for (const auto& path : *paths) fs::remove(path, error);
  }
  return false;
}

}  // namespace

RunFolder::RunFolder(const fs::path& folder, bool with_transfers) : folder_(folder) {
  const Place place{folder.string(), {}};
  constexpr std::string_view accepted = "a new or empty folder is accepted";
  std::error_code error;
  if (fs::exists(folder, error)) {
    if (!fs::is_directory(folder)) throw UserError(place, "is not a folder", accepted);
    if (holds_others(folder)) {
      const bool is_run = fs::exists(folder / Summary::file.name);
      throw UserError(place, is_run ? "holds another run (summary.json)" : "is not empty", accepted,
                      "choose another folder for -o, or remove this one");
    }
  }
  for (fs::path missing = fs::absolute(folder).lexically_normal(); !fs::exists(missing, error);
       missing = missing.parent_path()) {
    if (missing.has_filename()) created_.push_back(missing);
  }
  try {
    fs::create_directories(folder);
    tables_.emplace(Table<StepRow>(folder), Table<LayerRow>(folder), Table<LinkRow>(folder),
                    Table<StalenessRow>(folder));
    if (with_transfers) transfers_.emplace(folder);
  } catch (const fs::filesystem_error& failure) {
    remove_created();
    throw UserError(place, fmt::format("cannot be created ({})", failure.code().message()),
                    "a folder that can be written to is accepted", "choose another folder for -o");
  } catch (const RunError&) {
    remove_created();
    throw UserError(place, "cannot be written to", "a folder that can be written to is accepted",
                    "choose another folder for -o");
  }
}

RunFolder::~RunFolder() {
  if (!tables_) return;
  tables_.reset();
  transfers_.reset();
  faults_.reset();
  timeline_.reset();
  remove_created();
}

void RunFolder::remove_created() noexcept {
  // Only empty folders are removed.
  std::error_code ignored;
  for (const auto& folder : created_) fs::remove(folder, ignored);
}

void RunFolder::commit(const Summary& summary) {
  AtomicFile file(folder_ / Summary::file.name);
  file.write(to_text(to_json(summary)));
  std::apply([](auto&... table) { (table.file.commit(), ...); }, *tables_);
  if (transfers_) transfers_->file.commit();
  if (faults_) faults_->file.commit();
  if (timeline_) timeline_->commit();
  file.commit();
  tables_.reset();
}

}  // namespace ringsim
