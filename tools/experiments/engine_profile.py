#!/usr/bin/env python3
"""Writes the engine profile of a GPU (run --compress-time NAME) from a table that tools/bench/cuda measured.

Usage: tools/experiments/engine_profile.py [TABLE.csv PROFILE.json PROCESSOR]
(default docs/measured/engine-h100.csv models/prune/profiles/h100.json "NVIDIA H100 80GB HBM3")
"""
import csv
import json
import pathlib
import sys

SIZES = (1_000_000, 25_600_000, 61_100_000)
DENSITIES = (0.001, 0.0078125)
# Bytes that have to be moved once per element.
COPY, LIMIT, SELECT, SELECT_WITH_VELOCITY = 8, 16, 16.125, 24.125


def main():
    table, profile, processor = sys.argv[1:] or (
        "docs/measured/engine-h100.csv",
        "models/prune/profiles/h100.json",
        "NVIDIA H100 80GB HBM3",
    )
    with open(table, newline="", encoding="utf-8") as file:
        medians = {
            (int(row["elements"]), row["density"], row["name"]): float(row["median_us"]) * 1e-6
            for row in csv.DictReader(file)
            if row["layers"] == "1"
        }

    def rate(elements, name, bytes_each):
        return round(elements * bytes_each / medians[elements, "", name])

    def mask(elements, density):
        def seconds(name):
            return medians[elements, str(density), name]

        return {
            "kept": round(density * elements),
            "pack_seconds": seconds("pack and clear"),
            "pack_with_velocity_seconds": seconds("pack and clear, r and u"),
            "unpack_seconds": seconds("unpack"),
            "unite_seconds": seconds("union of two masks"),
            "count_seconds": seconds("count per chunk"),
            "encodings": [],
        }

    sizes = [
        {
            "elements": n,
            "copy_bytes_per_second": rate(n, "copy device to device", COPY),
            "limit_bytes_per_second": rate(n, "3R1W", LIMIT),
            "select_bytes_per_second": rate(n, "select, 512 threads a block", SELECT),
            "select_with_velocity_bytes_per_second": rate(
                n, "select with momentum correction (4R2W)", SELECT_WITH_VELOCITY
            ),
            "masks": [mask(n, density) for density in DENSITIES],
        }
        for n in SIZES
    ]
    result = {
        "format": "ringsim engine profile 1",
        "engine": "cuda",
        "processor": processor,
        "threads": 1,
        "sizes": sizes,
    }
    pathlib.Path(profile).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


main()
