#include "sim/scan/scan.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "sim/scan/folder.hpp"
#include "sim/scan/groups.hpp"
#include "sim/scan/journal.hpp"
#include "sim/scan/manifest.hpp"
#include "sim/scan/point_checks.hpp"
#include "sim/scan/point_runner.hpp"
#include "sim/scan/scan_columns.hpp"
#include "sim/scan/workers.hpp"
#include "traces/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace ringsim {
namespace {

/// A message between processes has an end; no error that people read is longer.
constexpr std::size_t longest_error = 10'000;

std::string row_text(const PointSet& points, std::uint32_t point, const ResultColumns& columns,
                     const PointResult& result) {
  std::vector<std::string> cells = {fmt::format("{}", point)};
  for (const auto& value : points.values(point)) cells.emplace_back(value.value_or(""));
  if (result.summary) {
    auto figures = columns.cells(*result.summary);
    std::ranges::move(figures, std::back_inserter(cells));
  } else {
    cells.resize(cells.size() + columns.names.size());
  }
  const auto error = columns.error ? columns.error(result.error) : result.error;
  cells.push_back(error.substr(0, longest_error));
  return csv_line(cells);
}

class ScanGroup final : public GroupWork {
 public:
  ScanGroup(const PointSet& points, const ResultColumns& columns, PointRunner& runner)
      : points_(points), columns_(columns), runner_(runner) {}

  DoneRow run(std::uint32_t point) override {
    const auto assignments = points_.assignments(point);
    const auto result = runner_.run(assignments);
    if (!is_recorded_) {
      is_recorded_ = runner_.has_recording(assignments);
      at_once_ = is_recorded_ && runner_.can_run_several(assignments) ? several : 1;
    }
    return row_of(point, result);
  }
  void run_some(std::span<const std::uint32_t> points,
                const std::function<void(std::uint32_t point, const DoneRow& row)>& done) override {
    if (points.size() == 1) return done(points.front(), run(points.front()));
    std::vector<std::vector<Assignment>> assignments;
    for (const auto point : points) assignments.push_back(points_.assignments(point));
    const auto results = runner_.run_several(assignments);
    for (std::size_t i = 0; i < points.size(); ++i) done(points[i], row_of(points[i], results[i]));
  }
  bool can_split() const override { return is_recorded_; }
  std::size_t at_once() const override { return at_once_; }

 private:
  static constexpr std::size_t several = 64;

  DoneRow row_of(std::uint32_t point, const PointResult& result) const {
    return {!result.summary, row_text(points_, point, columns_, result)};
  }

  const PointSet& points_;
  const ResultColumns& columns_;
  PointRunner& runner_;
  bool is_recorded_ = false;
  std::size_t at_once_ = 1;
};

/// Groups without the points that are done.
std::vector<PointGroup> left_over(std::vector<PointGroup> groups,
                                  const std::map<std::uint32_t, DoneRow>& done) {
  for (auto& group : groups)
    std::erase_if(group, [&](std::uint32_t point) { return done.contains(point); });
  std::erase_if(groups, [](const PointGroup& group) { return group.empty(); });
  return groups;
}

/// Where rows go as they come.
class Keeper {
 public:
  explicit Keeper(std::unique_ptr<Journal> journal) : journal_(std::move(journal)) {}

  const std::map<std::uint32_t, DoneRow>& rows() const {
    return journal_ ? journal_->rows() : rows_;
  }
  void add(std::uint32_t point, const DoneRow& row) {
    if (journal_) {
      journal_->add(point, row);
    } else {
      rows_[point] = row;
    }
  }
  /// Nothing is added any more.
  std::map<std::uint32_t, DoneRow> take_rows() {
    return journal_ ? journal_->take_rows() : std::move(rows_);
  }
  /// To the disk, unless that was done less than a second ago.
  void sync_now_and_then() {
    const auto now = std::chrono::steady_clock::now();
    if (now - synced_ < std::chrono::seconds(1)) return;
    sync();
    synced_ = now;
  }
  void sync() {
    if (journal_) journal_->sync();
  }

 private:
  std::unique_ptr<Journal> journal_;
  std::map<std::uint32_t, DoneRow> rows_;
  std::chrono::steady_clock::time_point synced_ = std::chrono::steady_clock::now();
};

std::size_t threads_of_a_job(std::size_t jobs, std::size_t groups) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::max<std::size_t>(1, cores / std::max<std::size_t>(1, std::min(jobs, groups)));
}

}  // namespace

bool ScanOutcome::is_complete() const { return rows.size() == points; }

std::size_t ScanOutcome::failed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows, [](const auto& row) { return row.second.failed; }));
}

std::vector<std::string> scan_columns(const PointSet& points, const ResultColumns& columns) {
  std::vector<std::string> names = {std::string(point_column.name)};
  for (const auto& option : points.varied())
    names.push_back(fmt::format("{}{}", option_prefix, option));
  names.insert(names.end(), columns.names.begin(), columns.names.end());
  names.emplace_back(error_column.name);
  return names;
}

std::string scan_csv(const PointSet& points, const ResultColumns& columns,
                     const std::map<std::uint32_t, DoneRow>& rows) {
  std::string text = csv_line(scan_columns(points, columns));
  std::size_t length = text.size();
  for (const auto& [point, row] : rows) length += row.text.size();
  text.reserve(length);
  for (const auto& [point, row] : rows) text += row.text;
  return text;
}

ScanOutcome run_scan(const ScanRequest& request, const PointSet& points,
                     const ResultColumns& columns, const ScanOptions& options,
                     const ScanObserver& observer) {
  check_points(points, [](std::string_view) { return true; });
  std::unique_ptr<Journal> journal;
  if (!options.folder.empty()) {
    const auto manifest =
        make_manifest(request, points, options.shard, scan_columns(points, columns));
    open_scan_folder(options.folder, manifest);
    journal = std::make_unique<Journal>(options.folder / journal_name, hash_of(manifest));
    remove_partial_files(options.folder);
  }
  const auto groups = groups_of_shard(group_points(points), options.shard.value_or(Shard{}));
  ScanOutcome outcome;
  for (const auto& group : groups) outcome.points += group.size();
  Keeper keeper(std::move(journal));
  const std::size_t done_before = keeper.rows().size();
  const auto left = left_over(groups, keeper.rows());
  std::size_t failed =
      std::ranges::count_if(keeper.rows(), [](auto& row) { return row.second.failed; });
  const auto goes_on = [&] {
    return !(options.fail_fast && failed > 0) && !(observer.wants_stop && observer.wants_stop());
  };
  LostPoints lost;
  if (!left.empty() && goes_on()) {
    if (observer.on_start) observer.on_start(done_before, outcome.points);
    PointRunner runner(threads_of_a_job(options.jobs, left.size()));
    lost = run_workers(
        left, options.jobs,
        [&](const PointGroup&) { return std::make_unique<ScanGroup>(points, columns, runner); },
        {.on_row =
             [&](std::uint32_t point, const DoneRow& row) {
               keeper.add(point, row);
               if (row.failed) ++failed;
               if (observer.on_point)
                 observer.on_point({keeper.rows().size(), failed, outcome.points});
               return goes_on();
             },
         .on_wait =
             [&] {
               keeper.sync_now_and_then();
               return goes_on();
             }});
  }
  keeper.sync();
  outcome.rows = keeper.take_rows();
  outcome.new_points = outcome.rows.size() - done_before;
  // What stops a scan may have killed its processes too: their points are not done, and that is
  // all.
  if (observer.wants_stop && observer.wants_stop()) lost.points.clear();
  // The journal does not have them, so that the same command tries them once more.
  for (const auto point : lost.points)
    outcome.rows[point] = {true, row_text(points, point, columns, {std::nullopt, lost.why})};
  outcome.csv = scan_csv(points, columns, outcome.rows);
  if (!options.folder.empty()) {
    outcome.table = options.folder / (outcome.is_complete() ? table_name : partial_table_name);
    write_whole(outcome.table, outcome.csv);
  }
  return outcome;
}

}  // namespace ringsim
