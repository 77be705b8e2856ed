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
};

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

/// What one step of a trace holds.
class Step {
 public:
  Step(const std::filesystem::path& path, const std::vector<JsonValue>& events) : path_(path) {
    find_window(events);
    for (const auto& event : events) add(event);
    std::sort(gradients_.begin(), gradients_.end(),
              [](const Event& a, const Event& b) { return a.start < b.start; });
    std::sort(launches_.begin(), launches_.end(),
              [](const Launch& a, const Launch& b) { return a.time < b.time; });
    for (const auto& launch : launches_) {
      const auto found = kernels_.find(launch.correlation);
      if (found == kernels_.end()) continue;
      if (!found->second.is_nccl) begin_ = std::min(begin_, found->second.start);
    }
    if (begin_ == any)
      fail("no kernel that is launched in the step",
           "a trace with CPU and CUDA activities is accepted");
  }

  bool has_gradients() const { return !gradients_.empty(); }

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

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& accepted,
                         std::string_view fix = {}) const {
    throw UserError({path_.string(), {}}, found, accepted, fix);
  }

  double seconds(double moment) const { return (moment - begin_) * 1e-6; }

  void find_window(const std::vector<JsonValue>& events) {
    for (const auto& event : events) {
      if (text_of(event, "cat") != "user_annotation" ||
          !text_of(event, "name").starts_with("ProfilerStep#") || !event.find("dur"))
        continue;
      const double start = event.find("ts")->number(-any, any);
      if (has_window_ && start < from_) continue;
      has_window_ = true;
      from_ = start;
      to_ = start + event.find("dur")->number(0, any);
    }
  }

  void add(const JsonValue& event) {
    if (text_of(event, "ph") != "X") return;
    const std::string name = text_of(event, "name"), category = text_of(event, "cat");
    const bool is_kernel = category == "kernel",
               is_launch = category == "cuda_runtime" || category == "cuda_driver";
    const bool is_gradient = name == "torch::autograd::AccumulateGrad";
    if (!is_kernel && !is_launch && !is_gradient) return;
    const auto start_value = event.find("ts"), duration = event.find("dur");
    if (!start_value || !duration) return;
    const double start = start_value->number(-any, any);
    const auto arguments = event.find("args");
    const auto correlation = arguments ? count_of(*arguments, "correlation") : std::nullopt;
    if (is_kernel && correlation) {
      kernels_.emplace(*correlation, Kernel{start, start + duration->number(0, any),
                                            all_reduced_by(*arguments), name.starts_with("nccl")});
    } else if (start < from_ || start >= to_) {
      return;
    } else if (is_launch && correlation) {
      launches_.push_back({start, *correlation});
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

  std::filesystem::path path_;
  bool has_window_ = false;
  double from_ = -any, to_ = any, begin_ = any;
  std::unordered_map<std::uint64_t, Kernel> kernels_;  ///< by correlation
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
  const auto root = parse_json(text, path.string());
  const auto events = root.find("traceEvents");
  if (!events) {
    throw UserError(root.place(), "found no traceEvents",
                    "a trace of the PyTorch profiler (prof.export_chrome_trace) is accepted");
  }
  const Step step(path, events->array());
  return step.has_gradients() ? step.from_gradients(layers) : step.from_buckets(layers);
}

}  // namespace ringsim
