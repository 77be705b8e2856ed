#include "traces/profiler_events.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/gzip.hpp"
#include "base/json_reader.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ringsim {
namespace {

constexpr std::uint64_t any_count = std::uint64_t{1} << 62;

std::string text_of(const JsonValue& event, std::string_view key) {
  const auto value = event.find(key);
  return value && value->is_string() ? value->string() : std::string();
}

std::optional<std::uint64_t> count_of(const JsonValue& arguments, std::string_view key) {
  const auto value = arguments.find(key);
  if (!value) return std::nullopt;
  return value->integer(0, any_count);
}

/// What was called; nothing where the five fields are not there.
std::optional<ProfiledCollective> call_of(const JsonValue& event) {
  constexpr std::array<std::string_view, 5> fields = {"Collective name", "In msg nelems",
                                                      "Out msg nelems", "Group size", "dtype"};
  const auto arguments = event.find("args");
  if (!arguments) return std::nullopt;
  for (const auto field : fields) {
    if (!arguments->find(field)) return std::nullopt;
  }
  return ProfiledCollective{.name = text_of(*arguments, fields[0]),
                            .elements = *count_of(*arguments, fields[1]),
                            .type = text_of(*arguments, fields[4]),
                            .ranks = *count_of(*arguments, fields[3])};
}

/// The product of the extents of the first input; nothing where shapes were not recorded.
std::optional<std::uint64_t> parameters_of(const JsonValue& event) {
  const auto arguments = event.find("args");
  const auto inputs = arguments ? arguments->find("Input Dims") : std::nullopt;
  if (!inputs) return std::nullopt;
  const auto tensors = inputs->array();
  if (tensors.empty()) return std::nullopt;
  const auto extents = tensors.front().array();
  if (extents.empty()) return std::nullopt;  // the profiler does not know it
  std::uint64_t product = 1;
  for (const auto& extent : extents) product *= extent.integer(0, any_count);
  return product;
}

std::optional<std::uint64_t> correlation_of(const JsonValue& event) {
  const auto arguments = event.find("args");
  return arguments ? count_of(*arguments, "correlation") : std::nullopt;
}

/// When an event begins and ends; nothing where it does not say so.
std::optional<std::pair<double, double>> span_of(const JsonValue& event) {
  const auto start = event.find("ts"), duration = event.find("dur");
  if (!start || !duration) return std::nullopt;
  const double from = start->number(-any_moment, any_moment);
  return std::pair(from, from + duration->number(0, any_moment));
}

void add_kernel(ProfilerEvents& events, const JsonValue& event) {
  const auto span = span_of(event);
  const auto correlation = correlation_of(event);
  if (!span || !correlation) return;
  events.kernels.emplace(
      *correlation, ProfiledKernel{span->first, span->second,
                                   text_of(event, "name").starts_with("nccl"), call_of(event)});
}

void add_launch(ProfilerEvents& events, const JsonValue& event, std::string_view name) {
  const auto span = span_of(event);
  const auto correlation = correlation_of(event);
  // Copies and graphs are launched, too, and have other events than kernels.
  if (span && correlation) {
    events.launches.push_back(
        {span->first, *correlation, name.find("LaunchKernel") != std::string_view::npos});
  }
}

void add(ProfilerEvents& events, const JsonValue& event) {
  const std::string name = text_of(event, "name"), category = text_of(event, "cat");
  if (category == "user_annotation" && name.starts_with("ProfilerStep#")) {
    if (const auto span = span_of(event))
      events.windows.push_back({span->first, span->second, name});
  }
  if (text_of(event, "ph") != "X") return;
  if (category == "kernel") return add_kernel(events, event);
  if (category == "cuda_runtime" || category == "cuda_driver")
    return add_launch(events, event, name);
  const bool is_gradient = name == "torch::autograd::AccumulateGrad";
  if (!is_gradient && name != "record_param_comms") return;
  const auto span = span_of(event);
  if (!span) return;
  if (is_gradient) {
    events.gradients.push_back({span->first, parameters_of(event)});
  } else if (auto call = call_of(event)) {
    events.comms.push_back({span->first, *std::move(call)});
  }
}

std::string read_text(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (!is_gzip(text)) return text;
  // Traces are packed to a tenth or a thirtieth. What is large and stands for far more is none.
  constexpr std::size_t always_unpacked = std::size_t{64} << 20, highest_ratio = 100;
  const auto most_unpacked =
      std::clamp<std::size_t>(highest_ratio * text.size(), always_unpacked, most_of_settings);
  return unpack_gzip(text, most_unpacked,
                     {.path = path.string(),
                      .accepted = "a packed trace of up to 64 MiB, or of 256 MiB that was packed "
                                  "to a hundredth or more, is accepted",
                      .fix = "unpack it, or record fewer steps"});
}

}  // namespace

ProfilerEvents read_profiler_events(const std::filesystem::path& path) {
  const auto root = parse_json(read_text(path), path.string(), RepeatedKeys::kept);
  if (root.is_array()) {
    throw UserError(root.place(), "found a list of events, without steps and what ran on a GPU",
                    "a trace of the PyTorch profiler (prof.export_chrome_trace) is accepted",
                    "trace with a PyTorch that was built with Kineto");
  }
  const auto all = root.find("traceEvents");
  if (!all) {
    throw UserError(root.place(), "found no traceEvents",
                    "a trace of the PyTorch profiler (prof.export_chrome_trace) is accepted");
  }
  ProfilerEvents events;
  events.path = path;
  const auto group = root.find("distributedInfo");
  if (group && group->is_object()) events.rank = count_of(*group, "rank");
  for (const auto& event : all->array()) add(events, event);
  const auto by_time = [](const auto& a, const auto& b) { return a.time < b.time; };
  std::sort(events.windows.begin(), events.windows.end(),
            [](const ProfilerWindow& a, const ProfilerWindow& b) { return a.from < b.from; });
  std::sort(events.launches.begin(), events.launches.end(), by_time);
  std::sort(events.comms.begin(), events.comms.end(), by_time);
  std::sort(events.gradients.begin(), events.gradients.end(),
            [](const ProfiledGradient& a, const ProfiledGradient& b) { return a.start < b.start; });
  if (events.windows.empty()) events.windows.emplace_back();
  return events;
}

}  // namespace ringsim
