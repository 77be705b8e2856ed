"""A compressor while a backward pass runs: ResNet-50's forward and backward pass as a CUDA graph on one stream, the
compressor on another, and what each takes longer than alone."""

import statistics
import time

import torch

from ringsim.capture.ddp_hooks import NoSynchronize
from ringsim.capture.timing import side_stream, spread

REPLAYS = 10


class BackwardLoad:
    """Steps of torchvision's ResNet-50 with random weights, 64 pictures, fp32 with convolutions in TF32 (PyTorch's
    defaults)."""

    name = "resnet50, 64 pictures, forward and backward pass"

    def __init__(self, batch=64):
        import torchvision

        torch.manual_seed(1)
        network = torchvision.models.resnet50(weights=None).cuda()
        images = torch.randn(batch, 3, 224, 224, device="cuda")
        labels = torch.randint(0, 1000, (batch,), device="cuda")
        loss = torch.nn.CrossEntropyLoss()

        def step():
            loss(network(images), labels).backward()

        self.stream = torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.enable_grad():
            self.graph = self.capture(network, step)
        self.kept = network, images, labels
        self.alone = statistics.median(self.durations(self.start(2 * REPLAYS))[1:])

    def capture(self, network, step):
        with torch.cuda.stream(self.stream):
            for _ in range(5):
                step()
            # The captured pass writes gradients instead of adding to them.
            network.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            step()
        torch.cuda.synchronize()
        return graph

    def start(self, replays=REPLAYS):
        """Queues replays; events at their bounds."""
        events = [torch.cuda.Event(enable_timing=True) for _ in range(replays + 1)]
        with torch.cuda.stream(self.stream):
            events[0].record()
            for event in events[1:]:
                self.graph.replay()
                event.record()
        return events

    @staticmethod
    def durations(events):
        events[-1].synchronize()
        return [a.elapsed_time(b) / 1e3 for a, b in zip(events, events[1:])]


def loop(work, until):
    """Calls work until `until()` says so; (device seconds, host seconds, events of the bounds) of each call."""
    bounds, hosts = [torch.cuda.Event(enable_timing=True)], []
    bounds[0].record()
    while True:
        begin = time.perf_counter()
        work()
        hosts.append(time.perf_counter() - begin)
        bounds.append(torch.cuda.Event(enable_timing=True))
        bounds[-1].record()
        # No more than two calls are queued ahead: the loop ends soon after the load does.
        if len(bounds) > 3:
            bounds[-3].synchronize()
        if until(len(hosts)):
            return bounds, hosts


def measure_overlap(load, compressor, renew):
    """The point's figures. Both run all the time: `share_of_gpu` is the part of its speed that the backward pass
    loses."""
    stream = side_stream()

    def work():
        for stage in compressor.stages:
            getattr(compressor, stage)()

    renew(0)
    torch.cuda.synchronize()
    with NoSynchronize(stream=True), torch.cuda.stream(stream):
        work()
        bounds, _ = loop(work, lambda calls: calls >= 8)
        bounds[-1].synchronize()
        alone = statistics.median(a.elapsed_time(b) / 1e3 for a, b in zip(bounds[1:], bounds[2:]))
        events = load.start()
        bounds, hosts = loop(work, lambda calls: events[-1].query())
        passes = load.durations(events)
        bounds[-1].synchronize()
        # Calls that began and ended while the load ran.
        during = [
            (a.elapsed_time(b) / 1e3, host)
            for a, b, host in zip(bounds, bounds[1:], hosts)
            if events[0].elapsed_time(a) >= 0 and b.elapsed_time(events[-1]) >= 0
        ]
    torch.cuda.synchronize()
    # A pass that ran beside the compressor from its first kernel to its last.
    backward = statistics.median(passes[1:-1])
    calls = [device for device, _ in during] or [bounds[0].elapsed_time(bounds[1]) / 1e3]
    return {
        "device_s": spread(calls),
        "host_s": spread([host for _, host in during] or hosts),
        "repetitions": len(calls),
        "alone_s": alone,
        "backward_alone_s": load.alone,
        "backward_s": backward,
        "slowdown": statistics.median(calls) / alone,
        "backward_slowdown": backward / load.alone,
        "share_of_gpu": max(0.0, 1 - load.alone / backward),
        "load": load.name,
    }
