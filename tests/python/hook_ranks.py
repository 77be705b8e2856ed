"""What the ranks of hook_test.py do. Each writes what it found to `output`, with its number as the ending."""

import csv
import json
import subprocess

PROGRAM = None  # the path of ringsim
RANKS, GPUS = 3, 2


def network():
    import torch

    torch.manual_seed(1)
    layers = [torch.nn.Linear(inputs, outputs) for inputs, outputs in ((64, 128), (128, 64), (64, 10))]
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def train(model, rank, steps, after=lambda: None):
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    generator = torch.Generator().manual_seed(7 + rank)
    for _ in range(steps):
        inputs = torch.randn(32, 64, generator=generator)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), inputs[:, :10].argmax(1)).backward()
        optimizer.step()
        after()


def distributed(rank):
    """A model in several small buckets."""
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=RANKS)
    dist._DEFAULT_FIRST_BUCKET_BYTES = 3000
    return torch.nn.parallel.DistributedDataParallel(network(), bucket_cap_mb=0.02)


def differences(model):
    """The largest difference of any parameter from that of the first rank."""
    import torch
    import torch.distributed as dist

    own = torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()])
    first = own.clone()
    dist.broadcast(first, 0)
    return (own - first).abs().max().item()


def prune(rank, output, scheme, settings):
    """Writes what was lost or made up: given less sent less kept back, of all ranks together."""
    import torch
    import torch.distributed as dist

    from ringsim import comm_hook, hook_bucket

    model = distributed(rank)
    hook = comm_hook.register(model, scheme, **settings)
    sums = {}

    class Watched(hook_bucket.BucketPruner):
        def select(self):
            zeros = (torch.zeros_like(self.buffer, dtype=torch.float64) for _ in range(2))
            given, sent, before = sums.setdefault(id(self), (*zeros, self.residual.double()))
            given += self.buffer
            super().select()

        def exchange(self):
            super().exchange()
            sums[id(self)][1].add_(self.buffer)

    comm_hook.BucketPruner = Watched
    shares = []
    train(model, rank, 150, lambda: shares.append(hook.kept()))
    lost = 0.0
    for pruner in hook.buckets.values():
        pruner.begin()  # what had no room returns
        given, sent, before = sums[id(pruner)]
        own = given + before - pruner.residual.double()
        dist.all_reduce(own)
        lost = max(lost, (own / RANKS - sent).abs().max().item())
    steered = [kept / of for kept, of in shares[80:]]
    found = {"lost": lost, "differs": differences(model), "kept": sum(steered) / len(steered),
             "buckets": len(hook.buckets)}  # fmt: skip
    output.with_suffix(f".{rank}").write_text(json.dumps(found))


def train_in_both_memory_formats(rank, output):
    """Writes how far the weights of two trainings are apart: as they are by default, and with channels last."""
    import torch
    import torch.distributed as dist

    from ringsim import comm_hook

    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=RANKS)
    weights, kept = [], []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(1)
        layers = [torch.nn.Conv2d(3, 16, 3), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3), torch.nn.Flatten()]
        model = torch.nn.Sequential(*layers, torch.nn.Linear(32 * 16, 10)).to(memory_format=memory_format)
        model = torch.nn.parallel.DistributedDataParallel(model)
        hook = comm_hook.register(model, "iwp", threshold=0.05, broadcasters=2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        generator = torch.Generator().manual_seed(7 + rank)
        for _ in range(8):
            inputs = torch.randn(8, 3, 8, 8, generator=generator).to(memory_format=memory_format)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), inputs[:, 0, 0].argmax(1)).backward()
            optimizer.step()
        kept.append(hook.kept())
        weights.append(torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()]))
    found = {"apart": (weights[0] - weights[1]).abs().max().item(), "kept": kept, "moved": weights[0].std().item()}
    output.with_suffix(f".{rank}").write_text(json.dumps(found))


def train_while_weights_move(rank, output):
    """Writes how far weights are apart that move in memory on one rank, and those that do not; and how many of the
    hook's pruners live, and how many are in use."""
    import gc

    import torch

    from ringsim import comm_hook, hook_bucket

    gc.disable()
    weights, model = [], distributed(rank)
    initial = [parameter.detach().clone() for parameter in model.parameters()]
    for moving in (False, True):
        model = torch.nn.parallel.DistributedDataParallel(network(), bucket_cap_mb=0.02)
        for parameter, value in zip(model.parameters(), initial):
            parameter.data.copy_(value)
        hook = comm_hook.register(model, "iwp", threshold=0.05, momentum=0.5)

        def move():
            if moving and rank == 0:
                for parameter in model.parameters():
                    parameter.data = parameter.data.clone()

        train(model, rank, 30, move)
        weights.append(torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()]))
    alive = sum(type(each) is hook_bucket.BucketPruner and bool(vars(each)) for each in gc.get_objects())
    found = {"apart": (weights[0] - weights[1]).abs().max().item(), "alive": alive, "buckets": len(hook.buckets)}
    output.with_suffix(f".{rank}").write_text(json.dumps(found))


def train_with_and_without_graphs(rank, output, settings):
    """Writes how far two trainings on GPUs are apart, of which one's work is launched as CUDA graphs, and how many."""
    import copy

    import torch
    import torch.distributed as dist

    from ringsim import comm_hook

    torch.cuda.set_device(rank)
    dist.init_process_group("nccl", rank=rank, world_size=GPUS)
    dist._DEFAULT_FIRST_BUCKET_BYTES = 3000
    wrap = torch.nn.parallel.DistributedDataParallel
    first = network().cuda()
    models = [wrap(each, device_ids=[rank], bucket_cap_mb=0.02) for each in (first, copy.deepcopy(first))]
    hooks = [comm_hook.register(model, "iwp", 0.05, graphs=each, **settings) for each, model in zip((1, 0), models)]
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
    generator, graphs = torch.Generator().manual_seed(7 + rank), 0
    for step in range(90):
        inputs = torch.randn(32, 64, generator=generator).cuda()
        for model, optimizer in zip(models, optimizers):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), inputs[:, :10].argmax(1)).backward()
            optimizer.step()
        if step in (50, 89):
            works = ("select_by_quantiles", "select_by_thresholds", "count_and_pack", "unpack")
            pruners = hooks[0].buckets.values()
            graphs += sum(getattr(pruner, work).graph is not None for pruner in pruners for work in works)
    flat = [torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()]) for model in models]
    found = {"apart": (flat[0] - flat[1]).abs().max().item(), "differs": differences(models[0]), "graphs": graphs}
    output.with_suffix(f".{rank}").write_text(json.dumps(found))
    dist.destroy_process_group()


def watch_gradients(hook_type, names):
    """What each parameter's gradient was when the hook got it, by name."""
    given, call = {}, hook_type.call

    def watched(self, bucket):
        given.update((names[id(p)], g.clone()) for p, g in zip(bucket.parameters(), bucket.gradients()))
        return call(self, bucket)

    hook_type.call = watched
    return given


def prune_as_simulated(rank, output, scheme, settings, steps):
    """Writes gradients of all ranks as `ringsim prune` takes them, and which thresholds and masks the hook found.
    Weights stay as they are."""
    import torch
    import torch.distributed as dist

    from ringsim import comm_hook
    from ringsim.capture import dump

    model = distributed(rank)
    named = list(model.module.named_parameters())
    given = watch_gradients(comm_hook.PruningHook, {id(parameter): name for name, parameter in named})
    hook = comm_hook.register(model, scheme, **settings)
    pruned = [name for name, parameter in named if parameter.numel() >= 1024]
    generator, rows = torch.Generator().manual_seed(7 + rank), []
    for step in range(steps):
        inputs = torch.randn(32, 64, generator=generator)
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), inputs[:, :10].argmax(1)).backward()
        for name, parameter in named:
            parameter.grad = given[name]
        if step == 0:
            dump.write_weights(output.parent, named, dist.group.WORLD)
        dump.write_gradients(output.parent, named, dist.group.WORLD, step)
        for pruner in hook.buckets.values():
            own, united = pruner.statistics[::3].tolist(), pruner.counts.on_device.tolist()
            for i, number in enumerate(pruner.numbers):
                rows.append([step, pruned[number], float(pruner.thresholds[i]), own[i], united[i]])
    output.with_suffix(f".{rank}").write_text(json.dumps(rows))
    if rank == 0:
        options = {**settings, "threshold": "quantile", "scheme": scheme}
        subprocess.run(
            [PROGRAM, "prune", "--weights", output.parent / "weights.safetensors", "--gradients",
             *(output.parent / f"gradients-{step}.safetensors" for step in range(steps)), "--quiet",
             "-o", output.parent / "trace", *(f"--{name}={value}" for name, value in options.items())],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with open(output.parent / "trace/trace_layers.csv", encoding="utf-8") as file:
            output.with_suffix(".files").write_text(json.dumps(list(csv.DictReader(file))))


def capture(rank, output):
    """Captures steps, and what the first ranks of training are afterwards."""
    import ringsim.capture

    model = distributed(rank)
    step = ringsim.capture.steps(range(100), model, output.parent / "mine", count=4, gradients=1)
    pending = iter(step)
    next(pending)
    train(model, rank, 40, lambda: next(pending))
    output.with_suffix(f".{rank}").write_text(
        json.dumps({"differs": differences(model), "manifest": step.capture.manifest})
    )
    if rank == 0:
        layers = json.loads((output.parent / "mine/model.json").read_text())["layers"]
        found = {
            "names": sorted(path.name for path in (output.parent / "mine").iterdir()),
            "ready": [line.split(",")[0] for line in (output.parent / "mine/ready.csv").read_text().splitlines()[-6:]],
            "flop": {layer["name"]: layer["forward_flop"] for layer in layers if layer["forward_flop"]},
        }
        output.with_suffix(".files").write_text(json.dumps(found))
