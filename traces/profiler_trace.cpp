#include "traces/profiler_trace.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/gzip.hpp"
#include "base/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>

namespace ringsim {
namespace {

constexpr double any = std::numeric_limits<double>::max();
constexpr std::uint64_t any_count = std::uint64_t{1} << 62;

/// Times are in microseconds, as the trace has them.
struct Kernel {
  double start, end;
  std::optional<std::uint64_t> all_reduced;  ///< elements, of a kernel of NCCL that says so
  bool is_nccl;
};
struct Event {
  double start;
  std::optional<std::uint64_t> parameters;
};
struct Launch {
  double time;
  std::uint64_t correlation;
  bool has_kernel;  ///< whether a kernel belongs to it
};
/// A step of the profiler, or the whole trace.
struct Window {
  double from = -any, to = any;
  std::string name;
};
using Kernels = std::unordered_map<std::uint64_t, Kernel>;  ///< by correlation

std::string text_of(const JsonValue& event, std::string_view key) {
  const auto value = event.find(key);
  return value && value->is_string() ? value->string() : std::string();
}

std::optional<std::uint64_t> count_of(const JsonValue& arguments, std::string_view key) {
  const auto value = arguments.find(key);
  if (!value) return std::nullopt;
  return value->integer(0, any_count);
}

/// The elements of an all-reduce; nothing where the five fields are not there.
std::optional<std::uint64_t> all_reduced_by(const JsonValue& arguments) {
  constexpr std::array<std::string_view, 5> fields = {"Collective name", "In msg nelems",
                                                      "Out msg nelems", "Group size", "dtype"};
  for (const auto field : fields) {
    if (!arguments.find(field)) return std::nullopt;
  }
  if (text_of(arguments, fields[0]).find("allreduce") == std::string::npos) return std::nullopt;
  return count_of(arguments, fields[1]);
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

/// The steps of the profiler in order of time; the whole trace where there are none.
std::vector<Window> windows_of(const std::vector<JsonValue>& events) {
  std::vector<Window> windows;
  for (const auto& event : events) {
    if (text_of(event, "cat") != "user_annotation") continue;
    const auto name = text_of(event, "name");
    const auto start = event.find("ts"), duration = event.find("dur");
    if (!name.starts_with("ProfilerStep#") || !start || !duration) continue;
    const double from = start->number(-any, any);
    windows.push_back({from, from + duration->number(0, any), name});
  }
  std::sort(windows.begin(), windows.end(),
            [](const Window& a, const Window& b) { return a.from < b.from; });
  if (windows.empty()) windows.emplace_back();
  return windows;
}

Kernels kernels_of(const std::vector<JsonValue>& events) {
  Kernels kernels;
  for (const auto& event : events) {
    if (text_of(event, "ph") != "X" || text_of(event, "cat") != "kernel") continue;
    const auto start = event.find("ts"), duration = event.find("dur");
    const auto correlation = correlation_of(event);
    if (!start || !duration || !correlation) continue;
    const double begin = start->number(-any, any);
    kernels.emplace(*correlation, Kernel{begin, begin + duration->number(0, any),
                                         all_reduced_by(*event.find("args")),
                                         text_of(event, "name").starts_with("nccl")});
  }
  return kernels;
}

/// What one step of a trace holds.
class Step {
 public:
  Step(const std::filesystem::path& path, const std::vector<JsonValue>& events,
       const Kernels& kernels, const Window& window)
      : path_(path), window_(window), kernels_(kernels) {
    for (const auto& event : events) add(event);
    std::sort(gradients_.begin(), gradients_.end(),
              [](const Event& a, const Event& b) { return a.start < b.start; });
    std::sort(launches_.begin(), launches_.end(),
              [](const Launch& a, const Launch& b) { return a.time < b.time; });
    for (const auto& launch : launches_) {
      const auto found = kernels_.find(launch.correlation);
      if (found == kernels_.end()) {
        // What is launched after the last gradient, as the optimizer is, makes none late.
        const bool counts = gradients_.empty() || launch.time <= gradients_.back().start;
        if (launch.has_kernel && counts) ++lost_;
        continue;
      }
      if (!found->second.is_nccl) begin_ = std::min(begin_, found->second.start);
      reduces_ = reduces_ || found->second.all_reduced.has_value();
    }
  }

  /// Whether it computes and has gradients or their all-reduces. The profiler opens a step at its
  /// end in which nothing happens.
  bool has_backward_pass() const { return begin_ != any && (!gradients_.empty() || reduces_); }
  /// Whether all its kernels and gradients are there: the profiler's buffers may have ended before.
  bool is_whole(const std::vector<MeasuredLayer>& layers) const {
    return lost_ == 0 && (gradients_.empty() || gradients_.size() == layers.size());
  }

  std::vector<double> ready_times(const std::vector<MeasuredLayer>& layers) const {
    if (begin_ == any)
      fail("no kernel that is launched in the step",
           "a trace with CPU and CUDA activities is accepted");
    if (lost_ > 0) {
      fail(fmt::format("kernels of {} launches in {} are missing", lost_,
                       window_.name.empty() ? "the trace" : window_.name),
           "a step whose kernels are all there is accepted",
           "record one more step, so that the profiler does not stop within the last one");
    }
    auto ready = gradients_.empty() ? from_buckets(layers) : from_gradients(layers);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (ready[i] > 0) continue;
      fail(fmt::format("the gradient of layer \"{}\" is ready before the step's first kernel ends",
                       layers[i].name),
           "gradients that kernels have computed are accepted",
           "is the launch of a kernel missing?");
    }
    return ready;
  }

 private:
  std::vector<double> from_gradients(const std::vector<MeasuredLayer>& layers) const {
    if (gradients_.size() != layers.size()) {
      fail(fmt::format("{} AccumulateGrad events in the step", gradients_.size()),
           fmt::format("one for each of the model's {} layers is accepted", layers.size()));
    }
    std::vector<double> ready(layers.size());
    std::vector<bool> is_taken(layers.size());
    auto launch = launches_.begin();
    double end = begin_;
    for (const auto& gradient : gradients_) {
      for (; launch != launches_.end() && launch->time <= gradient.start; ++launch) {
        const auto kernel = kernels_.find(launch->correlation);
        if (kernel != kernels_.end() && !kernel->second.is_nccl)
          end = std::max(end, kernel->second.end);
      }
      const std::size_t layer = layer_of(gradient, layers, is_taken);
      is_taken[layer] = true;
      ready[layer] = seconds(end);
    }
    return ready;
  }

  std::vector<double> from_buckets(const std::vector<MeasuredLayer>& layers) const {
    std::vector<Kernel> buckets;
    for (const auto& launch : launches_) {
      const auto kernel = kernels_.find(launch.correlation);
      if (kernel != kernels_.end() && kernel->second.all_reduced) buckets.push_back(kernel->second);
    }
    if (buckets.empty()) {
      fail("neither AccumulateGrad events nor all-reduces of NCCL in the step",
           "a trace of a backward pass with CPU and CUDA activities is accepted");
    }
    std::sort(buckets.begin(), buckets.end(),
              [](const Kernel& a, const Kernel& b) { return a.start < b.start; });
    std::vector<double> ready(layers.size());
    std::size_t layer = layers.size();
    for (const auto& bucket : buckets) {
      std::uint64_t held = 0;
      while (layer > 0 && held < *bucket.all_reduced) {
        held += layers[--layer].parameters;
        ready[layer] = seconds(bucket.start);
      }
      if (held != *bucket.all_reduced) {
        fail(fmt::format("an all-reduce of {} elements", *bucket.all_reduced),
             fmt::format("the last layers that are left hold {}", held),
             "is it another model, or are its buckets not filled from the last layer on?");
      }
    }
    if (layer > 0)
      fail(fmt::format("no all-reduce of layer \"{}\"", layers[layer - 1].name),
           "all-reduces of all layers are accepted");
    return ready;
  }

  [[noreturn]] void fail(const std::string& found, const std::string& accepted,
                         std::string_view fix = {}) const {
    throw UserError({path_.string(), {}}, found, accepted, fix);
  }

  double seconds(double moment) const { return (moment - begin_) * 1e-6; }

  void add(const JsonValue& event) {
    if (text_of(event, "ph") != "X") return;
    const std::string name = text_of(event, "name"), category = text_of(event, "cat");
    const bool is_launch = category == "cuda_runtime" || category == "cuda_driver";
    const bool is_gradient = name == "torch::autograd::AccumulateGrad";
    if (!is_launch && !is_gradient) return;
    const auto start_value = event.find("ts"), duration = event.find("dur");
    if (!start_value || !duration) return;
    const double start = start_value->number(-any, any);
    if (start < window_.from || start >= window_.to) return;
    const auto correlation = correlation_of(event);
    if (is_launch && correlation) {
      // Copies and graphs are launched, too, and have other events than kernels.
      launches_.push_back({start, *correlation, name.find("LaunchKernel") != std::string::npos});
    } else if (is_gradient) {
      gradients_.push_back({start, parameters_of(event)});
    }
  }

  /// The last layer that is left, of so many parameters where that is known.
  std::size_t layer_of(const Event& gradient, const std::vector<MeasuredLayer>& layers,
                       const std::vector<bool>& is_taken) const {
    for (std::size_t i = layers.size(); i-- > 0;) {
      if (is_taken[i]) continue;
      if (!gradient.parameters || *gradient.parameters == layers[i].parameters) return i;
    }
    fail(fmt::format("a gradient of {} elements", *gradient.parameters),
         "a layer of the model for each is accepted", "is it another model?");
  }

  const std::filesystem::path& path_;
  const Window& window_;
  const Kernels& kernels_;
  double begin_ = any;
  std::size_t lost_ = 0;  ///< launches whose kernel is not there
  bool reduces_ = false;
  std::vector<Launch> launches_;
  std::vector<Event> gradients_;
};

}  // namespace

std::vector<double> read_profiler_trace(const std::filesystem::path& path,
                                        const std::vector<MeasuredLayer>& layers) {
  auto text = read_file(path);
  // Nobody knows where packed data ends before it does, as with a pipe.
  constexpr std::size_t most_unpacked = std::size_t{64} << 20;
  if (is_gzip(text)) {
    text = unpack_gzip(text, most_unpacked,
                       {.path = path.string(),
                        .accepted = "a packed trace of up to 64 MiB is accepted",
                        .fix = "unpack it, or record fewer steps"});
  }
  const auto root = parse_json(text, path.string(), RepeatedKeys::kept);
  const auto events = root.find("traceEvents");
  if (!events) {
    throw UserError(root.place(), "found no traceEvents",
                    "a trace of the PyTorch profiler (prof.export_chrome_trace) is accepted");
  }
  const auto all = events->array();
  const auto windows = windows_of(all);
  const auto kernels = kernels_of(all);
  // The last step that is whole; where none is, the last one with a backward pass says what is
  // missing, or the last one of all.
  std::optional<Step> said;
  for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
    Step step(path, all, kernels, *window);
    if (step.has_backward_pass() && step.is_whole(layers)) return step.ready_times(layers);
    if (!said || (!said->has_backward_pass() && step.has_backward_pass()))
      said.emplace(std::move(step));
  }
  return said->ready_times(layers);
}

}  // namespace ringsim
