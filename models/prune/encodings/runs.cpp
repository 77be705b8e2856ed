// Lengths of the runs of unset and set elements in turn, as LEB128. The first (unset) run may be
// empty, no other; the unset run at the end is left out.
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/encodings/leb128.hpp"
#include "models/prune/set_bits.hpp"

namespace ringsim {

namespace {

using prune::MaskWord;

std::size_t encoded_size(std::span<const MaskWord> mask, std::size_t parameters) {
  std::size_t size = 0, start = 0;
  prune::for_each_run_border(mask, parameters, [&](std::size_t border) {
    size += leb128_size(border - start);
    start = border;
  });
  return size;
}

void encode(std::span<const MaskWord> mask, std::size_t parameters,
            std::vector<std::uint8_t>& bytes) {
  std::size_t start = 0;
  prune::for_each_run_border(mask, parameters, [&](std::size_t border) {
    append_leb128(bytes, border - start);
    start = border;
  });
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  std::size_t start = 0;
  bool first = true, set = false;
  while (!bytes.empty()) {
    const auto length = take_leb128(bytes);
    if (!length || *length > parameters - start || (*length == 0 && !first)) return false;
    if (set) prune::set_bits(mask, start, start + *length);
    start += *length;
    set = !set;
    first = false;
  }
  return !set;  // the last run is one of set elements
}

/// A run of set elements starts at a set one after an unset one; both runs are one long at least.
double expected_size(std::span<const MaskRegion> regions, std::size_t /*parameters*/) {
  double size = 0;
  for (const auto& region : regions) {
    const double set = region.density, unset = 1 - region.density;
    size += region.elements * set * unset *
            (expected_leb128_size(unset, 1) + expected_leb128_size(set, 1));
  }
  return size;
}

}  // namespace

extern const MaskEncoding runs_encoding;
const MaskEncoding runs_encoding{
    "runs", "the lengths of runs as LEB128", 4, encoded_size, encode, decode, expected_size};

}  // namespace ringsim
