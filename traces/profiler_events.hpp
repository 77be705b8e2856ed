#pragma once
// What is read of a trace of the PyTorch profiler (Kineto, Chrome trace JSON).
#include <compare>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace ringsim {

/// Times are in microseconds, as the trace has them; none is beyond this.
inline constexpr double any_moment = std::numeric_limits<double>::max();

/// A collective that a rank called.
struct ProfiledCollective {
  std::string name;  ///< "allreduce", in PyTorch's words
  std::uint64_t elements;
  std::string type;  ///< of an element: "Float"
  std::uint64_t ranks;
  friend auto operator<=>(const ProfiledCollective&, const ProfiledCollective&) = default;
};

struct ProfiledKernel {
  double start, end;
  bool is_nccl;
  std::optional<ProfiledCollective> call;  ///< of a kernel of NCCL that says which
};

/// An AccumulateGrad event of the autograd engine.
struct ProfiledGradient {
  double start;
  std::optional<std::uint64_t> parameters;  ///< where shapes were recorded
};

struct ProfiledLaunch {
  double time;
  std::uint64_t correlation;
  bool has_kernel;  ///< whether a kernel belongs to it
};

/// A record_param_comms event: what a host called, whether or not a kernel was seen.
struct ProfiledComms {
  double time;
  ProfiledCollective call;
};

/// A step of the profiler ("ProfilerStep#7"), or the whole trace (without a name).
struct ProfilerWindow {
  double from = -any_moment, to = any_moment;
  std::string name;
};

struct ProfilerEvents {
  std::filesystem::path path;
  std::optional<std::uint64_t> rank;                          ///< where the trace says whose it is
  std::vector<ProfilerWindow> windows;                        ///< one or more, in order of time
  std::unordered_map<std::uint64_t, ProfiledKernel> kernels;  ///< by correlation
  // In order of time.
  std::vector<ProfiledLaunch> launches;
  std::vector<ProfiledGradient> gradients;
  std::vector<ProfiledComms> comms;
};

/// Reads a trace, which may be packed (gzip). Throws UserError.
ProfilerEvents read_profiler_events(const std::filesystem::path& path);

}  // namespace ringsim
