#pragma once
// Work on all cores, with results that do not depend on how many there are.
#include <cstddef>
#include <functional>
#include <memory>

namespace ringsim {

/// The value of the environment variable RINGSIM_THREADS, or one thread per core. Throws UserError
/// where the variable is not a whole number from 1 to 1024.
std::size_t default_threads();

/// A fixed set of threads for loops whose iterations are independent. One loop at a time.
class ThreadPool {
 public:
  /// `threads` counts the calling thread; 0 takes default_threads().
  explicit ThreadPool(std::size_t threads = 0);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  std::size_t size() const;
  /// Calls body(0) .. body(count-1), each once, in any order and at the same time; returns when all
  /// have ended. An exception of the lowest iteration that threw is thrown again here, after all
  /// have ended.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringsim
