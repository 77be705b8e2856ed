#include "tools/ringsim/metrics.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ringsim {
namespace {

using S = const Summary&;

Metric figure(std::string_view name, std::string_view label, Shown how,
              std::function<std::optional<double>(S)> value) {
  return {name, label, how, std::move(value), nullptr};
}

Metric word(std::string_view name, std::string_view label, std::function<std::string(S)> text) {
  return {name, label, Shown::text, nullptr, std::move(text)};
}

std::vector<Metric> make_metrics() {
  return {
      figure("ranks", "ranks", Shown::number, [](S s) { return s.ranks; }),
      word("scheme", "scheme", [](S s) { return s.scheme; }),
      word("collective", "collective", [](S s) { return s.collective; }),
      word("backend", "backend", [](S s) { return s.backend; }),
      figure("steps", "steps", Shown::number, [](S s) { return static_cast<double>(s.steps); }),
      figure("simulated_seconds", "simulated time to the end", Shown::seconds,
             [](S s) { return s.simulated_seconds; }),
      figure("seconds_per_step.compute", "  per step: compute", Shown::seconds,
             [](S s) { return s.seconds_per_step.compute; }),
      figure("seconds_per_step.prune", "  per step: prune", Shown::seconds,
             [](S s) { return s.seconds_per_step.prune; }),
      figure("seconds_per_step.exchange", "", Shown::seconds,
             [](S s) { return s.seconds_per_step.exchange; }),
      figure("seconds_per_step.exposed_exchange", "  per step: exposed exchange", Shown::seconds,
             [](S s) { return s.seconds_per_step.exposed_exchange; }),
      figure("seconds_per_step.total", "  per step: total", Shown::seconds,
             [](S s) { return s.seconds_per_step.total; }),
      figure("bytes_sent_per_rank.values", "bytes sent per rank: values", Shown::bytes,
             [](S s) { return s.bytes_sent_per_rank.values; }),
      figure("bytes_sent_per_rank.masks", "bytes sent per rank: masks", Shown::bytes,
             [](S s) { return s.bytes_sent_per_rank.masks; }),
      figure("bytes_sent_per_rank.headers", "bytes sent per rank: headers", Shown::bytes,
             [](S s) { return s.bytes_sent_per_rank.headers; }),
      figure("bytes_sent_per_rank.total", "bytes sent per rank: total", Shown::bytes,
             [](S s) { return s.bytes_sent_per_rank.total; }),
      figure("compression_ratio.kept", "compression: kept", Shown::ratio,
             [](S s) { return s.compression_ratio.kept; }),
      figure("compression_ratio.values", "compression: values", Shown::ratio,
             [](S s) { return s.compression_ratio.values; }),
      figure("compression_ratio.wire", "compression: wire", Shown::ratio,
             [](S s) { return s.compression_ratio.wire; }),
      figure("compression_ratio.wire_after_warmup", "compression: wire after warm-up", Shown::ratio,
             [](S s) { return s.compression_ratio.wire_after_warmup; }),
      figure("density", "", Shown::number, [](S s) { return s.density; }),
      figure("staleness_steps.mean", "staleness in steps: mean age", Shown::number,
             [](S s) { return s.staleness_steps.mean; }),
      figure("staleness_steps.p50", "", Shown::number, [](S s) { return s.staleness_steps.p50; }),
      figure("staleness_steps.p95", "staleness in steps: age p95", Shown::number,
             [](S s) { return s.staleness_steps.p95; }),
      figure("staleness_steps.max", "staleness in steps: age max", Shown::number,
             [](S s) { return s.staleness_steps.max; }),
      figure("staleness_steps.delay_mean", "staleness in steps: mean delay", Shown::number,
             [](S s) { return s.staleness_steps.delay_mean; }),
      figure("staleness_steps.delay_max", "", Shown::number,
             [](S s) { return s.staleness_steps.delay_max; }),
      figure("left_out_ranks", "ranks left out of a step", Shown::number,
             [](S s) { return s.left_out_ranks; }),
      figure("target.accuracy", "", Shown::percent,
             [](S s) { return s.target ? std::optional(s.target->accuracy) : std::nullopt; }),
      figure("target.steps", "", Shown::number,
             [](S s) -> std::optional<double> {
               if (!s.target || !s.target->steps) return std::nullopt;
               return static_cast<double>(*s.target->steps);
             }),
      figure("target.seconds", "simulated time to the target accuracy", Shown::seconds,
             [](S s) { return s.target ? s.target->seconds : std::nullopt; }),
      word("bottleneck.kind", "bottleneck",
           [](S s) { return s.bottleneck ? s.bottleneck->kind : std::string(); }),
      word("bottleneck.name", "  most of it at",
           [](S s) { return s.bottleneck ? s.bottleneck->name : std::string(); }),
      figure("bottleneck.share", "  share of the critical path", Shown::percent,
             [](S s) { return s.bottleneck ? std::optional(s.bottleneck->share) : std::nullopt; }),
      figure("accuracy", "accuracy", Shown::percent, [](S s) { return s.accuracy; }),
      figure("loss", "training loss of the last step", Shown::number, [](S s) { return s.loss; }),
      figure("wall_seconds", "wall time of the simulation", Shown::seconds,
             [](S s) { return s.wall_seconds; }),
  };
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
