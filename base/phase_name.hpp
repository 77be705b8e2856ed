#pragma once
// What a phase of a step is called in records.
#include <cstddef>
#include <string_view>

namespace ringsim {

/// The name of a phase ("values"). It is made from a literal alone, so that its text outlives
/// whatever carries it.
class PhaseName {
 public:
  constexpr PhaseName() = default;
  template <std::size_t size>
  consteval PhaseName(const char (&literal)[size]) : text_(literal, size - 1) {}

  constexpr std::string_view text() const { return text_; }
  friend constexpr bool operator==(const PhaseName&, const PhaseName&) = default;

 private:
  std::string_view text_;
};

}  // namespace ringsim
