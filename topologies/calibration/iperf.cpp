// What iperf3 writes with -J.
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim::calibration {
namespace {

constexpr std::string_view accepted = "what iperf3 -c HOST -J writes is accepted";

/// The value at a path of keys, where all of them are there.
std::optional<JsonValue> at(const JsonValue& root, std::initializer_list<std::string_view> keys) {
  std::optional<JsonValue> value = root;
  for (const auto key : keys) {
    if (!value->is_object()) return std::nullopt;
    value = value->find(key);
    if (!value) return std::nullopt;
  }
  return value;
}

/// The smallest round trip that the sending side's TCP saw: later ones wait in queues that the
/// test itself fills.
std::optional<Seconds> round_trip(const JsonValue& root) {
  std::optional<Seconds> smallest;
  const auto streams = at(root, {"end", "streams"});
  if (!streams) return smallest;
  for (const auto& stream : streams->array("a list of streams is accepted")) {
    const auto time = at(stream, {"sender", "min_rtt"});
    if (!time) continue;
    const Seconds seconds{time->number(0, 1e12) / 1e6};
    if (seconds > Seconds{} && (!smallest || seconds < *smallest)) smallest = seconds;
  }
  return smallest;
}

}  // namespace

MeasuredThroughput read_iperf(const JsonValue& root) {
  if (const auto error = root.find("error")) {
    throw UserError(error->place(), fmt::format("the test failed ({})", error->string()), accepted,
                    "measure again");
  }
  if (const auto protocol = at(root, {"start", "test_start", "protocol"})) {
    if (protocol->string() != "TCP") {
      protocol->wrong("a test over TCP is accepted",
                      "UDP sends as fast as it is told to, not as fast as the link goes");
    }
  }
  const auto rate = at(root, {"end", "sum_received", "bits_per_second"});
  if (!rate) {
    throw UserError(root.place(), "found no end/sum_received/bits_per_second", accepted,
                    "let the test run to its end");
  }
  constexpr double least = 1, most = 1e18, bits = 8;
  return {"iperf3 JSON", {rate->number(least, most) / bits}, round_trip(root)};
}

}  // namespace ringsim::calibration
