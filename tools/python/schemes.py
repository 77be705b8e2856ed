#!/usr/bin/env python3
"""The table of all schemes in docs/results.md: 8 ranks, 10 epochs, 5 seeds, each scheme with its own defaults, 1 Gbit/s.

Usage: tools/python/schemes.py [RINGSIM]   (default build/release/tools/ringsim/ringsim; about 10 minutes)
"""
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/release/tools/ringsim/ringsim"
SCHEMES = {
    "dense": [], "dense, bf16": ["--values", "bf16"], "iwp": [], "iwp, bf16": ["--values", "bf16"], "magnitude": [], "cltk": [], "topk": [],
    "topk, ring": ["--sparse-sum", "ring"], "randomk": [], "qsgd": [], "terngrad": [], "signsgd": [], "powersgd": [],
}
TARGET = 0.85


def seconds_to_target(run):
    """Simulated time at the end of the first epoch after which the accuracy is the target's."""
    with (run / "steps.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["accuracy"] and float(row["accuracy"]) >= TARGET:
                return float(row["start_s"]) + float(row["total_s"])
    return math.inf


def shown(seconds):
    return f"{seconds:.3g} s" if math.isfinite(seconds) else "not reached"


print("| scheme | accuracy, % | kept | values | wire | to 85 % | to the end |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for label, options in SCHEMES.items():
    with tempfile.TemporaryDirectory() as folder:
        runs = pathlib.Path(folder) / "runs"
        command = [PROGRAM, "run", "--scheme", label.split(",")[0], *options, "--topology", "ring8-1g", "--epochs", "10", "--seed", "1..5",
                   "--format", "json", "--quiet", "-o", str(runs)]
        result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        mean, half_width = result["mean"], result["ci95"]
        to_target = [seconds_to_target(run) for run in sorted(runs.iterdir())]
        ratios = " | ".join(f"{mean['compression_ratio.' + ratio]:.1f}" for ratio in ("kept", "values", "wire"))
        print(f"| {label} | {100 * mean['accuracy']:.2f} ± {100 * half_width['accuracy']:.2f} | {ratios} | "
              f"{shown(sum(to_target) / len(to_target))} | {mean['simulated_seconds']:.3g} s |", flush=True)
