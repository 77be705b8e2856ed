#!/usr/bin/env python3
"""Measures the cuda engine and its rivals on this machine's GPU, all in one run.

    bench_engine.py --output FOLDER [--library libringsim_prune.so] [--cub libringsim_cub_rival.so] [--quick]

Writes bench.csv and bench.json into FOLDER and prints the same as a table. Times are microseconds between two CUDA
events on the stream, medians over the repetitions. All work of a measurement is enqueued behind a kernel that only
waits, so that the GPU never waits for Python (except rivals that wait for a result themselves). Buffers rotate among
sets that together exceed the L2 cache several times.

Groups:
  limit       a bare r += g + w (three reads, one write: "3R1W") and a copy from device to device
  select      accumulate, test, bitmap, count, statistics; GB/s count 16.125 bytes per element (20 + 0.125 for 3R1W's
              16); `of_limit` is the time of 3R1W of the same size over this one's
  pack        gather r[M], clear r[M]
  job         accumulate, select, pack, clear: the whole of it, with the residuals zero before and the L2 flushed;
              rivals leave the statistics out unless the name says otherwise
"""

import argparse
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))
from bench_rivals import (  # noqa: E402
    CubRival,
    compiled_mask,
    compiled_mask_statistics,
    job_sampled,
    job_threshold,
    job_threshold_statistics,
    job_topk,
    pack_by_mask,
)
from bench_tools import FLOOR, L2_BYTES, Buffers, Report, Timer  # noqa: E402
from ringsim import prune_library  # noqa: E402


def resnet50_sizes():
    """Parameters of the 161 tensors of torchvision's ResNet-50, in its order."""
    sizes = [64 * 3 * 49, 64, 64]
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            sizes += [
                width * inputs,
                width,
                width,
                width * width * 9,
                width,
                width,
                4 * width * width,
                4 * width,
                4 * width,
            ]
            if block == 0:
                sizes += [4 * width * inputs, 4 * width, 4 * width]
            inputs = 4 * width
    sizes += [1000 * 2048, 1000]
    assert len(sizes) == 161 and sum(sizes) == 25_557_032
    return sizes


def measure_limits(report, timer, engine, elements):
    buffers = Buffers(elements)
    n = buffers.sets
    times = timer.measure(
        lambda i: engine.accumulate_bare(buffers.gradient[i % n], buffers.weight[i % n], buffers.residual[i % n])
    )
    report.add("limit", 1, elements, "3R1W", times, bytes_moved=16 * elements)
    times = timer.measure(lambda i: buffers.residual[i % n].copy_(buffers.gradient[i % n]))
    report.add("limit", 1, elements, "copy device to device", times, bytes_moved=8 * elements)


def select_times(timer, engine, sizes, buffers, threads=512, velocity=False):
    plan = prune_library.Plan.of_sizes(engine, sizes, 3.0, FLOOR)
    plan.set_select_threads(threads)
    n = buffers.sets
    masks = [plan.new_mask() for _ in range(n)]
    velocities = [torch.zeros_like(r) for r in buffers.residual] if velocity else [None] * n
    results = plan.new_statistics()
    return timer.measure(
        lambda i: plan.select(
            buffers.gradient[i % n],
            buffers.residual[i % n],
            velocities[i % n],
            buffers.weight[i % n],
            0.9,
            masks[i % n],
            results,
        )
    )


def measure_select(report, timer, engine, elements):
    buffers = Buffers(elements)
    moved = 16.125 * elements
    for threads in (256, 512, 1024):
        times = select_times(timer, engine, [elements], buffers, threads)
        report.add("select", 1, elements, f"select, {threads} threads a block", times, bytes_moved=moved)
    times = select_times(timer, engine, [elements], buffers, velocity=True)
    report.add("select", 1, elements, "select with momentum correction (4R2W)", times, bytes_moved=24.125 * elements)
    del buffers
    times = select_times(timer, engine, [elements], Buffers(elements, shift=1))
    report.add("select", 1, elements, "select, buffers off 16-byte alignment", times, bytes_moved=moved)


def measure_select_resnet(report, timer, engine):
    sizes = resnet50_sizes()
    elements = sum(sizes)
    measure_limits(report, timer, engine, elements)
    buffers = Buffers(elements)
    for threads in (256, 512, 1024):
        times = select_times(timer, engine, sizes, buffers, threads)
        report.add("select", 161, elements, f"select, {threads} threads a block", times, bytes_moved=16.125 * elements)


def random_masks(plan, elements, density, count):
    """Masks whose elements are set independently with this probability."""
    generator = torch.Generator(device="cuda").manual_seed(2)
    weight = torch.ones(64, dtype=torch.int64, device="cuda") << torch.arange(64, device="cuda")
    masks = []
    for _ in range(count):
        bits = torch.rand(plan.words * 64, device="cuda", generator=generator) < density
        bits[elements:] = False
        masks.append((bits.view(-1, 64) * weight).sum(1))
    return masks


def measure_pack(report, timer, engine, elements, density):
    plan = prune_library.Plan.of_sizes(engine, [elements], 3.0, FLOOR)
    sets = max(2, -(-4 * L2_BYTES // (4 * elements)))
    masks = random_masks(plan, elements, density, sets)
    residuals = [torch.randn(elements, device="cuda") for _ in range(sets)]
    velocities = [torch.randn(elements, device="cuda") for _ in range(sets)]
    packed = [torch.empty(elements // 4, device="cuda") for _ in range(sets)]
    kept = torch.zeros(1, dtype=torch.int64, device="cuda")
    counts = torch.zeros(plan.chunks, dtype=torch.int32, device="cuda")

    def row(name, body):
        report.add("pack", 1, elements, name, timer.measure(body), density)

    row("pack and clear", lambda i: plan.pack(masks[i % sets], residuals[i % sets], None, packed[i % sets], kept))
    # One graph per set, replayed in turn: the launch gaps that a training loop without graphs pays are gone.
    graphs = []
    for i in range(sets):
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            plan.pack(masks[i], residuals[i], None, packed[i], kept)
        graphs.append(graph)
    row("pack and clear, as a CUDA graph", lambda i: graphs[i % sets].replay())
    row(
        "pack and clear, r and u",
        lambda i: plan.pack(masks[i % sets], residuals[i % sets], velocities[i % sets], packed[i % sets], kept),
    )
    row("unpack", lambda i: plan.unpack(masks[i % sets], packed[i % sets], residuals[i % sets]))
    row("union of two masks", lambda i: plan.unite(masks[i % sets], masks[(i + 1) % sets]))
    row("count per chunk", lambda i: plan.count_chunks(masks[i % sets], counts))


def threshold_for(buffers, k):
    """Keeps about k elements of a first step."""
    i = buffers.gradient[0].abs() / buffers.weight[0].abs().clamp_min(FLOOR)
    return torch.topk(i, k).values[-1].item()


def our_job(engine, buffers, sizes, threshold):
    plan = prune_library.Plan.of_sizes(engine, sizes, threshold, FLOOR)
    mask, results = plan.new_mask(), plan.new_statistics()
    packed, kept = torch.empty(buffers.elements // 8, device="cuda"), torch.zeros(1, dtype=torch.int64, device="cuda")
    n = buffers.sets

    def body(i):
        plan.select(buffers.gradient[i % n], buffers.residual[i % n], None, buffers.weight[i % n], 0.0, mask, results)
        plan.pack(mask, buffers.residual[i % n], None, packed, kept)

    return body, packed, kept


def check_same_values(buffers, body, packed, kept, threshold):
    """The engine packs what the plain expression packs, and leaves the same residual."""
    buffers.reset(0)
    body(0)
    found, left = packed[: kept.item()].clone(), buffers.residual[0].clone()
    buffers.reset(0)
    expected = job_threshold(buffers.gradient[0], buffers.residual[0], buffers.weight[0], threshold)
    assert torch.equal(found, expected) and torch.equal(left, buffers.residual[0]), "the engine and PyTorch differ"


def measure_job(report, timer, engine, elements, density, cub_path, with_compile):
    buffers, k = Buffers(elements), int(elements * density)
    n = buffers.sets
    threshold = threshold_for(buffers, k)

    def row(name, body, waits=False):
        return report.add("job", 1, elements, name, timer.measure(body, buffers.reset, waits), density)

    rivals = {}

    def rival(name, body, waits=False):
        """A rival that does not run here is reported, and the others go on."""
        try:
            rivals[name] = row(name, body, waits)
        except (RuntimeError, OSError) as error:
            print(f"        {name} failed: {str(error)[:300]}")

    def on_set(job, *arguments):
        return lambda i: job(buffers.gradient[i % n], buffers.residual[i % n], buffers.weight[i % n], *arguments)

    body, packed, kept = our_job(engine, buffers, [elements], threshold)
    check_same_values(buffers, body, packed, kept, threshold)
    ours = row("ringsim", body)
    graphs = []
    for i in range(n):
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            body(i)
        graphs.append(graph)
    row("ringsim, as a CUDA graph", lambda i: graphs[i % n].replay())
    rival("torch eager with topk", on_set(job_topk, k))
    rival("torch eager, threshold", on_set(job_threshold, threshold), True)
    rival("torch eager, threshold, with statistics", on_set(job_threshold_statistics, threshold), True)
    rival("sampled threshold, as in DGC", on_set(job_sampled, k), True)
    if with_compile:
        torch._dynamo.reset()
        mask_of = torch.compile(compiled_mask, dynamic=False)
        rival(
            "torch.compile, threshold",
            lambda i: pack_by_mask(buffers.residual[i % n], on_set(mask_of, threshold)(i)),
            True,
        )
        masks_of = torch.compile(compiled_mask_statistics, dynamic=False)
        rival(
            "torch.compile, threshold, with statistics",
            lambda i: pack_by_mask(buffers.residual[i % n], on_set(masks_of, threshold)(i)[0]),
            True,
        )
    if cub_path:
        cub = CubRival(cub_path, elements)
        rival("cub::DeviceSelect::Flagged", on_set(cub.job, threshold))
    report.add(
        "job",
        1,
        elements,
        "abs and torch.topk, nothing else",
        timer.measure(lambda i: torch.topk(buffers.gradient[i % n].abs(), k, sorted=False)),
        density,
    )
    if not rivals:
        return
    best = min(rivals, key=rivals.get)
    for name in ("torch eager with topk", best):
        if name in rivals:
            print(f"        {rivals[name] / ours:.2f} times as fast as {name}{' (the best rival)' * (name == best)}")


def measure_job_resnet(report, timer, engine, density):
    sizes = resnet50_sizes()
    elements = sum(sizes)
    buffers = Buffers(elements)
    n = buffers.sets
    threshold = threshold_for(buffers, int(elements * density))

    def row(name, body, waits=False):
        return report.add("job", 161, elements, name, timer.measure(body, buffers.reset, waits), density)

    body, _, _ = our_job(engine, buffers, sizes, threshold)
    ours = row("ringsim", body)
    parts = [
        list(zip(*(torch.split(buffer[i], sizes) for buffer in (buffers.gradient, buffers.residual, buffers.weight))))
        for i in range(n)
    ]

    def per_layer_topk(i):
        for g, r, w in parts[i % n]:
            job_topk(g, r, w, max(1, int(g.numel() * density)))

    def per_layer_threshold(i):
        for g, r, w in parts[i % n]:
            job_threshold(g, r, w, threshold)

    topk = row("torch eager with topk, layer by layer", per_layer_topk)
    row("torch eager, threshold, layer by layer", per_layer_threshold, True)
    print(f"        {topk / ours:.2f} times as fast as torch eager with topk")


def machine():
    properties = torch.cuda.get_device_properties(0)
    return {
        "gpu": properties.name,
        "multiprocessors": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for bench.csv and bench.json")
    parser.add_argument("--library", help="libringsim_prune.so (default: the newest under build/)")
    parser.add_argument("--cub", help="libringsim_cub_rival.so (default: that rival is left out)")
    parser.add_argument("--repetitions", type=int, default=60)
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out (it takes minutes)")
    parser.add_argument("--quick", action="store_true", help="1M and 25.6M elements, without rivals")
    options = parser.parse_args()
    if options.cub and not pathlib.Path(options.cub).exists():
        print(f"{options.cub} does not exist: the CUB rival is left out")
        options.cub = None
    engine = prune_library.Engine("cuda", library=prune_library.Library(options.library))
    timer, report = Timer(options.repetitions), Report()
    print(json.dumps(machine()))
    sizes = [1_000_000, 25_600_000] + ([] if options.quick else [61_100_000])
    densities = [1 / 128, 1 / 1000]
    try:
        with torch.no_grad():
            for elements in sizes:
                measure_limits(report, timer, engine, elements)
                measure_select(report, timer, engine, elements)
                for density in densities:
                    measure_pack(report, timer, engine, elements, density)
                torch.cuda.empty_cache()
            measure_select_resnet(report, timer, engine)
            if not options.quick:
                for density in densities:
                    measure_job_resnet(report, timer, engine, density)
                for elements in sizes:
                    for density in densities:
                        # Compiling takes long, and the density changes little for it.
                        measure_job(
                            report,
                            timer,
                            engine,
                            elements,
                            density,
                            options.cub,
                            density == densities[0] and not options.no_compile,
                        )
                        torch.cuda.empty_cache()
    finally:
        report.write(options.output, machine())


if __name__ == "__main__":
    main()
