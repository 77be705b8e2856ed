#!/usr/bin/env python3
"""How far two tables of the same calls differ: NCCL's own choice and a forced ring are both a ring by LL up to 384 KiB,
on the same GPUs, minutes apart in communicators of their own. Prints, by operation and ranks, what the one takes over
the other (lower quartiles of the repetitions), and beside it by how much the median is above the lower quartile of the
same repetitions.

  tools/experiments/table_spread.py docs/measured/h100-four/h100-x2 docs/measured/h100-four/h100-x4
"""
import argparse
import csv
import pathlib
import statistics

LARGEST = 384 * 1024
OPERATIONS = ["all_reduce", "all_gather", "reduce_scatter", "broadcast"]


def table(path):
    with path.open() as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {int(row["bytes"]): row for row in rows if int(row["bytes"]) <= LARGEST}


def of(ratios):
    return f"{100 * statistics.median(ratios):.0f} % ({100 * min(ratios):+.0f} to {100 * max(ratios):+.0f} %)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    print("| tables | operation | sizes | one table over the other | median over lower quartile, of one table |")
    print("| --- | --- | --- | --- | --- |")
    for folder in parser.parse_args().folders:
        for operation in OPERATIONS:
            tables = [table(folder / f"nvlink-{how}-{operation}.csv") for how in ("free", "ring")]
            sizes = sorted(tables[0].keys() & tables[1].keys())
            first, second = ([float(rows[size]["seconds_p25"]) for size in sizes] for rows in tables)
            between = [one / other - 1 for one, other in zip(first, second)]
            within = [float(row["seconds"]) / float(row["seconds_p25"]) - 1 for rows in tables for row in rows.values()]
            print(f"| {folder.name} | {operation} | {len(sizes)} | {of(between)} | {of(within)} |")


if __name__ == "__main__":
    main()
