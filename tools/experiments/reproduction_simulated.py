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
    with tempfile.TemporaryDirectory() as folder:
        spec = ten_classes(folder)
        for name in ("alexnet", "alexnet-256"):
            density = density_of(name)
            network = [*RING, "--compress-time", "none", "--ranks", "8", "--bandwidth", "10Gbps", "--steps", "120"]
            captured = scan(program, *network, "--source", f"trace:{reproduction.TRACES / name}")[0]
            synthetic = ["--source", "synthetic", "--model", spec, "--scheme", "iwp", "--density", f"{density:.6g}"]
            drawn = scan(program, *network, *synthetic)[0]
            print(f"{name}, density {density:.6g}: the model is off by")
            for column in ("masks", "values", "total"):
                key = f"bytes_sent_per_rank.{column}"
                print(f"  {key}: {100 * (float(drawn[key]) / float(captured[key]) - 1):+.1f} %")
            key = "seconds_per_step.exchange"
            print(f"  {key}: {100 * (float(drawn[key]) / float(captured[key]) - 1):+.1f} %")
            print_distribution(name)


def pruned(name):
    """{layer: {step: row}} of rank 0, of layers that are pruned."""
    layers = {}
    for row in reproduction.table(f"{name}/trace_layers.csv.gz"):
        if row["rank"] == "0" and row["threshold"]:
            layers.setdefault(row["layer"], {})[int(row["step"])] = row
    return layers


def density_of(name):
    rows = [row for layer in pruned(name).values() for row in layer.values()]
    return sum(int(row["sent"]) for row in rows) / sum(int(row["parameters"]) for row in rows)


def print_distribution(name):
    """Of each layer the deviation of its share's logarithm, how many elements the union of the masks of four ranks and
    of eight has over a mask, and the share of what is sent that the step before sent, too."""
    statistic, kept = {}, {}
    for row in reproduction.table(f"{name}/trace_statistics.csv.gz"):
        statistic.setdefault(row["layer"], []).append(row)
    for row in reproduction.table(f"{name}/trace_layers.csv.gz"):
        if row["threshold"]:
            for count in (4, 8):
                if int(row["rank"]) < count:
                    kept[row["layer"], count] = kept.get((row["layer"], count), 0) + int(row["kept"]) / count
    for layer, rows in pruned(name).items():
        logs = [math.log(max(int(row["sent"]), 1)) for row in rows.values()]
        unions = [
            sum(float(row[f"union_of_{count}"]) for row in statistic[layer]) / kept[layer, count] for count in (4, 8)
        ]
        mean = {
            key: statistics.mean(float(row[key]) for row in statistic[layer])
            for key in ("overlap_with_step_before", "age_mean", "age_p95", "importance_mean", "importance_stddev")
        }
        print(f"  {layer}: s_l {statistics.stdev(logs):.2f}, unions {unions[0]:.2f}, {unions[1]:.2f}; {mean}")
