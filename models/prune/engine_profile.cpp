#include "models/prune/engine_profile.hpp"

#include "base/error.hpp"
#include "base/json_reader.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim::prune {

namespace {

constexpr std::string_view format_name = "ringsim engine profile 1";
constexpr std::uint64_t most_elements = std::uint64_t{1} << 40;

const SizeRates& nearest_size(const std::vector<SizeRates>& sizes, std::size_t parameters) {
  check(!sizes.empty(), "an engine profile has at least one size");
  const double wanted = std::log(static_cast<double>(std::max<std::size_t>(parameters, 1)));
  return *std::ranges::min_element(sizes, {}, [&](const SizeRates& size) {
    return std::fabs(std::log(static_cast<double>(size.elements)) - wanted);
  });
}

/// The time `of` each measured mask, interpolated as pack_time() says.
Seconds mask_time(const EngineProfile& profile, std::size_t parameters, std::uint64_t kept,
                  Seconds MaskRates::*of) {
  const SizeRates& size = nearest_size(profile.sizes, parameters);
  check(!size.masks.empty(), "an engine profile has at least one mask per size");
  const double scale = static_cast<double>(parameters) / static_cast<double>(size.elements);
  if (scale == 0) return {};
  const double wanted = static_cast<double>(kept) / scale;  // of a layer of the measured size
  const auto above = std::ranges::find_if(
      size.masks, [&](const MaskRates& mask) { return static_cast<double>(mask.kept) >= wanted; });
  if (above == size.masks.begin()) return (*above).*of * scale;
  const MaskRates& low = *(above - 1);
  const auto low_kept = static_cast<double>(low.kept);
  if (above == size.masks.end()) return low.*of * (scale * wanted / low_kept);
  const double share = (wanted - low_kept) / (static_cast<double>(above->kept) - low_kept);
  return (low.*of * (1 - share) + (*above).*of * share) * scale;
}

Json to_json(const EncodingRates& rates) {
  return Json::Object{{"encoding", rates.encoding},
                      {"bytes", rates.size.count},
                      {"encode_seconds", rates.encode.value},
                      {"decode_seconds", rates.decode.value}};
}

Json to_json(const MaskRates& rates) {
  Json::Array encodings;
  for (const EncodingRates& each : rates.encodings) encodings.push_back(to_json(each));
  return Json::Object{{"kept", rates.kept},
                      {"pack_seconds", rates.pack.value},
                      {"pack_with_velocity_seconds", rates.pack_with_velocity.value},
                      {"unpack_seconds", rates.unpack.value},
                      {"unite_seconds", rates.unite.value},
                      {"count_seconds", rates.count.value},
                      {"encodings", std::move(encodings)}};
}

Json to_json(const SizeRates& rates) {
  Json::Array masks;
  for (const MaskRates& mask : rates.masks) masks.push_back(to_json(mask));
  return Json::Object{{"elements", std::uint64_t{rates.elements}},
                      {"copy_bytes_per_second", rates.copy.value},
                      {"limit_bytes_per_second", rates.limit.value},
                      {"select_bytes_per_second", rates.select.value},
                      {"select_with_velocity_bytes_per_second", rates.select_with_velocity.value},
                      {"masks", std::move(masks)}};
}

Seconds read_seconds(const JsonValue& value) { return {value.number(0, 1e6)}; }
BytesPerSecond read_rate(const JsonValue& value) { return {value.number(1, 1e18)}; }

EncodingRates read_encoding(const JsonValue& value) {
  const auto object = value.object({"encoding", "bytes", "encode_seconds", "decode_seconds"});
  return {.encoding = object["encoding"].string(),
          .size = {object["bytes"].integer(0, most_elements)},
          .encode = read_seconds(object["encode_seconds"]),
          .decode = read_seconds(object["decode_seconds"])};
}

MaskRates read_mask(const JsonValue& value, std::size_t elements) {
  const auto object =
      value.object({"kept", "pack_seconds", "pack_with_velocity_seconds", "unpack_seconds",
                    "unite_seconds", "count_seconds", "encodings"});
  MaskRates mask{.kept = object["kept"].integer(1, elements),
                 .pack = read_seconds(object["pack_seconds"]),
                 .pack_with_velocity = read_seconds(object["pack_with_velocity_seconds"]),
                 .unpack = read_seconds(object["unpack_seconds"]),
                 .unite = read_seconds(object["unite_seconds"]),
                 .count = read_seconds(object["count_seconds"]),
                 .encodings = {}};
  for (const JsonValue& each : object["encodings"].array("a list of encodings is accepted"))
    mask.encodings.push_back(read_encoding(each));
  return mask;
}

SizeRates read_size(const JsonValue& value) {
  const auto object =
      value.object({"elements", "copy_bytes_per_second", "limit_bytes_per_second",
                    "select_bytes_per_second", "select_with_velocity_bytes_per_second", "masks"});
  SizeRates size{.elements = object["elements"].integer(1, most_elements),
                 .copy = read_rate(object["copy_bytes_per_second"]),
                 .limit = read_rate(object["limit_bytes_per_second"]),
                 .select = read_rate(object["select_bytes_per_second"]),
                 .select_with_velocity = read_rate(object["select_with_velocity_bytes_per_second"]),
                 .masks = {}};
  const std::string_view accepted = "a list of masks, by ascending \"kept\", is accepted";
  for (const JsonValue& each : object["masks"].array(accepted)) {
    const MaskRates mask = read_mask(each, size.elements);
    if (!size.masks.empty() && mask.kept <= size.masks.back().kept) object["masks"].wrong(accepted);
    size.masks.push_back(mask);
  }
  if (size.masks.empty()) object["masks"].wrong(accepted);
  return size;
}

}  // namespace

Seconds EngineProfile::select_time(std::size_t parameters, bool with_velocity) const {
  const SizeRates& size = nearest_size(sizes, parameters);
  const double bytes = static_cast<double>(parameters) * (with_velocity ? 24.125 : 16.125);
  return {bytes / (with_velocity ? size.select_with_velocity : size.select).value};
}

Seconds EngineProfile::pack_time(std::size_t parameters, std::uint64_t kept,
                                 bool with_velocity) const {
  return mask_time(*this, parameters, kept,
                   with_velocity ? &MaskRates::pack_with_velocity : &MaskRates::pack);
}

Seconds EngineProfile::unpack_time(std::size_t parameters, std::uint64_t kept) const {
  return mask_time(*this, parameters, kept, &MaskRates::unpack);
}

Json to_json(const EngineProfile& profile) {
  Json::Array sizes;
  for (const SizeRates& size : profile.sizes) sizes.push_back(to_json(size));
  return Json::Object{{"format", format_name},
                      {"engine", profile.engine},
                      {"processor", profile.processor},
                      {"threads", std::uint64_t{profile.threads}},
                      {"sizes", std::move(sizes)}};
}

std::vector<ShippedFile> shipped_engine_profiles() {
  return shipped_files({.name = "profiles",
                        .from_program = RINGSIM_PROFILES_FROM_PROGRAM,
                        .source = RINGSIM_SOURCE_PROFILES,
                        .installed = RINGSIM_INSTALLED_PROFILES});
}

EngineProfile load_engine_profile(const std::filesystem::path& path) {
  const JsonValue value = load_json(path);
  const auto object = value.object({"format", "engine", "processor", "threads", "sizes"});
  const JsonValue format = object["format"];
  const std::string fix = "`ringsim bench` writes such a file";
  if (format.string() != format_name)
    format.wrong("\"" + std::string(format_name) + "\" is accepted", fix);
  EngineProfile profile{.engine = object["engine"].string(),
                        .processor = object["processor"].string(),
                        .threads = object["threads"].integer(1, 65536),
                        .sizes = {}};
  const std::string_view accepted = "a list of sizes, by ascending \"elements\", is accepted";
  for (const JsonValue& each : object["sizes"].array(accepted)) {
    const SizeRates size = read_size(each);
    if (!profile.sizes.empty() && size.elements <= profile.sizes.back().elements)
      object["sizes"].wrong(accepted);
    profile.sizes.push_back(size);
  }
  if (profile.sizes.empty()) object["sizes"].wrong(accepted);
  return profile;
}

}  // namespace ringsim::prune
