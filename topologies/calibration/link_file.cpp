#include "topologies/calibration/link_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

std::string text_of(Seconds latency) {
  constexpr double microseconds = 1e6;
  return fmt::format("{:.6g}us", latency.value * microseconds);
}

std::string text_of(BytesPerSecond bandwidth) {
  constexpr double giga = 1e9;
  return fmt::format("{:.6g}GBps", bandwidth.value / giga);
}

}  // namespace

Json ring_of(const LinkFit& fit, std::uint32_t hosts, const std::string& name,
             const std::string& description) {
  BytesPerSecond fastest;
  Json::Array sizes;
  for (const auto& [piece, error] : fit.pieces) {
    fastest = std::max(fastest, piece.bandwidth);
    sizes.emplace_back(Json::Object{{"from", fmt::format("{}B", piece.from.count)},
                                    {"latency", text_of(piece.latency)},
                                    {"bandwidth", text_of(piece.bandwidth)}});
  }
  Json::Object link = {{"bandwidth", text_of(fastest)},
                       {"latency", text_of(fit.pieces.front().piece.latency)}};
  if (sizes.size() > 1) link.emplace_back("sizes", std::move(sizes));
  return Json::Object{{"name", name},
                      {"description", description},
                      {"kind", "ring"},
                      {"hosts", hosts},
                      {"link", std::move(link)}};
}

}  // namespace ringsim
