#pragma once
// Distributes points over processes.
#include "sim/scan/groups.hpp"
#include "sim/scan/journal.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ringsim {

/// Runs the points of one group, in a process of its own.
class GroupWork {
 public:
  virtual ~GroupWork() = default;
  virtual DoneRow run(std::uint32_t point) = 0;
  /// What the points share is there, so that a copy of this process can run some of them.
  virtual bool can_split() const = 0;
};

/// Makes the work of a group; called in the worker process.
using MakeGroupWork = std::function<std::unique_ptr<GroupWork>(const PointGroup& group)>;

/// What is told while workers run; an exception that is thrown in one of them ends the workers.
struct WorkersObserver {
  /// In the order in which they are done. False: no more points are wanted.
  std::function<bool(std::uint32_t point, const DoneRow& row)> on_row;
  /// Between rows, several times a second. False: no more points are wanted.
  std::function<bool()> on_wait;
};

/// Runs all points in at most `jobs` processes at a time: each takes a group after the other; when
/// no group is left to be begun, those that are under way are split. Returns when all points are
/// done or no more are wanted; then all processes have ended. A point whose process is killed has
/// no row: the result says by what, "signal 9 (Killed)", where that happened.
std::string run_workers(const std::vector<PointGroup>& groups, std::size_t jobs,
                        const MakeGroupWork& make, const WorkersObserver& observer);

}  // namespace ringsim
