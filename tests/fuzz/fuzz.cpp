// What libFuzzer calls. The reader is chosen by the environment: RINGSIM_READER=topology.
#include "tests/fuzz/readers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

const ringsim::fuzz::Reader* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* name = std::getenv("RINGSIM_READER");
  if (name != nullptr) chosen = ringsim::fuzz::find_reader(name);
  if (chosen != nullptr) return 0;
  std::fputs("RINGSIM_READER has to name one of these:", stderr);
  for (const auto& reader : ringsim::fuzz::readers())
    std::fprintf(stderr, " %.*s", static_cast<int>(reader.name.size()), reader.name.data());
  std::fputs("\n", stderr);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringsim::fuzz::feed(*chosen, {reinterpret_cast<const char*>(data), size});
  return 0;
}
