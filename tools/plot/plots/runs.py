"""Plots of steps.csv: what is learnt over time, and what a step consists of."""

from .style import (
    colour,
    formatted,
    label_decades,
    label_values,
    legend,
    limited,
    line_style,
    marked,
    set_scale,
    set_step_axis,
    smooth,
)
from .tables import InputError, read_result, run_names


def _curves(axes, runs, column, factor, smoothed):
    every = []
    for place, (run, name) in enumerate(zip(runs, run_names(runs))):
        table = read_result(run, "steps.csv", ["start_s", "total_s", column])
        ends = [start + total for start, total in zip(table.numbers("start_s"), table.numbers("total_s"))]
        points = [
            (end, factor * value) for end, value in zip(ends, table.optional_numbers(column)) if value is not None
        ]
        if not points:
            raise InputError(
                f"{table.path}: the column {column} is empty; a run of ringsim run --source train is accepted"
            )
        times, values = zip(*points)
        every += times
        if smoothed:
            values = smooth(list(values), max(1, len(values) // 50))
        marker = marked(len(values) if smoothed else 0)
        axes.plot(times, values, label=name, **line_style(place), **marker)
    axes.set(xscale="log", xlabel="simulated time [s]")
    label_decades(axes.xaxis, max(every) / min(every))
    legend(axes, len(runs))


def plot_loss(figure, arguments):
    axes = figure.subplots()
    _curves(axes, arguments.sources, "loss", 1, smoothed=True)
    axes.set_ylabel("training loss (running mean)")


def plot_accuracy(figure, arguments):
    axes = figure.subplots()
    _curves(axes, arguments.sources, "accuracy", 100, smoothed=False)
    axes.set_ylabel("accuracy on the test set [%]")


PARTS = {"compute_s": "compute", "compress_s": "compress", "exposed_exchange_s": "exposed exchange"}


def plot_step(figure, arguments):
    """The parts of the mean step of each run as a bar, its exchange as a thin one, and below every step's time."""
    runs = limited(arguments.sources, 24, "step: result folders", "draw some of them")
    names = run_names(runs)
    tables = [read_result(run, "steps.csv", ["step", *PARTS, "exchange_s", "total_s"]) for run in runs]
    has_steps = any(len(table.texts("step")) > 1 for table in tables)
    figure.set_size_inches(8, 1.8 + 0.45 * len(runs) + (2.5 if has_steps else 0))
    if has_steps:
        bars, lines = figure.subplots(2, 1, height_ratios=(1.2 + 0.45 * len(runs), 2.5))
        _draw_totals(lines, tables, names)
    else:
        bars = figure.subplots()
    _draw_parts(bars, tables, names)


def _mean(table, column):
    values = [value or 0 for value in table.optional_numbers(column)]
    return sum(values) / len(values)


def _draw_parts(axes, tables, names):
    longest = max(max(_mean(table, "total_s"), _mean(table, "exchange_s")) for table in tables) or 1
    for row, table in enumerate(tables):
        left, parts = 0.0, []
        for place, (column, label) in enumerate(PARTS.items()):
            width = _mean(table, column)
            axes.barh(row, width, 0.5, left, color=colour(place), label=label if row == 0 else None)
            left += width
            parts.append(formatted(width, "s"))
        axes.barh(
            row + 0.35,
            _mean(table, "exchange_s"),
            0.14,
            color="none",
            edgecolor="black",
            hatch="/////",
            linewidth=0.6,
            label="exchange from its first byte to its last" if row == 0 else None,
        )
        end = max(left, _mean(table, "exchange_s"))
        axes.text(end + 0.01 * longest, row, f"{formatted(left, 's')} = {' + '.join(parts)}", va="center", fontsize=8)
    axes.set_yticks(range(len(tables)), names)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlim=(0, 1.6 * longest), xlabel="mean time of a step")
    label_values(axes.xaxis, "s")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, fontsize="small")


def _draw_totals(axes, tables, names):
    totals = [table.numbers("total_s") for table in tables]
    for place, (table, values, name) in enumerate(zip(tables, totals, names)):
        axes.plot(table.numbers("step"), values, label=name, **line_style(place), **marked(len(values)))
    every = [value for values in totals for value in values]
    set_scale(axes, "y", every)
    if axes.get_yscale() == "linear":
        axes.set_ylim(0, 1.15 * max(every) or 1)
    set_step_axis(axes, [step for table in tables for step in table.numbers("step")])
    axes.set_ylabel("time of the step")
    label_values(axes.yaxis, "s")
    legend(axes, len(tables) if len(tables) > 1 else 0)
