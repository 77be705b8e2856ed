#!/usr/bin/env python3
"""The first table of docs/results.md: iwp against dense, 10 epochs, 3 seeds, at 1, 10 and 100 Gbit/s.

Usage: tools/python/iwp_against_dense.py [RINGSIM]   (default build/release/tools/ringsim/ringsim; about 10 minutes)
"""
import json
import math
import subprocess
import sys

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/release/tools/ringsim/ringsim"
SEEDS = (1, 2, 3)
TOPOLOGIES = {"ring8-1g": "1 Gbit/s", "ring8-10g": "10 Gbit/s", "ring8-100g": "100 Gbit/s"}
# Two-sided 95 % quantile of Student's t distribution with 2 degrees of freedom.
QUANTILE = 4.303


def run(scheme, topology, seed):
    command = [PROGRAM, "run", "--scheme", scheme, "--topology", topology, "--epochs", "10", "--seed", str(seed)]
    done = subprocess.run([*command, "--format", "json", "--quiet"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def mean(values):
    return sum(values) / len(values)


def interval(values):
    spread = math.sqrt(sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1))
    return f"{mean(values):.2f} ± {QUANTILE * spread / math.sqrt(len(values)):.2f}"


print("| scheme | accuracy, % | kept | values | wire | wire after warm-up |", *(f" {t} |" for t in TOPOLOGIES.values()), sep="")
print("| --- |" + " --- |" * (5 + len(TOPOLOGIES)))
for scheme in ("dense", "iwp"):
    runs = {(t, seed): run(scheme, t, seed) for t in TOPOLOGIES for seed in SEEDS}
    for seed in SEEDS:
        # A synchronous run learns the same on every network.
        assert len({runs[t, seed]["accuracy"] for t in TOPOLOGIES}) == 1
    first = [runs["ring8-1g", seed] for seed in SEEDS]
    cells = [interval([100 * r["accuracy"] for r in first])]
    for ratio in ("kept", "values", "wire", "wire_after_warmup"):
        cells.append(f"{mean([r['compression_ratio'][ratio] for r in first]):.1f}")
    for t in TOPOLOGIES:
        cells.append(f"{mean([runs[t, seed]['simulated_seconds'] for seed in SEEDS]):.3g} s")
    print(f"| {scheme} | " + " | ".join(cells) + " |", flush=True)
