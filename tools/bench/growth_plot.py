#!/usr/bin/python3
"""Draws how the backends' time and memory grow with the ranks, from what ringsim_bench_backends prints.

  ringsim_bench_backends | tee growth.txt | tools/bench/growth_plot.py -o FILE.png
"""
import argparse
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    arguments = parser.parse_args()
    rows = [line.split() for line in sys.stdin if line.split() and line.split()[0].isdigit()]
    if not rows:
        sys.exit("growth_plot.py: found no rows; the table of ringsim_bench_backends is accepted on stdin")
    recurrence = [(int(row[0]), float(row[2]), float(row[3])) for row in rows]
    simgrid = [(int(row[0]), float(row[4]), float(row[5])) for row in rows if len(row) > 4]
    figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axes, column, label in ((time, 1, "wall time, s"), (memory, 2, "memory, MiB")):
        for name, points, colour in (("recurrence", recurrence, "#0072B2"), ("simgrid", simgrid, "#D55E00")):
            axes.plot(
                [point[0] for point in points], [point[column] for point in points], "o-", color=colour, label=name
            )
        axes.set(xscale="log", yscale="log", xlabel="ranks", ylabel=label)
        axes.grid(alpha=0.3)
    time.legend()
    figure.suptitle("A ring all-reduce of 100 MB over unequal links")
    figure.savefig(arguments.output, dpi=130)


if __name__ == "__main__":
    main()
