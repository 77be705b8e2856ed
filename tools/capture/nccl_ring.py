#!/usr/bin/env python3
"""Times of NCCL's collectives by size, through torch.distributed, one process per GPU of this host.

For every number of GPUs, transport (NVLink; sockets on loopback, a slow network) and algorithm: all-reduce,
reduce-scatter, all-gather, broadcast, all-to-all and a ring of send and receive, from 4 KiB to 256 MiB, in powers of
two and half-way between them (up to --dense-to). The algorithms: ring and tree as forced (only the all-reduce has a
tree), and "free", as NCCL chooses. Writes, for each, OUTPUT/GPU-xN/TRANSPORT-ALGORITHM-OPERATION.csv (bytes, seconds:
the median; minimum, 95th percentile, batch, lower quartile, repetitions) and .txt, the table that nccl-tests prints.
`ringsim calibrate` reads both.

A size counts as nccl-tests count it: the whole buffer of all ranks for reduce-scatter, all-gather and all-to-all. A
repetition is a batch of operations back to back between two CUDA events, as long as --batch-seconds at least where that
is more than one; its time is that of the slowest rank, divided by the batch. The events and operations are queued while
the GPU still spins, so launching them takes no part in it. Values are random, and drawn anew for each batch.

A size gets --repetitions, but no more than --size-seconds of them beyond the first few. Operations share the time that
--budget-seconds leaves; what it does not allow, the largest sizes first, is left out, and said so.

Usage: tools/capture/nccl_ring.py -o DIR [--gpus 2,4] [--transports nvlink,sockets] [--largest BYTES] [--dense-to BYTES]
       [--algorithms ring,tree,free] [--operations all_reduce,broadcast]
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from gpu_ranks import (  # noqa: E402
    argument_parser, environment, gpu_counts, is_rank, percentile, provenance, result_folder, run_ranks, spread,
    work_as_rank, write_csv,
)  # fmt: skip

SMALLEST, LARGEST = 4 << 10, 256 << 20
FEWEST, LARGE = 5, 16 << 20
OPERATIONS = ("all_reduce", "all_gather", "reduce_scatter", "broadcast")
# None: NCCL_ALGO is not set. Only then are all-to-all and send and receive measured: they have no algorithm.
ALGORITHMS = {"Ring": OPERATIONS, "Tree": ("all_reduce",), None: (*OPERATIONS, "alltoall", "sendrecv")}
IN_PLACE = {"all_reduce", "broadcast"}  # torch.distributed has these in place alone, the others out of place
COLUMNS = ["bytes", "seconds", "seconds_min", "seconds_p95", "batch", "seconds_p25", "repetitions"]


class Call:
    """Enqueues the operation on `size` bytes of fp32; renew() draws the values that it sends."""

    def __init__(self, operation, size, ranks, dist, torch):
        self.operation, self.dist = operation, dist
        rank = dist.get_rank()
        self.source = torch.randn(size // 4, device="cuda")
        self.whole, self.other = self.source.clone(), None
        if operation in ("alltoall", "sendrecv"):
            self.other = torch.empty_like(self.whole)
        self.part = torch.randn(size // 4 // ranks, device="cuda")
        self.next, self.previous = (rank + 1) % ranks, (rank - 1) % ranks

    def renew(self):
        # Sums grow with every call: as many as a batch has stay finite.
        self.whole.copy_(self.source)

    def __call__(self):
        getattr(self, self.operation)()

    def all_reduce(self):
        self.dist.all_reduce(self.whole)

    def broadcast(self):
        self.dist.broadcast(self.whole, 0)

    def all_gather(self):
        self.dist.all_gather_into_tensor(self.whole, self.part)

    def reduce_scatter(self):
        self.dist.reduce_scatter_tensor(self.part, self.whole)

    def alltoall(self):
        self.dist.all_to_all_single(self.other, self.whole)

    def sendrecv(self):
        send = self.dist.P2POp(self.dist.isend, self.whole, self.next)
        receive = self.dist.P2POp(self.dist.irecv, self.other, self.previous)
        for work in self.dist.batch_isend_irecv([send, receive]):
            work.wait()


def launch_cycles(call):
    """Cycles of the GPU that the host's part of a call takes, amply."""
    return 200_000 if call.operation == "sendrecv" else 60_000


def slowest(seconds, dist, torch):
    """The largest of all ranks' values, the same on all of them."""
    found = torch.tensor(seconds, device="cuda", dtype=torch.float64)
    dist.all_reduce(found, op=dist.ReduceOp.MAX)
    return found.item()


def time_batch(call, batch, dist, torch):
    """Seconds of one call in a batch, on the slowest rank."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    call.renew()
    dist.barrier()
    torch.cuda.synchronize()
    torch.cuda._sleep(400_000 + launch_cycles(call) * batch)  # longer than the launches take
    start.record()
    for _ in range(batch):
        call()
    end.record()
    torch.cuda.synchronize()
    return slowest(start.elapsed_time(end) / 1e3 / batch, dist, torch)


def sizes(settings):
    """4096, 6144, 8192, 12288, ...: multiples of 2048, so whole values for each of up to 512 ranks."""
    size = SMALLEST
    while size <= settings["largest"]:
        yield size
        if size + size // 2 <= settings["dense_to"]:
            yield size + size // 2
        size *= 2


def warm_up(operation, ranks, dist, torch):
    """Connections and clocks: the smallest size would pay for them. And the first batch pays for loading what it times
    with."""
    call = Call(operation, SMALLEST, ranks, dist, torch)
    for number in range(200):
        if number % 20 == 0:
            call.renew()
        call()
    for _ in range(3):
        time_batch(call, 2, dist, torch)


def measure_size(operation, size, ranks, settings, dist, torch):
    """[bytes, median, minimum, 95th percentile, batch, lower quartile, repetitions]"""
    call = Call(operation, size, ranks, dist, torch)
    for _ in range(3 if size < LARGE else 1):
        call()
    once = min(time_batch(call, 2, dist, torch) for _ in range(2 if size < LARGE else 1))
    batch = max(1, min(20, round(settings["batch_seconds"] / once)))
    repetitions = int(settings["size_seconds"] / (batch * once + 1e-3))
    repetitions = max(FEWEST, min(settings["repetitions"], repetitions))
    times = [time_batch(call, batch, dist, torch) for _ in range(repetitions)]
    return [size, *spread(times), batch, percentile(times, 0.25), repetitions]


def measure_operation(operation, ranks, settings, deadline):
    """Rows of all sizes for which there is time."""
    import torch
    import torch.distributed as dist

    warm_up(operation, ranks, dist, torch)
    rows = []
    for size in sizes(settings):
        # The ranks' clocks and deadlines differ, and all have to decide alike.
        if len(rows) > 3 and slowest(time.monotonic() - deadline, dist, torch) > 0:
            break
        rows.append(measure_size(operation, size, ranks, settings, dist, torch))
        torch.cuda.empty_cache()
    return rows


def measure(rank, ranks, settings):
    begin, found = time.monotonic(), {}
    for number, operation in enumerate(settings["operations"]):
        share = (number + 1) / len(settings["operations"])
        deadline = begin + share * settings["budget_seconds"]
        found[operation] = measure_operation(operation, ranks, settings, deadline)
    return found


def nccl_tests_table(operation, ranks, rows, notes):
    """The table as all_reduce_perf and its siblings print it; what was not measured is N/A."""
    whole = 2 * (ranks - 1) / ranks
    factor = {"all_reduce": whole, "broadcast": 1, "sendrecv": 1}.get(operation, (ranks - 1) / ranks)
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
        # (a space at least in front of long times: readers part columns at spaces)
        found = f"{f' {median * 1e6:.2f}':>9}{rate:8.2f}{rate * factor:8.2f}{'N/A':>8}"
        count = size // 4 if operation in ("all_reduce", "broadcast", "sendrecv") else size // 4 // ranks
        lines.append(
            f"{size:14}{count:14}{'float':>10}{reduction:>8}{root:>8}"
            + (missing + found if operation in IN_PLACE else found + missing)
        )
    return "\n".join(lines) + "\n"


def capture(arguments):
    begin = time.monotonic()
    runs = [
        (ranks, transport, algorithm, operations)
        for ranks in gpu_counts(arguments.gpus)
        for transport in arguments.transports.split(",")
        for algorithm, operations in wanted_operations(arguments)
    ]
    for number, (ranks, transport, algorithm, operations) in enumerate(runs):
        left = arguments.budget_seconds - (time.monotonic() - begin) - arguments.start_seconds * (len(runs) - number)
        if left < 0:
            print(f"no time for {runs[number:]}", flush=True)
            break
        # A run's share is that of its operations.
        share = len(operations) / sum(len(run[3]) for run in runs[number:])
        variables = environment(transport, algorithm)
        settings = {
            "operations": operations,
            "largest": arguments.largest,
            "dense_to": arguments.dense_to,
            "repetitions": arguments.repetitions,
            "batch_seconds": arguments.batch_seconds,
            "size_seconds": arguments.size_seconds,
            "budget_seconds": share * left,
        }
        try:
            tables = run_ranks(__file__, ranks, settings, variables)
        except SystemExit as failure:  # the other runs may still be had
            print(failure, flush=True)
            continue
        name = algorithm or "Free"
        for operation, rows in tables.items():
            notes = {
                "operation": operation,
                "algorithm": name,
                "transport": transport,
                "ranks": ranks,
                "repetitions": arguments.repetitions,
                **provenance(variables),
            }
            folder = result_folder(arguments.output, notes)
            write_table(folder / f"{transport}-{name.lower()}-{operation}", operation, ranks, rows, notes)
            if len(rows) < len(list(sizes(settings))):
                print(f"no time beyond {rows[-1][0]} bytes", flush=True)


def wanted_operations(arguments):
    """(algorithm, its operations) as ALGORITHMS has them, as far as they are asked for."""
    found = []
    for algorithm, operations in ALGORITHMS.items():
        operations = [one for one in operations if one in arguments.operations.split(",")]
        if operations and (algorithm or "Free").lower() in arguments.algorithms.split(","):
            found.append((algorithm, operations))
    return found


def write_table(stem, operation, ranks, rows, notes):
    write_csv(stem.with_suffix(".csv"), notes, COLUMNS, rows)
    stem.with_suffix(".txt").write_text(nccl_tests_table(operation, ranks, rows, notes))
    print(
        f"{stem}: {rows[-1][0] / rows[-1][1] / 1e9:.1f} GB/s at {rows[-1][0] >> 20} MiB, "
        f"{rows[0][1] * 1e6:.1f} us at 4 KiB",
        flush=True,
    )


def main():
    parser = argument_parser(__doc__)
    parser.add_argument("--largest", type=int, default=LARGEST)
    parser.add_argument(
        "--dense-to", type=int, default=LARGEST, help="largest size that is not a power of two; 0: powers of two alone"
    )
    parser.add_argument("--algorithms", default="ring,tree,free")
    parser.add_argument("--operations", default=",".join(ALGORITHMS[None]))
    parser.add_argument("--batch-seconds", type=float, default=1e-3)
    parser.add_argument("--size-seconds", type=float, default=0.2, help="for the repetitions of one size; default .2")
    parser.add_argument("--budget-seconds", type=float, default=300)
    parser.add_argument("--start-seconds", type=float, default=8, help="what starting a run takes; default 8")
    capture(parser.parse_args())


if __name__ == "__main__":
    if is_rank():
        work_as_rank(measure)
    else:
        main()
