#!/usr/bin/env python3
"""What DistributedDataParallel adds to a step, as the terms of a GPU's file (models/profiles/README.md), from the parts
that tools/capture/ddp_parts.py measured. No step that exchanges anything takes part.

Usage: tools/experiments/ddp_terms.py FOLDER MEMORY_BANDWIDTH     (e.g. docs/measured/h200-four/h200-x2 4.8e12)

copy, memory_share  steps in a row whose hook exchanges nothing, over those without DDP: copies into buckets and back
step                single steps: what the same adds beyond the copies, in networks without buffers
buffer              the same of the network with batch normalisation, by buffer
exchange_share, exchange_rate   the speed that computing loses beside all-reduces over sockets and over NVLink

Of two runs of a part, that of the quieter host counts, the shorter one.
"""
import csv
import json
import pathlib
import statistics
import sys

# Tensors, elements and buffers.
NETWORKS = {"alexnet": (16, 61_100_840, 0), "bert-base": (199, 109_482_240, 0), "resnet50": (161, 25_557_032, 159)}


def figures(folder):
    """{(model, part, figure): [(transport, seconds)]}"""
    lines = (folder / "ddp-parts.csv").read_text().splitlines()
    found = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        found.setdefault((row["model"], row["part"], row["figure"]), []).append(
            (row["transport"], float(row["seconds"]))
        )
    return found


def copying(found):
    """Seconds of a copy, and bytes a second: two equations, of a network with few tensors and one with many."""
    (few, large, a), (many, more, b) = [
        (2 * tensors, 16 * elements, added(found, model, "nothing-static", "loop_s"))
        for model, (tensors, elements, buffers) in NETWORKS.items()
        if not buffers
    ]
    copy = (b - a * more / large) / (many - few * more / large)
    return copy, large / (a - few * copy)


def shortest(found, *key):
    return min(seconds for _, seconds in found[key])


def added(found, model, part, figure):
    return shortest(found, model, part, figure) - shortest(found, model, "bare", figure)


def lost_share(found, transport):
    shares = []
    for model in NETWORKS:
        alone, beside = (dict(found.get((model, "beside", figure), [])) for figure in ("alone_s", "beside_s"))
        if transport in alone:
            shares.append(1 - alone[transport] / beside[transport])
    return statistics.median(shares)


def exchanged_rate(found, transport):
    """Bytes that leave a rank in a second of an all-reduce of two, of 25 MiB."""
    return (25 << 20) / statistics.median(
        seconds
        for model in NETWORKS
        for name, seconds in found.get((model, "beside", "exchange_alone_s"), [])
        if name == transport
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found, memory = figures(pathlib.Path(sys.argv[1])), float(sys.argv[2])
    copy, rate = copying(found)

    def beyond_copies(model):
        tensors, elements, _ = NETWORKS[model]
        return added(found, model, "nothing", "step_s") - 2 * tensors * copy - 16 * elements / rate

    step = statistics.mean(beyond_copies(model) for model in NETWORKS if not NETWORKS[model][2])
    sockets, nvlink = (lost_share(found, transport) for transport in ("sockets", "nvlink"))
    slow, fast = (exchanged_rate(found, transport) for transport in ("sockets", "nvlink"))
    slope = (nvlink - sockets) / (fast - slow)
    print(
        json.dumps({
            "step": f"{step * 1e6:.0f}us",
            "buffer": f"{(beyond_copies('resnet50') - step) / NETWORKS['resnet50'][2] * 1e6:.1f}us",
            "copy": f"{copy * 1e6:.2f}us",
            "memory_share": round(rate / memory, 3),
            "exchange_share": round(sockets - slow * slope, 3),
            "exchange_rate": f"{1e-9 / slope:.0f}GBps",
        }, indent=1)  # fmt: skip
    )


if __name__ == "__main__":
    main()
