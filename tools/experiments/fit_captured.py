#!/usr/bin/env python3
"""Fits the model of masks of models/schemes/mask_model.hpp to the captured traces (docs/method.md): element_sigma by
how much the union of eight masks keeps, layer_sigma by how the shares of layers vary from step to step, both to the
traces of ResNet-50; those of AlexNet show what the fit is worth. That masks do not cluster (region_sigma) shows in
their bytes, in Golomb's code: with 0 they are what was sent, where layers keep the same share in all steps.

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
Layer = collections.namedtuple("Layer", "parameters each union rice deviation")


def layers_of(name):
    """Means over steps of what a mask and the union of eight keep, and of bytes; how what is sent varies."""
    masks, unions = {}, {}
    for row in reproduction_traces.rows_of_masks(name):
        masks.setdefault(row["layer"], []).append(row)
    for row in reproduction.table(f"{name}/trace_statistics.csv.gz"):
        unions.setdefault(row["layer"], []).append(int(row[f"union_of_{MASKS}"]))
    found = []
    for layer, rows in masks.items():
        parameters = int(rows[0]["parameters"])
        sent = [max(int(row["sent"]), 1) for row in rows if row["rank"] == "0"]
        each, union = statistics.fmean(int(row["kept"]) for row in rows), statistics.fmean(unions[layer])
        rice = statistics.fmean(int(row["rice_bytes"]) for row in rows if row["rice_bytes"])
        found.append(Layer(parameters, each, union, rice, statistics.stdev(map(math.log, sent))))
    return found


def modelled_each(layers, sigma):
    """What single masks keep of all layers where unions keep what they do."""
    return sum(
        layer.parameters * fit_masks.share_of_each(sigma, layer.union / layer.parameters, MASKS) for layer in layers
    )


def kept(layers, sigma):
    """The same, over what they kept."""
    return modelled_each(layers, sigma) / sum(layer.each for layer in layers)


def rice(layers, sigma):
    """The bytes of masks, over what they were."""
    modelled = sum(fit_masks.rice_bytes(layer.parameters, layer.each / layer.parameters, sigma) for layer in layers)
    return modelled / sum(layer.rice for layer in layers)


def element_sigma(layers):
    return fit_masks.bisect(lambda sigma: kept(layers, sigma) - 1, 0, 4)


def layer_sigma(layers):
    """The mean over the pruned parameters."""
    return sum(layer.deviation * layer.parameters for layer in layers) / sum(layer.parameters for layer in layers)


def main():
    layers = {name: layers_of(name) for name in FITTED + OTHERS}
    element, layer = (statistics.fmean(find(layers[name]) for name in FITTED) for find in (element_sigma, layer_sigma))
    rows = []
    for name, found in layers.items():
        own = [f"{find(found):.2f}" for find in (element_sigma, layer_sigma)]
        ratios = [kept(found, element), *(rice(found, region) for region in (0, 1.87))]
        rows.append([f"`{name}`", *own, *(f"{100 * (ratio - 1):+.1f} %" for ratio in ratios)])
    columns = "trace", "element sigma", "layer sigma", "kept by a mask", "bytes of a mask", "with region sigma 1.87"
    experiments.print_table(columns, rows)
    print(f"\nResNet-50: element sigma {element:.2f}, layer sigma {layer:.2f}")


if __name__ == "__main__":
    main()
