#!/usr/bin/env python3
"""Step times of PyTorch DistributedDataParallel by bucket size, and when each gradient is ready in the backward pass,
one process per GPU of this host.

Networks are torchvision's AlexNet and ResNet-50 with random weights on random images (224x224, fp32, 1000 classes). A
step is forward and backward pass, with what DDP exchanges in it; no optimizer. Each time is that of the slowest rank.

Writes OUTPUT/GPU-xN/
  ddp-steps.csv
      model, transport, bucket_mib, with the step's median, minimum and 95th percentile in seconds: synchronised, and
      within no_sync (nothing is exchanged); exposed_s is the difference of the medians; buckets: sizes in bytes, in the
      order of their exchange
  ready-MODEL.csv
      layer, ready_s: seconds from the start of the forward pass to the gradient of each parameter tensor, median over
      steps without exchange, in the order in which they become ready
  trace-MODEL-TRANSPORT.json.gz
      PyTorch profiler trace (Kineto) of one synchronised step of rank 0, with 25 MiB buckets

Usage: tools/capture/ddp_step.py -o DIR [--gpus 2,4] [--transports nvlink,sockets] [--batch N] [--repetitions N]
"""
import base64
import gzip
import pathlib
import statistics
import sys
import tempfile

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

MODELS = ("alexnet", "resnet50")
BUCKETS_MIB = (1, 5, 25, 100)
WARMUP = 10


class Steps:
    """Forward and backward passes of one network on this rank's GPU."""

    def __init__(self, model_name, batch):
        import torch
        import torchvision

        self.torch = torch
        torch.manual_seed(1)
        # (In-place ReLUs of AlexNet and all else stay as torchvision has them.)
        self.network = getattr(torchvision.models, model_name)(weights=None).cuda()
        self.images = torch.randn(batch, 3, 224, 224, device="cuda")
        self.labels = torch.randint(0, 1000, (batch,), device="cuda")
        self.loss = torch.nn.CrossEntropyLoss()

    def run(self, network):
        self.loss(network(self.images), self.labels).backward()

    def time(self, network, repetitions):
        """Seconds of each step, on the slowest rank."""
        torch = self.torch
        times = []
        for step in range(WARMUP + repetitions):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            torch.distributed.barrier()
            torch.cuda.synchronize()
            start.record()
            self.run(network)
            end.record()
            torch.cuda.synchronize()
            seconds = torch.tensor(start.elapsed_time(end) / 1e3, device="cuda", dtype=torch.float64)
            torch.distributed.all_reduce(seconds, op=torch.distributed.ReduceOp.MAX)
            if step >= WARMUP:
                times.append(seconds.item())
        return times

    def ready_times(self, repetitions):
        """[[name, seconds], ...]: from the start of the forward pass; the end of the backward pass is the last."""
        torch = self.torch
        names = [name for name, _ in self.network.named_parameters()]
        events = {name: torch.cuda.Event(enable_timing=True) for name in names}
        handles = [
            parameter.register_post_accumulate_grad_hook(lambda _, event=events[name]: event.record())
            for name, parameter in self.network.named_parameters()
        ]
        seen = {name: [] for name in names}
        for step in range(WARMUP + repetitions):
            start = torch.cuda.Event(enable_timing=True)
            torch.cuda.synchronize()
            start.record()
            self.run(self.network)
            torch.cuda.synchronize()
            if step >= WARMUP:
                for name in names:
                    seen[name].append(start.elapsed_time(events[name]) / 1e3)
        for handle in handles:
            handle.remove()
        medians = [[name, statistics.median(times)] for name, times in seen.items()]
        return sorted(medians, key=lambda row: row[1])


def traced_step(steps, network):
    """The profiler's trace of one step, zipped, as text."""
    from torch.profiler import ProfilerActivity, profile

    for _ in range(3):
        steps.run(network)
    steps.torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        steps.run(network)
        steps.torch.cuda.synchronize()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        profiler.export_chrome_trace(file.name)
        return base64.b64encode(gzip.compress(pathlib.Path(file.name).read_bytes(), mtime=0)).decode()


def measure(rank, ranks, settings):
    """One network over one transport, with all bucket sizes."""
    from torch.nn.parallel import DistributedDataParallel

    steps = Steps(settings["model"], settings["batch"])
    result = {"ready": steps.ready_times(settings["repetitions"]), "rows": [], "trace": None}
    for bucket in BUCKETS_MIB:
        for parameter in steps.network.parameters():
            parameter.grad = None
        network = DistributedDataParallel(steps.network, device_ids=[rank], bucket_cap_mb=bucket)
        synchronised = steps.time(network, settings["repetitions"])
        with network.no_sync():
            alone = steps.time(network, settings["repetitions"])
        sizes = network._get_ddp_logging_data().get("rebuilt_bucket_sizes", "")
        result["rows"].append(
            [
                bucket,
                *spread(synchronised),
                *spread(alone),
                statistics.median(synchronised) - statistics.median(alone),
                sizes.replace(", ", " "),
            ]
        )
        if bucket == 25:
            trace = traced_step(steps, network)  # on all ranks: they exchange
            result["trace"] = trace if rank == 0 else None
        del network
    return result


def capture(arguments):
    for ranks in gpu_counts(arguments.gpus):
        rows = []
        for model in MODELS:
            for transport in arguments.transports.split(","):
                variables = environment(transport)
                settings = {"model": model, "batch": arguments.batch, "repetitions": arguments.repetitions}
                found = run_ranks(__file__, ranks, settings, variables)
                notes = {
                    "batch per GPU": arguments.batch,
                    "precision": "fp32, convolutions in TF32 (PyTorch's defaults)",
                    "repetitions": arguments.repetitions,
                    "ranks": ranks,
                    **provenance(variables),
                }
                del notes["environment"]
                folder = pathlib.Path(arguments.output) / f"{short_name(notes['gpu'])}-x{ranks}"
                rows += [[model, transport, *row] for row in found["rows"]]
                write_csv(
                    folder / f"ready-{model}.csv", {"model": model, **notes}, ["layer", "ready_s"], found["ready"]
                )
                (folder / f"trace-{model}-{transport}.json.gz").write_bytes(base64.b64decode(found["trace"]))
                for row in found["rows"]:
                    print(
                        f"{model} x{ranks} {transport}, buckets of {row[0]} MiB: {row[1] * 1e3:.2f} ms, alone "
                        f"{row[4] * 1e3:.2f} ms",
                        flush=True,
                    )
        columns = [
            "model",
            "transport",
            "bucket_mib",
            "step_s",
            "step_s_min",
            "step_s_p95",
            "alone_s",
            "alone_s_min",
            "alone_s_p95",
            "exposed_s",
            "buckets",
        ]
        write_csv(folder / "ddp-steps.csv", notes, columns, rows)


def main():
    parser = argument_parser(__doc__)
    parser.add_argument("--batch", type=int, default=64, help="images per GPU; default 64")
    capture(parser.parse_args())


if __name__ == "__main__":
    if is_rank():
        work_as_rank(measure)
    else:
        main()
