#include "base/spool.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("a spool gives back what was put into it, from the file and from memory", "[spool]") {
  struct Value {
    std::uint64_t number;
    double half;
    std::uint32_t third;  // 24 bytes: some values lie across the ends of the blocks of 1 MiB
  };
  constexpr std::uint64_t count = 150'000;  // three blocks and a half
  Spool<Value> spool;
  std::uint64_t wrong = 0;
  const auto look_at = [&](std::uint64_t index) {
    const auto value = spool[index];
    const auto number = static_cast<double>(index);
    if (value.number != index || value.half != number / 2 || value.third != index / 3) ++wrong;
  };
  for (std::uint64_t i = 0; i < count; ++i) {
    spool.push_back({i, static_cast<double>(i) / 2, static_cast<std::uint32_t>(i / 3)});
    // What was read before is still right when more has come.
    if (i % 1000 == 999) look_at(i * 7919 % (i + 1));
  }
  CHECK(spool.size() == count);
  for (std::uint64_t i = count; i-- > 0;) look_at(i);
  for (std::uint64_t i = 0; i < count; ++i) look_at(i);
  CHECK(wrong == 0);
}
