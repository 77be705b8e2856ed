#pragma once
// Traces of the PyTorch profiler (Kineto, Chrome trace JSON): when gradients were ready.
#include "traces/measured_layer.hpp"

#include <filesystem>
#include <vector>

namespace ringsim {

/// read_ready_times() of a trace with CPU and CUDA activities, which may be packed (gzip). The step
/// is the last "ProfilerStep#N" (prof.step()) that has a backward pass and all its kernels (the
/// last one of a trace is often empty, or cut off where the profiler's buffers ended), or the whole
/// trace where there is none; time 0 is when its first kernel starts. Two sources, the first one
/// that the trace has:
///
/// - "AccumulateGrad" events of the autograd engine: one per layer and step. A gradient is ready
///   when the last kernel that was launched before its event (cudaLaunchKernel and its kernel share
///   args.correlation) has ended; kernels of NCCL do not count. With record_shapes=True "Input
///   Dims" say which layer it is: the last one in forward order of so many parameters that is left.
///   Otherwise the layers come from the last to the first.
/// - Kernels of NCCL with "Collective name", "In msg nelems", "Out msg nelems", "Group size" and
///   "dtype" in args (all five or none): each all-reduce is a bucket of DistributedDataParallel
///   that holds the next layers from the last to the first, ready when the kernel starts. A kernel
///   that waits for the one before it makes its bucket late: take it from a run on a fast network,
///   or of one rank.
///
/// Throws UserError where the trace has neither, they do not fit the layers, or kernels of launches
/// are missing in every step.
std::vector<double> read_profiler_trace(const std::filesystem::path& path,
                                        const std::vector<MeasuredLayer>& layers);

/// The traces of a folder, .json and .json.gz, in the order of their names.
std::vector<std::filesystem::path> profiler_files(const std::filesystem::path& folder);

/// The same of a folder with a trace of each rank: of each layer the median over the whole steps of
/// all ranks. Throws UserError where there is no trace, or one has no whole step.
std::vector<double> read_profiler_folder(const std::filesystem::path& folder,
                                         const std::vector<MeasuredLayer>& layers);

}  // namespace ringsim
