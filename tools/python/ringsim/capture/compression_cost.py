#!/usr/bin/env python3
"""Measures what compressing gradients costs on this machine's GPU, and writes a profile (JSON).

    compression_cost.py -o PROFILE.json [--quick] [--budget-seconds 500] [--library libringsim_prune.so] [--compile]
    compression_cost.py -o PROFILE.json --shapes SHAPES.json [--quick] [--budget-seconds 120]

Compressors: PyTorch's own hooks of DistributedDataParallel (ddp_hooks.py), the usual ones in eager PyTorch
(compressors.py), and this project's engine (fused_engine.py; built where nvcc is and no library). Layer lists and DDP's
buckets: layer_lists.py. Needs PyTorch alone, and torchvision for the backward pass.

A point is a stage (encode, between, decode, and all of them) of a scheme with its settings on a layer list in a mode:
  eager    as the host issues it. device_s: between events at the stage's bounds on a GPU that was idle before, so
           waiting for the host counts; host_s: what issuing takes
  kernels  the kernels alone, back to back, by the profiler; launches: how many
  graph    replays of a CUDA graph, where the host waits for no result in between
  compiled with torch.compile (--compile)
  overlap  the whole in a loop while a backward pass runs on another stream: what both take longer than alone
Times are medians, with the 10th and 90th percentiles. `counts` are what a time may grow with: calls (buckets), pieces
(tensors or buckets, what is compressed by itself), elements, kept values, PowerSGD's matrices and rows times rank;
times `payloads` what is received. `fits` gives seconds per count, fitted to the points that are not held out (fits.py).

Phases take their share of the budget; what does not fit is left out, and `left_out` says how much."""

import argparse
import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from ringsim.capture import fits, layer_lists, profile_output  # noqa: E402

QUICK_LISTS = ("resnet50", "tensor-1m", "tensor-25m", "tensor-100m", "256-of-64k")
GRAPH_LISTS = ("resnet50", "tensor-1m", "tensor-100m", "tensor-25m", "bert-base", "gpt2-small", "256-of-64k")
KERNEL_LISTS = ("resnet50", "bert-base", "tensor-25m")
OVERLAP_LIST = "resnet50"
# What is measured beside a training's own layers: few and many, small and large tensors; tensor-25m is held out.
TRAINING, TRAINING_LISTS = "training", ("tensor-1m", "tensor-100m", "256-of-64k", "tensor-25m")
HOOKS, EAGER, ENGINE = "torch ddp hook", "torch eager", "ringsim engine"
# The part of the budget at whose end a phase stops. Fits take what is left.
PHASES = {"engine": 0.06, "eager": 0.5, "overlap": 0.6, "kernels": 0.72, "graph": 0.96}


def one_tensor(layers):
    return len(layer_lists.LAYER_LISTS[layers]) == 1


class Profile:
    """Collects points; the budget decides what is still measured."""

    def __init__(self, lists, budget_seconds, quick=False):
        from ringsim.capture import timing

        self.begin, self.budget, self.lists = time.monotonic(), budget_seconds, lists
        self.settings = timing.Settings(quick)
        self.points, self.left_out, self.failures = [], {}, []
        self.gradients = {}

    def elapsed(self):
        return time.monotonic() - self.begin

    def gradient(self, layers):
        """The gradient of a layer list, with new buffers. One list at a time stays in memory."""
        from ringsim.capture.timing import Gradient

        if layers not in self.gradients:
            self.gradients.clear()
            self.gradients[layers] = Gradient(layer_lists.ddp_buckets(layer_lists.LAYER_LISTS[layers]))
        self.gradients[layers].create()
        return self.gradients[layers]

    def run(self, phase, tasks):
        """Tasks in their order until the phase's time is over. One that fails is noted."""
        deadline = PHASES[phase] * self.budget
        tasks = list(tasks)
        for done, (task, *arguments) in enumerate(tasks):
            if self.elapsed() > deadline:
                self.left_out[phase] = len(tasks) - done
                break
            try:
                task(self, *arguments)
            except Exception as error:  # a scheme that this PyTorch cannot do must not cost the others their figures
                self.failures.append(f"{phase} {arguments}: {type(error).__name__}: {str(error)[:200]}")
                print(f"  failed: {self.failures[-1]}", flush=True)
        print(
            f"{phase}: {len(self.points)} points at {self.elapsed():.0f} s, left out {self.left_out.get(phase, 0)}",
            flush=True,
        )

    def add(self, implementation, scheme, settings, layers, mode, stages, counts=None):
        """Points of all stages. What was measured on a list of one tensor holds for tensors and for buckets."""
        buckets = layer_lists.ddp_buckets(layer_lists.LAYER_LISTS[layers])
        kinds = [settings]
        if "granularity" in settings and one_tensor(layers):
            kinds = [{**settings, "granularity": granularity} for granularity in ("tensor", "bucket")]
        for kind in kinds:
            for stage, figures in stages.items():
                self.points.append({
                    "implementation": implementation, "scheme": scheme, "settings": kind, "layers": layers,
                    "counts": counts or layer_lists.counts_of(buckets, kind), "stage": stage, "mode": mode,
                    "held_out": fits.is_held_out(layers), **figures,
                })  # fmt: skip


def compressor_of(gradient, implementation, scheme, settings):
    from ringsim.capture import compressors, ddp_hooks

    if implementation == HOOKS:
        return ddp_hooks.Hook(gradient.buckets, scheme, settings)
    return compressors.SCHEMES[scheme](gradient.pieces(settings["granularity"]), settings)


def variants():
    """(implementation, scheme, settings) of all that is measured, PyTorch's hooks first."""
    from ringsim.capture import compressors, ddp_hooks

    found = [(HOOKS, scheme, settings) for scheme, settings in ddp_hooks.settings_of_all()]
    for scheme, settings in compressors.settings_of_all():
        found += [
            (EAGER, scheme, {**settings, "payloads": payloads} if compressors.SCHEMES[scheme].gathers else settings)
            for payloads in compressors.received_payloads(scheme)
        ]
    return found


def measured_once(layers, settings):
    """Whether a list of one tensor has these settings already: its tensor is its bucket."""
    return one_tensor(layers) and settings.get("granularity") == "bucket"


def tasks_of(task, lists, wanted):
    return [(task, layers, *variant) for layers in lists for variant in wanted if not measured_once(layers, variant[2])]


def eager_task(profile, layers, implementation, scheme, settings):
    from ringsim.capture import timing

    gradient = profile.gradient(layers)
    compressor = compressor_of(gradient, implementation, scheme, settings)
    stages = timing.measure_eager(compressor, gradient.renew, profile.settings)
    profile.add(implementation, scheme, settings, layers, "eager", stages)


def graph_task(profile, layers, implementation, scheme, settings):
    from ringsim.capture import ddp_hooks, timing

    gradient = profile.gradient(layers)
    compressor = compressor_of(gradient, implementation, scheme, settings)
    if compressor.waits:
        return
    with ddp_hooks.NoSynchronize():
        stages = timing.measure_graph(compressor, gradient.renew, profile.settings)
    if stages:
        profile.add(implementation, scheme, settings, layers, "graph", stages)


def kernels_task(profile, layers, implementation, scheme, settings):
    from ringsim.capture import timing

    gradient = profile.gradient(layers)
    compressor = compressor_of(gradient, implementation, scheme, settings)
    profile.add(implementation, scheme, settings, layers, "kernels", timing.measure_kernels(compressor, gradient.renew))


def compiled_task(profile, layers, implementation, scheme, settings):
    import torch
    from ringsim.capture import timing

    gradient = profile.gradient(layers)
    compressor = compressor_of(gradient, implementation, scheme, settings)
    for name in ("compress", "add_payload", "restore"):
        if hasattr(compressor, name):
            setattr(compressor, name, torch.compile(getattr(compressor, name)))
    stages = timing.measure_eager(compressor, gradient.renew, profile.settings)
    profile.add(implementation, scheme, settings, layers, "compiled", stages)


def overlap_task(profile, load, implementation, scheme, settings):
    from ringsim.capture import backward_load

    gradient = profile.gradient(OVERLAP_LIST)
    compressor = compressor_of(gradient, implementation, scheme, settings)
    figures = backward_load.measure_overlap(load, compressor, gradient.renew)
    profile.add(implementation, scheme, settings, OVERLAP_LIST, "overlap", {"all": figures})


def engine_task(profile, loaded, layers, density):
    from ringsim.capture import fused_engine, timing

    gradient = profile.gradient(layers)
    engine = fused_engine.FusedEngine(*loaded, gradient, density)

    def renew(repetition):
        engine.reset()
        gradient.renew(repetition)

    tensors = len(layer_lists.LAYER_LISTS[layers])
    counts = {
        "calls": 1,
        "tensors": tensors,
        "pieces": tensors,
        "elements": engine.gradient.numel(),
        "kept": engine.kept,
    }
    settings = {"density": density}
    eager = timing.measure_eager(engine, renew, profile.settings)
    profile.add(ENGINE, "iwp", settings, layers, "eager", eager, counts)
    graph = timing.measure_graph(engine, renew, profile.settings)
    profile.add(ENGINE, "iwp", settings, layers, "graph", graph or {}, counts)


def engine_overlap_task(profile, load, loaded, density):
    from ringsim.capture import backward_load, fused_engine

    gradient = profile.gradient(OVERLAP_LIST)
    engine = fused_engine.FusedEngine(*loaded, gradient, density)
    figures = backward_load.measure_overlap(load, engine, gradient.renew)
    tensors = len(layer_lists.LAYER_LISTS[OVERLAP_LIST])
    counts = {
        "calls": 1,
        "tensors": tensors,
        "pieces": tensors,
        "elements": engine.gradient.numel(),
        "kept": engine.kept,
    }
    profile.add(ENGINE, "iwp", {"density": density}, OVERLAP_LIST, "overlap", {"all": figures}, counts)


def backward_tasks(profile, wanted, loaded):
    """The tasks of the phase overlap; none where there is no torchvision."""
    from ringsim.capture.backward_load import BackwardLoad

    try:
        load = BackwardLoad()
    except Exception as error:
        profile.failures.append(f"overlap: {type(error).__name__}: {str(error)[:200]}")
        print(f"  failed: {profile.failures[-1]}", flush=True)
        return []
    tasks = [(engine_overlap_task, load, loaded, 0.01)] if loaded else []
    # Densities and payloads change little of what runs beside the backward pass.
    chosen = [
        variant for variant in wanted if variant[2].get("density", 0.01) == 0.01 and variant[2].get("payloads", 1) == 1
    ]
    return tasks + [(overlap_task, load, *variant) for variant in chosen]


def measure(profile, library, compiled, hooks_only):
    from ringsim.capture import compressors, fused_engine

    wanted = [variant for variant in variants() if variant[0] == HOOKS or not hooks_only]
    loaded = fused_engine.load_engine(library) if library else None
    if loaded:
        profile.run(
            "engine",
            [(engine_task, loaded, layers, density) for layers in profile.lists for density in compressors.DENSITIES],
        )
    profile.run("eager", tasks_of(eager_task, profile.lists, wanted))
    profile.run("overlap", backward_tasks(profile, wanted, loaded))
    few = [variant for variant in wanted if variant[2].get("payloads", 1) == 1]
    profile.run("kernels", tasks_of(kernels_task, [name for name in KERNEL_LISTS if name in profile.lists], few))
    if compiled:
        chosen = [variant for variant in few if variant[1] in ("signsgd", "qsgd", "terngrad")]
        profile.run("kernels", tasks_of(compiled_task, ["tensor-25m"], chosen))
    # Last, because a failed capture may leave PyTorch's allocator in a strange state; and ranks that take a QR
    # factorisation last of all.
    tasks = graph_tasks([name for name in GRAPH_LISTS if name in profile.lists], wanted)
    profile.run("graph", sorted(tasks, key=lambda task: task[4].get("rank", 0) > 2))


def graph_tasks(lists, wanted):
    """Several received payloads are measured per bucket alone, and on lists of one tensor."""
    tasks = tasks_of(graph_task, lists, wanted)
    return [
        (task, layers, implementation, scheme, settings)
        for task, layers, implementation, scheme, settings in tasks
        if one_tensor(layers) or settings.get("granularity") != "tensor" or settings.get("payloads", 1) == 1
    ]


def measure_training(profile):
    """What PyTorch's hooks and usual compressors cost: enough for cost_profile.py."""
    profile.run("eager", tasks_of(eager_task, profile.lists, variants()))
    profile.run("graph", graph_tasks(profile.lists, variants()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--quick", action="store_true", help="five layer lists, fewer repetitions")
    parser.add_argument(
        "--shapes", type=pathlib.Path, help="JSON list of shapes: of a training's layers, without the engine"
    )
    parser.add_argument("--budget-seconds", type=float, default=500)
    parser.add_argument("--library", help="libringsim_prune.so; default: build/prune's, which is built if need be")
    parser.add_argument("--hooks-only", action="store_true", help="PyTorch's own hooks alone, without the engine")
    parser.add_argument("--compile", action="store_true", help="also some schemes with torch.compile")
    arguments = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        sys.exit("compression_cost.py: PyTorch finds no CUDA GPU; run it on a machine that has one")
    from ringsim.capture import fused_engine

    # Whoever ends the script in good time still gets what it has measured.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compression_cost.py: ended before all was measured"))
    begin = time.monotonic()
    library = None if arguments.hooks_only or arguments.shapes else fused_engine.built_library(arguments.library)
    building = time.monotonic() - begin
    print(f"engine: {library or 'none: no library and no nvcc'}, after {building:.0f} s", flush=True)
    lists = QUICK_LISTS if arguments.quick else tuple(layer_lists.LAYER_LISTS)
    if arguments.shapes:
        shapes = json.loads(arguments.shapes.read_text(encoding="utf-8"))
        layer_lists.LAYER_LISTS[TRAINING] = [tuple(shape) for shape in shapes]
        lists = (TRAINING, *TRAINING_LISTS)
    profile = Profile(lists, arguments.budget_seconds - building, arguments.quick)
    try:
        with torch.no_grad():
            if arguments.shapes:
                measure_training(profile)
            else:
                measure(profile, library, arguments.compile, arguments.hooks_only)
    finally:
        profile_output.write_profile(
            arguments.output, profile_output.provenance(arguments), profile.points, profile.left_out, profile.failures
        )
    profile_output.print_summary(profile.points)


if __name__ == "__main__":
    main()
