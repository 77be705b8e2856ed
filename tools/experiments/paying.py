#!/usr/bin/env python3
"""What pays on H100s with costs of compressing as measured: of usual implementations in PyTorch, and of ringsim's fused
engine; with what DistributedDataParallel adds. By headroom: for how much longer compressing may take until a dense step
is as fast; below 0 it loses.

Usage: tools/experiments/paying.py [RINGSIM]     (half a minute)
"""
import csv
import io
import subprocess

import experiments

MODELS = {"resnet50": "64", "bert-base": "32"}
SCHEMES = {
    "dense fp32": ("torch", ["dense"]),
    "dense bf16": ("torch", ["dense", "--values", "bf16"]),
    "powersgd, rank 4": ("torch", ["powersgd", "--rank", "4"]),
    "topk": ("torch", ["topk", "--density", "0.01"]),
    "randomk": ("torch", ["randomk", "--density", "0.01"]),
    "cltk": ("torch", ["cltk", "--density", "0.01"]),
    "signsgd": ("torch", ["signsgd"]),
    "qsgd": ("torch", ["qsgd"]),
    "terngrad": ("torch", ["terngrad"]),
    "iwp": ("fused", ["iwp", "--density", "0.01"]),
}
RANKS = ("8", "64")
BANDWIDTHS = ("1", "10", "25", "100")  # Gbit/s
STEP = ["--topology", "switch", "--latency", "10us", "--source", "synthetic", "--bucket", "ddp", "--gpu", "h100"]


def points(program, model, label):
    """{(ranks, Gbit/s): row}"""
    implementation, scheme = SCHEMES[label]
    compresses = ["--compress-time", implementation, "--headroom", "on"] if label != "dense fp32" else []
    command = [program, "scan", *STEP, "--model", model, "--batch", MODELS[model], "--steps", "2", *compresses]
    command += ["--scheme", *scheme, "--ranks", ",".join(RANKS), "--format", "csv", "--quiet"]
    command += ["--bandwidth", ",".join(f"{each}Gbps" for each in BANDWIDTHS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {
        (row["option.ranks"], row["option.bandwidth"].removesuffix("Gbps")): row
        for row in csv.DictReader(io.StringIO(done.stdout))
    }


def headroom(row, rival):
    return row.get(f"headroom_seconds.{rival}", "")


def cell(row):
    step = f"{1e3 * float(row['seconds_per_step.total']):.0f}"
    found = [headroom(row, rival) for rival in ("dense_fp32", "dense_bf16")]
    return step + "".join(f" / {1e3 * float(value):+.0f}" for value in found if value)


def print_model(model, found):
    for ranks in RANKS:
        print(f"\n`{model}` on {ranks} ranks: ms a step / headroom to dense fp32 / to dense bf16, ms\n")
        rows = [
            [
                label,
                SCHEMES[label][0],
                *(cell(found[model, label][ranks, bandwidth]) for bandwidth in BANDWIDTHS),
                found[model, label][ranks, BANDWIDTHS[0]]["basis.compress"],
            ]
            for label in SCHEMES
        ]
        columns = [f"{bandwidth} Gbit/s" for bandwidth in BANDWIDTHS]
        experiments.print_table(["scheme", "implementation", *columns, "basis"], rows)


def print_counts(found):
    for implementation in ("torch", "fused"):
        rows = [
            row
            for (_, label), own in found.items()
            if SCHEMES[label][0] == implementation and not label.startswith("dense")
            for row in own.values()
        ]
        wins = [sum(float(headroom(row, rival) or -1) > 0 for row in rows) for rival in ("dense_fp32", "dense_bf16")]
        print(
            f"\n{implementation}: pays against dense fp32 in {wins[0]}, against dense bf16 in {wins[1]} of {len(rows)}"
        )


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    found = {(model, label): points(arguments.ringsim, model, label) for model in MODELS for label in SCHEMES}
    for model in MODELS:
        print_model(model, found)
    print_counts(found)


if __name__ == "__main__":
    main()
