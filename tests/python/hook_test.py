#!/usr/bin/env python3
"""Tests of the communication hook on several ranks of this machine's CPU, and of captured steps. They need torch 1.13
or later, and are skipped (exit code 77) without it.
Usage: hook_test.py RINGSIM LIBRINGSIM_PRUNE SOURCE_ROOT [CASE...]"""
import csv
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
LIBRARY = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools/python"))
os.environ["RINGSIM_PRUNE_LIBRARY"] = LIBRARY
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


class Ranks(unittest.TestCase):
    def on_all_ranks(self, work, *arguments, ranks=RANKS):
        import torch.multiprocessing

        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(listener.getsockname()[1]))
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "out"
            torch.multiprocessing.start_processes(work, (output, *arguments), ranks, start_method="fork")
            found = [json.loads(output.with_suffix(f".{rank}").read_text()) for rank in range(ranks)]
            files = output.with_suffix(".files")
            return found, json.loads(files.read_text()) if files.exists() else []

    def check_pruned(self, scheme, settings, kept):
        for found in self.on_all_ranks(prune, scheme, settings)[0]:
            self.assertEqual((found["differs"], found["buckets"]), (0, 2))
            self.assertLess(found["lost"], 1e-6)
            self.assertAlmostEqual(found["kept"], kept, delta=0.2 * kept)

    def test_what_is_sent_and_what_stays_is_what_was_given(self):
        self.check_pruned("iwp", {"density": 0.05}, 0.05)
        # One mask a step differs much from the one before: some values have no room, and stay.
        self.check_pruned("magnitude", {"density": 0.05, "broadcasters": 1}, 0.05)

    def test_by_quantiles_too_and_they_meet_the_density(self):
        self.check_pruned("iwp", {"density": 0.05, "threshold": "quantile"}, 0.05)
        self.check_pruned("topk", {"density": 0.05, "threshold": "quantile"}, 0.12)

    def check_simulated(self, scheme, settings):
        """That the hook's thresholds and masks are those of `ringsim prune` on the gradients that it got."""
        ranks, trace = self.on_all_ranks(prune_as_simulated, scheme, settings, 40)
        rows = {(int(row["step"]), int(row["rank"]), row["layer"]): row for row in trace}
        self.assertEqual(sum(map(len, ranks)), 40 * RANKS * 2)
        for rank, found in enumerate(ranks):
            for step, name, threshold, kept, sent in found:
                row = rows[step, rank, name]
                self.assertEqual((kept, sent), (int(row["kept"]), int(row["sent"])))
                # That of the trace is single precision's.
                self.assertAlmostEqual(threshold / float(row["threshold"]), 1, delta=1e-7)

    def test_thresholds_and_masks_are_those_of_the_simulation(self):
        # The first 64 steps of the density policy are by quantiles, too.
        settings = {"density": 0.2, "broadcasters": 2, "momentum": 0.9, "seed": 5}
        self.check_simulated("iwp", {**settings, "threshold": "quantile"})
        self.check_simulated("magnitude", {**settings, "density": 0.03})

    def test_weights_in_another_memory_format_are_pruned_alike(self):
        for found in self.on_all_ranks(train_in_both_memory_formats)[0]:
            self.assertLess(found["apart"], 1e-4)
            self.assertEqual(found["kept"][0][1], found["kept"][1][1])
            self.assertAlmostEqual(found["kept"][0][0] / found["kept"][1][0], 1, delta=0.01)

    def test_weights_may_move_on_one_rank(self):
        for found in self.on_all_ranks(train_while_weights_move)[0]:
            # Both trainings have two buckets.
            self.assertEqual(found, {"apart": 0, "alive": 4, "buckets": 2})

    def test_graphs_do_what_the_same_work_does_without(self):
        import torch

        if torch.cuda.device_count() < GPUS:
            self.skipTest(f"there are no {GPUS} GPUs")
        # One mask a step differs much from the one before: some values have no room, and return.
        for settings in ({}, {"threshold": "quantile", "momentum": 0.9, "broadcasters": 1}):
            for found in self.on_all_ranks(train_with_and_without_graphs, settings, ranks=GPUS)[0]:
                # Two buckets, of three works each.
                self.assertEqual(found, {"apart": 0, "differs": 0, "graphs": 2 * 3 * 2})

    def test_hooks_of_methods_leave_nothing_behind(self):
        import torch

        from ringsim import torch_versions

        layer, seen = torch.nn.Linear(2, 3), []
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        before = dict(vars(layer)), dict(vars(optimizer))
        hooks = [
            torch_versions.Replaced(
                layer,
                "forward",
                lambda _, given, named: seen.append((len(given), [*named])),
                lambda _: seen.append("end"),
            ),
            torch_versions.Replaced(optimizer, "step", lambda *_: seen.append("step")),
            torch_versions.AccumulationHook(layer.bias, lambda parameter: seen.append(parameter.grad is not None)),
        ]
        layer(input=torch.ones(1, 2)).sum().backward()
        optimizer.step()
        with self.assertRaises(RuntimeError):
            layer(torch.ones(1, 7))
        self.assertEqual(seen, [(0, ["input"]), "end", True, "step", (1, []), "end"])
        for hook in hooks:
            hook.remove()
        layer(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        self.assertEqual(len(seen), 6)
        self.assertEqual(({*vars(layer)}, {*vars(optimizer)}), ({*before[0]}, {*before[1]}))

    def test_a_torch_that_is_too_old_is_named(self):
        from ringsim import torch_versions

        with self.assertRaisesRegex(ImportError, r"^found torch 1\.12\.1; 1\.13 or later is accepted$"):
            torch_versions.check_version("1.12.1")
        for version in ("1.13.0a0", "2.11.0+cu130"):
            torch_versions.check_version(version)

    def test_captured_steps_train_as_others_do(self):
        ranks, files = self.on_all_ranks(capture)
        self.assertEqual(files["flop"], {"0.weight": 2 * 64 * 128, "2.weight": 2 * 128 * 64, "4.weight": 2 * 64 * 10})
        self.assertEqual(
            files["names"],
            ["capture.json", "gradients-0.safetensors", "model.json", "ready.csv", "weights.safetensors"],
        )
        # Small gradients count as ready with the next larger one, or the last.
        self.assertEqual(files["ready"][-1], "0.weight")
        self.assertEqual({*files["ready"]}, {f"{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias")})
        for found in ranks:
            self.assertLess(found["differs"], 1e-6)
            self.assertEqual(
                sum(found["manifest"]["bucket_bytes"]), 4 * (64 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10)
            )
            self.assertEqual(found["manifest"]["measured"]["seconds"]["alone_computing"]["count"], 4)


if __name__ == "__main__":
    if importlib.util.find_spec("torch") is None:
        print("skipped: there is no torch")
        sys.exit(77)
    unittest.main()
