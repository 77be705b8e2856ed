#include "sim/scan/optimize.hpp"

#include "base/text.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/run/felt_options.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/groups.hpp"
#include "sim/scan/point_runner.hpp"
#include "sim/scan/uncertain.hpp"
#include "sim/scan/workers.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <utility>

namespace ringsim {
namespace {

const ScanRequest::Option* given_option(const ScanRequest& request, std::string_view name) {
  const auto found = std::ranges::find(request.options, name, &ScanRequest::Option::name);
  return found == request.options.end() ? nullptr : &*found;
}

/// Whether some of the schemes or collectives `names` take the option.
bool is_taken(const std::vector<std::string>& names, std::string_view option) {
  return std::ranges::any_of(
      names, [&](const std::string& name) { return takes(name, *find_run_option(option)); });
}

bool asks_for_headroom(const std::vector<Assignment>& assignments) {
  return std::ranges::find(assignments, Assignment{"headroom", "on"}) != assignments.end();
}

/// Words, of which the last one, the name of a link or a rank, may have blanks in it.
std::string row_text(const Ranked& ranked) {
  const auto text = [](std::optional<double> value) {
    return value ? fmt::format("{}", *value) : std::string("-");
  };
  const auto& [compute, compress, exchange] = ranked.basis;
  const auto& bottleneck = ranked.bottleneck;
  return fmt::format(
      "{} {} {} {} {} {} {}{}", ranked.seconds, compute, compress.value_or("-"), exchange,
      text(ranked.headroom.dense_fp32), text(ranked.headroom.dense_bf16), text(ranked.accuracy),
      bottleneck ? fmt::format(" {} {} {}", bottleneck->kind, bottleneck->share, bottleneck->name)
                 : std::string());
}

/// What row_text() made of it.
Ranked parse_row(std::uint32_t point, const std::string& text) {
  std::istringstream words(text);
  const auto word = [&] {
    std::string next;
    words >> next;
    return next;
  };
  const auto number = [&]() -> std::optional<double> {
    const auto found = leading_number(word());
    return found ? std::optional(found->value) : std::nullopt;
  };
  Ranked ranked{.point = point, .seconds = number().value()};
  ranked.basis.compute = word();
  if (auto compress = word(); compress != "-") ranked.basis.compress = std::move(compress);
  ranked.basis.exchange = word();
  ranked.headroom.dense_fp32 = number();
  ranked.headroom.dense_bf16 = number();
  ranked.accuracy = number();
  if (auto kind = word(); !kind.empty()) {
    const double share = number().value();
    std::string name;
    std::getline(words >> std::ws, name);
    ranked.bottleneck = {std::move(kind), std::move(name), share};
  }
  return ranked;
}

class RankedWork final : public GroupWork {
 public:
  RankedWork(const PointSet& points, PointRunner& runner) : points_(points), runner_(runner) {}

  DoneRow run(std::uint32_t point) override {
    const auto assignments = points_.assignments(point);
    const auto result = runner_.run(assignments);
    is_recorded_ = is_recorded_ || runner_.has_recording(assignments);
    if (!result.summary) return {true, result.error.substr(0, 10'000)};
    const auto& summary = *result.summary;
    const auto seconds = summary.target ? summary.target->seconds : summary.seconds_per_step.total;
    if (!seconds) return {false, {}};
    // The best of all is the best so far in the process that runs it.
    auto headroom = summary.headroom_seconds;
    if (*seconds <= least_) {
      least_ = *seconds;
      if (is_uncertain(summary.basis.compress) && !asks_for_headroom(assignments))
        headroom = runner_.headroom(assignments, Seconds{summary.seconds_per_step.total});
    }
    return {false, row_text({point, *seconds, summary.basis, headroom, summary.bottleneck,
                             summary.accuracy})};
  }
  bool can_split() const override { return is_recorded_; }

 private:
  const PointSet& points_;
  PointRunner& runner_;
  bool is_recorded_ = false;
  double least_ = std::numeric_limits<double>::infinity();
};

/// Whether GPUs of nodes exchange here, or a library that the topology's file names: then it is
/// tried beside the collectives that anybody can write.
bool has_library(const ScanRequest& request) {
  const auto* given = given_option(request, "topology");
  if (given == nullptr) return false;
  return std::ranges::any_of(given->values, [](const std::string& what) {
    if (kind_named(what) != nullptr) return what == "hierarchical";
    const auto topology = find_topology(what);
    return !topology.library().empty() || topology.gpus_per_node() > 1;
  });
}

}  // namespace

ScanRequest with_defaults_to_try(ScanRequest request) {
  const auto* source = given_option(request, "source");
  const bool has_shapes = given_option(request, "bytes") == nullptr;
  const bool is_model_drawn =
      source != nullptr && source->values == std::vector<std::string>{"synthetic"};
  const bool is_trace = source != nullptr && source->values.front().starts_with("trace:");
  const auto add = [&](std::string_view name, std::vector<std::string> values) {
    if (given_option(request, name) == nullptr && !values.empty())
      request.options.push_back({name, std::move(values)});
  };
  std::vector<std::string> names;
  for (const auto* scheme : schemes()) {
    if (has_shapes || !scheme->needs_shapes) names.emplace_back(scheme->name);
  }
  // What a trace holds was selected already.
  if (!is_trace) {
    add("scheme", names);
    if (is_taken(given_option(request, "scheme")->values, "density"))
      add("density", {"1/16", "1/64", "1/256"});
  }
  names.clear();
  for (const auto* collective : collectives())
    if (!collective->is_library || has_library(request)) names.emplace_back(collective->name);
  const auto& tried = given_option(request, "scheme");
  RunOptions options;
  if (given_option(request, "bytes") != nullptr) options.bytes = Bytes{sizeof(float)};
  const bool adds_up =
      tried == nullptr || std::ranges::any_of(tried->values, [&](const auto& scheme) {
        options.scheme = scheme;
        return may_feel(options, "collective");
      });
  if (adds_up) add("collective", names);
  // The largest one is exchanged when the whole gradient is ready, as without buckets.
  if (is_model_drawn) add("bucket", {"ddp", "1MiB", "4MiB", "16MiB", "64MiB", "1TiB"});
  std::ranges::sort(request.options, {}, [](const ScanRequest::Option& option) {
    return std::ranges::find(run_options(), option.name, &RunOption::name) - run_options().begin();
  });
  return request;
}

Ranking rank_points(const PointSet& points, std::size_t jobs,
                    const std::function<void(const PointsDone&)>& on_point,
                    const std::function<bool()>& wants_stop) {
  PointRunner runner(1);
  Ranking ranking;
  std::uint32_t first_failed = ~std::uint32_t{0};
  std::size_t done = 0;
  const auto lost =
      run_workers(group_points(points), jobs,
                  [&](const PointGroup&) { return std::make_unique<RankedWork>(points, runner); },
                  {.on_row =
                       [&](std::uint32_t point, const DoneRow& row) {
                         if (row.failed) {
                           ++ranking.failed;
                           if (point < first_failed) ranking.first_error = row.text;
                           first_failed = std::min(first_failed, point);
                         } else if (!row.text.empty()) {
                           ranking.best_first.push_back(parse_row(point, row.text));
                         } else {
                           ++ranking.not_reached;
                         }
                         if (on_point) on_point({++done, ranking.failed, points.size()});
                         return true;
                       },
                   .on_wait = [&] { return !wants_stop || !wants_stop(); }});
  ranking.failed += lost.points.size();
  if (!lost.points.empty() && ranking.first_error.empty()) ranking.first_error = lost.why;
  std::ranges::sort(ranking.best_first, [](const Ranked& a, const Ranked& b) {
    return std::pair(a.seconds, a.point) < std::pair(b.seconds, b.point);
  });
  for (std::size_t i = 1; i < ranking.best_first.size(); ++i) {
    auto& ranked = ranking.best_first[i];
    if (!asks_for_headroom(points.assignments(ranked.point))) ranked.headroom = {};
  }
  return ranking;
}

}  // namespace ringsim
