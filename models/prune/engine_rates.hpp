#pragma once
// How fast an engine prunes on a machine, as measured (measure.hpp): what `ringsim bench` prints.
#include "base/json.hpp"
#include "base/units.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ringsim::prune {

/// One encoding ("auto": the smallest, with the search for it) of one mask.
struct EncodingRates {
  std::string encoding;
  Bytes size;
  Seconds encode;
  Seconds decode;
};

/// What is done with a mask that keeps `kept` random elements.
struct MaskRates {
  std::uint64_t kept = 0;
  Seconds pack;                ///< without a velocity
  Seconds pack_with_velocity;  ///< clears the velocity too
  Seconds unpack;
  Seconds unite;  ///< of two such masks
  Seconds count;
  std::vector<EncodingRates> encodings;
};

/// Medians for layers of one size. Bandwidths count every byte that has to be read or written once:
/// a copy 8 per element, `limit` (the bare loop r += g + w: three reads, one write) 16, select
/// 16.125, with a velocity 24.125.
struct SizeRates {
  std::size_t elements = 0;
  BytesPerSecond copy;
  BytesPerSecond limit;
  BytesPerSecond select;
  BytesPerSecond select_with_velocity;
  std::vector<MaskRates> masks;  ///< by ascending kept
};

struct EngineRates {
  std::string engine;
  std::string processor;  ///< as the operating system names it
  std::size_t threads = 1;
  std::vector<SizeRates> sizes;  ///< by ascending elements
};

/// Keys are those of the structs, with their unit.
Json to_json(const EngineRates& rates);

}  // namespace ringsim::prune
