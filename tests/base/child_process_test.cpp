#include "base/child_process.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

using namespace ringsim;

TEST_CASE("what a child returns, throws or is killed by comes back", "[child]") {
  const std::string large(1 << 20, 'x');  // more than a pipe holds
  CHECK(call_in_child([&] { return large; }).text == large);
  CHECK(call_in_child([] { return std::string(); }).text.empty());
  CHECK_FALSE(call_in_child([] { return std::string(); }).failed);
  CHECK(call_in_child([] {
          errno = EINTR;  // of a call before
          return std::string("once");
        }).text == "once");
  const auto thrown =
      call_in_child([]() -> std::string { throw std::runtime_error("no such thing"); });
  CHECK(thrown.failed);
  CHECK_FALSE(thrown.user_error);
  CHECK(thrown.text == "no such thing");
  const auto killed = call_in_child([]() -> std::string {
    raise(SIGKILL);
    return {};
  });
  CHECK(killed.failed);
  CHECK(killed.signal == SIGKILL);
}

TEST_CASE("a child's error is thrown again as what it was", "[child]") {
  CHECK(text_or_throw(call_in_child([] { return std::string("done"); }), "it") == "done");
  const auto wrong = call_in_child([]() -> std::string {
    throw UserError({{}, "--lr"}, "found x", "a number is accepted");
  });
  CHECK_THROWS_AS(text_or_throw(wrong, "it"), UserError);
  CHECK_THROWS_WITH(text_or_throw(wrong, "it"), "--lr: found x; a number is accepted");
  const auto failed = call_in_child([]() -> std::string { throw RunError("the disk is full"); });
  CHECK_THROWS_AS(text_or_throw(failed, "it"), RunError);
  CHECK_THROWS_WITH(text_or_throw(failed, "it"), "the disk is full");
  const auto killed = call_in_child([]() -> std::string {
    raise(SIGKILL);
    return {};
  });
  CHECK_THROWS_WITH(text_or_throw(killed, "the run"), "the run was killed by signal 9 (Killed)");
  const auto silent = call_in_child([]() -> std::string { std::_Exit(0); });
  CHECK_THROWS_WITH(text_or_throw(silent, "it"), "the process ended without a word");
}

TEST_CASE("a dependent process ends with its parent", "[child]") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t parent = fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    if (fork_dependent() == 0) {
      pause();
      _exit(0);
    }
    raise(SIGKILL);
  }
  close(ends[1]);
  int status = 0;
  waitpid(parent, &status, 0);
  // The end of the file: nobody is left that could write.
  char byte = 0;
  CHECK(read(ends[0], &byte, 1) == 0);
  close(ends[0]);
}
