#!/usr/bin/env python3
"""Fits the model of masks of models/schemes/mask_model.hpp to the captured traces (docs/method.md), as fit_masks.py
does to small networks: both sigmas of elements by how much the union of eight masks keeps, the region's by the bytes of
masks as LEB128 of their gaps, layer_sigma by how the shares of layers vary from step to step. Those of ResNet-50 are
averaged; those of AlexNet show what the averages are worth.

Usage: tools/experiments/fit_captured.py
"""

import collections
import math
import statistics

import experiments
import fit_masks
import reproduction
import reproduction_traces

FITTED = ("resnet50", "resnet50-256")
OTHERS = ("alexnet", "alexnet-256", "alexnet-steered", "alexnet-steered-256")
MASKS = 8
# Means over steps of what a mask and the union of eight keep; {elements: masks that keep so many}; the bytes of all
# masks by encoding; how the logarithm of what is sent varies.
Layer = collections.namedtuple("Layer", "parameters each union masks bytes deviation")


def counts_of(kept):
    """How many masks keep how much, where those within 2 % of one another count as the same."""
    alike = {}
    for count in kept:
        alike.setdefault(round(50 * math.log(count)) if count else None, []).append(count)
    return {statistics.fmean(counts): len(counts) for counts in alike.values()}


def layers_of(name):
    masks, unions = {}, {}
    for row in reproduction_traces.rows_of_masks(name):
        masks.setdefault(row["layer"], []).append(row)
    for row in reproduction.table(f"{name}/trace_statistics.csv.gz"):
        unions.setdefault(row["layer"], []).append(int(row[f"union_of_{MASKS}"]))
    found = []
    for layer, rows in masks.items():
        sent = [max(int(row["sent"]), 1) for row in rows if row["rank"] == "0"]
        encoded = [row for row in rows if row["rice_bytes"]]
        found.append(
            Layer(
                parameters=int(rows[0]["parameters"]),
                each=statistics.fmean(int(row["kept"]) for row in rows),
                union=statistics.fmean(unions[layer]),
                masks=counts_of(int(row["kept"]) for row in encoded),
                bytes={encoding: sum(int(row[f"{encoding}_bytes"]) for row in encoded) for encoding in fit_masks.SIZES},
                deviation=statistics.stdev(map(math.log, sent)),
            )
        )
    return found


def kept(layers, sigma):
    """What single masks keep of all layers where unions keep what they do, over what they kept."""
    modelled = sum(
        layer.parameters * fit_masks.share_of_each(sigma, layer.union / layer.parameters, MASKS) for layer in layers
    )
    return modelled / sum(layer.each for layer in layers)


def size(layers, encoding, sigma):
    """The bytes of masks that keep what they did, over what they were."""
    modelled = sum(
        masks * fit_masks.SIZES[encoding](layer.parameters, count / layer.parameters, sigma)
        for layer in layers
        for count, masks in layer.masks.items()
    )
    return modelled / sum(layer.bytes[encoding] for layer in layers)


def size_of_mean(layers, sigma):
    """The same in Golomb's code if all masks of a layer kept the same."""
    alike = [layer._replace(masks={layer.each: sum(layer.masks.values())}) for layer in layers]
    return size(alike, "rice", sigma)


def both_sigmas(layers):
    return fit_masks.bisect(lambda sigma: kept(layers, sigma) - 1, 0, 4)


def region_sigma(layers):
    return fit_masks.bisect(lambda sigma: 1 - size(layers, "delta", sigma), 0, 4)


def layer_sigma(layers):
    """The mean over the pruned parameters."""
    return sum(layer.deviation * layer.parameters for layer in layers) / sum(layer.parameters for layer in layers)


def main():
    fits = both_sigmas, region_sigma, layer_sigma
    layers = {name: layers_of(name) for name in FITTED + OTHERS}
    fitted = {name: [fit(found) for fit in fits] for name, found in layers.items()}
    both, region, layer = (statistics.fmean(values) for values in zip(*(fitted[name] for name in FITTED)))
    rows = []
    for name, found in layers.items():
        sizes = size(found, "rice", region), size(found, "delta", region), size_of_mean(found, region)
        errors = [f"{100 * (ratio - 1):+.1f} %" for ratio in (kept(found, both), *sizes)]
        rows.append([f"`{name}`", *(f"{value:.2f}" for value in fitted[name]), *errors])
    columns = "both sigmas", "region sigma", "layer sigma", "kept by a mask", "Golomb", "LEB128", "Golomb, all alike"
    experiments.print_table(("trace", *columns), rows)
    element = math.sqrt(both**2 - region**2)
    print(f"\nResNet-50: region sigma {region:.2f}, element sigma {element:.2f}, layer sigma {layer:.2f}")


if __name__ == "__main__":
    main()
