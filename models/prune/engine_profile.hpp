#pragma once
// How fast an engine prunes on a machine, as measured (measure.hpp): what `ringsim bench` prints
// and writes, and what a simulated pruning time is made from.
#include "base/json.hpp"
#include "base/shipped.hpp"
#include "base/units.hpp"

#include <cstddef>
#include <filesystem>
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

struct EngineProfile {
  std::string engine;
  std::string processor;  ///< as the operating system names it
  std::size_t threads = 1;
  std::vector<SizeRates> sizes;  ///< by ascending elements

  /// How long one select over `parameters` elements takes, at the rate of the measured size that is
  /// nearest in ratio.
  Seconds select_time(std::size_t parameters, bool with_velocity) const;
  /// How long one pack of `kept` of `parameters` elements takes: from the measured size nearest in
  /// ratio, per parameter, linear in the share kept between the measured shares. Below the smallest
  /// share it is the time of the smallest, above the largest it grows in proportion to the share.
  Seconds pack_time(std::size_t parameters, std::uint64_t kept, bool with_velocity) const;
  /// How long one unpack takes, found as in pack_time().
  Seconds unpack_time(std::size_t parameters, std::uint64_t kept) const;
};

/// The profile as it stands in a file: keys are those of the structs, with their unit.
Json to_json(const EngineProfile& profile);

/// The profiles that ship with ringsim, by name: from RINGSIM_DATA/profiles where that is set, else
/// installed with the program, else from the source tree.
std::vector<ShippedFile> shipped_engine_profiles();

/// Reads a file that holds to_json(). Throws UserError where it is missing or malformed.
EngineProfile load_engine_profile(const std::filesystem::path& path);

}  // namespace ringsim::prune
