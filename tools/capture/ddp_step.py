#!/usr/bin/env python3
"""Step times of PyTorch DistributedDataParallel by bucket size and communication hook, and when gradients are ready.

One process per GPU of this host. Networks have random weights and random inputs, in fp32 (convolutions in TF32,
PyTorch's default): torchvision's AlexNet and ResNet-50 on images (224x224, 1000 classes), BERT-base of transformers
(encoder and pooler) on sequences of 128 tokens. A step is forward and backward pass, with what DDP exchanges in it; no
optimizer, and gradients are None when it begins, as after zero_grad. Each time is that of the slowest rank.

Writes OUTPUT/GPU-xN/
  ddp-steps.csv    a line per model, transport, bucket_mib, hook and bucket_view (gradient_as_bucket_view). Seconds, of
                   single steps on a GPU that was idle before: step_s, step_s_min, step_s_p95; alone_*: the same within
                   no_sync (nothing is exchanged); exposed_s: the difference of the medians; bare_s: without DDP.
                   loop_s, alone_loop_s, bare_loop_s: a step of many in a row, as training makes them, where the host
                   runs ahead. repetitions; buckets: sizes in bytes, in the order of their exchange
  ready-MODEL.csv  layer, ready_s: seconds from the start of the forward pass to the gradient of each parameter tensor,
                   median over steps without exchange, in the order in which they become ready
  trace-MODEL-TRANSPORT.json.gz   PyTorch profiler trace (Kineto) of one step of rank 0 without a hook, with buckets of
                   25 MiB (--traces)

Hooks: none, fp16, bf16, powersgdR (of rank R, with PyTorch's defaults). At buckets of 25 MiB all hooks are measured,
and bucket views; at other sizes none alone. What --budget-seconds does not allow is left out, and said so.

Usage: tools/capture/ddp_step.py -o DIR [--quick] [--gpus 2,4] [--transports nvlink,sockets] [--hooks none,bf16]
"""

import base64
import copy
import gc
import gzip
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gpu_ranks  # noqa: E402
import step_runs  # noqa: E402

MODELS = ("resnet50", "alexnet", "bert-base")
HOOKS = "none,bf16,powersgd1,powersgd4,fp16"
HOOK_BUCKET = 25
BUCKETS_MIB = (HOOK_BUCKET, 1, 5, 100)
WARMUP, FEWEST = 6, 5
TOKENS, GPT2_TOKENS = 128, 512
COLUMNS = (
    "model transport bucket_mib step_s step_s_min step_s_p95 alone_s alone_s_min alone_s_p95 exposed_s hook "
    "bucket_view loop_s alone_loop_s bare_s bare_loop_s repetitions buckets"
).split()


def convolutional(model_name, batch, torch):
    """(network, its inputs, loss of its outputs). In-place ReLUs stay as torchvision has them."""
    import torchvision

    network = getattr(torchvision.models, model_name)(weights=None).cuda()
    labels = torch.randint(0, 1000, (batch,), device="cuda")
    loss = torch.nn.CrossEntropyLoss()
    return network, torch.randn(batch, 3, 224, 224, device="cuda"), lambda outputs: loss(outputs, labels)


def bert_base(batch, torch):
    import transformers

    network = transformers.BertModel(transformers.BertConfig()).cuda()
    network.train()
    tokens = torch.randint(0, 30000, (batch, TOKENS), device="cuda")
    return network, tokens, lambda outputs: outputs[1].square().mean() + outputs[0].square().mean()


def gpt2(batch, torch):
    import transformers

    network = transformers.GPT2Model(transformers.GPT2Config(use_cache=False)).cuda()
    network.train()
    tokens = torch.randint(0, 50000, (batch, GPT2_TOKENS), device="cuda")
    return network, tokens, lambda outputs: outputs[0].square().mean()


class Steps:
    """Forward and backward passes of one network on this rank's GPU; each time is taken for so many `seconds`."""

    def __init__(self, model_name, settings):
        import torch

        self.torch = torch
        torch.manual_seed(1)
        if model_name == "bert-base":
            self.network, self.inputs, self.loss = bert_base(settings["sequences"], torch)
        elif model_name == "gpt2-small":
            self.network, self.inputs, self.loss = gpt2(settings["sequences"] // 4, torch)
        else:
            self.network, self.inputs, self.loss = convolutional(model_name, settings["batch"], torch)
        self.most, self.seconds = settings["repetitions"], settings["case_seconds"]

    def run(self, network):
        self.loss(network(self.inputs)).backward()

    def renew(self):
        """Other parameters, on which no earlier DistributedDataParallel has its hooks."""
        self.forget()
        self.network = copy.deepcopy(self.network)

    def forget(self):
        for parameter in self.network.parameters():
            parameter.grad = None

    def wrap(self, rank, hook=None, bucket=HOOK_BUCKET, **options):
        """Our network in a DistributedDataParallel, with a hook as hook_of() gives it."""
        network = self.torch.nn.parallel.DistributedDataParallel(
            self.network, device_ids=[rank], bucket_cap_mb=bucket, **options
        )
        if hook:
            network.register_comm_hook(*hook)
        return network

    def slowest(self, seconds):
        """The largest of all ranks' values, the same on all of them."""
        found = self.torch.tensor(seconds, device="cuda", dtype=self.torch.float64)
        self.torch.distributed.all_reduce(found, op=self.torch.distributed.ReduceOp.MAX)
        return found.item()

    def together(self):
        self.torch.distributed.barrier()
        self.torch.cuda.synchronize()

    def once(self, network, steps=1):
        """Seconds of a step of so many in a row, on the slowest rank."""
        start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.forget()
        self.together()
        start.record()
        for step in range(steps):
            if step:
                self.forget()
            self.run(network)
        end.record()
        self.torch.cuda.synchronize()
        return self.slowest(start.elapsed_time(end) / 1e3 / steps)

    def time(self, network):
        """Seconds of each step, then of a step in a row of as many."""
        warmup = [self.once(network) for _ in range(WARMUP)]
        repetitions = max(FEWEST, min(self.most, int(self.seconds / statistics.median(warmup[2:]))))
        return [self.once(network) for _ in range(repetitions)], self.once(network, repetitions)

    def ready_times(self):
        """[[name, seconds], ...]: from the start of the forward pass; the end of the backward pass is the last."""
        torch = self.torch
        names = [name for name, _ in self.network.named_parameters()]
        events = {name: torch.cuda.Event(enable_timing=True) for name in names}
        handles = [
            parameter.register_post_accumulate_grad_hook(lambda _, event=events[name]: event.record())
            for name, parameter in self.network.named_parameters()
        ]
        seen = {name: [] for name in names}
        for step in range(WARMUP + self.most):
            start = torch.cuda.Event(enable_timing=True)
            self.forget()
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


def hook_of(name, group=None):
    """(state, hook) of PyTorch's hook of this name, for register_comm_hook(); none of "none"."""
    from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook

    if name == "none":
        return None
    if name in ("fp16", "bf16"):
        return None, getattr(default_hooks, f"{name}_compress_hook")
    # The earliest start that DDP allows: the first steps exchange everything.
    rank = int(name.removeprefix("powersgd"))
    state = powerSGD_hook.PowerSGDState(group, matrix_approximation_rank=rank, start_powerSGD_iter=2)
    return state, powerSGD_hook.powerSGD_hook


def traced_step(steps, network):
    """The profiler's trace of one step, zipped, as text."""
    from torch.profiler import ProfilerActivity, profile

    for _ in range(3):
        steps.once(network)
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        steps.forget()
        steps.run(network)
        steps.torch.cuda.synchronize()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        profiler.export_chrome_trace(file.name)
        return base64.b64encode(gzip.compress(pathlib.Path(file.name).read_bytes(), mtime=0)).decode()


def cases(settings):
    """(bucket, hook, bucket view) in the order of measuring: what matters most comes first."""
    found = [(HOOK_BUCKET, hook, False) for hook in settings["hooks"]] + [(HOOK_BUCKET, "none", True)]
    return found + [(bucket, "none", False) for bucket in settings["buckets"] if bucket != HOOK_BUCKET]


def measure_case(steps, rank, case, settings, found):
    """Adds the case's row, and its trace where one is wanted. Times without exchange are taken once per bucket size and
    kind of view: no hook runs in them."""
    bucket, hook, view = case
    network = steps.wrap(rank, hook_of(hook), bucket, gradient_as_bucket_view=view)
    times, loop = steps.time(network)
    if (bucket, view) not in found["alone"]:
        with network.no_sync():
            found["alone"][bucket, view] = steps.time(network)
    alone, alone_loop = found["alone"][bucket, view]
    sizes = network._get_ddp_logging_data().get("rebuilt_bucket_sizes", "").replace(", ", " ")
    exposed = statistics.median(times) - statistics.median(alone)
    found["rows"].append([
        bucket, *gpu_ranks.spread(times), *gpu_ranks.spread(alone), exposed, hook, "on" if view else "off", loop,
        alone_loop, statistics.median(found["bare"][0]), found["bare"][1], len(times), sizes,
    ])  # fmt: skip
    if settings["traces"] and case == (HOOK_BUCKET, "none", False):
        trace = traced_step(steps, network)  # on all ranks: they exchange
        found["trace"] = trace if rank == 0 else None


def measure_model(model, rank, settings, deadline):
    """Rows of all cases for which there is time, and when gradients are ready."""
    import torch

    begin = time.monotonic()
    steps = Steps(model, settings)
    found = {"rows": [], "alone": {}, "trace": None, "left_out": []}
    found["bare"] = steps.time(steps.network)
    found["ready"] = steps.ready_times() if settings["ready"] else None
    for number, case in enumerate(cases(settings)):
        expected = (time.monotonic() - begin) / (number + 1)
        if step_runs.late(steps, deadline - expected) and number > 0:
            found["left_out"] += cases(settings)[number:]
            break
        steps.renew()
        measure_case(steps, rank, case, settings, found)
        gc.collect()
        torch.cuda.empty_cache()
    return {name: found[name] for name in ("rows", "ready", "trace", "left_out")}


def measure(rank, ranks, settings):
    """All networks over one transport."""
    begin, found = time.monotonic(), {}
    for number, model in enumerate(settings["models"]):
        share = (number + 1) / len(settings["models"])
        found[model] = measure_model(model, rank, settings, begin + share * settings["budget_seconds"])
    return found


def write_run(folder, found, transport, notes, rows):
    """Adds the run's rows to the table, and writes it with what else was found."""
    for model, one in found.items():
        rows += [[model, transport, *row] for row in one["rows"]]
        for row in one["rows"]:
            print(f"{model} {transport}, {row[0]} MiB, {row[8]}, views {row[9]}: {row[1] * 1e3:.2f} ms, in a row "
                  f"{row[10] * 1e3:.2f}, alone {row[4] * 1e3:.2f}", flush=True)  # fmt: skip
        if one["left_out"]:
            print(f"{model} {transport}: no time for {one['left_out']}", flush=True)
        if one["ready"]:
            head = {"model": model, **notes}
            gpu_ranks.write_csv(folder / f"ready-{model}.csv", head, ["layer", "ready_s"], one["ready"])
        if one["trace"]:
            (folder / f"trace-{model}-{transport}.json.gz").write_bytes(base64.b64decode(one["trace"]))
    gpu_ranks.write_csv(folder / "ddp-steps.csv", notes, COLUMNS, rows)


def capture(arguments):
    rows = {}
    notes = {
        "sequences per GPU": f"{arguments.sequences} of {TOKENS} tokens (BERT)",
        "precision": "fp32, convolutions in TF32 (PyTorch's defaults)", "repetitions": arguments.repetitions,
    }  # fmt: skip

    def settings(transport, is_first, folder):
        return {
            "hooks": arguments.hooks.split(","), "ready": is_first, "traces": arguments.traces,
            "case_seconds": arguments.case_seconds or (1 if arguments.quick else 2),
            "buckets": [HOOK_BUCKET] if arguments.quick else BUCKETS_MIB,
        }  # fmt: skip

    for folder, found_on, transport, found in step_runs.runs(__file__, arguments, settings, notes):
        write_run(folder, found, transport, found_on, rows.setdefault(found_on["ranks"], []))


def options():
    parser = step_runs.argument_parser(__doc__, MODELS, None, 540)
    parser.add_argument("--hooks", default=HOOKS)
    parser.add_argument("--quick", action="store_true", help="buckets of 25 MiB alone; cases of 1 second, else 2")
    parser.add_argument("--traces", action="store_true")
    return parser


if __name__ == "__main__":
    step_runs.main(measure, capture, options)
