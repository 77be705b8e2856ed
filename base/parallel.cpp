#include "base/parallel.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ringsim {

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable start, done;
  std::vector<std::thread> threads;
  const std::function<void(std::size_t)>* body = nullptr;
  std::size_t count = 0;
  std::atomic<std::size_t> next{0};
  std::size_t working = 0;
  std::uint64_t loop = 0;
  bool stop = false;
  std::size_t failed_iteration = 0;
  std::exception_ptr failure;

  void work() {
    for (;;) {
      const std::size_t index = next.fetch_add(1);
      if (index >= count) return;
      try {
        (*body)(index);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure || index < failed_iteration) {
          failed_iteration = index;
          failure = std::current_exception();
        }
      }
    }
  }

  void serve() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      start.wait(lock, [&] { return stop || loop != seen; });
      if (stop) return;
      seen = loop;
      lock.unlock();
      work();
      lock.lock();
      if (--working == 0) done.notify_one();
    }
  }
};

std::size_t default_threads() {
  const char* const text = std::getenv("RINGSIM_THREADS");
  if (text == nullptr) return std::max(1U, std::thread::hardware_concurrency());
  const auto value = parse_whole_number(text);
  if (value && *value >= 1 && *value <= 1024) return *value;
  throw UserError({{}, "RINGSIM_THREADS"}, "found \"" + std::string(text) + "\"",
                  "a whole number from 1 to 1024 is accepted");
}

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  if (threads == 0) threads = default_threads();
  for (std::size_t i = 1; i < threads; ++i)
    state_->threads.emplace_back([this] { state_->serve(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->start.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

std::size_t ThreadPool::size() const { return state_->threads.size() + 1; }

void ThreadPool::for_each(std::size_t count, const std::function<void(std::size_t)>& body) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->body = &body;
    state_->count = count;
    state_->next = 0;
    state_->working = state_->threads.size();
    state_->failure = nullptr;
    ++state_->loop;
  }
  state_->start.notify_all();
  state_->work();
  std::unique_lock lock(state_->mutex);
  state_->done.wait(lock, [&] { return state_->working == 0; });
  if (state_->failure) std::rethrow_exception(state_->failure);
}

}  // namespace ringsim
