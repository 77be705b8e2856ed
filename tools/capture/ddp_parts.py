#!/usr/bin/env python3
"""What PyTorch DistributedDataParallel adds to a training step, part by part. One process per GPU of this host.

Networks and times are those of ddp_step.py, buckets of 25 MiB. Writes OUTPUT/GPU-xN/ddp-parts.csv (model, transport,
part, figure, bucket, seconds: the median, of the slowest rank unless a host's time):
  bare            step_s, loop_s: without DDP. forward_host_s, backward_host_s: what issuing the passes takes the host
  nothing         the same with a hook that exchanges nothing: copies into buckets and back, and their launches
  nothing-static  without broadcast_buffers, too: the network's buffers are not broadcast before each step
  none-static     PyTorch's own exchange without broadcast_buffers
  self-HOOK       the hook in a group of one rank: it compresses and exchanges nothing
  HOOK            held_s, by bucket: from the end of what the GPU had to do before a hook's kernels until the hook
                  returned; hook_host_s: what the hook took the host, callbacks and waiting in it
  beside          alone_s: a step whose launches the GPU did not wait for; beside_s: the same while all-reduces of
                  25 MiB follow each other on another stream; exchange_alone_s, exchange_beside_s: one of these
and OUTPUT/GPU-xN/trace-resnet50-HOOK.json.gz, the profiler's trace of one step of rank 0 (--traces).

Usage: tools/capture/ddp_parts.py -o DIR [--gpus 2] [--transports nvlink,sockets] [--models resnet50,alexnet]
"""

import base64
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ddp_step  # noqa: E402
import gpu_ranks  # noqa: E402
import step_runs  # noqa: E402

HOOKS = ("powersgd1", "powersgd4")
COLUMNS = ["model", "transport", "part", "figure", "bucket", "seconds"]
EXCHANGED = ddp_step.HOOK_BUCKET << 20
HEAD_START_CYCLES = 100_000_000  # some 60 ms, in which the host issues a step and all all-reduces


def wrap(steps, rank, hook=None, **options):
    steps.renew()
    return steps.wrap(rank, hook, **options)


def exchange_nothing(torch, rank):
    def hook(_, bucket):
        future = torch.futures.Future(devices=[torch.device("cuda", rank)])
        future.set_result(bucket.buffer())
        return future

    return None, hook


def host_times(steps):
    """Seconds that issuing the forward and the backward pass takes, median of some steps."""
    passes = []
    for _ in range(12):
        steps.forget()
        steps.torch.cuda.synchronize()
        begin = time.perf_counter()
        loss = steps.loss(steps.network(steps.inputs))
        middle = time.perf_counter()
        loss.backward()
        passes.append((middle - begin, time.perf_counter() - middle))
    steps.torch.cuda.synchronize()
    return [statistics.median(column) for column in zip(*passes)]


class HeldHook:
    """A hook, and how long each call holds up the stream that computes, and the host."""

    def __init__(self, hook, torch):
        (self.state, self.hook), self.torch, self.calls = hook, torch, []

    def call(self, _, bucket):
        start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        begin = time.perf_counter()
        future = self.hook(self.state, bucket)
        host = time.perf_counter() - begin
        end.record()
        self.calls.append((bucket.index(), start, end, host))
        return future

    def medians(self):
        """[(bucket, seconds held, seconds of the host)]"""
        self.torch.cuda.synchronize()
        found = {}
        for bucket, start, end, host in self.calls:
            found.setdefault(bucket, []).append((start.elapsed_time(end) / 1e3, host))
        return [(bucket, *map(statistics.median, zip(*times))) for bucket, times in sorted(found.items())]


def measure_held(steps, rank, name):
    held = HeldHook(ddp_step.hook_of(name), steps.torch)
    network = wrap(steps, rank, (None, held.call))
    for number in range(ddp_step.WARMUP + 10):
        if number == ddp_step.WARMUP:
            held.calls.clear()
        steps.once(network)
    rows = []
    for bucket, on_device, on_host in held.medians():
        rows += [[name, "held_s", bucket, on_device], [name, "hook_host_s", bucket, on_host]]
    return rows


def head_start(steps):
    steps.forget()
    steps.together()
    steps.torch.cuda._sleep(HEAD_START_CYCLES)


def measure_beside(steps):
    """A step alone and beside all-reduces; an all-reduce alone and beside a step."""
    torch, dist = steps.torch, steps.torch.distributed
    steps.renew()
    buffer = torch.randn(EXCHANGED // 4, device="cuda")

    def timed(count, computes):
        """Seconds until the step and until the last of `count` all-reduces has ended."""
        start, computed, exchanged = (torch.cuda.Event(enable_timing=True) for _ in range(3))
        head_start(steps)
        start.record()
        work = None
        for _ in range(count):
            work = dist.all_reduce(buffer, async_op=True)
        if computes:
            steps.run(steps.network)
        computed.record()
        if work:
            work.wait()
        exchanged.record()
        torch.cuda.synchronize()
        buffer.normal_()
        return steps.slowest(start.elapsed_time(computed) / 1e3), steps.slowest(start.elapsed_time(exchanged) / 1e3)

    def median(count, computes, repetitions=8):
        return [statistics.median(column) for column in zip(*(timed(count, computes) for _ in range(repetitions)))]

    timed(4, True)
    alone = median(0, True)[0]
    exchange = median(8, False, 4)[1] / 8
    # They last longer than the step does beside them.
    count = max(2, min(2000, round(1.3 * alone / exchange) + 1))
    beside, exchanged = median(count, True)
    # After the step the rest goes on alone.
    rest = max(0.0, exchanged - beside) / exchange
    beside_one = beside / (count - rest) if count > rest else exchange
    return [
        ["beside", "alone_s", "", alone], ["beside", "beside_s", "", beside],
        ["beside", "exchange_alone_s", "", exchange], ["beside", "exchange_beside_s", "", beside_one],
    ]  # fmt: skip


def times(part, steps, network):
    single, loop = steps.time(network)
    return [[part, "step_s", "", statistics.median(single)], [part, "loop_s", "", loop]]


def measure_model(model, rank, own_group, settings, deadline):
    """Rows of all parts for which there is time, those that matter most first."""
    import torch

    steps = ddp_step.Steps(model, settings)
    rows = times("bare", steps, steps.network)
    forward, backward = host_times(steps)
    rows += [["bare", "forward_host_s", "", forward], ["bare", "backward_host_s", "", backward]]
    nothing = exchange_nothing(torch, rank)
    static = {"broadcast_buffers": False}
    parts = [lambda: times("nothing", steps, wrap(steps, rank, nothing)), lambda: measure_beside(steps)]
    parts += [lambda hook=hook: measure_held(steps, rank, hook) for hook in HOOKS]
    parts += [
        lambda: times("nothing-static", steps, wrap(steps, rank, nothing, **static)),
        lambda: times("none-static", steps, wrap(steps, rank, **static)),
    ]
    parts += [
        lambda hook=hook: times(f"self-{hook}", steps, wrap(steps, rank, ddp_step.hook_of(hook, own_group)))
        for hook in HOOKS
    ]
    for number, part in enumerate(parts):
        if step_runs.late(steps, deadline):
            print(f"{model}: no time for {len(parts) - number} parts", flush=True)
            break
        rows += part()
    return rows


def trace_hooks(rank, settings):
    steps = ddp_step.Steps("resnet50", settings)
    traces = {}
    for hook in HOOKS[:1]:
        network = wrap(steps, rank, ddp_step.hook_of(hook))
        for _ in range(ddp_step.WARMUP):
            steps.once(network)
        traces[hook] = ddp_step.traced_step(steps, network)
    return traces


def measure(rank, ranks, settings):
    import torch

    groups = [torch.distributed.new_group([one]) for one in range(ranks)]
    begin, found = time.monotonic(), {"rows": [], "traces": {}}
    for number, model in enumerate(settings["models"]):
        deadline = begin + (number + 1) / len(settings["models"]) * settings["budget_seconds"]
        found["rows"] += [[model, *row] for row in measure_model(model, rank, groups[rank], settings, deadline)]
        torch.cuda.empty_cache()
    if settings["traces"]:
        found["traces"] = trace_hooks(rank, settings)
    return found


def capture(arguments):
    rows = {}
    notes = {"sequences per GPU": f"{arguments.sequences} of {ddp_step.TOKENS} tokens"}

    def settings(transport, is_first, folder):
        return {"traces": arguments.traces and is_first}

    for folder, found_on, transport, found in step_runs.runs(__file__, arguments, settings, notes):
        ranks = found_on["ranks"]
        for model, *row in found["rows"]:
            rows.setdefault(ranks, []).append([model, transport, *row])
            print(
                f"{ranks} GPUs, {transport}, {model}: {' '.join(map(str, row[:3]))} {row[3] * 1e3:.3f} ms", flush=True
            )
        for hook, trace in found["traces"].items():
            (folder / f"trace-resnet50-{hook}.json.gz").write_bytes(base64.b64decode(trace))
        gpu_ranks.write_csv(folder / "ddp-parts.csv", found_on, COLUMNS, rows.get(ranks, []))


def options():
    parser = step_runs.argument_parser(__doc__, ddp_step.MODELS, 0.7, 150)
    parser.add_argument("--traces", action="store_true")
    return parser


if __name__ == "__main__":
    step_runs.main(measure, capture, options)
