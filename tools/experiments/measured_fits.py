#!/usr/bin/env python3
"""How well `ringsim calibrate` fits the tables under docs/measured: a row each, fitted to every other size and held
against the rest.

Usage: tools/experiments/measured_fits.py FOLDER [RINGSIM] [--ship]   (e.g. docs/measured/h100-x2)
--ship writes topologies/FOLDER-TRANSPORT.json from the ring all-reduce of each transport, fitted to all sizes.
"""
import argparse
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def notes_of(table):
    """The lines "# name: value" of a table."""
    lines = table.read_text().splitlines()
    return dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))


def calibrate(program, table, *options):
    notes = notes_of(table)
    command = [program, "calibrate", table, "--operation", notes["operation"], "--ranks", notes["ranks"], *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("ringsim", nargs="?", default=ROOT / "build/release/tools/ringsim/ringsim")
    parser.add_argument("--ship", action="store_true")
    arguments = parser.parse_args()
    print(
        "| transport | algorithm | operation | sizes fitted, held out | pieces | median error, held out | worst, "
        "held out |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for table in sorted(path for path in arguments.folder.glob("*.csv") if "operation" in notes_of(path)):
        fit = json.loads(calibrate(arguments.ringsim, table, "--holdout", "on", "--format", "json"))
        notes, held_out = notes_of(table), fit["held_out_error"]
        print(
            f"| {notes['transport']} | {notes['algorithm']} | {notes['operation']} | {fit['error']['sizes']}, "
            f"{held_out['sizes']} | {len(fit['pieces'])} | "
            f"{100 * held_out['median']:.1f} % | {100 * held_out['worst']:.1f} % |"
        )
    if arguments.ship:
        for table in sorted(arguments.folder.glob("*-ring-all_reduce.csv")):
            name = f"{arguments.folder.resolve().name}-{table.name.split('-')[0]}"
            calibrate(arguments.ringsim, table, "-o", ROOT / "topologies" / f"{name}.json")


if __name__ == "__main__":
    main()
