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

/// Whether a run that was killed left this file behind.
bool is_left_over(const fs::path& path) {
  constexpr std::array names = {
      StepRow::file.name,     LayerRow::file.name, LinkRow::file.name, StalenessRow::file.name,
      TransferRow::file.name, FaultRow::file.name, Summary::file.name};
  return std::ranges::any_of(names, [&](auto name) { return is_abandoned(path, name); });
}

/// Whether the folder holds anything besides what killed runs left behind, which goes.
bool holds_others(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> left_over;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!is_left_over(entry.path())) return true;
    left_over.push_back(entry.path());
  }
  for (const auto& path : left_over) fs::remove(path, error);
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
  file.commit();
  tables_.reset();
}

}  // namespace ringsim
