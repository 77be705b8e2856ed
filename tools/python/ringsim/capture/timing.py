"""Times the stages of a compressor on a GPU: as the host issues them (eager), as CUDA graphs, and as the kernels
alone take.

Before each repetition, off the clock, the gradient gets new values and more memory than the L2 cache holds is read,
so that every stage finds its inputs in device memory. Then GPU and host are idle: what is timed is what a step
waits."""

import functools
import gc
import statistics
import time

import torch
from torch.cuda import synchronize  # the function itself, whatever stands in for it meanwhile (ddp_hooks.NoSynchronize)

from ringsim.capture.layer_lists import elements

WARM_UP = 3
FACTORS = (1.0, -1.2, 0.7, -0.6, 1.1)


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values):
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p10": percentile(ordered, 0.1), "p90": percentile(ordered, 0.9)}


class Gradient:
    """Random gradients of a layer list: a flat buffer per bucket, with a view per tensor, and new values on demand."""

    def __init__(self, buckets, seed=1):
        self.generator = torch.Generator(device="cuda").manual_seed(seed)
        self.shapes = buckets
        sizes = [[elements(shape) for shape in bucket] for bucket in buckets]
        self.source = [self.random(sum(bucket)) for bucket in sizes]
        l2_bytes = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 50 << 20)
        self.flush = torch.randn(l2_bytes, device="cuda")  # four times the cache
        self.create()

    def random(self, count):
        return torch.randn(count, device="cuda", generator=self.generator).mul_(0.01)

    def create(self):
        """New buffers: hooks change the length of theirs."""
        self.buckets = []
        for source, shapes in zip(self.source, self.shapes):
            flat = source.clone()
            ends, tensors = 0, []
            for shape in shapes:
                start, ends = ends, ends + elements(shape)
                tensors.append(flat[start:ends].view(shape))
            self.buckets.append((flat, tensors))

    def pieces(self, granularity):
        if granularity == "bucket":
            return [flat for flat, _ in self.buckets]
        return [tensor.view(-1) for _, tensors in self.buckets for tensor in tensors]

    def renew(self, repetition):
        """Other values than the last time, so that residuals do not grow in one direction; the cache holds none of
        them."""
        factor = FACTORS[repetition % len(FACTORS)]
        for (flat, _), source in zip(self.buckets, self.source):
            torch.mul(source, factor, out=flat)
        self.flush.sum()


class Clock:
    """Events and the host's clock at the bounds of stages."""

    def __init__(self):
        self.marks = []

    def mark(self):
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        self.marks.append((event, time.perf_counter()))

    def durations(self):
        """(seconds on the device, seconds on the host) between marks that follow each other. Waits for the device."""
        synchronize()
        return [(a[0].elapsed_time(b[0]) / 1e3, b[1] - a[1]) for a, b in zip(self.marks, self.marks[1:])]


class Settings:
    """How long and how often is measured."""

    def __init__(self, quick=False):
        self.least, self.most, self.seconds = (3, 10, 0.05) if quick else (5, 30, 0.15)

    def repetitions(self, once):
        return int(min(self.most, max(self.least, self.seconds / max(once, 1e-6))))


def repeat(stages, renew, settings):
    """{stage: {"device_s", "host_s", "repetitions"}} of functions that are called one after the other. Also the stage
    "all", from the first to the last."""
    for i in range(WARM_UP):
        renew(i)
        synchronize()
        begin = time.perf_counter()
        for _, work in stages:
            work()
        synchronize()
        once = time.perf_counter() - begin
    found = {stage: ([], []) for stage in [*(stage for stage, _ in stages), "all"]}
    for i in range(settings.repetitions(once)):
        renew(i)
        synchronize()
        clock = Clock()
        clock.mark()
        for _, work in stages:
            work()
            clock.mark()
        durations = clock.durations()
        for (stage, _), (device, host) in zip(stages, durations):
            found[stage][0].append(device)
            found[stage][1].append(host)
        found["all"][0].append(sum(device for device, _ in durations))
        found["all"][1].append(sum(host for _, host in durations))
    return {
        stage: {"device_s": spread(device), "host_s": spread(host), "repetitions": len(device)}
        for stage, (device, host) in found.items()
    }


def measure_eager(compressor, renew, settings):
    return repeat([(stage, getattr(compressor, stage)) for stage in compressor.stages], renew, settings)


@functools.cache
def side_stream():
    """One for all captures: PyTorch caches memory per stream."""
    return torch.cuda.Stream()


def capture(stages, warm_up):
    """[(stage, graph)]: each function in a CUDA graph of its own; they share a memory pool, so that what one leaves
    the next finds. Replay them in this order."""
    stream = side_stream()
    stream.wait_stream(torch.cuda.current_stream())
    graphs, pool = [], None
    with torch.cuda.stream(stream):
        warm_up()
        synchronize()
        gc.disable()  # nothing of what is captured may free memory that the capture does not know of
        try:
            for stage, work in stages:
                graph = torch.cuda.CUDAGraph()
                graph.capture_begin(**({"pool": pool} if pool else {}))
                try:
                    work()
                finally:
                    graph.capture_end()
                pool = graph.pool()
                graphs.append((stage, graph))
        finally:
            gc.enable()
    torch.cuda.current_stream().wait_stream(stream)
    synchronize()
    return graphs


def measure_graph(compressor, renew, settings):
    """The stages as CUDA graphs; None where a stage cannot be captured."""
    stages = [(stage, getattr(compressor, stage)) for stage in compressor.stages]

    def warm_up():
        renew(0)
        for _, work in stages:
            work()

    try:
        graphs = capture(stages, warm_up)
    except RuntimeError as error:
        synchronize()
        print(f"    not captured: {str(error).splitlines()[0]}", flush=True)
        return None
    return repeat([(stage, graph.replay) for stage, graph in graphs], renew, settings)


def measure_kernels(compressor, renew):
    """{stage: {"device_s", "launches", "repetitions"}}: what the kernels and copies take alone, as the profiler sees
    them. Empty where the profiler sees none."""
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    found = {}
    for _ in range(WARM_UP):
        renew(0)
        for stage in compressor.stages:
            getattr(compressor, stage)()
    renew(0)
    for stage in compressor.stages:
        synchronize()
        with profile(activities=[ProfilerActivity.CUDA]) as profiler:
            getattr(compressor, stage)()
            synchronize()
        seconds = [
            event.time_range.elapsed_us() * 1e-6
            for event in profiler.events()
            if event.device_type == DeviceType.CUDA and not event.name.endswith("Sync")
        ]
        if seconds:
            found[stage] = {"device_s": spread([sum(seconds)]), "launches": len(seconds), "repetitions": 1}
    if len(found) == len(compressor.stages):
        total = sum(figures["device_s"]["median"] for figures in found.values())
        launches = sum(figures["launches"] for figures in found.values())
        found["all"] = {"device_s": spread([total]), "launches": launches, "repetitions": 1}
    return found
