#!/usr/bin/env python3
"""Fits the model of unions of top-k masks of models/schemes/union_model.hpp to training, and says how much the chunks
of the sum differ in training and as they are drawn (docs/method.md has its tables).

Usage: tools/experiments/fit_unions.py [RINGSIM [SEEDS]]   (default build/release/tools/ringsim/ringsim 4; about two
minutes of CPU a seed)

Networks are trained with --sparse-sum ring; in round h of the exchange a rank sends a chunk of the union of h+1 masks
(transfers.csv), an index and a value of four bytes each for every element. The second half of the steps counts. The
four numbers that are used are among those whose largest error over the unions of 8, 32 and 128 ranks, of the mean over
the seeds, is the smallest, which is said with the table of how far they are off; 16 and 64 ranks are left out of the
fit. No number is fitted to chunks or to times; both are drawn with ten seeds.
"""
import collections
import concurrent.futures
import csv
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from normal_shares import WEIGHTS, probabilities

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/release/tools/ringsim/ringsim"
SEEDS = range(1, (int(sys.argv[2]) if len(sys.argv) > 2 else 4) + 1)
DRAWN_SEEDS = range(1, 11)
DENSITY = 1 / 84
ENTRY = 8  # bytes
# Layers of 1024 parameters and more: their size, and whether they read the samples.
LAYERS = {
    "mlp": ((200704, True), (32768, False), (1280, False)),
    "lenet5": ((2400, False), (48000, False), (10080, False)),
}
RUNS = [("mlp", ranks, ("--epochs", "2")) for ranks in (8, 16, 32, 64, 128)]
RUNS += [("lenet5", ranks, ("--steps", str(steps))) for ranks, steps in ((8, 100), (32, 40), (64, 30), (128, 20))]
FITTED = (8, 32, 128)
# Those of models/schemes/union_model.hpp: of a layer that reads the samples, and of the others.
USED = ((0.96, 0.75), (0.60, 1.20))


def union(active, sigma, masks):
    """The share that the union of so many masks keeps."""
    return active * sum(w * (1 - (1 - q) ** masks) for w, q in zip(WEIGHTS, probabilities(sigma, DENSITY / active)))


def chunks_of_union(folder, ranks):
    """The elements of every chunk of the whole sum, of each step of the second half."""
    steps = collections.defaultdict(list)
    with (folder / "transfers.csv").open() as file:
        columns = next(file).rstrip("\n").split(",")
        step, phase, number, size = (columns.index(name) for name in ("step", "phase", "round", "bytes"))
        for line in file:
            cells = line.split(",")
            if cells[phase] == "values" and int(cells[number]) == ranks - 1:
                steps[int(cells[step])].append(int(cells[size]) / ENTRY)
    return [steps[step] for step in sorted(steps)][len(steps) // 2 :]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def exchange_ms(folder):
    """The mean time of an exchange in the second half of the steps."""
    with (folder / "steps.csv").open() as file:
        times = [1000 * float(row["exchange_s"]) for row in csv.DictReader(file)]
    return mean(times[len(times) // 2 :])


def exchange(folder, network, ranks, seed, more):
    """The union's share, the largest and the smallest chunk over the mean, and the milliseconds of an exchange."""
    elements = sum(size for size, _ in LAYERS[network])
    output = folder / "-".join([network, str(ranks), str(seed), *more])
    command = [PROGRAM, "run", "--model", network, "--scheme", "topk", "--sparse-sum", "ring", "--seed", str(seed)]
    command += ["--ranks", str(ranks), "--topology", "ring", "--bandwidth", "1Gbps", "--latency", "5us", *more]
    subprocess.run([*command, "--transfers", "--quiet", "-o", str(output)], check=True, stdout=subprocess.DEVNULL)
    steps = chunks_of_union(output, ranks)
    result = (
        mean(sum(chunks) for chunks in steps) / elements,
        mean(max(chunks) / mean(chunks) for chunks in steps),
        mean(min(chunks) / mean(chunks) for chunks in steps),
        exchange_ms(output),
    )
    shutil.rmtree(output)
    return result


def means(results):
    return tuple(mean(values) for values in zip(*results))


def modelled(network, ranks, unions):
    layers = LAYERS[network]
    return sum(size * unions[reads][ranks] for size, reads in layers) / sum(size for size, _ in layers)


def fit(trained):
    def curve(active, sigma):
        return {ranks: union(active, sigma, ranks) for _, ranks in trained}

    of_samples = {
        numbers: curve(*numbers) for numbers in itertools.product((0.96, 0.98, 1.0), (0.7, 0.75, 0.8, 0.85, 0.9))
    }
    others = {
        numbers: curve(*numbers)
        for numbers in itertools.product((i / 100 for i in range(44, 72, 2)), (i / 20 for i in range(18, 30)))
    }

    def error(choice):
        unions = {True: of_samples[choice[0]], False: others[choice[1]]}
        return max(
            abs(modelled(network, ranks, unions) / share - 1)
            for (network, ranks), (share, *_) in trained.items()
            if ranks in FITTED
        )

    best = min(error(choice) for choice in itertools.product(of_samples, others))
    return error(USED), best, {True: of_samples[USED[0]], False: others[USED[1]]}


def off_by(modelled_value, trained_value):
    return f"{100 * (modelled_value / trained_value - 1):+.1f} %"


def main():
    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:

            def start(seeds, more):
                return {
                    (network, ranks): [
                        pool.submit(exchange, pathlib.Path(folder), network, ranks, seed, more or length)
                        for seed in seeds
                    ]
                    for network, ranks, length in reversed(RUNS)
                }

            started = start(SEEDS, ()), start(DRAWN_SEEDS, ("--source", "synthetic", "--steps", "2"))
            every, all_drawn = (
                {key: [each.result() for each in runs[key]] for key in reversed(runs)} for runs in started
            )
    drawn = {key: means(results) for key, results in all_drawn.items()}
    trained = {key: means(results) for key, results in every.items()}
    used, best, unions = fit(trained)
    print(f"active, sigma: {USED[0]} of a layer that reads the samples, {USED[1]} of the others")
    print(f"largest error: {100 * used:.2f} %, and {100 * best:.2f} % with the best numbers that were tried\n")
    print("| network | ranks | union, trained | modelled | off by |")
    print("| --- " * 5 + "|")
    for (network, ranks), (share, *_) in trained.items():
        model = modelled(network, ranks, unions)
        print(f"| {network} | {ranks} | {share:.4f} | {model:.4f} | {off_by(model, share)} |")
    print("\n| network | ranks | largest chunk / mean, trained | from | to | drawn | off by |", end="")
    print(" exchange, trained, ms | drawn | off by |")
    print("| --- " * 10 + "|")
    for (network, ranks), (_, largest, _, time) in trained.items():
        of_seeds = [result[1] for result in every[network, ranks]]
        _, drawn_largest, _, drawn_time = drawn[network, ranks]
        print(
            f"| {network} | {ranks} | {largest:.2f} | {min(of_seeds):.2f} | {max(of_seeds):.2f} | {drawn_largest:.2f} "
            f"| {off_by(drawn_largest, largest)} | {time:.2f} | {drawn_time:.2f} | {off_by(drawn_time, time)} |"
        )


main()
