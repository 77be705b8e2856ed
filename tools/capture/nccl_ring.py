#!/usr/bin/env python3
"""Times of NCCL's collectives by size, through torch.distributed, one process per GPU of this host.

For every number of GPUs, transport (NVLink; sockets on loopback, a slow network) and algorithm: all-reduce,
reduce-scatter, all-gather and broadcast from 4 KiB to 1 GiB, in powers of two and half-way between them (up to
--dense-to). (Only the all-reduce has a tree.) Writes, for each, OUTPUT/GPU-xN/TRANSPORT-ALGORITHM-OPERATION.csv (bytes,
seconds: the median; minimum, 95th percentile) and .txt, the table that nccl-tests prints. `ringsim calibrate` reads
both.

A size counts as nccl-tests count it: the whole buffer of all ranks for reduce-scatter and all-gather. A repetition is a
batch of operations back to back between two CUDA events, as long as --batch-seconds at least where that is more than
one; its time is that of the slowest rank, divided by the batch. The events and operations are queued while the GPU
still spins, so launching them takes no part in it.

Usage: tools/capture/nccl_ring.py -o DIR [--gpus 2,4] [--transports nvlink,sockets] [--largest BYTES] [--dense-to BYTES]
[--repetitions N]
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from gpu_ranks import (  # noqa: E402
    argument_parser,
    environment,
    gpu_counts,
    is_rank,
    provenance,
    run_ranks,
    short_name,
    spread,
    work_as_rank,
    write_csv,
)

SMALLEST, LARGEST = 4 << 10, 1 << 30
OPERATIONS = ("all_reduce", "reduce_scatter", "all_gather", "broadcast")
ALGORITHMS = {"Ring": OPERATIONS, "Tree": ("all_reduce",)}
IN_PLACE = {"all_reduce", "broadcast"}  # torch.distributed has these in place alone, the others out of place


def make_call(operation, size, ranks, dist, torch):
    """A function that enqueues the operation on `size` bytes of fp32."""
    whole = torch.ones(size // 4, device="cuda")
    part = torch.ones(size // 4 // ranks, device="cuda")
    return {
        "all_reduce": lambda: dist.all_reduce(whole),
        "broadcast": lambda: dist.broadcast(whole, 0),
        "all_gather": lambda: dist.all_gather_into_tensor(whole, part),
        "reduce_scatter": lambda: dist.reduce_scatter_tensor(part, whole),
    }[operation]


def time_batch(call, batch, dist, torch):
    """Seconds of one call in a batch, on the slowest rank."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    dist.barrier()
    torch.cuda.synchronize()
    torch.cuda._sleep(400_000 + 60_000 * batch)  # cycles: longer than the launches take
    start.record()
    for _ in range(batch):
        call()
    end.record()
    torch.cuda.synchronize()
    seconds = torch.tensor(start.elapsed_time(end) / 1e3 / batch, device="cuda", dtype=torch.float64)
    dist.all_reduce(seconds, op=dist.ReduceOp.MAX)
    return seconds.item()


def sizes(settings):
    """4096, 6144, 8192, 12288, ...: multiples of 2048, so whole values for each of up to 512 ranks."""
    size = SMALLEST
    while size <= settings["largest"]:
        yield size
        if size + size // 2 <= settings["dense_to"]:
            yield size + size // 2
        size *= 2


def measure_operation(operation, ranks, settings):
    """[[bytes, median, minimum, 95th percentile, batch], ...]"""
    import torch
    import torch.distributed as dist

    rows = []
    call = make_call(operation, SMALLEST, ranks, dist, torch)
    for _ in range(500):  # connections and clocks: the smallest size would pay for them
        call()
    for _ in range(3):  # and the first batch for loading what it times with
        time_batch(call, 2, dist, torch)
    for size in sizes(settings):
        call = make_call(operation, size, ranks, dist, torch)
        for _ in range(5):
            call()
        once = time_batch(call, 2, dist, torch)
        batch = max(1, min(20, round(settings["batch_seconds"] / once)))
        times = [time_batch(call, batch, dist, torch) for _ in range(settings["repetitions"])]
        rows.append([size, *spread(times), batch])
        del call
        torch.cuda.empty_cache()
    return rows


def measure(rank, ranks, settings):
    return {operation: measure_operation(operation, ranks, settings) for operation in settings["operations"]}


def nccl_tests_table(operation, ranks, rows, notes):
    """As all_reduce_perf and its siblings print it; what was not measured is N/A."""
    factor = {"all_reduce": 2 * (ranks - 1) / ranks, "broadcast": 1}.get(operation, (ranks - 1) / ranks)
    reduction = "sum" if operation in ("all_reduce", "reduce_scatter") else "none"
    root = 0 if operation == "broadcast" else -1
    lines = [
        f"# Collective test starting: {operation}_perf",
        f"# taken by tools/capture/nccl_ring.py: {notes['environment']}",
        f"# NCCL {notes['nccl']}, driver {notes['driver']}",
    ]
    lines += [
        f"#  Rank {rank:2} Group  0 Pid      0 on  localhost device {rank:2} [0x00] {notes['gpu']}"
        for rank in range(ranks)
    ]
    lines += [
        "#" + " " * 57 + "out-of-place" + " " * 23 + "in-place",
        f"#{'size':>13}{'count':>14}{'type':>10}{'redop':>8}{'root':>8}"
        + f"{'time':>9}{'algbw':>8}{'busbw':>8}{'#wrong':>8}" * 2,
        f"#{'(B)':>13}{'(elements)':>14}{'':>26}" + f"{'(us)':>9}{'(GB/s)':>8}{'(GB/s)':>8}{'':>8}" * 2,
    ]
    missing = f"{'N/A':>9}{'N/A':>8}{'N/A':>8}{'N/A':>8}"
    for size, median, *_ in rows:
        rate = size / median / 1e9
        found = f"{median * 1e6:9.2f}{rate:8.2f}{rate * factor:8.2f}{'N/A':>8}"
        count = size // 4 if operation in ("all_reduce", "broadcast") else size // 4 // ranks
        lines.append(
            f"{size:14}{count:14}{'float':>10}{reduction:>8}{root:>8}"
            + (missing + found if operation in IN_PLACE else found + missing)
        )
    return "\n".join(lines) + "\n"


def capture(arguments):
    for ranks in gpu_counts(arguments.gpus):
        for transport in arguments.transports.split(","):
            for algorithm, operations in ALGORITHMS.items():
                variables = environment(transport, algorithm)
                settings = {
                    "operations": operations,
                    "largest": arguments.largest,
                    "dense_to": arguments.dense_to,
                    "repetitions": arguments.repetitions,
                    "batch_seconds": arguments.batch_seconds,
                }
                tables = run_ranks(__file__, ranks, settings, variables)
                for operation, rows in tables.items():
                    notes = {
                        "operation": operation,
                        "algorithm": algorithm,
                        "transport": transport,
                        "ranks": ranks,
                        "repetitions": arguments.repetitions,
                        **provenance(variables),
                    }
                    folder = pathlib.Path(arguments.output) / f"{short_name(notes['gpu'])}-x{ranks}"
                    write_table(folder / f"{transport}-{algorithm.lower()}-{operation}", operation, ranks, rows, notes)


def write_table(stem, operation, ranks, rows, notes):
    write_csv(stem.with_suffix(".csv"), notes, ["bytes", "seconds", "seconds_min", "seconds_p95", "batch"], rows)
    stem.with_suffix(".txt").write_text(nccl_tests_table(operation, ranks, rows, notes))
    print(
        f"{stem}: {rows[-1][0] / rows[-1][1] / 1e9:.1f} GB/s at {rows[-1][0] >> 20} MiB, {rows[0][1] * 1e6:.1f} us "
        "at 4 KiB",
        flush=True,
    )


def main():
    parser = argument_parser(__doc__)
    parser.add_argument("--largest", type=int, default=LARGEST)
    parser.add_argument(
        "--dense-to", type=int, default=LARGEST, help="largest size that is not a power of two; 0: powers of two alone"
    )
    parser.add_argument("--batch-seconds", type=float, default=1e-3)
    capture(parser.parse_args())


if __name__ == "__main__":
    if is_rank():
        work_as_rank(measure)
    else:
        main()
