#!/usr/bin/env python3
"""Makes the profiles that ringsim reads (--compress-time) of what compression_cost.py measured.

    cost_profile.py CAPTURE.json[.gz] --gpu h100 --memory-bandwidth 3350GBps [--engine TABLE.csv] -o FOLDER

Writes FOLDER/GPU-torch.json and FOLDER/GPU-fused.json. Needs the standard library alone.

A stage takes the larger of two sums, each of costs that are not negative: what the host takes to issue it (per call,
tensor and matrix) and what the GPU takes to run it (per call, tensor and matrix, and per element, kept value, ...).
Times are those of eager mode on a GPU that was idle before. What the GPU takes is known from CUDA graphs, too, where
the host waits for nothing. Both sums are fitted in turn, each to the points at which it is the larger one.

torch: PyTorch's hooks, and schemes of eager PyTorch tensor by tensor, codes packed to bits as they travel; random-k
draws a permutation. fused: this project's engine, as a CUDA graph alone, since its few launches are issued ahead. What
momentum correction adds, and copying, come from the table of the engine's benchmark (--engine)."""

import argparse
import csv
import gzip
import hashlib
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from ringsim.capture import fits  # noqa: E402
from ringsim.capture.profile_output import rounded  # noqa: E402

FORMAT = "ringsim cost profile 1"
HOST_TERMS = ("call", "tensor", "matrix", "whole_tensor", "received_tensor")
DEVICE_TERMS = (
    "call", "tensor", "element", "kept_value", "matrix", "row_rank", "whole_element",
    "received_tensor", "received_element", "received_value",
)  # fmt: skip
STAGES = ("encode", "between", "decode")
HOOK, EAGER, ENGINE = "torch ddp hook", "torch eager", "ringsim engine"
BY_TENSOR = {"granularity": "tensor"}
PACKED = {"granularity": "tensor", "packed": True}
# What a point with a time above so many times what the GPU takes waited for: the host.
WAITS = 1.2

# (scheme of ringsim, what else an entry holds for, implementation, scheme and settings of the capture, in words)
TORCH = (
    [
        ("dense", {"values": values}, HOOK, values, {}, f"PyTorch's {values}_compress_hook")
        for values in ("fp16", "bf16")
    ]
    + [
        ("powersgd", {"rank": rank}, HOOK, "powersgd", {"rank": rank, "batched": False}, "PyTorch's powerSGD_hook")
        for rank in (1, 2, 4, 8)
    ]
    + [
        ("topk", {}, EAGER, "topk", BY_TENSOR, "torch.topk of each tensor; values and 32-bit indices are gathered"),
        ("randomk", {}, EAGER, "randomk", {**BY_TENSOR, "draw": "permutation"}, "a random permutation of each tensor"),
        ("cltk", {}, EAGER, "cltk", BY_TENSOR, "torch.topk of each tensor, on the rank that leads"),
        ("signsgd", {}, EAGER, "signsgd", PACKED, "tensor by tensor, 8 signs to a byte"),
        ("qsgd", {}, EAGER, "qsgd", PACKED, "tensor by tensor, 4 bits each, a norm for each block of 512"),
        ("terngrad", {}, EAGER, "terngrad", PACKED, "tensor by tensor, 2 bits each"),
    ]
)
FUSED = [("iwp", {}, ENGINE, "iwp", {}, "ringsim's engine: all layers in one launch for each of its calls")]


def counts(point):
    """What the time of a point may grow with, by term."""
    measured, settings = point["counts"], point["settings"]
    found = {"call": measured["calls"], "element": measured["elements"]}
    if "matrices" in measured:
        found["matrix"], found["row_rank"] = measured["matrices"], measured["rank_rows"]
        found["whole_tensor"] = measured["tensors"] - measured["matrices"]
        found["whole_element"] = measured["uncompressed"]
    elif point["implementation"] != HOOK:
        found["tensor"], found["kept_value"] = measured["pieces"], measured.get("kept", 0)
    payloads = settings.get("payloads", 0)
    if point["stage"] == "decode" and payloads:
        found["received_tensor"] = payloads * measured["pieces"]
        found["received_element"] = payloads * measured["elements"]
        found["received_value"] = payloads * measured.get("kept", 0)
    return found


def time_of(point):
    return point["device_s"]["median"]


def sum_of(seconds_per, point):
    found = counts(point)
    return sum(value * found.get(term, 0) for term, value in seconds_per.items())


def told_apart(rows, terms):
    """Terms that are not zero everywhere, and no multiple of one before."""
    chosen, seen = [], []
    for term in terms:
        column = [row.get(term, 0) for row in rows]
        largest = max(column, default=0)
        shape = [value / largest for value in column] if largest > 0 else None
        if shape and all(max(abs(a - b) for a, b in zip(shape, other)) > 1e-9 for other in seen):
            chosen.append(term)
            seen.append(shape)
    return chosen


def fitted(points, terms):
    """Seconds per term that minimise the squares of the relative errors."""
    rows, times = [counts(point) for point in points], [time_of(point) for point in points]
    terms = told_apart(rows, terms)
    columns = [[row.get(term, 0) / time for row, time in zip(rows, times)] for term in terms]
    values = fits.non_negative_least_squares(columns, [1.0] * len(points)) if points else []
    return {term: value for term, value in zip(terms, values) if value > 0}


def relative_errors(costs, points):
    host, device = costs
    return [max(sum_of(host, point), sum_of(device, point)) / time_of(point) - 1 for point in points]


def fit_stage(eager, graphs):
    """(host, device): seconds per term, fitted in turn until nothing moves; the best of all turns."""
    alone = [point for point in eager if time_of(point) > WAITS * point["host_s"]["median"]]
    device, best = fitted(graphs or alone or eager, DEVICE_TERMS), None
    for _ in range(8):
        host = fitted([point for point in eager if time_of(point) > WAITS * sum_of(device, point)], HOST_TERMS)
        squares = sum(error * error for error in relative_errors((host, device), eager))
        if best is None or squares < best[0]:
            best = squares, host, device
        before, device = device, fitted(
            graphs + [point for point in eager if sum_of(device, point) >= sum_of(host, point)], DEVICE_TERMS
        )
        if device == before:
            break
    return best[1:]


def errors(costs, points):
    found = [abs(error) for error in relative_errors(costs, points)]
    if not found:
        return None
    return {"points": len(found), "median": statistics.median(found), "worst": max(found)}


def selected(capture, implementation, scheme, settings, stage, mode):
    return [
        point
        for point in capture["points"]
        if (point["implementation"], point["scheme"], point["stage"], point["mode"])
        == (implementation, scheme, stage, mode)
        and settings.items() <= point["settings"].items()
    ]


def scheme_costs(capture, implementation, scheme, settings):
    """The costs of each stage, with the errors on what they were fitted to and on what was held out."""
    stages = []
    for stage in STAGES:
        mode = "graph" if implementation == ENGINE else "eager"
        points = selected(capture, implementation, scheme, settings, stage, mode)
        if not points:
            continue
        known = [point for point in points if not point["held_out"]]
        graphs = [
            point
            for point in selected(capture, implementation, scheme, settings, stage, "graph")
            if not point["held_out"]
        ]
        costs = ({}, fitted(known, DEVICE_TERMS)) if implementation == ENGINE else fit_stage(known, graphs)
        stages.append({
            "stage": stage, "host_seconds_per": costs[0], "device_seconds_per": costs[1],
            "fitted": errors(costs, known),
            "held_out": errors(costs, [point for point in points if point["held_out"]]),
        })  # fmt: skip
    return stages


def engine_table(path):
    """Seconds by (elements, density, name) of one layer in the table of tools/bench/cuda."""
    with open(path, newline="", encoding="utf-8") as file:
        return {
            (int(row["elements"]), float(row["density"] or 0), row["name"]): float(row["median_us"]) * 1e-6
            for row in csv.DictReader(file)
            if row["layers"] == "1"
        }


def mean_growth(table, before, after, per):
    """The mean over sizes of what `after` takes longer than `before`, for each of what `per` counts."""
    grown = [
        (seconds - table[elements, density, before]) / per(elements, density)
        for (elements, density, name), seconds in table.items()
        if name == after and (elements, density, before) in table and elements > 10_000_000
    ]
    return statistics.mean(grown)


def add_engine_table(stages, path):
    """What momentum correction adds, and coding masks at the speed of a copy, which reads and writes."""
    table = engine_table(path)
    encode, between, decode = (stage["device_seconds_per"] for stage in stages)
    encode["velocity_element"] = mean_growth(
        table, "select, 512 threads a block", "select with momentum correction (4R2W)", lambda n, _: n
    )
    between["velocity_value"] = mean_growth(
        table, "pack and clear", "pack and clear, r and u", lambda n, density: n * density
    )
    largest = max(n for n, _, name in table if name == "copy device to device")
    for costs in (encode, between, decode):
        costs["coded_byte"] = table[largest, 0, "copy device to device"] / (8 * largest)


def profile(capture, arguments, implementation, entries, inputs):
    schemes = []
    for scheme, holds_for, captured, name, settings, words in entries:
        stages = scheme_costs(capture, captured, name, settings)
        if not stages:
            continue  # not captured
        # powerSGD_hook waits for the GPU at its end, and DistributedDataParallel calls it in the backward pass.
        waits = {"waits": True} if (captured, scheme) == (HOOK, "powersgd") else {}
        if captured == ENGINE and arguments.engine:
            add_engine_table(stages, arguments.engine)
        schemes.append({"scheme": scheme, **holds_for, "description": words, **waits, "stages": stages})
    return {
        "format": FORMAT,
        "implementation": implementation,
        "gpu": arguments.gpu,
        "device": capture["gpu"],
        "memory_bandwidth": arguments.memory_bandwidth,
        "driver": capture["driver"],
        "versions": {name: capture[name] for name in ("torch", "cuda", "nccl", "python")},
        "schemes": schemes,
        "provenance": {
            "date": capture["date"],
            "command": capture["command"],
            "held_out_rule": capture["held_out_rule"],
            "inputs": [{"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in inputs],
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=pathlib.Path)
    parser.add_argument("--gpu", required=True, help="as --gpu names it")
    parser.add_argument("--memory-bandwidth", required=True, help="of that GPU, as its file says")
    parser.add_argument("--engine", type=pathlib.Path, help="table of tools/bench/cuda")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="folder")
    arguments = parser.parse_args()
    open_capture = gzip.open if arguments.capture.suffix == ".gz" else open
    with open_capture(arguments.capture, "rt", encoding="utf-8") as file:
        capture = json.load(file)
    for implementation, entries, inputs in (
        ("torch", TORCH, [arguments.capture]),
        ("fused", FUSED, [arguments.capture] + ([arguments.engine] if arguments.engine else [])),
    ):
        found = profile(capture, arguments, implementation, entries, inputs)
        if not found["schemes"]:
            continue
        path = arguments.output / f"{arguments.gpu}-{implementation}.json"
        path.write_text(json.dumps(rounded(found, 4), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
