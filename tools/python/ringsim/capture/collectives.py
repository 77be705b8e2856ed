"""Times of all-reduces on the process group of a training: a table of nccl-tests, which `ringsim calibrate` reads."""

import pathlib
import statistics
import time

import torch
import torch.distributed as dist

REPETITIONS = 12
SIZES = [4096 << shift for shift in range(16)]  # to 128 MiB
HEAD = """# Collective test starting: all_reduce_perf
# taken by ringsim.capture
#                                                         out-of-place                       in-place
#         size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong
#          (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)
"""


def seconds_of(buffer, group):
    """The median over repetitions of what an all-reduce takes on the slowest rank."""
    on_gpu = buffer.is_cuda
    times = []
    for _ in range(REPETITIONS + 3):
        dist.barrier(group=group)
        if on_gpu:
            torch.cuda.synchronize()
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            dist.all_reduce(buffer, group=group)
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end) / 1e3)
        else:
            start = time.perf_counter()
            dist.all_reduce(buffer, group=group)
            times.append(time.perf_counter() - start)
    slowest = torch.tensor(times[3:], dtype=torch.float64, device=buffer.device)
    dist.all_reduce(slowest, op=dist.ReduceOp.MAX, group=group)
    return statistics.median(slowest.tolist())


def row(size, seconds, ranks):
    rate = size / seconds / 1e9
    bus = rate * 2 * (ranks - 1) / ranks
    figures = f"{seconds * 1e6:8.2f}  {rate:6.2f}  {bus:6.2f}"
    absent = f"{'N/A':>8}  {'N/A':>6}  {'N/A':>6}  {'N/A':>6}"
    return f"{size:14d}{size // 4:14d}     float     sum      -1 {absent} {figures}     N/A\n"


def write_all_reduces(folder, group):
    """Writes all_reduce.txt, on rank 0."""
    ranks = dist.get_world_size(group)
    device = "cuda" if dist.get_backend(group) == "nccl" else "cpu"
    text = HEAD + "".join(f"#  Rank {rank} Group 0\n" for rank in range(ranks))
    for size in SIZES:
        text += row(size, seconds_of(torch.zeros(size // 4, device=device), group), ranks)
    if dist.get_rank(group) == 0:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        (pathlib.Path(folder) / "all_reduce.txt").write_text(text, encoding="utf-8")
