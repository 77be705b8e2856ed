#include "tools/ringsim/metrics.hpp"

#include "base/units.hpp"
#include "traces/output_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

namespace ringsim {
namespace {

Shown shown_in(std::string_view unit) {
  if (unit == "s") return Shown::seconds;
  if (unit == "bytes") return Shown::bytes;
  if (unit == "bytes/s") return Shown::bandwidth;
  if (unit == "x") return Shown::ratio;
  return unit == "1" ? Shown::percent : Shown::number;
}

std::optional<double> number(double value) { return value; }
std::optional<double> number(std::uint32_t value) { return value; }
std::optional<double> number(std::uint64_t value) { return static_cast<double>(value); }
template <class T>
std::optional<double> number(const std::optional<T>& value) {
  return value ? number(*value) : std::nullopt;
}

template <class T>
const T* object_in(const T& member) {
  return &member;
}
template <class T>
const T* object_in(const std::optional<T>& member) {
  return member ? &*member : nullptr;
}

/// `find` gives the object within a summary that has the members; null where it is absent.
template <class Owner, class Find>
void add_figures(const std::string& prefix, const Find& find, std::vector<Metric>& all);

template <class Owner, class Member, class Find>
void add_figure(const std::string& prefix, const Find& find, const Field<Member Owner::*>& field,
                std::vector<Metric>& all) {
  using Inner = typename Held<Member>::Type;
  const auto member = field.value;
  const auto name = prefix + std::string(field.name);
  if constexpr (HasFields<Inner>) {
    add_figures<Inner>(
        name + ".",
        [=](const Summary& summary) -> const Inner* {
          const Owner* owner = find(summary);
          return owner ? object_in(owner->*member) : nullptr;
        },
        all);
  } else if constexpr (std::is_same_v<Inner, std::string>) {
    all.push_back({name, field.unit, field.meaning, field.label, Shown::text, nullptr,
                   [=](const Summary& summary) {
                     const Owner* owner = find(summary);
                     const auto* text = owner ? object_in(owner->*member) : nullptr;
                     return text ? *text : std::string();
                   }});
  } else {
    all.push_back({name, field.unit, field.meaning, field.label, shown_in(field.unit),
                   [=](const Summary& summary) {
                     const Owner* owner = find(summary);
                     return owner ? number(owner->*member) : std::nullopt;
                   },
                   nullptr});
  }
}

/// What made a result is no figure of it.
template <class Find>
void add_figure(const std::string& /*prefix*/, const Find& /*find*/,
                const Field<Summary::Provenance Summary::*>& /*field*/,
                std::vector<Metric>& /*all*/) {}

template <class Owner, class Find>
void add_figures(const std::string& prefix, const Find& find, std::vector<Metric>& all) {
  Owner::fields([&](const auto&... fields) { (add_figure(prefix, find, fields, all), ...); });
}

std::vector<Metric> make_metrics() {
  std::vector<Metric> all;
  add_figures<Summary>(
      {}, [](const Summary& summary) { return &summary; }, all);
  return all;
}

}  // namespace

std::span<const Metric> metrics() {
  static const std::vector<Metric> all = make_metrics();
  return all;
}

std::string shown(const Metric& metric, const Summary& summary) {
  if (metric.text) return metric.text(summary);
  const auto value = metric.value(summary);
  return value ? shown(metric.shown, *value) : "-";
}

std::string shown(Shown how, double value) {
  switch (how) {
    case Shown::seconds:
      return format(Seconds{value});
    case Shown::bytes:
      return format(Bytes{static_cast<std::uint64_t>(std::llround(value))});
    case Shown::bandwidth:
      return format(BytesPerSecond{value});
    case Shown::ratio:
      return fmt::format("{:.1f}x", value);
    case Shown::percent:
      return fmt::format("{:.2f} %", value * 100);
    default:
      return value == std::floor(value) ? fmt::format("{:.0f}", value)
                                        : fmt::format("{:.4g}", value);
  }
}

std::string exact(const Metric& metric, const Summary& summary) {
  if (metric.text) return metric.text(summary);
  const auto value = metric.value(summary);
  return value ? fmt::format("{}", *value) : std::string();
}

}  // namespace ringsim
