// Lies in the root of a mutated copy of the sources (tests/mutants/README.md), whose mutated files
// include it first.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

// What a mutant says may always be true, or be said twice.
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wdiv-by-zero"
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#pragma GCC diagnostic ignored "-Wenum-compare"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Warray-bounds"
#pragma GCC diagnostic ignored "-Wstringop-overflow"

namespace ringsim_mutants {

constexpr int most = 4096;
inline constinit char nowhere[most] = {};
/// Which mutants were passed; in the file that RINGSIM_MUTANTS_REACHED names, which other processes
/// may share.
inline constinit char* reached = nowhere;
/// The one that RINGSIM_MUTANT names; 0 is none.
inline constinit int chosen = 0;

struct Environment {
  Environment() {
    if (const char* number = std::getenv("RINGSIM_MUTANT")) chosen = std::atoi(number);
    const char* path = std::getenv("RINGSIM_MUTANTS_REACHED");
    if (path == nullptr) return;
    const int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void* shared = mmap(nullptr, most, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) reached = static_cast<char*>(shared);
  }
};
// Before everything else that is initialised.
__attribute__((init_priority(101))) inline const Environment environment;

/// Whether this mutant is the chosen one. It is not constexpr: what has to be constant cannot be
/// mutated.
inline bool is(int number) {
  reached[number] = 1;
  return chosen == number;
}

}  // namespace ringsim_mutants
