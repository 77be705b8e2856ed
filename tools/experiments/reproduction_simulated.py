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
WHOLE_BELOW = {"alexnet": "4097", "resnet50": "4096"}  # what has one dimension is sent whole
# Those of models/schemes/mask_model.hpp.
BOTH_SIGMAS, LAYER_SIGMA = 1.17, {"steered": 0.85, "quantile": 0.08}
RING = ["--topology", "ring", "--latency", "5us", "--compute-time", "1.2ms"]
OF_IWP = "final-iwp-256+best-iwp-256", "final-iwp-256-32ranks+best-iwp-256-32ranks"
OF_POWERSGD = "best-powersgd-256", "final-powersgd-256-32ranks"
DENSE = "tuned-dense", "final-dense-32ranks"
WHOLE = ["--whole-below", WHOLE_BELOW["alexnet"]]
# Scheme, its options after and in the warm-up (with the mean of the density, which falls from 1/4 in proportion), whose
# costs it has, the trace that it is simulated with, its trials with 8 ranks and with 32.
SCHEMES = (
    ("dense, fp32", ["dense"], None, None, None, *DENSE),
    ("dense, bf16", ["dense", "--values", "bf16"], None, "torch", None, *DENSE),
    (
        "topk",
        ["topk", "--density", "0.00047", *WHOLE],
        ["--density", "0.0398", *WHOLE],
        "torch",
        None,
        "final-topk-256",
        "best-topk-256-32ranks",
    ),
    ("powersgd, rank 5", ["powersgd", "--rank", "5"], None, "torch", None, *OF_POWERSGD),
    ("iwp", ["iwp", "--density", "0.003", *WHOLE], ["--density", "0.0558", *WHOLE], "fused", "alexnet-256", *OF_IWP),
)


def ten_classes(folder, network="alexnet"):
    """A network as it was trained."""
    model = json.loads((reproduction.ROOT / f"models/specs/{network}.json").read_text(encoding="utf-8"))
    model["name"] = f"{network}-ten-classes"
    width = model["layers"][-2]["shape"][1]
    model["layers"][-2].update(shape=[10, width], forward_flop=20 * width)
    model["layers"][-1].update(shape=[10])
    path = pathlib.Path(folder) / f"{network}.json"
    path.write_text(json.dumps(model))
    return str(path)


def scan(program, *options):
    command = [program, "scan", *options, "--format", "csv", "--quiet"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def sampling():
    """Seconds in which a rank finds the quantiles of a sample of its importance, as measured."""
    (trial,) = reproduction.trials("stages-alexnet-iwp-quantile")
    return trial["stage_seconds"]["thresholds"] / trial["settings"]["ranks"]


def steps(program, ranks, bandwidths, *options):
    """{(ranks, Gbit/s): the row of the scan}"""
    network = ["--ranks", ",".join(map(str, ranks)), "--bandwidth", ",".join(f"{each}Gbps" for each in bandwidths)]
    rows = scan(program, *RING, *network, *options)
    return dict(zip([(rank, bandwidth) for rank in ranks for bandwidth in bandwidths], rows))


def seconds_of(rows, more=0.0):
    return {key: float(row["seconds_per_step.total"]) + more for key, row in rows.items()}


def headroom_of(rows, more=0.0):
    """{(ranks, Gbit/s): ms to dense fp32 and to dense bf16}; empty where nothing is compressed."""
    columns = ["headroom_seconds.dense_fp32", "headroom_seconds.dense_bf16"]
    return {
        key: [1e3 * (float(row[column]) - more) for column in columns] for key, row in rows.items() if row[columns[0]]
    }


def epochs_to(goal, curve):
    return next((epoch + 1 for epoch, accuracy in enumerate(curve) if accuracy >= goal), None)


def times(program):
    with tempfile.TemporaryDirectory() as folder:
        model = ["--source", "synthetic", "--model", ten_classes(folder), "--steps", "20"]
        found, headroom, basis = {}, {}, {}
        for label, scheme, warmup, costs, trace, *groups in SCHEMES:
            compress = ["--compress-time", costs, "--gpu", "h100"] if costs else []
            source = ["--source", f"trace:{reproduction.TRACES / trace}"] if trace else model + ["--scheme", *scheme]
            asked = ["--headroom", "on"] if costs else []
            rows = steps(program, RANKS, BANDWIDTHS, *source, *compress, *asked)
            more = sampling() if trace else 0.0
            before = after = seconds_of(rows, more)
            headroom[label] = headroom_of(rows, more)
            basis[label] = {row["basis.compress"] for row in rows.values()} - {""}
            if warmup:
                before = seconds_of(
                    steps(program, RANKS, BANDWIDTHS, *model, "--scheme", scheme[0], *warmup, *compress)
                )
            reached = [epochs_to(GOAL, reproduction.mean_curve(group)) for group in groups]
            found[label] = before, after, dict(zip((8, 32), reached))
    print("Milliseconds per step after the warm-up:\n")
    print_table(found, lambda before, after, epochs: 1e3 * after, RANKS)
    known = "; ".join(f"{label} {' and '.join(sorted(how))}" for label, how in basis.items() if how)
    print(f"\nbasis: computing measured, the exchange modelled;\ncompressing: {known}\n")
    print("Headroom, ms: to dense fp32 / to dense bf16\n")
    print_headroom({label: known for label, known in headroom.items() if known})
    print(f"\nSeconds to an accuracy of {100 * GOAL:g} % (epochs of the mean over seeds):\n")

    def seconds(before, after, epochs):
        return STEPS_PER_EPOCH * (before + (epochs - 1) * after) if epochs else math.nan

    print_table(found, seconds, (8, 32))
    print("\nepochs: " + ", ".join(f"{label} {epochs}" for label, (_, _, epochs) in found.items()))


def shown(value):
    """Three digits that count."""
    if math.isnan(value):
        return "not reached"
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


def print_headroom(found):
    print("| ranks, Gbit/s | " + " | ".join(found) + " |\n| ---" + " | ---" * len(found) + " |")
    for key in next(iter(found.values())):
        cells = [" / ".join("-+"[ms >= 0] + shown(abs(ms)) for ms in known[key]) for known in found.values()]
        print(f"| {key[0]}, {key[1]} | " + " | ".join(cells) + " |")


def model(program):
    for network in "alexnet", "resnet50":
        for steered in (False, True):
            names = [name for name in reproduction_traces.LARGE if name.startswith(network)]
            names = [name for name in names if ("steered" in name) == steered]
            if names:
                compare_masks(program, network, names)
                print()


def compare_masks(program, network, names):
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        spec = ten_classes(folder, network)
        for name in names:
            density = reproduction_traces.density_of(name)
            header = json.loads((reproduction.TRACES / name / "trace.json").read_text(encoding="utf-8"))
            steered = "steered" in name
            masks = 4 if steered else 8
            given = [*RING, "--compress-time", "none", "--ranks", "8", "--bandwidth", "10Gbps"]
            given += ["--steps", str(header["steps"])]
            captured = scan(program, *given, "--source", f"trace:{reproduction.TRACES / name}")[0]
            synthetic = ["--source", "synthetic", "--model", spec, "--scheme", "iwp", "--density", f"{density:.6g}"]
            synthetic += ["--broadcasters", str(masks), "--whole-below", WHOLE_BELOW[network]]
            synthetic += ["--threshold", "density" if steered else "quantile"]
            drawn = scan(program, *given, *synthetic)[0]
            columns.append(beside(name, header["steps"], masks, density, captured, drawn))
    print(
        "| | " + " | ".join(f"`{name}`: trace | model | off by" for name in names) + " |\n| ---" + " | ---" * 6 + " |"
    )
    for row in zip(*columns):
        print(f"| {row[0][0]} | " + " | ".join(cell for _, *cells in row for cell in cells) + " |")


def beside(name, steps, masks, density, captured, drawn):
    """A row for each figure: what it is, that of the trace, that of the model, the model's error."""
    rows = []

    def add(what, trace, ours, form="{:.2f}"):
        rows.append((what, form.format(trace), form.format(ours), f"{100 * (ours / trace - 1):+.1f} %"))

    for what, column, unit, form in (
        ("MB of masks a step", "bytes_sent_per_rank.masks", 1e6 * steps, "{:.4f}"),
        ("MB of values a step", "bytes_sent_per_rank.values", 1e6 * steps, "{:.4f}"),
        ("all MB a step", "bytes_sent_per_rank.total", 1e6 * steps, "{:.4f}"),
        ("ms of exchange at 10 Gbit/s", "seconds_per_step.exchange", 1e-3, "{:.3f}"),
    ):
        add(what, float(captured[column]) / unit, float(drawn[column]) / unit, form)
    layers, large = reproduction_traces.of_layers(name), reproduction_traces.LARGE[name]
    union = layers[large].unions[0 if masks == 4 else 1]
    add(f"union of {masks} masks over one, {large}", union, modelled_union(density, masks))
    varies = LAYER_SIGMA["steered" if "steered" in name else "quantile"]
    add(f"s_l, {large}", layers[large].share, varies)
    add("s_l, the least of the layers", min(layer.share for layer in layers.values()), varies)
    add("s_l, the largest of the layers", max(layer.share for layer in layers.values()), varies)
    return rows


def modelled_union(density, masks):
    """The union of so many masks over one, where it has this density, in the mask model."""
    normal = [statistics.NormalDist().inv_cdf((i + 0.5) / 20000) for i in range(20000)]
    low, high = -60.0, 5.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        kept = [min(1.0, math.exp(middle + BOTH_SIGMAS * x)) for x in normal]
        union = statistics.fmean(1 - (1 - p) ** masks for p in kept)
        low, high = (middle, high) if union < density else (low, middle)
    return union / statistics.fmean(kept)
