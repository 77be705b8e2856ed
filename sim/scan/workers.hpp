#pragma once
// Distributes points over processes.
#include "sim/scan/groups.hpp"
#include "sim/scan/journal.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ringsim {

/// Runs the points of one group, in a process of its own.
class GroupWork {
 public:
  virtual ~GroupWork() = default;
  virtual DoneRow run(std::uint32_t point) = 0;
  /// Runs several points, and calls `done` for each.
  virtual void run_some(std::span<const std::uint32_t> points,
                        const std::function<void(std::uint32_t point, const DoneRow& row)>& done) {
    for (const auto point : points) done(point, run(point));
  }
  /// How many points run_some() should get.
  virtual std::size_t at_once() const { return 1; }
  /// What the points share is there, so that a copy of this process can run some of them.
  virtual bool can_split() const = 0;
};

/// Makes the work of a group; called in the worker process.
using MakeGroupWork = std::function<std::unique_ptr<GroupWork>(const PointGroup& group)>;

/// What is told while workers run; an exception that is thrown in one of them ends the workers.
struct WorkersObserver {
  /// Gets points in the order in which they are done. False: no more points are wanted.
  std::function<bool(std::uint32_t point, const DoneRow& row)> on_row;
  /// Called between rows, several times a second. False: no more points are wanted.
  std::function<bool()> on_wait;
};

/// Points without a row, because a process was killed.
struct LostPoints {
  std::vector<std::uint32_t> points;
  std::string why;  ///< "its process was killed by signal 9 (Killed)"
};

/// Runs all points in at most `jobs` processes at a time: each takes a group after the other; when
/// no group is left to be begun, those that are under way are split. Returns when all points are
/// done or no more are wanted; then all processes have ended. Where a process is killed, the point
/// that it was at is lost (or those, where it was at several at once), and the others of its group
/// are taken up again; all of them are lost where none of the group was done.
LostPoints run_workers(const std::vector<PointGroup>& groups, std::size_t jobs,
                       const MakeGroupWork& make, const WorkersObserver& observer);

}  // namespace ringsim
