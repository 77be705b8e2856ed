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
    rivals
              leave the statistics out unless the name says otherwise
"""

import argparse
import csv
import ctypes
import json
import pathlib
import statistics
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "capture"))
import ringsim_prune  # noqa: E402

FLOOR = 0.05
L2_BYTES = 50 * 2**20


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


class Timer:
    def __init__(self, repetitions):
        self.repetitions = repetitions

    def measure(self, body, prepare=None, waits=False):
        """Times body(i) for i = 0, 1, ...; prepare(i) runs before it, off the clock. `waits`: body itself waits for
        results, so nothing can be enqueued ahead."""
        for i in range(5):
            if prepare:
                prepare(i)
            body(i)
        torch.cuda.synchronize()
        if not waits:
            torch.cuda._sleep(60_000_000)  # about 30 ms, in which Python enqueues
        pairs = []
        for i in range(self.repetitions):
            if prepare:
                prepare(i)
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            body(i)
            end.record()
            pairs.append((start, end))
        torch.cuda.synchronize()
        return sorted(1000 * start.elapsed_time(end) for start, end in pairs)


class Buffers:
    """Sets of gradient, residual and weight. `shift` floats off the alignment of the allocation."""

    def __init__(self, elements, shift=0, extra_bytes=0):
        per_set = 12 * elements + extra_bytes
        self.sets = max(2, -(-4 * L2_BYTES // per_set))
        self.elements = elements
        generator = torch.Generator(device="cuda").manual_seed(1)

        def one(scale):
            return [
                torch.randn(elements + shift, device="cuda", generator=generator).mul_(scale)[shift:]
                for _ in range(self.sets)
            ]

        self.gradient, self.weight = one(0.01), one(0.05)
        self.residual = [torch.zeros(elements + shift, device="cuda")[shift:] for _ in range(self.sets)]
        self.flush = torch.ones(3 * L2_BYTES // 4, device="cuda")

    def reset(self, i):
        """Residual i is zero again, and not in the cache."""
        self.residual[i % self.sets].zero_()
        self.flush.sum()


class Report:
    FIELDS = [
        "group",
        "layers",
        "elements",
        "density",
        "name",
        "median_us",
        "p10_us",
        "p90_us",
        "gb_per_s",
        "of_limit",
        "repetitions",
    ]

    def __init__(self):
        self.rows = []
        self.limits = {}

    def add(self, group, layers, elements, name, times, density=None, bytes_moved=None):
        median = statistics.median(times)
        if name == "3R1W":
            self.limits[elements] = median
        limit = self.limits.get(elements)
        row = {
            "group": group,
            "layers": layers,
            "elements": elements,
            "density": None if density is None else float(f"{density:.6g}"),
            "name": name,
            "median_us": round(median, 2),
            "p10_us": round(times[len(times) // 10], 2),
            "p90_us": round(times[len(times) * 9 // 10], 2),
            "gb_per_s": None if bytes_moved is None else round(bytes_moved / median / 1000, 1),
            "of_limit": None if limit is None or group not in ("select", "limit") else round(limit / median, 4),
            "repetitions": len(times),
        }
        self.rows.append(row)
        print(
            "  ".join(
                [
                    f"{group:6}",
                    f"{layers:4}",
                    f"{elements:9}",
                    f"{'' if density is None else f'1/{1 / density:.0f}':>7}",
                    f"{name:42}",
                    f"{median:9.2f} us",
                    f"[{row['p10_us']:9.2f} {row['p90_us']:9.2f}]",
                    f"{row['gb_per_s'] or '':>8}",
                    f"{row['of_limit'] or '':>7}",
                ]
            ),
            flush=True,
        )
        return median

    def write(self, folder, machine):
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "bench.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, self.FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in self.rows)
        with open(folder / "bench.json", "w") as file:
            json.dump({"schema": "ringsim-cuda-bench/1", "machine": machine, "rows": self.rows}, file, indent=1)
            file.write("\n")


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
    plan = ringsim_prune.Plan.of_sizes(engine, sizes, 3.0, FLOOR)
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
    plan = ringsim_prune.Plan.of_sizes(engine, [elements], 3.0, FLOOR)
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


class CubRival:
    def __init__(self, path, elements):
        self.c = ctypes.CDLL(path)
        p, n, f = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float
        self.c.cub_rival_workspace.argtypes, self.c.cub_rival_workspace.restype = [n], ctypes.c_size_t
        self.c.cub_rival_select.argtypes = [p, p, p, p, f, f, n, p]
        self.c.cub_rival_pack.argtypes = [p, p, p, p, n, p, ctypes.c_size_t, p]
        self.elements, self.bytes = elements, self.c.cub_rival_workspace(elements)
        self.workspace = torch.empty(max(1, self.bytes), dtype=torch.uint8, device="cuda")
        self.flags = torch.empty(elements, dtype=torch.uint8, device="cuda")
        self.packed = torch.empty(elements, device="cuda")
        self.kept = torch.zeros(1, dtype=torch.int64, device="cuda")

    def job(self, g, r, w, threshold):
        stream = torch.cuda.current_stream().cuda_stream
        status = self.c.cub_rival_select(
            g.data_ptr(), r.data_ptr(), w.data_ptr(), self.flags.data_ptr(), threshold, FLOOR, self.elements, stream
        )
        status = status or self.c.cub_rival_pack(
            r.data_ptr(),
            self.flags.data_ptr(),
            self.packed.data_ptr(),
            self.kept.data_ptr(),
            self.elements,
            self.workspace.data_ptr(),
            self.bytes,
            stream,
        )
        if status != 0:
            raise RuntimeError(f"the CUB rival failed with CUDA error {status}")


def importance(g, r, w):
    r.add_(g)
    return r.abs() / w.abs().clamp_min(FLOOR)


def job_topk(g, r, w, k):
    index = torch.topk(importance(g, r, w), k, sorted=False).indices
    packed = r[index]
    r.index_fill_(0, index, 0)
    return packed


def job_threshold(g, r, w, threshold):
    r.add_(g)
    mask = r.abs() > threshold * w.abs().clamp_min(FLOOR)
    packed = r.masked_select(mask)
    r.masked_fill_(mask, 0)
    return packed


def job_threshold_statistics(g, r, w, threshold):
    i = importance(g, r, w)
    mask = r.abs() > threshold * w.abs().clamp_min(FLOOR)
    sums = mask.sum(), i.sum(dtype=torch.float64), (i * i).sum(dtype=torch.float64)
    packed = r.masked_select(mask)
    r.masked_fill_(mask, 0)
    return packed, sums


def job_sampled(g, r, w, k, sample=100):
    """Deep Gradient Compression: the threshold of a strided sample of 1 %, and the exact top k of what passes it where
    that is too much."""
    i = importance(g, r, w)
    n = i.numel()
    part = i[::sample]
    threshold = torch.topk(part, max(1, k * part.numel() // n), sorted=False).values.min()
    index = (i >= threshold).nonzero().squeeze(1)
    if index.numel() > 1.3 * k:
        index = index[torch.topk(i[index], k, sorted=False).indices]
    packed = r[index]
    r.index_fill_(0, index, 0)
    return packed, index


def compiled_mask(g, r, w, threshold):
    r.add_(g)
    return r.abs() > threshold * w.abs().clamp_min(FLOOR)


def compiled_mask_statistics(g, r, w, threshold):
    r.add_(g)
    i = r.abs() / w.abs().clamp_min(FLOOR)
    mask = r.abs() > threshold * w.abs().clamp_min(FLOOR)
    return mask, mask.sum(), i.sum(dtype=torch.float64), (i * i).sum(dtype=torch.float64)


def pack_by_mask(r, mask):
    packed = r.masked_select(mask)
    r.masked_fill_(mask, 0)
    return packed


def threshold_for(buffers, k):
    """Keeps about k elements of a first step."""
    i = buffers.gradient[0].abs() / buffers.weight[0].abs().clamp_min(FLOOR)
    return torch.topk(i, k).values[-1].item()


def our_job(engine, buffers, sizes, threshold):
    plan = ringsim_prune.Plan.of_sizes(engine, sizes, threshold, FLOOR)
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
    engine = ringsim_prune.Engine("cuda", library=ringsim_prune.Library(options.library))
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
