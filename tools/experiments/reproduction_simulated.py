"""What docs/reproduction.md simulates: times of steps on rings, and the synthetic mask model beside the traces."""

import csv
import io
import json
import math
import pathlib
import statistics
import subprocess
import tempfile

import reproduction
import reproduction_traces

STEPS_PER_EPOCH, EPOCHS, GOAL = 234, 10, 0.9
RANKS, BANDWIDTHS = (8, 32, 128), (1, 10, 25, 100)
RING = ["--topology", "ring", "--latency", "5us", "--compute-time", "1.2ms"]
OF_IWP = "tuned-iwp-256", "wider-iwp-256-32ranks"
# Scheme, its options after and in the warm-up (with the mean of the density, which falls from 1/4 in proportion), whose
# costs it has, the trace that it is simulated with, its trials with 8 ranks and with 32.
SCHEMES = (
    ("dense, fp32", ["dense"], None, None, None, "tuned-dense", "tuned-dense-32ranks"),
    ("dense, bf16", ["dense", "--values", "bf16"], None, "torch", None, "tuned-dense", "tuned-dense-32ranks"),
    ("topk", ["topk", "--density", "0.00047"], ["--density", "0.0398"], "torch", None, "tuned-topk-256", None),
    ("powersgd, rank 5", ["powersgd", "--rank", "5"], None, "torch", None, "tuned-powersgd-256", None),
    ("iwp", ["iwp", "--density", "0.003"], ["--density", "0.0558"], "fused", "alexnet-256", *OF_IWP),
)


def ten_classes(folder):
    """AlexNet as it was trained."""
    model = json.loads((reproduction.ROOT / "models/specs/alexnet.json").read_text(encoding="utf-8"))
    model["name"] = "alexnet-ten-classes"
    model["layers"][-2].update(shape=[10, 4096], forward_flop=81920)
    model["layers"][-1].update(shape=[10])
    path = pathlib.Path(folder) / "alexnet.json"
    path.write_text(json.dumps(model))
    return str(path)


def scan(program, *options):
    command = [program, "scan", *options, "--format", "csv", "--quiet"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def step_times(program, ranks, bandwidths, *options):
    """{(ranks, Gbit/s): seconds}"""
    network = ["--ranks", ",".join(map(str, ranks)), "--bandwidth", ",".join(f"{each}Gbps" for each in bandwidths)]
    rows = scan(program, *RING, *network, *options)
    keys = [(rank, bandwidth) for rank in ranks for bandwidth in bandwidths]
    return {key: float(row["seconds_per_step.total"]) for key, row in zip(keys, rows)}


def epochs_to(goal, curve):
    return next((epoch + 1 for epoch, accuracy in enumerate(curve) if accuracy >= goal), None)


def times(program):
    with tempfile.TemporaryDirectory() as folder:
        model = ["--source", "synthetic", "--model", ten_classes(folder), "--steps", "20"]
        found = {}
        for label, scheme, warmup, costs, trace, *groups in SCHEMES:
            compress = ["--compress-time", costs, "--gpu", "h100"] if costs else []
            source = ["--source", f"trace:{reproduction.TRACES / trace}"] if trace else model + ["--scheme", *scheme]
            after = step_times(program, RANKS, BANDWIDTHS, *source, *compress)
            before = after
            if warmup:
                before = step_times(program, RANKS, BANDWIDTHS, *model, "--scheme", scheme[0], *warmup, *compress)
            reached = [epochs_to(GOAL, reproduction.mean_curve(group)) if group else None for group in groups]
            found[label] = before, after, dict(zip((8, 32), reached))
    print("Milliseconds per step after the warm-up:\n")
    print_table(found, lambda before, after, epochs: 1e3 * after, RANKS)
    print(f"\nSeconds to an accuracy of {100 * GOAL:g} % (epochs of the mean over seeds):\n")

    def seconds(before, after, epochs):
        return STEPS_PER_EPOCH * (before + (epochs - 1) * after) if epochs else math.nan

    print_table(found, seconds, (8, 32))
    print("\nepochs: " + ", ".join(f"{label} {epochs}" for label, (_, _, epochs) in found.items()))


def shown(value):
    """Three digits that count."""
    if math.isnan(value):
        return "not run"
    return f"{value:.0f}" if value >= 99.95 else f"{value:#.3g}"


def print_table(found, figure, ranks):
    print("| ranks, Gbit/s | " + " | ".join(found) + " |\n| ---" + " | ---" * len(found) + " |")
    for rank in ranks:
        for bandwidth in BANDWIDTHS:
            key = rank, bandwidth
            cells = [
                shown(figure(before[key], after[key], epochs.get(rank))) for before, after, epochs in found.values()
            ]
            print(f"| {rank}, {bandwidth} | " + " | ".join(cells) + " |")


def model(program):
    network = [*RING, "--compress-time", "none", "--ranks", "8", "--bandwidth", "10Gbps", "--steps", "120"]
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        spec = ten_classes(folder)
        for name in reproduction_traces.NAMES:
            density = reproduction_traces.density_of(name)
            captured = scan(program, *network, "--source", f"trace:{reproduction.TRACES / name}")[0]
            synthetic = ["--source", "synthetic", "--model", spec, "--scheme", "iwp", "--density", f"{density:.6g}"]
            drawn = scan(program, *network, *synthetic)[0]
            columns.append(beside(name, density, captured, drawn))
    print(
        "| | `alexnet`: trace | model | off by | `alexnet-256`: trace | model | off by |"
        + "\n| ---"
        + " | ---" * 6
        + " |"
    )
    for row in zip(*columns):
        print(f"| {row[0][0]} | " + " | ".join(cell for _, *cells in row for cell in cells) + " |")


def beside(name, density, captured, drawn):
    """A row for each figure: what it is, that of the trace, that of the model, the model's error."""
    rows = []

    def add(what, trace, ours, form="{:.2f}"):
        rows.append((what, form.format(trace), form.format(ours), f"{100 * (ours / trace - 1):+.1f} %"))

    for what, column, unit, form in (
        ("MB of masks a step", "bytes_sent_per_rank.masks", 120e6, "{:.4f}"),
        ("MB of values a step", "bytes_sent_per_rank.values", 120e6, "{:.4f}"),
        ("all MB a step", "bytes_sent_per_rank.total", 120e6, "{:.4f}"),
        ("ms of exchange at 10 Gbit/s", "seconds_per_step.exchange", 1e-3, "{:.3f}"),
    ):
        add(what, float(captured[column]) / unit, float(drawn[column]) / unit, form)
    layers = reproduction_traces.of_layers(name)
    add("union of four masks over one, classifier.1", layers["classifier.1"].unions[0], modelled_union(density))
    add("s_l, classifier.1", layers["classifier.1"].share, 0.65)
    add("s_l, the least of eight layers", min(layer.share for layer in layers.values()), 0.65)
    add("s_l, the largest of eight layers", max(layer.share for layer in layers.values()), 0.65)
    return rows


def modelled_union(density):
    """The union of four masks over one, where it has this density, in the mask model."""
    deviation = math.hypot(1.87, 0.99)
    normal = [statistics.NormalDist().inv_cdf((i + 0.5) / 20000) for i in range(20000)]
    low, high = -60.0, 5.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        kept = [min(1.0, math.exp(middle + deviation * x)) for x in normal]
        union = statistics.fmean(1 - (1 - p) ** 4 for p in kept)
        low, high = (middle, high) if union < density else (low, middle)
    return union / statistics.fmean(kept)
