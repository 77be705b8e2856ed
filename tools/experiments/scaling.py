#!/usr/bin/env python3
"""The tables of docs/results.md on large models: how far each scheme scales, what compressing takes, how much longer it
may take until a dense step is as fast, and up to which bandwidth it pays; and how dense and iwp grow with the number
of ranks.

Usage: tools/experiments/scaling.py [--program RINGSIM] [--gpu h100|v100] [--tables NAME,...] [--csv FILE.csv]
       tools/experiments/scaling.py [--program RINGSIM] [--gpu h100|v100] --growth FILE.png
(default build/release/tools/ringsim/ringsim, v100, all tables; a minute, or as long for the growth)

Compressing takes what it does in PyTorch on an H100, iwp what it does in ringsim's fused engine, each as measured; on a
V100 these times are extrapolated. magnitude, and the rows that say so, take what their bytes do to pass through memory
(modelled): the least that an engine could reach. On an H100 steps hold what DistributedDataParallel adds.
"""
import argparse
import csv
import io
import math
import subprocess

import experiments

# The speed of a V100 in fp32 is what NVIDIA's published rates say of ResNet-50, and of BERT-large at 128 tokens
# (models/specs/README.md); an H100's is its file's.
MODELS = {
    "resnet50": (64, "9TFLOPS"),
    "resnet101": (64, "9TFLOPS"),
    "vgg16": (32, "9TFLOPS"),
    "bert-base": (12, "11.8TFLOPS"),
}
SCHEMES = {
    "dense fp32": {"scheme": "dense"},
    "dense bf16": {"scheme": "dense", "values": "bf16"},
    "iwp": {"scheme": "iwp"},
    "magnitude": {"scheme": "magnitude"},
    "cltk": {"scheme": "cltk"},
    "topk": {"scheme": "topk"},
    "topk on a ring": {"scheme": "topk", "sparse-sum": "ring"},
    "randomk": {"scheme": "randomk"},
    "qsgd": {"scheme": "qsgd"},
    "terngrad": {"scheme": "terngrad"},
    "signsgd": {"scheme": "signsgd"},
    "powersgd": {"scheme": "powersgd"},
    "topk, modelled": {"scheme": "topk"},
    "powersgd, modelled": {"scheme": "powersgd"},
}
COMPRESSED = [label for label in SCHEMES if label != "dense fp32"]
MODELLED = ", modelled"
RANKS = (8, 64)
SCALING = (10, 100)  # Gbit/s
HEADROOM = 10
FROM_10 = (10, 14, 20, 25, 35, 50, 70, 100, 150, 250, 400)
BANDWIDTHS = (0.25, 0.5, 1, 2, 3, 5, 7, *FROM_10)
STEP = {"topology": "switch", "latency": "10us", "source": "synthetic", "bucket": "ddp"}
PAYS = 0.01
GROWTH = [2**power for power in range(3, 13)]


def listed(values, unit=""):
    return ",".join(f"{value}{unit}" for value in values)


def costs(label):
    options = SCHEMES[label]
    implementation = "model" if label.endswith(MODELLED) else None
    return experiments.compressing(options["scheme"], implementation, options.get("values", "fp32"))


class Scans:
    def __init__(self, program, gpu):
        self.program, self.gpu = program, gpu

    def scan(self, model, options):
        batch, speed = MODELS[model]
        machine = {"gpu": self.gpu} | ({"gpu-speed": speed} if self.gpu == "v100" else {})
        words = experiments.arguments_of(STEP | machine | {"model": model, "batch": batch} | options)
        command = [self.program, "scan", *words, "--format", "csv", "--quiet"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def alone(self, model):
        """Seconds of computing on one GPU, without what DistributedDataParallel adds."""
        without = {"ddp": "off"} if self.gpu == "h100" else {}
        (row,) = self.scan(model, {"scheme": "dense", "ranks": 2, "bandwidth": "1Gbps"} | without)
        return seconds(row, "compute")

    def points(self, bandwidths, labels, more=None):
        """{(model, scheme, ranks, Gbit/s): row}"""
        found = {}
        for model in MODELS:
            for label in labels:
                where = {"ranks": listed(RANKS), "bandwidth": listed(bandwidths, "Gbps")}
                headroom = {} if label == "dense fp32" else more or {}
                for row in self.scan(model, where | SCHEMES[label] | costs(label) | headroom):
                    ranks = int(row.get("option.ranks", 0))
                    bandwidth = row.get("option.bandwidth", f"{bandwidths[0]}Gbps").removesuffix("Gbps")
                    found[model, label, ranks, float(bandwidth)] = row
        return found


def seconds(row, what):
    # (to a picosecond: differences of sums are not exact)
    return round(float(row[f"seconds_per_step.{what}"]), 12)


def basis(points, label):
    found = {experiments.basis_of(points[model, label, ranks, HEADROOM]) for model in MODELS for ranks in RANKS}
    return " or ".join(sorted(found))


def print_of_models(title, labels, first, cell):
    """A row for each scheme: `first` of it and a cell for each model."""
    print(f"\n{title}\n")
    rows = [[label, *first(label), *(cell(model, label) for model in MODELS)] for label in labels]
    experiments.print_table(["scheme", *(["basis"] if first(labels[-1]) else []), *MODELS], rows)


def over_ranks(of):
    return " / ".join(of(ranks) for ranks in RANKS)


def print_computing(points, alone):
    of_model = [f"{1e3 * alone[model]:.0f} ms ({model})" for model in MODELS]
    row = points[next(iter(MODELS)), "dense fp32", RANKS[0], HEADROOM]
    print(
        f"computing takes {', '.join(of_model)} a step\n"
        f"basis: computing {row['basis.compute']}, the exchange {row['basis.exchange']}, compressing as the tables say"
    )


def print_scaling(points, alone):
    def cell(model, label):
        return ", ".join(
            over_ranks(lambda ranks: f"{alone[model] / seconds(points[model, label, ranks, bandwidth], 'total'):.2f}")
            for bandwidth in SCALING
        )

    print_of_models(
        f"Scaling factor on {over_ranks(str)} ranks at {SCALING[0]}, then at {SCALING[1]} Gbit/s",
        list(SCHEMES),
        lambda label: [],
        cell,
    )


def print_compressing(points, _):
    print_of_models(
        f"Compressing, ms a step on {over_ranks(str)} ranks",
        COMPRESSED,
        lambda label: [basis(points, label)],
        lambda model, label: over_ranks(
            lambda ranks: f"{1e3 * seconds(points[model, label, ranks, HEADROOM], 'compress'):.3g}"
        ),
    )


def print_headroom(points, _):
    def cell(model, label):
        return ", ".join(
            over_ranks(
                lambda ranks: experiments.signed_milliseconds(
                    points[model, label, ranks, HEADROOM][f"headroom_seconds.{rival}"]
                )
            )
            for rival in ("dense_fp32", "dense_bf16")
        )

    print_of_models(
        f"Headroom at {HEADROOM} Gbit/s on {over_ranks(str)} ranks, ms: to dense fp32, then to dense bf16",
        COMPRESSED,
        lambda label: [basis(points, label)],
        cell,
    )


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
    def total(who, bandwidth):
        return seconds(points[model, who, ranks, bandwidth], "total")

    return [total(rival, bandwidth) / total(label, bandwidth) - 1 for bandwidth in BANDWIDTHS]


def print_crossings(points, _):
    def cell(model, label):
        return ", ".join(
            over_ranks(lambda ranks: crossings(gains(points, model, label, rival, ranks)))
            for rival in ("dense fp32", "dense bf16")
            if label != rival
        )

    print_of_models(
        f"Gbit/s up to which a step is {100 * PAYS:g} % shorter on {over_ranks(str)} ranks: than with dense fp32, "
        "then than with dense bf16",
        COMPRESSED,
        lambda label: [basis(points, label)],
        cell,
    )


def print_counts(points, _):
    """In how many set-ups from 10 Gbit/s on compressing pays, by how its times are known."""
    print(f"\nSet-ups from {FROM_10[0]} Gbit/s on in which a step is {100 * PAYS:g} % shorter\n")
    rows = []
    kinds = {
        "PyTorch's": [label for label in COMPRESSED if costs(label)["compress-time"] == "torch"],
        "the fused engine's": ["iwp"],
        "modelled": [label for label in COMPRESSED if costs(label)["compress-time"] == "model"],
    }
    for what, labels in kinds.items():
        schemes = [label for label in labels if label != "dense bf16"]
        first = BANDWIDTHS.index(FROM_10[0])
        cells = []
        for rival in ("dense fp32", "dense bf16"):
            found = [
                gain >= PAYS
                for model in MODELS
                for label in schemes
                for ranks in RANKS
                for gain in gains(points, model, label, rival, ranks)[first:]
            ]
            cells.append(f"{sum(found)} of {len(found)}")
        rows.append([what, *cells])
    experiments.print_table(["compressing", "than dense fp32", "than dense bf16"], rows)


TABLES = {
    "scaling": print_scaling,
    "compressing": print_compressing,
    "headroom": print_headroom,
    "crossings": print_crossings,
    "counts": print_counts,
}


def growth(scans, plot):
    fused = experiments.compressing("iwp") | {"headroom": "off"}
    where = {"bandwidth": "25Gbps", "ranks": listed(GROWTH), "backend": "recurrence"}
    rows = {
        (scheme, int(row["option.ranks"])): row
        for scheme in ("dense", "iwp")
        for row in scans.scan("resnet50", where | {"scheme": scheme} | (fused if scheme == "iwp" else {}))
    }
    compute = scans.alone("resnet50")
    print(f"\nScaling factor of resnet50 at 25 Gbit/s; iwp's compressing is {experiments.basis_of(rows['iwp', 8])}\n")
    experiments.print_table(
        ["ranks", *map(str, GROWTH)],
        [
            [scheme, *(f"{compute / seconds(rows[scheme, ranks], 'total'):.2f}" for ranks in GROWTH)]
            for scheme in ("dense", "iwp")
        ],
    )
    draw_growth({key: seconds(row, "total") for key, row in rows.items()}, compute, scans.gpu, plot)


def draw_growth(times, compute, gpu, plot):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3.2), dpi=80)
    for scheme in ("dense", "iwp"):
        axes.plot(GROWTH, [1000 * times[scheme, ranks] for ranks in GROWTH], marker="o", markersize=3, label=scheme)
    axes.axhline(1000 * compute, color="gray", linewidth=0.8, linestyle="--", label="computing")
    title = f"ResNet-50 on {gpu.upper()}s, rings on 25 Gbit/s, 10 us"
    axes.set(xscale="log", yscale="log", xlabel="ranks", ylabel="ms per step", title=title)
    axes.set_xticks(GROWTH, [str(ranks) for ranks in GROWTH], fontsize=7)
    axes.legend()
    figure.tight_layout()
    figure.savefig(plot)


def write_points(points, path):
    columns = ["compute", "compress", "exposed_exchange", "total"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [f"{column}_s" for column in columns]
        writer.writerow(["model", "scheme", "ranks", "bandwidth_gbit_per_s", *names, "compress_basis"])
        writer.writerows(
            [*key, *(seconds(row, column) for column in columns), experiments.basis_of(row)]
            for key, row in points.items()
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", default="build/release/tools/ringsim/ringsim")
    parser.add_argument("--gpu", default="v100", choices=("v100", "h100"), help="default v100")
    parser.add_argument("--growth", metavar="FILE.png", help="only the growth with the number of ranks, drawn too")
    parser.add_argument("--csv", help="all points")
    parser.add_argument("--tables", default=",".join(TABLES), metavar="NAME,...", help="default %(default)s")
    options = parser.parse_args()
    names = options.tables.split(",")
    if unknown := set(names) - set(TABLES):
        parser.error(f"--tables: found {', '.join(sorted(unknown))}; accepted: {', '.join(TABLES)}")
    scans = Scans(options.program, options.gpu)
    if options.growth:
        growth(scans, options.growth)
        return
    points = scans.points(BANDWIDTHS, SCHEMES, {"headroom": "off"})
    if options.csv:
        write_points(points, options.csv)
    if "headroom" in names:
        points |= scans.points([HEADROOM], COMPRESSED)
    alone = {model: scans.alone(model) for model in MODELS}
    print_computing(points, alone)
    for name in TABLES:
        if name in names:
            TABLES[name](points, alone)


if __name__ == "__main__":
    main()
