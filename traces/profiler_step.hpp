#pragma once
// One step of a trace of the PyTorch profiler.
#include "traces/measured_layer.hpp"
#include "traces/profiler_events.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

class ProfiledStep {
 public:
  /// Both have to outlive it.
  ProfiledStep(const ProfilerEvents& events, const ProfilerWindow& window);

  const std::string& name() const { return window_.name; }
  /// Whether it computes and has gradients or their all-reduces. The profiler opens a step at its
  /// end in which nothing happens.
  bool has_backward_pass() const {
    return begin_ != any_moment && (!gradients_.empty() || reduces_);
  }
  /// Launches whose kernels are not there: the profiler's buffers may have ended before.
  std::size_t lost() const { return lost_; }
  std::size_t gradients() const { return gradients_.size(); }
  /// Whether all its kernels and gradients are there.
  bool is_whole(const std::vector<MeasuredLayer>& layers) const {
    return lost_ == 0 && (gradients_.empty() || gradients_.size() == layers.size());
  }

  /// Seconds from its first kernel to the one that makes the last gradient, or to the last bucket.
  /// It has a backward pass.
  double computing() const;
  /// Seconds until each layer's gradient was ready. Throws UserError.
  std::vector<double> ready_times(const std::vector<MeasuredLayer>& layers) const;

  struct Collective {
    ProfiledCollective call;
    std::optional<double> seconds;  ///< of its kernel; absent where none was seen
  };
  /// The collectives that were called, in order: kernels of NCCL, or what the host called
  /// (record_param_comms) where no kernel says it.
  std::vector<Collective> collectives() const;
  /// Kernels of NCCL that do not say what they perform.
  std::size_t unnamed_collectives() const;

 private:
  std::vector<double> from_gradients(const std::vector<MeasuredLayer>& layers) const;
  std::vector<double> from_buckets(const std::vector<MeasuredLayer>& layers) const;
  /// Those of all-reduces, in order of their start.
  std::vector<ProfiledKernel> buckets() const;
  [[noreturn]] void fail(const std::string& found, const std::string& accepted,
                         std::string_view fix = {}) const;
  double seconds(double moment) const { return (moment - begin_) * 1e-6; }
  /// The last layer that is left, of so many parameters where that is known.
  std::size_t layer_of(const ProfiledGradient& gradient, const std::vector<MeasuredLayer>& layers,
                       const std::vector<bool>& is_taken) const;
  const ProfiledKernel* kernel_of(const ProfiledLaunch& launch) const;

  const ProfilerEvents& events_;
  const ProfilerWindow& window_;
  double begin_ = any_moment;
  std::size_t lost_ = 0;
  bool reduces_ = false;
  std::vector<ProfiledLaunch> launches_;
  std::vector<ProfiledGradient> gradients_;
};

}  // namespace ringsim
