#!/usr/bin/env python3
"""Fits the model of masks of models/schemes/mask_model.hpp to the masks of training: the networks are trained for an
epoch with one and with four broadcasters, and the model's four numbers are found from what they sent (docs/method.md).

The region's deviation comes from the masks of one broadcaster as LEB128 of their gaps (a Golomb code of the best
parameter depends on the mean gap and on little else), the element's from those of four broadcasters, whose union is
known, the layer's process from what was kept.

Usage: tools/experiments/fit_masks.py [RINGSIM]   (default build/release/tools/ringsim/ringsim; about two minutes)
"""
import csv
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

from normal_shares import WEIGHTS, probabilities

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/release/tools/ringsim/ringsim"
RANKS, DENSITY, WHOLE_BELOW = 8, 1 / 84, 1024
SETTLED = 60  # steps until the thresholds have been steered to the density


def share_of_each(sigma, union, masks):
    each = union / masks
    for _ in range(100):
        kept = sum(w * (1 - (1 - q) ** masks) for w, q in zip(WEIGHTS, probabilities(sigma, each)))
        if abs(kept - union) <= 1e-7 * union:
            break
        each = min(1, each * union / kept)
    return each


def golomb_bits(m, density):
    """The mean bits of one gap of a geometric distribution in the Golomb code with parameter m."""
    low = m.bit_length() - 1
    short = 2 ** (low + 1) - m
    log_q = math.log1p(-density) if density < 1 else -math.inf
    whole, from_short = math.exp(m * log_q), math.exp(short * log_q)
    return whole / (1 - whole) + 1 + low + (from_short - whole) / (1 - whole)


def rice_bytes(parameters, share, sigma):
    kept = round(parameters * share)
    if kept == 0:
        return 0
    density = kept / parameters
    m = max(1, math.ceil(-math.log(2 - density) / math.log1p(-density)))
    bits = parameters * sum(w * p * golomb_bits(m, p) for w, p in zip(WEIGHTS, probabilities(sigma, share)))
    return (1 if m < 128 else 2) + math.ceil(bits / 8)


def delta_bytes(parameters, share, sigma):
    def size(density):
        return 1 + (1 - density) ** 128 + (1 - density) ** 16384

    return parameters * sum(w * p * size(p) for w, p in zip(WEIGHTS, probabilities(sigma, share)))


SIZES = {"rice": rice_bytes, "delta": delta_bytes}


def bisect(function, low, high):
    """Where an increasing function is 0; the end that is nearer where it is not."""
    for _ in range(12):
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return low


class Run:
    def __init__(self, model, broadcasters, encoding, folder):
        subprocess.run(
            [
                PROGRAM,
                "run",
                "--model",
                model,
                "--epochs",
                "1",
                "--broadcasters",
                str(broadcasters),
                "--density",
                str(DENSITY),
                "--mask-encoding",
                encoding,
                "--quiet",
                "--format",
                "csv",
                "-o",
                str(folder),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with (folder / "steps.csv").open(newline="") as file:
            steps = list(csv.DictReader(file))
        self.layers = {}
        with (folder / "layers.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                if int(row["parameters"]) >= WHOLE_BELOW:
                    self.layers.setdefault((row["layer"], int(row["parameters"])), []).append(int(row["kept"]))
        self.broadcasters, self.size = broadcasters, SIZES[encoding]
        # An all-gather sends each mask over all links but one.
        self.mask_bytes = sum(int(step["masks_bytes"]) for step in steps[SETTLED:]) / (RANKS - 1)

    def modelled(self, region_sigma, element_sigma):
        """The bytes of all masks of the settled steps, from what was kept."""
        total = 0
        for (_, parameters), kept in self.layers.items():
            for count in filter(None, kept[SETTLED:]):
                each = share_of_each(math.hypot(region_sigma, element_sigma), count / parameters, self.broadcasters)
                total += self.broadcasters * self.size(parameters, each, region_sigma)
        return total

    def layer_process(self):
        """Deviation and lag-1 correlation of the logarithm of each layer's share."""
        for (name, parameters), kept in self.layers.items():
            logs = [math.log(max(count, 0.5) / parameters) for count in kept[SETTLED:]]
            mean, deviation = statistics.fmean(logs), statistics.pstdev(logs)
            lag = statistics.fmean((a - mean) * (b - mean) for a, b in zip(logs, logs[1:])) / deviation**2
            yield name, deviation, lag


def main():
    found = []
    print(
        "| model | region sigma | element sigma | layer sigma | layer correlation | rice, one mask: modelled / sent |\n"
        + "| --- " * 6
        + "|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for model in ("mlp", "lenet5", "cnn-bn"):
            one, other, four = (
                Run(model, count, encoding, pathlib.Path(folder) / f"{model}-{count}-{encoding}")
                for count, encoding in ((1, "delta"), (1, "rice"), (4, "rice"))
            )
            region = bisect(lambda sigma: one.mask_bytes - one.modelled(sigma, 0), 0, 3)  # clustering makes gaps small
            element = bisect(
                lambda sigma: four.modelled(region, sigma) - four.mask_bytes, 0, 4
            )  # overlap makes them larger
            process = list(four.layer_process())
            found.append(
                [
                    region,
                    element,
                    statistics.fmean(p[1] for p in process),
                    statistics.fmean(p[2] for p in process),
                    other.modelled(region, 0) / other.mask_bytes,
                ]
            )
            print(f"| {model} | " + " | ".join(f"{value:.2f}" for value in found[-1]) + " |", flush=True)
    print("| mean | " + " | ".join(f"{statistics.fmean(values):.2f}" for values in zip(*found)) + " |")


if __name__ == "__main__":
    main()
