#!/usr/bin/env python3
"""Plots of ringsim results, from the exported CSV files alone.

  ringsim_plot.py loss     RUN...  -o FILE   training loss against simulated time
  ringsim_plot.py accuracy RUN...  -o FILE   accuracy on the test set against simulated time
  ringsim_plot.py density  RUN     -o FILE   kept share per layer and step, as a heat map
  ringsim_plot.py overlap  RUN     -o FILE   share of what a step keeps of each layer that the step before kept too
  ringsim_plot.py links    RUN...  -o FILE   utilization of each link that carried something
  ringsim_plot.py calibration POINTS -o FILE measured and fitted time by size, and the error
  ringsim_plot.py hops     POINTS  -o FILE   density of a sum by the masks that have gone into it

RUN is a result folder (ringsim run -o RUN), POINTS a CSV file (ringsim calibrate --points POINTS;
tools/experiments/hops.py). FILE ends in .png or .svg and may be given several times.
"""
import argparse
import csv
import os
import pathlib
import sys

# Okabe & Ito's colours, which people with colour blindness can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


class InputError(Exception):
    """The user's input is wrong."""


def read_table(run, name, columns):
    """The columns of a CSV file of a result folder, each a list of texts."""
    return read_csv(pathlib.Path(run) / name, columns, "a result folder of ringsim run -o")


def read_csv(path, columns, accepted):
    try:
        with path.open(newline="") as file:
            rows = csv.DictReader(file)
            missing = [column for column in columns if column not in (rows.fieldnames or [])]
            if missing:
                raise InputError(f"{path}: no column {missing[0]}; found {', '.join(rows.fieldnames or ['nothing'])}")
            table = {column: [] for column in columns}
            for row in rows:
                for column in columns:
                    table[column].append(row[column])
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {accepted} is accepted") from error
    if not table[columns[0]]:
        raise InputError(f"{path}: no rows")
    return table


def run_names(runs):
    """The folders' names, with as many parents as it takes to tell them apart."""
    parts = [pathlib.Path(run).resolve().parts for run in runs]
    for length in range(1, max(len(p) for p in parts) + 1):
        names = ["/".join(p[-length:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    return names


def step_ends(table):
    return [float(start) + float(total) for start, total in zip(table["start_s"], table["total_s"])]


def smooth(values, width):
    """Running mean over the last `width` values."""
    result, total = [], 0.0
    for i, value in enumerate(values):
        total += value - (values[i - width] if i >= width else 0.0)
        result.append(total / min(i + 1, width))
    return result


def plot_loss(axes, runs):
    for run, name, colour in zip(runs, run_names(runs), COLOURS * len(runs)):
        table = read_table(run, "steps.csv", ["start_s", "total_s", "loss"])
        points = [(time, float(loss)) for time, loss in zip(step_ends(table), table["loss"]) if loss]
        if not points:
            raise InputError(f"{run}/steps.csv: the column loss is empty")
        times, losses = zip(*points)
        axes.plot(times, smooth(list(losses), max(1, len(losses) // 50)), label=name, color=colour)
    axes.set(xscale="log", xlabel="simulated time [s]", ylabel="training loss (running mean)")
    axes.legend()


def plot_accuracy(axes, runs):
    for run, name, colour in zip(runs, run_names(runs), COLOURS * len(runs)):
        table = read_table(run, "steps.csv", ["start_s", "total_s", "accuracy"])
        points = [(time, 100 * float(value)) for time, value in zip(step_ends(table), table["accuracy"]) if value]
        if not points:
            raise InputError(f"{run}/steps.csv: the column accuracy is empty")
        axes.plot(*zip(*points), label=name, color=colour, marker="o", markersize=4)
    axes.set(xscale="log", xlabel="simulated time [s]", ylabel="accuracy on the test set [%]")
    axes.legend()


def plot_density(axes, runs):
    from matplotlib.colors import LogNorm

    if len(runs) != 1:
        raise InputError(f"density: found {len(runs)} result folders; one is accepted")
    table = read_table(runs[0], "layers.csv", ["step", "layer", "density"])
    # Layers that are sent whole in every step show nothing, and would take the colours from the others.
    pruned = {layer for layer, density in zip(table["layer"], table["density"]) if float(density) < 1}
    layers = list(dict.fromkeys(table["layer"]))
    whole = len(layers) - len(pruned) if pruned else 0
    layers = [layer for layer in layers if layer in pruned] or layers
    steps = 1 + max(int(step) for step in table["step"])
    # A cell is the mean over so many steps that about 150 columns remain.
    width = max(1, steps // 150)
    columns = (steps + width - 1) // width
    sums = [[0.0] * columns for _ in layers]
    counts = [[0] * columns for _ in layers]
    index = {layer: i for i, layer in enumerate(layers)}
    for step, layer, density in zip(table["step"], table["layer"], table["density"]):
        if layer not in index:
            continue
        column = int(step) // width
        sums[index[layer]][column] += float(density)
        counts[index[layer]][column] += 1
    cells = [[s / c if c else float("nan") for s, c in zip(row, count)] for row, count in zip(sums, counts)]
    positive = [cell for row in cells for cell in row if cell > 0]
    if not positive:
        raise InputError(f"{runs[0]}/layers.csv: every density is 0")
    lowest = max(min(positive), 1e-5)
    cells = [[max(cell, lowest) for cell in row] for row in cells]
    norm = LogNorm(lowest, max(max(positive), 1.001 * lowest))
    image = axes.imshow(
        cells,
        aspect="auto",
        interpolation="nearest",
        cmap="viridis",
        norm=norm,
        extent=(0, columns * width, len(layers) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(layers)), layers)
    left_out = f" ({whole} that are sent whole are left out)" if whole else ""
    axes.set(xlabel="step", ylabel=f"layer, from the input{left_out}")
    axes.figure.colorbar(image, label="kept share" + (f" (mean over {width} steps)" if width > 1 else ""))


def plot_overlap(axes, runs):
    if len(runs) != 1:
        raise InputError(f"overlap: found {len(runs)} result folders; one is accepted")
    table = read_table(runs[0], "layers.csv", ["step", "layer", "density", "mask_overlap"])
    layers = {}
    for step, layer, density, overlap in zip(*table.values()):
        layers.setdefault(layer, []).append((int(step), float(density), overlap))
    # Layers that are sent whole in every step keep the same always.
    layers = {layer: rows for layer, rows in layers.items() if any(density < 1 for _, density, _ in rows)}
    drawn = {
        layer: [(step, before, float(overlap)) for (_, before, _), (step, _, overlap) in zip(rows, rows[1:]) if overlap]
        for layer, rows in layers.items()
    }
    drawn = {layer: rows for layer, rows in drawn.items() if rows}
    if not drawn:
        raise InputError(f"{runs[0]}/layers.csv: no layer is pruned in two steps in a row")
    for (layer, rows), colour in zip(drawn.items(), COLOURS * len(drawn)):
        steps, chance, overlaps = zip(*rows)
        width = max(1, len(rows) // 50)
        axes.plot(steps, smooth(list(overlaps), width), color=colour, label=layer)
        axes.plot(steps, smooth(list(chance), width), color=colour, linestyle=":", label=f"{layer}, by chance")
    axes.set(xlabel="step", ylabel="kept in the step before too (running mean)", ylim=(0, None))
    axes.legend()


def plot_links(axes, runs):
    used = {}
    for run, name in zip(runs, run_names(runs)):
        table = read_table(run, "links.csv", ["link", "bytes", "utilization"])
        used[name] = {
            link: 100 * float(value)
            for link, count, value in zip(table["link"], table["bytes"], table["utilization"])
            if int(count) > 0
        }
    links = list(dict.fromkeys(link for values in used.values() for link in values))
    if not links:
        raise InputError("links.csv: no link carried anything")
    height = 0.8 / len(used)
    for i, (name, values) in enumerate(used.items()):
        places = [row + (i - (len(used) - 1) / 2) * height for row in range(len(links))]
        axes.barh(places, [values.get(link, 0) for link in links], height, label=name, color=COLOURS[i % len(COLOURS)])
    axes.set_yticks(range(len(links)), links)
    axes.invert_yaxis()
    axes.set(xlabel="utilization over the run [%]", xlim=(0, 100))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(used))


def plot_calibration(axes, files):
    if len(files) != 1:
        raise InputError(f"calibration: found {len(files)} files; one is accepted")
    table = read_csv(
        pathlib.Path(files[0]),
        ["size_bytes", "measured_s", "fitted_s", "piece", "held_out"],
        "a file of ringsim calibrate --points",
    )
    points = sorted(
        (int(size), float(measured), float(fitted), int(piece), held_out == "1")
        for size, measured, fitted, piece, held_out in zip(*table.values())
    )
    # A size of 0 has no place on a logarithmic axis.
    points = [point for point in points if point[0] > 0]
    if not points:
        raise InputError(f"{files[0]}: no size above 0")
    for piece in sorted({point[3] for point in points}):
        sizes, _, fitted, _, _ = zip(*(point for point in points if point[3] == piece))
        axes.plot(sizes, fitted, color=COLOURS[piece % len(COLOURS)], label=f"fitted, piece {piece + 1}")
    for held_out, label, marker in ((False, "measured", "o"), (True, "measured, held out", "x")):
        chosen = [point for point in points if point[4] == held_out]
        if chosen:
            axes.plot([p[0] for p in chosen], [p[1] for p in chosen], marker, color="black", markersize=4, label=label)
    axes.set(xscale="log", yscale="log", ylabel="time [s]")
    axes.legend()
    rows = axes.get_subplotspec().subgridspec(2, 1, height_ratios=(3, 1))
    axes.set_subplotspec(rows[0])
    errors = axes.figure.add_subplot(rows[1], sharex=axes)
    axes.tick_params(labelbottom=False)
    for size, measured, fitted, piece, held_out in points:
        errors.plot(
            size,
            100 * (fitted / measured - 1),
            "x" if held_out else "o",
            color=COLOURS[piece % len(COLOURS)],
            markersize=4,
        )
    errors.axhline(0, color="black", linewidth=0.8)
    errors.set(xlabel="size [B]", ylabel="error [%]")


def plot_hops(axes, files):
    if len(files) != 1:
        raise InputError(f"hops: found {len(files)} files; one is accepted")
    table = read_csv(
        pathlib.Path(files[0]),
        ["ranks", "scheme", "hop", "density", "independent"],
        "a hops.csv of tools/experiments/hops.py",
    )
    rows = list(zip(*table.values()))
    schemes = list(dict.fromkeys(row[1] for row in rows))
    for place, ranks in enumerate(sorted({int(row[0]) for row in rows})):
        for scheme, style in zip(schemes, ("-", "--", "-.")):
            chosen = [row for row in rows if int(row[0]) == ranks and row[1] == scheme]
            hops = [int(row[2]) for row in chosen]
            colour = COLOURS[place % len(COLOURS)]
            axes.plot(hops, [float(row[3]) for row in chosen], style, color=colour, label=f"{scheme}, {ranks} ranks")
            if chosen and chosen[0][4]:
                axes.plot(hops, [float(row[4]) for row in chosen], ":", color=colour, label=f"1-(1-d)^h, {ranks} ranks")
    axes.set(xscale="log", yscale="log", xlabel="masks that have gone into the sum (hop h)", ylabel="density")
    axes.legend(fontsize="small", ncols=2)


PLOTS = {
    "loss": plot_loss,
    "accuracy": plot_accuracy,
    "density": plot_density,
    "overlap": plot_overlap,
    "links": plot_links,
    "calibration": plot_calibration,
    "hops": plot_hops,
}


def draw(what, runs):
    import matplotlib

    matplotlib.use("Agg")
    # The same input gives the same bytes: no date, and a fixed salt for the ids in SVG.
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "ringsim",
            "axes.grid": True,
            "grid.alpha": 0.3,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
        }
    )
    figure, axes = matplotlib.pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    if what == "density":
        axes.grid(False)
    PLOTS[what](axes, runs)
    return figure


def save(figure, path):
    """Writes under another name and renames when whole."""
    kind = path.suffix[1:]
    partial = path.with_name(f".{path.name}.partial")
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    try:
        figure.savefig(partial, format=kind, dpi=150, metadata=metadata)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=PLOTS)
    parser.add_argument("run", nargs="+", metavar="RUN|POINTS")
    parser.add_argument("-o", "--output", action="append", required=True, metavar="FILE", type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        for path in arguments.output:
            if path.suffix not in (".png", ".svg"):
                raise InputError(f'{path}: found the ending "{path.suffix}"; .png and .svg are accepted')
        try:
            import matplotlib.pyplot  # noqa: F401
        except ImportError:
            print("matplotlib is missing; install the Debian package python3-matplotlib", file=sys.stderr)
            return 1
        figure = draw(arguments.what, arguments.run)
        for path in arguments.output:
            save(figure, path)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
