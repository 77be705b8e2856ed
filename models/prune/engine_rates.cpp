#include "models/prune/engine_rates.hpp"

#include <utility>

namespace ringsim::prune {

namespace {

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

}  // namespace

Json to_json(const EngineRates& rates) {
  Json::Array sizes;
  for (const SizeRates& size : rates.sizes) sizes.push_back(to_json(size));
  return Json::Object{{"engine", rates.engine},
                      {"processor", rates.processor},
                      {"threads", std::uint64_t{rates.threads}},
                      {"sizes", std::move(sizes)}};
}

}  // namespace ringsim::prune
