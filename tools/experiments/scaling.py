#!/usr/bin/env python3
"""The tables of docs/results.md on large models: how far each scheme scales, what its exchange and its pruning cost,
and up to which bandwidth it pays; and how dense and iwp grow with the number of ranks.

Usage: tools/experiments/scaling.py [--program RINGSIM] [--csv FILE.csv | --growth FILE.png]
(default build/release/tools/ringsim/ringsim; half a minute, or as long for the growth)
"""
import argparse
import csv
import io
import math
import subprocess

# V100, fp32. The speed is what NVIDIA's published rates say of ResNet-50, and of BERT-large at 128 tokens
# (models/specs/README.md).
MODELS = {
    "resnet50": (64, "9TFLOPS"),
    "resnet101": (64, "9TFLOPS"),
    "vgg16": (32, "9TFLOPS"),
    "bert-base": (12, "11.8TFLOPS"),
}
SCHEMES = {
    "dense fp32": ["dense"],
    "dense bf16": ["dense", "--values", "bf16"],
    "iwp": ["iwp"],
    "iwp bf16": ["iwp", "--values", "bf16"],
    "magnitude": ["magnitude"],
    "cltk": ["cltk"],
    "topk": ["topk"],
    "topk on a ring": ["topk", "--sparse-sum", "ring"],
    "randomk": ["randomk"],
    "qsgd": ["qsgd"],
    "terngrad": ["terngrad"],
    "signsgd": ["signsgd"],
    "powersgd": ["powersgd"],
}
RANKS = (8, 16, 32, 64)
SHOWN = (1, 10, 25, 100)  # Gbit/s
BANDWIDTHS = (0.25, 0.5, 1, 2, 3, 5, 7, 10, 14, 20, 25, 35, 50, 70, 100, 150, 250, 400)
STEP = ["--topology", "switch", "--latency", "10us", "--source", "synthetic", "--bucket", "ddp"]
PAYS = 0.01
GROWTH = [2**power for power in range(3, 13)]


def listed(values):
    return ",".join(str(value) for value in values)


class Scans:
    def __init__(self, program):
        self.program, self.rows = program, []

    def scan(self, *options):
        done = subprocess.run(
            [self.program, "scan", *STEP, "--format", "csv", "--quiet", *options],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def seconds(self, row, what):
        return float(row[f"seconds_per_step.{what}"])

    def all_points(self):
        """{(model, scheme, ranks, Gbit/s): (compute, compress, exposed, total)}, seconds a step."""
        points = {}
        for model, (batch, speed) in MODELS.items():
            for label, scheme in SCHEMES.items():
                for row in self.scan(
                    "--model",
                    model,
                    "--batch",
                    str(batch),
                    "--gpu-speed",
                    speed,
                    "--scheme",
                    *scheme,
                    "--ranks",
                    listed(RANKS),
                    "--bandwidth",
                    listed(f"{bandwidth}Gbps" for bandwidth in BANDWIDTHS),
                ):
                    key = model, label, int(row["option.ranks"]), float(row["option.bandwidth"].removesuffix("Gbps"))
                    # (to a picosecond: differences of sums are not exact)
                    points[key] = tuple(
                        round(self.seconds(row, what), 12)
                        for what in ("compute", "compress", "exposed_exchange", "total")
                    )
        return points


def print_scaling(points):
    for model in MODELS:
        print(f"\n`{model}`: scaling factor on {' / '.join(map(str, RANKS))} ranks\n")
        print(
            "| scheme | "
            + " | ".join(f"{bandwidth} Gbit/s" for bandwidth in SHOWN)
            + " |\n| --- |"
            + " --- |" * len(SHOWN)
        )
        for label in SCHEMES:
            cells = []
            for bandwidth in SHOWN:
                times = [points[model, label, ranks, bandwidth] for ranks in RANKS]
                cells.append(" / ".join(f"{compute / total:.2f}" for compute, _, _, total in times))
            print(f"| {label} | " + " | ".join(cells) + " |")


def print_costs(points, ranks):
    print(
        f"\nMilliseconds of a step on {ranks} ranks: exposed exchange at {' / '.join(map(str, SHOWN))} Gbit/s, + "
        "pruning (at 25 Gbit/s)\n"
    )
    compute = {model: next(times[0] for key, times in points.items() if key[0] == model) for model in MODELS}
    print(
        "| scheme | "
        + " | ".join(f"{model} ({1000 * compute[model]:.0f} ms of computing)" for model in MODELS)
        + " |\n| --- |"
        + " --- |" * len(MODELS)
    )
    for label in SCHEMES:
        cells = []
        for model in MODELS:
            exposed = " / ".join(f"{1000 * points[model, label, ranks, bandwidth][2]:.4g}" for bandwidth in SHOWN)
            cells.append(f"{exposed} + {1000 * points[model, label, ranks, 25][1]:.2g}")
        print(f"| {label} | " + " | ".join(cells) + " |")


def shown(bandwidth):
    return f"{bandwidth:.0f}" if bandwidth >= 10 else f"{bandwidth:.2g}"


def crossings(gains):
    """Where the scheme pays: its step is shorter than the rival's by PAYS at least. Between the points of the scan by
    logarithms."""
    pays = [gain >= PAYS for gain in gains]
    ends = []
    for i in range(len(BANDWIDTHS) - 1):
        if pays[i] != pays[i + 1]:
            share = (gains[i] - PAYS) / (gains[i] - gains[i + 1])
            ends.append(
                (shown(math.exp((1 - share) * math.log(BANDWIDTHS[i]) + share * math.log(BANDWIDTHS[i + 1]))), pays[i])
            )
    if not ends:
        return "all" if pays[0] else "none"
    if len(ends) == 1:
        return ends[0][0] if ends[0][1] else f"from {ends[0][0]}"
    return "-".join(end for end, _ in ends)


def gains(points, model, label, rival, ranks):
    return [points[model, rival, ranks, b][3] / points[model, label, ranks, b][3] - 1 for b in BANDWIDTHS]


def print_crossings(points, rival):
    print(
        f"\nGbit/s up to which a step is {100 * PAYS:g} % shorter than with {rival}, on "
        f"{' / '.join(map(str, RANKS))} ranks\n"
    )
    print("| scheme | " + " | ".join(MODELS) + " |\n| --- |" + " --- |" * len(MODELS))
    for label in SCHEMES:
        if label != rival:
            print(
                f"| {label} | "
                + " | ".join(
                    " / ".join(crossings(gains(points, model, label, rival, ranks)) for ranks in RANKS)
                    for model in MODELS
                )
                + " |"
            )


def print_compression_times(scans, points):
    """What topk is worth with other times of compressing, on 32 ranks."""
    print("\n| topk on resnet50, 32 ranks | compressing, ms | Gbit/s up to which it pays |\n| --- | --- | --- |")
    batch, speed = MODELS["resnet50"]
    for what, gpu, compress_time in (
        ("modelled, V100", "v100", "model"),
        ("PyTorch, scaled from an H100 to a V100", "v100", "torch"),
        ("PyTorch, H100", "h100", "torch"),
    ):
        rows = scans.scan(
            "--model",
            "resnet50",
            "--batch",
            str(batch),
            "--gpu-speed",
            speed,
            "--scheme",
            "topk",
            "--ranks",
            "32",
            "--gpu",
            gpu,
            "--compress-time",
            compress_time,
            *(["--ddp", "off"] if gpu == "h100" else []),  # the rival has none of that
            "--bandwidth",
            listed(f"{bandwidth}Gbps" for bandwidth in BANDWIDTHS),
        )
        totals = [scans.seconds(row, "total") for row in rows]
        found = [points["resnet50", "dense fp32", 32, b][3] / total - 1 for b, total in zip(BANDWIDTHS, totals)]
        print(f"| {what} | {1000 * scans.seconds(rows[-1], 'compress'):.2g} | {crossings(found)} |")


def growth(scans, plot):
    batch, speed = MODELS["resnet50"]
    rows = scans.scan(
        "--model",
        "resnet50",
        "--batch",
        str(batch),
        "--gpu-speed",
        speed,
        "--bandwidth",
        "25Gbps",
        "--scheme",
        "dense,iwp",
        "--ranks",
        listed(GROWTH),
        "--backend",
        "recurrence",
    )
    times = {(row["option.scheme"], int(row["option.ranks"])): scans.seconds(row, "total") for row in rows}
    compute = scans.seconds(rows[0], "compute")
    print(
        "\nScaling factor of resnet50 at 25 Gbit/s\n\n| ranks | "
        + " | ".join(map(str, GROWTH))
        + " |\n| --- |"
        + " --- |" * len(GROWTH)
    )
    for scheme in ("dense", "iwp"):
        print(f"| {scheme} | " + " | ".join(f"{compute / times[scheme, ranks]:.2f}" for ranks in GROWTH) + " |")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3.2), dpi=80)
    for scheme in ("dense", "iwp"):
        axes.plot(GROWTH, [1000 * times[scheme, ranks] for ranks in GROWTH], marker="o", markersize=3, label=scheme)
    axes.axhline(1000 * compute, color="gray", linewidth=0.8, linestyle="--", label="computing")
    axes.set(
        xscale="log", yscale="log", xlabel="ranks", ylabel="ms per step", title="ResNet-50, ring on 25 Gbit/s, 10 us"
    )
    axes.set_xticks(GROWTH, [str(ranks) for ranks in GROWTH], fontsize=7)
    axes.legend()
    figure.tight_layout()
    figure.savefig(plot)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", default="build/release/tools/ringsim/ringsim")
    parser.add_argument("--growth", metavar="FILE.png", help="only the growth with the number of ranks, drawn too")
    parser.add_argument("--csv", help="all points")
    options = parser.parse_args()
    scans = Scans(options.program)
    if options.growth:
        growth(scans, options.growth)
        return
    points = scans.all_points()
    if options.csv:
        with open(options.csv, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(
                [
                    "model",
                    "scheme",
                    "ranks",
                    "bandwidth_gbit_per_s",
                    "compute_s",
                    "compress_s",
                    "exposed_exchange_s",
                    "total_s",
                ]
            )
            writer.writerows([*key, *times] for key, times in points.items())
    print_scaling(points)
    print_costs(points, 32)
    for rival in ("dense fp32", "dense bf16"):
        print_crossings(points, rival)
    print_compression_times(scans, points)


if __name__ == "__main__":
    main()
