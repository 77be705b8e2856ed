#include "sim/scan/workers.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/free_memory.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <unordered_set>

namespace ringsim {
namespace {

/// What all processes see: which group and which points come next, and how many more processes may
/// run.
class Shared {
 public:
  Shared(std::size_t groups, std::size_t jobs) : size_(sizeof(Counter) * (groups + 2)) {
    void* const memory =
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw RunError("cannot share memory with other processes");
    counters_ = {new (memory) Counter[groups + 2](), groups + 2};
    free() = jobs;
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(counters_.data(), size_); }

  std::size_t take_group() { return next_group()++; }
  bool has_groups() { return next_group() < counters_.size() - 2; }
  /// The position of the first of so many points in the group.
  std::size_t take_points(std::size_t group, std::size_t count) {
    return counters_[group + 2].fetch_add(count);
  }
  bool has_points(std::size_t group, std::size_t size) { return counters_[group + 2] < size; }
  std::size_t taken_points(std::size_t group) const { return counters_[group + 2]; }
  bool take_process() {
    std::size_t left = free();
    while (left > 0) {
      if (free().compare_exchange_weak(left, left - 1)) return true;
    }
    return false;
  }
  void give_process() { ++free(); }

 private:
  using Counter = std::atomic<std::size_t>;
  static_assert(Counter::is_always_lock_free);

  Counter& next_group() { return counters_[0]; }
  Counter& free() { return counters_[1]; }

  std::size_t size_;
  std::span<Counter> counters_;
};

struct Head {
  std::uint32_t point;
  bool failed;
};

/// The size that a message between two processes may have by far.
constexpr std::size_t longest_row = 60'000;

/// In a worker: where rows go.
void send_row(int socket, std::uint32_t point, const DoneRow& row) {
  const Head head{point, row.failed};
  std::string message(reinterpret_cast<const char*>(&head), sizeof head);
  message += row.text;
  check(row.text.size() <= longest_row, "a row is too long");
  ssize_t sent = 0;
  do {
    sent = send(socket, message.data(), message.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) std::_Exit(1);  // nobody wants rows any more
}

/// In a worker process; never returns.
class Worker {
 public:
  Worker(const std::vector<PointGroup>& groups, const MakeGroupWork& make, Shared& shared,
         int socket)
      : groups_(groups), make_(make), shared_(shared), socket_(socket) {}

  [[noreturn]] void run() {
    try {
      for (std::size_t group = shared_.take_group(); group < groups_.size();
           group = shared_.take_group()) {
        const auto work = make_(groups_[group]);
        run_points(group, *work);
        // Before the work goes, those that were split off need nothing of it any more.
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", failure_text(error).c_str());
      std::_Exit(1);
    }
    shared_.give_process();
    for (const pid_t helper : helpers_) {
      const int status = status_at_end(helper);
      if (WIFSIGNALED(status)) std::_Exit(128 + WTERMSIG(status));
    }
    std::_Exit(0);
  }

 private:
  void run_points(std::size_t group, GroupWork& work) {
    const auto& points = groups_[group];
    bool is_helper = false;
    for (;;) {
      // A helper may be split too: whoever has time does it.
      if (work.can_split() && !shared_.has_groups() && has_two_points(group) &&
          shared_.take_process()) {
        const pid_t child = fork_dependent();
        if (child == 0) {
          helpers_.clear();
          is_helper = true;
        } else {
          helpers_.push_back(child);
        }
      }
      const std::size_t count = work.at_once();
      const std::size_t position = shared_.take_points(group, count);
      if (position >= points.size()) break;
      work.run_some(
          std::span(points).subspan(position, std::min(count, points.size() - position)),
          [&](std::uint32_t point, const DoneRow& row) { send_row(socket_, point, row); });
    }
    if (!is_helper) return;
    shared_.give_process();
    for (const pid_t helper : helpers_) status_at_end(helper);
    std::_Exit(0);
  }

  bool has_two_points(std::size_t group) {
    const std::size_t size = groups_[group].size();
    return size > 1 && shared_.has_points(group, size - 1);
  }

  const std::vector<PointGroup>& groups_;
  const MakeGroupWork& make_;
  Shared& shared_;
  int socket_;
  std::vector<pid_t> helpers_;
};

/// A worker as its parent sees it.
class WorkerHandle {
 public:
  WorkerHandle(const std::vector<PointGroup>& groups, const MakeGroupWork& make, Shared& shared) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) != 0)
      throw RunError(fmt::format("cannot start a worker ({})", std::strerror(errno)));
    process_ = fork_dependent();
    if (process_ == 0) {
      // Files of the parent, above all the lock on the journal, do not outlive it here.
      constexpr int own = 3;
      dup2(ends[1], own);
      close_range(own + 1, ~0U, 0);
      // On a terminal Ctrl-C goes to all; the parent says what is to be done about it.
      std::signal(SIGINT, SIG_IGN);
      std::signal(SIGTERM, SIG_DFL);
      Worker(groups, make, shared, own).run();
    }
    close(ends[1]);
    socket_ = ends[0];
  }
  WorkerHandle(const WorkerHandle&) = delete;
  WorkerHandle& operator=(const WorkerHandle&) = delete;
  ~WorkerHandle() {
    if (socket_ < 0) return;
    kill(process_, SIGKILL);
    end();
  }

  int socket() const { return socket_; }

  /// Calls `take` with the rows that have come, until it returns false. Whether the worker and
  /// those that it has split off have ended.
  bool receive(const std::function<bool(std::uint32_t point, const DoneRow& row)>& take) {
    for (;;) {
      const ssize_t size = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) return false;
      if (size < static_cast<ssize_t>(sizeof(Head))) return true;
      Head head{};
      std::memcpy(&head, buffer_.data(), sizeof head);
      const auto length = static_cast<std::size_t>(size) - sizeof head;
      if (!take(head.point, {head.failed, {buffer_.data() + sizeof head, length}})) return false;
    }
  }

  /// Waits for its end: by what it was killed.
  std::optional<int> end() {
    close(std::exchange(socket_, -1));
    const int status = status_at_end(process_);
    if (WIFSIGNALED(status)) return WTERMSIG(status);
    if (WEXITSTATUS(status) > 128) return WEXITSTATUS(status) - 128;
    return std::nullopt;
  }

 private:
  pid_t process_ = 0;
  int socket_ = -1;
  std::string buffer_ = std::string(sizeof(Head) + longest_row, '\0');
};

using Handles = std::vector<std::unique_ptr<WorkerHandle>>;

/// Waits for rows or the end of workers, for a moment.
std::vector<std::size_t> wait_for(const Handles& workers) {
  std::vector<pollfd> files;
  files.reserve(workers.size());
  for (const auto& worker : workers) files.push_back({worker->socket(), POLLIN, 0});
  constexpr int moment_ms = 100;
  std::vector<std::size_t> ready;
  if (poll(files.data(), files.size(), moment_ms) <= 0) return ready;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].revents != 0) ready.push_back(i);
  }
  return ready;
}

/// Runs points until all of them are done or lost with a process, or no more are wanted.
class Round {
 public:
  Round(const std::vector<PointGroup>& groups, std::size_t jobs, const MakeGroupWork& make)
      : groups_(groups), jobs_(jobs), make_(make), shared_(groups.size(), jobs) {}

  /// Whether all that was wanted has come.
  bool run(const WorkersObserver& observer) {
    for (std::size_t i = 0; i < std::min(jobs_, groups_.size()); ++i) start();
    while (!workers_.empty()) {
      if (observer.on_wait && !observer.on_wait()) return false;
      std::vector<std::size_t> ended;
      bool is_wanted = true;
      const auto take = [&](std::uint32_t point, const DoneRow& row) {
        done_.insert(point);
        return is_wanted = observer.on_row(point, row);
      };
      for (const std::size_t i : wait_for(workers_)) {
        if (workers_[i]->receive(take)) ended.push_back(i);
        if (!is_wanted) return false;
      }
      for (auto i = ended.rbegin(); i != ended.rend(); ++i) end(*i);
    }
    return true;
  }

  /// Sorts what has no row into what is lost and what can be taken up again.
  std::vector<PointGroup> take_up(LostPoints& lost) const {
    std::vector<PointGroup> again;
    const std::size_t before = lost.points.size();
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      PointGroup rest;
      const auto& points = groups_[group];
      const bool some_done =
          std::ranges::any_of(points, [&](std::uint32_t point) { return done_.contains(point); });
      for (std::size_t i = 0; i < points.size(); ++i) {
        if (done_.contains(points[i])) continue;
        const bool was_begun = i < shared_.taken_points(group);
        (some_done && !was_begun ? rest : lost.points).push_back(points[i]);
      }
      if (!rest.empty()) again.push_back(std::move(rest));
    }
    if (lost.points.size() == before) return again;
    lost.why = killed_by_ ? fmt::format("its process was killed by signal {} ({})", *killed_by_,
                                        strsignal(*killed_by_))
                          : "its process ended before it was done";
    return again;
  }

 private:
  void start() {
    if (shared_.take_process())
      workers_.push_back(std::make_unique<WorkerHandle>(groups_, make_, shared_));
  }

  void end(std::size_t worker) {
    const auto signal = workers_[worker]->end();
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(worker));
    if (!signal) return;
    killed_by_ = signal;
    // It has not given back its place, and there may be groups that nobody has begun.
    shared_.give_process();
    if (shared_.has_groups()) start();
  }

  const std::vector<PointGroup>& groups_;
  std::size_t jobs_;
  const MakeGroupWork& make_;
  Shared shared_;
  Handles workers_;
  std::unordered_set<std::uint32_t> done_;
  std::optional<int> killed_by_;
};

}  // namespace

LostPoints run_workers(const std::vector<PointGroup>& groups, std::size_t jobs,
                       const MakeGroupWork& make, const WorkersObserver& observer) {
  LostPoints lost;
  auto left = groups;
  while (!left.empty()) {
    Round round(left, jobs, make);
    if (!round.run(observer)) break;
    left = round.take_up(lost);
  }
  return lost;
}

}  // namespace ringsim
