#include "traces/profiler_step.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

bool is_all_reduce(const ProfiledCollective& call) {
  return call.name.find("allreduce") != std::string::npos;
}

}  // namespace

ProfiledStep::ProfiledStep(const ProfilerEvents& events, const ProfilerWindow& window)
    : events_(events), window_(window) {
  const auto is_inside = [&](double moment) { return moment >= window.from && moment < window.to; };
  std::ranges::copy_if(events.launches, std::back_inserter(launches_), is_inside,
                       &ProfiledLaunch::time);
  std::ranges::copy_if(events.gradients, std::back_inserter(gradients_), is_inside,
                       &ProfiledGradient::start);
  for (const auto& launch : launches_) {
    const auto* kernel = kernel_of(launch);
    if (kernel == nullptr) {
      // What is launched after the last gradient, as the optimizer is, makes none late.
      const bool counts = gradients_.empty() || launch.time <= gradients_.back().start;
      if (launch.has_kernel && counts) ++lost_;
      continue;
    }
    if (!kernel->is_nccl) begin_ = std::min(begin_, kernel->start);
    reduces_ = reduces_ || (kernel->call && is_all_reduce(*kernel->call));
  }
}

const ProfiledKernel* ProfiledStep::kernel_of(const ProfiledLaunch& launch) const {
  const auto found = events_.kernels.find(launch.correlation);
  return found == events_.kernels.end() ? nullptr : &found->second;
}

double ProfiledStep::computing() const {
  if (gradients_.empty()) return seconds(buckets().back().start);
  double end = begin_;
  for (const auto& launch : launches_) {
    if (launch.time > gradients_.back().start) break;
    const auto* kernel = kernel_of(launch);
    if (kernel != nullptr && !kernel->is_nccl) end = std::max(end, kernel->end);
  }
  return seconds(end);
}

std::vector<double> ProfiledStep::ready_times(const std::vector<MeasuredLayer>& layers) const {
  if (begin_ == any_moment)
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
         "gradients that kernels have computed are accepted", "is the launch of a kernel missing?");
  }
  return ready;
}

std::vector<double> ProfiledStep::from_gradients(const std::vector<MeasuredLayer>& layers) const {
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
      const auto* kernel = kernel_of(*launch);
      if (kernel != nullptr && !kernel->is_nccl) end = std::max(end, kernel->end);
    }
    const std::size_t layer = layer_of(gradient, layers, is_taken);
    is_taken[layer] = true;
    ready[layer] = seconds(end);
  }
  return ready;
}

std::vector<ProfiledKernel> ProfiledStep::buckets() const {
  std::vector<ProfiledKernel> buckets;
  for (const auto& launch : launches_) {
    const auto* kernel = kernel_of(launch);
    if (kernel != nullptr && kernel->call && is_all_reduce(*kernel->call))
      buckets.push_back(*kernel);
  }
  std::ranges::sort(buckets, {}, &ProfiledKernel::start);
  return buckets;
}

std::vector<double> ProfiledStep::from_buckets(const std::vector<MeasuredLayer>& layers) const {
  const auto all = buckets();
  if (all.empty()) {
    fail("neither AccumulateGrad events nor all-reduces of NCCL in the step",
         "a trace of a backward pass with CPU and CUDA activities is accepted");
  }
  std::vector<double> ready(layers.size());
  std::size_t layer = layers.size();
  for (const auto& bucket : all) {
    const std::uint64_t reduced = bucket.call->elements;
    std::uint64_t held = 0;
    while (layer > 0 && held < reduced) {
      held += layers[--layer].parameters;
      ready[layer] = seconds(bucket.start);
    }
    if (held != reduced) {
      fail(fmt::format("an all-reduce of {} elements", reduced),
           fmt::format("the last layers that are left hold {}", held),
           "is it another model, or are its buckets not filled from the last layer on?");
    }
  }
  if (layer > 0)
    fail(fmt::format("no all-reduce of layer \"{}\"", layers[layer - 1].name),
         "all-reduces of all layers are accepted");
  return ready;
}

std::vector<ProfiledStep::Collective> ProfiledStep::collectives() const {
  std::vector<Collective> found;
  for (const auto& launch : launches_) {
    const auto* kernel = kernel_of(launch);
    if (kernel != nullptr && kernel->is_nccl && kernel->call)
      found.push_back({*kernel->call, (kernel->end - kernel->start) * 1e-6});
  }
  if (!found.empty()) return found;
  for (const auto& comms : events_.comms) {
    const bool is_inside = comms.time >= window_.from && comms.time < window_.to;
    if (is_inside && comms.call.elements > 0) found.push_back({comms.call, std::nullopt});
  }
  return found;
}

std::size_t ProfiledStep::unnamed_collectives() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(launches_, [&](const ProfiledLaunch& launch) {
        const auto* kernel = kernel_of(launch);
        return kernel != nullptr && kernel->is_nccl && !kernel->call;
      }));
}

void ProfiledStep::fail(const std::string& found, const std::string& accepted,
                        std::string_view fix) const {
  throw UserError({events_.path.string(), {}}, found, accepted, fix);
}

std::size_t ProfiledStep::layer_of(const ProfiledGradient& gradient,
                                   const std::vector<MeasuredLayer>& layers,
                                   const std::vector<bool>& is_taken) const {
  for (std::size_t i = layers.size(); i-- > 0;) {
    if (is_taken[i]) continue;
    if (!gradient.parameters || *gradient.parameters == layers[i].parameters) return i;
  }
  fail(fmt::format("a gradient of {} elements", *gradient.parameters),
       "a layer of the model for each is accepted", "is it another model?");
}

}  // namespace ringsim
