#!/usr/bin/env python3
"""Time the select pass in numpy, next to the engine's and the memory's.

Runs ringsim_bench_prune (select of the best engine, the bare loop r += g + w and the other rivals,
one thread) and then the same job in numpy, and prints medians and their ratios:

    tools/bench/numpy_rival.py --program build/dev/tools/bench/ringsim_bench_prune
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np


def engine_medians(program, elements, engine, repetitions):
    """Milliseconds of the limit, the engines and the C++ rivals, by name."""
    names = f"^(limit/{elements}/threads:1|select/({engine}|scalar)/{elements}/threads:1|rival/.*/{elements})"
    command = [
        program,
        "--benchmark_filter=" + names,
        f"--benchmark_repetitions={repetitions}",
        "--benchmark_enable_random_interleaving=true",
        "--benchmark_report_aggregates_only=true",
        "--benchmark_format=json",
    ]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "/".join(part for part in row["run_name"].split("/") if not part.isdigit())
        .replace("/threads:1", "")
        .replace("/real_time", "")
        .replace("/min_time:0.050", ""): row["real_time"]
        for row in found["benchmarks"]
        if row["aggregate_name"] == "median"
    }


def numpy_median(elements, repetitions):
    """Milliseconds of one select pass: accumulate, test, count, mask as bits, statistics."""
    generator = np.random.default_rng(1)
    residual = generator.uniform(-1, 1, elements).astype(np.float32)
    weight = generator.uniform(-1, 1, elements).astype(np.float32)
    gradient = np.full(elements, 1e-12, np.float32)
    floor, threshold = np.float32(1), np.float32(1 - 1 / 128)
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        residual += gradient
        size = np.abs(residual)
        scale = np.maximum(np.abs(weight), floor)
        kept = size > threshold * scale
        importance = (size / scale).astype(np.float64)
        bits = np.packbits(kept, bitorder="little")
        outcome = (np.count_nonzero(kept), importance.sum(), np.square(importance).sum())
        times.append(time.perf_counter() - start)
        assert 0 < outcome[0] < elements and bits.size == (elements + 7) // 8
    return 1000 * statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the built ringsim_bench_prune")
    parser.add_argument("--elements", type=int, default=25_600_000, choices=[1_000_000, 25_600_000, 61_100_000])
    parser.add_argument("--engine", default="avx2")
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    medians = engine_medians(options.program, options.elements, options.engine, options.repetitions)
    medians["rival/numpy"] = numpy_median(options.elements, options.repetitions)
    engine = medians.get(f"select/{options.engine}")
    if engine is None:
        sys.exit(f"{options.program} has no engine {options.engine}")
    print(f"{options.elements} elements, one thread, medians of {options.repetitions}")
    for name, milliseconds in sorted(medians.items(), key=lambda item: item[1]):
        print(f"{name:<22} {milliseconds:9.2f} ms {milliseconds / engine:7.2f} x")


if __name__ == "__main__":
    main()
