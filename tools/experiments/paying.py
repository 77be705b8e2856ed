#!/usr/bin/env python3
"""What pays on H100s with costs of compressing as measured: of usual implementations in PyTorch, and of ringsim's fused
engine; with what DistributedDataParallel adds. By headroom: for how much longer compressing may take until a dense step
is as fast; below 0 it loses.

Usage: tools/experiments/paying.py [RINGSIM]     (ten seconds)
"""
import csv
import io
import subprocess

import experiments

MODELS = {"resnet50": 64, "bert-base": 32}
SCHEMES = {
    "dense fp32": {"scheme": "dense"},
    "dense bf16": {"scheme": "dense", "values": "bf16"},
    "powersgd, rank 4": {"scheme": "powersgd", "rank": 4},
    "topk": {"scheme": "topk", "density": 0.01},
    "randomk": {"scheme": "randomk", "density": 0.01},
    "cltk": {"scheme": "cltk", "density": 0.01},
    "signsgd": {"scheme": "signsgd"},
    "qsgd": {"scheme": "qsgd"},
    "terngrad": {"scheme": "terngrad"},
    "iwp": {"scheme": "iwp", "density": 0.01},
}
FUSED = "iwp"
RANKS = (8, 64)
BANDWIDTHS = (1, 10, 25, 100)  # Gbit/s
STEP = {"topology": "switch", "latency": "10us", "source": "synthetic", "bucket": "ddp", "gpu": "h100", "steps": 2}
RIVALS = ("dense_fp32", "dense_bf16")


def costs(label):
    options = SCHEMES[label]
    return experiments.compressing(options["scheme"], values=options.get("values", "fp32"))


def points(program, model, label):
    """{(ranks, Gbit/s): row}"""
    where = {
        "model": model,
        "batch": MODELS[model],
        "ranks": ",".join(map(str, RANKS)),
        "bandwidth": ",".join(f"{each}Gbps" for each in BANDWIDTHS),
    }
    words = experiments.arguments_of(STEP | where | SCHEMES[label] | costs(label))
    command = [program, "scan", *words, "--format", "csv", "--quiet"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {
        (int(row["option.ranks"]), int(row["option.bandwidth"].removesuffix("Gbps"))): row
        for row in csv.DictReader(io.StringIO(done.stdout))
    }


def step(row):
    return float(row["seconds_per_step.total"])


def headroom(row, rival):
    return row[f"headroom_seconds.{rival}"]


def cell(row):
    found = [headroom(row, rival) for rival in RIVALS]
    return f"{1e3 * step(row):.0f}" + "".join(f" / {1e3 * float(value):+.0f}" for value in found if value)


def columns():
    return [f"{bandwidth} Gbit/s" for bandwidth in BANDWIDTHS]


def winner(found, model, ranks, bandwidth, labels):
    """The fastest, and for how many ms longer it may compress until dense bf16 is as fast."""
    rows = {label: found[model, label][ranks, bandwidth] for label in labels}
    best = min(labels, key=lambda label: step(rows[label]))
    if best.startswith("dense"):
        return best
    basis, gain = experiments.basis_of(rows[best]), 1e3 * float(headroom(rows[best], "dense_bf16"))
    return f"{best.split(',')[0]} {gain:+.0f} ({basis})"


def print_winners(found):
    usual = [label for label in SCHEMES if label != FUSED]
    for what, labels in (("as PyTorch compresses", usual), ("with the fused engine too", list(SCHEMES))):
        print(f"\nThe fastest {what}; its headroom to dense bf16, ms\n")
        experiments.print_table(
            ["", *columns()],
            [
                [
                    f"{model}, {ranks} ranks",
                    *(winner(found, model, ranks, bandwidth, labels) for bandwidth in BANDWIDTHS),
                ]
                for model in MODELS
                for ranks in RANKS
            ],
        )


def print_model(model, found):
    for ranks in RANKS:
        print(f"\n`{model}` on {ranks} ranks: ms a step / headroom to dense fp32 / to dense bf16, ms\n")
        rows = []
        for label in SCHEMES:
            own = found[model, label]
            cells = [cell(own[ranks, bandwidth]) for bandwidth in BANDWIDTHS]
            implementation = costs(label).get("compress-time", "")
            rows.append([label, implementation, experiments.basis_of(own[ranks, BANDWIDTHS[0]]), *cells])
        experiments.print_table(["scheme", "compressing of", "basis", *columns()], rows)


def print_counts(found):
    print()
    for implementation in ("torch", "fused"):
        rows = [
            row
            for (_, label), own in found.items()
            if costs(label).get("compress-time") == implementation and not label.startswith("dense")
            for row in own.values()
        ]
        wins = [sum(float(headroom(row, rival)) > 0 for row in rows) for rival in RIVALS]
        print(f"{implementation}: pays against dense fp32 in {wins[0]}, against dense bf16 in {wins[1]} of {len(rows)}")


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    found = {(model, label): points(arguments.ringsim, model, label) for model in MODELS for label in SCHEMES}
    row = found[next(iter(MODELS)), "dense fp32"][RANKS[0], BANDWIDTHS[0]]
    print(f"basis: computing {row['basis.compute']}, the exchange {row['basis.exchange']}")
    print_winners(found)
    for model in MODELS:
        print_model(model, found)
    print_counts(found)


if __name__ == "__main__":
    main()
