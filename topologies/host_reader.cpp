#include "topologies/reader.hpp"

namespace ringsim {
namespace {

constexpr double slowest = 0.001, fastest = 1000;
constexpr double widest_jitter = 10;

/// `host`, with what the object says of it.
Host read_members(const JsonObject& object, Host host) {
  if (const auto speed = object.find("speed")) host.speed = speed->number(slowest, fastest);
  if (const auto jitter = object.find("jitter")) host.jitter = jitter->number(0, widest_jitter);
  if (const auto rate = object.find("reduce_rate")) host.reduce_rate = rate->bandwidth();
  const auto profile = object.find("profile");
  if (!profile) return host;
  constexpr std::string_view accepted = "a list of changes of speed is accepted";
  const auto entries = profile->array(accepted);
  if (entries.empty()) throw UserError(profile->place(), "found an empty list", accepted);
  host.speed_changes.clear();
  for (const auto& entry : entries) {
    const auto change = entry.object({"at", "speed"});
    const Seconds at = change["at"].seconds();
    if (!host.speed_changes.empty() && at <= host.speed_changes.back().at) {
      change["at"].wrong("changes in increasing order of time are accepted");
    }
    host.speed_changes.push_back({at, change["speed"].number(slowest, fastest)});
  }
  return host;
}

}  // namespace

Host read_host(const JsonValue& value) {
  return read_members(value.object({"speed", "jitter", "profile", "reduce_rate"}), {});
}

HostException read_host_exception(const JsonValue& value, const Host& common) {
  const auto object = value.object({"host", "speed", "jitter", "profile", "reduce_rate", "dies"});
  HostException exception{object["host"], read_members(object, common)};
  if (const auto dies = object.find("dies")) exception.host.dies = dies->seconds();
  return exception;
}

}  // namespace ringsim
