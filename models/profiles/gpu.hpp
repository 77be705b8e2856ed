#pragma once
// A GPU as a simulated rank has it: how fast it computes and moves memory, what a launched kernel
// takes at least, and which profiles of compressing were measured on it.
#include "base/shipped.hpp"
#include "base/units.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

/// What PyTorch's DistributedDataParallel adds to a step, as measured (tools/capture/ddp_parts.py).
struct DdpCosts {
  Seconds step;         ///< before the forward pass, while the GPU waits for the host
  Seconds buffer;       ///< to broadcast each of the network's buffers before that
  Seconds copy;         ///< each tensor's copy into its bucket, and the one back
  double memory_share;  ///< of the memory's bandwidth that these copies reach
  /// The share of its speed that computing loses beside an exchange: so much, and the exchange's
  /// bytes a second over `exchange_rate`.
  double exchange_share;
  BytesPerSecond exchange_rate;
};

struct Gpu {
  std::string name;
  std::string description;
  /// Sustained, by precision ("fp32", "tf32", "bf16"); one or more.
  std::vector<std::pair<std::string, FlopPerSecond>> speeds;
  std::string default_precision;  ///< one of these
  BytesPerSecond memory_bandwidth;
  Seconds kernel_floor;  ///< what each kernel of a training step takes at least, issued by its host
  std::vector<std::string> profiles;  ///< names of shipped profiles that were measured on it
  std::optional<DdpCosts> ddp = {};   ///< absent: not measured

  /// The speed at a precision; throws UserError at `precision` where the GPU has none.
  FlopPerSecond speed(std::string_view precision) const;
};

/// Kernels that forward and backward pass of a training step launch for each parameter tensor
/// (docs/measured/compute-h100.csv: 3.5 to 5.1 over five networks in fp32).
inline constexpr double kernels_per_tensor = 4;

std::vector<ShippedFile> shipped_gpus();
/// Reads a GPU's file. Throws UserError where it is missing or malformed.
Gpu load_gpu(const std::filesystem::path& path);
/// The GPU of a name or a file (names_file()); throws UserError at the option `gpu`.
std::filesystem::path gpu_file(std::string_view what);

}  // namespace ringsim
