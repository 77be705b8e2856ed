"""Plots of scan.csv: lines, heat maps, and which configuration wins where."""

from .crossover import draw_crossover
from .scan_axes import draw_line, name_values, set_option_axis
from .scan_table import Scan
from .seeds import SEED
from .style import MOST_LINES, formatted, label_values, legend, limited, line_style, set_scale, unit_of

CHOOSE = "--where OPTION=VALUE chooses"
# Panels of heat maps, and cells with a legible number.
PANELS, CELLS = 6, 14


def plot_scan(figure, arguments):
    shows_seeds = SEED in (arguments.x, arguments.y, arguments.by)
    scan = Scan(arguments.sources[0], arguments.figure, arguments.where, shows_seeds=shows_seeds)
    {"lines": _draw_lines, "map": _draw_map, "crossover": draw_crossover}[arguments.form](figure, scan, arguments)
    if scan.title():
        figure.suptitle(scan.title(), fontsize=9)


def _draw_lines(figure, scan, arguments):
    x = scan.required_axis(arguments.x, "x")
    lines = limited(scan.groups({x.name}), MOST_LINES, f"{scan.path}: lines", CHOOSE)
    figure.set_size_inches(10 if len(lines) > 7 else 8, 5)
    axes = figure.subplots()
    for place, (label, points) in enumerate(lines.items()):
        draw_line(axes, scan, x, points, label=label or scan.figure, **line_style(place))
    set_option_axis(axes, x)
    set_scale(axes, "y", [point.value for point in scan.points])
    axes.set_ylabel(scan.figure)
    label_values(axes.yaxis, unit_of(scan.figure))
    legend(axes, len(lines) if len(lines) > 1 else 0)


def _draw_map(figure, scan, arguments):
    from matplotlib.colors import LogNorm, Normalize

    x = scan.required_axis(arguments.x, "x", {arguments.y})
    y = scan.axis(arguments.y, "y", {x.name})
    panels = limited(scan.groups({x.name, y.name if y else ""}), PANELS, f"{scan.path}: panels", CHOOSE)
    columns = min(len(panels), 2)
    lines = -(-len(panels) // columns)
    height = min(4.5, 1.4 + 0.35 * len(y.values if y else [""]))
    figure.set_size_inches(5.5 * columns if columns > 1 else 8, 0.6 + max(2.2, height) * lines)
    every = list(figure.subplots(lines, columns, squeeze=False).flat)
    values = [point.value for point in scan.points]
    if min(values) > 0 and max(values) > 5 * min(values):
        norm = LogNorm(min(values), max(values))
    else:
        norm = Normalize(min(values), max(values) if max(values) > min(values) else min(values) + 1)
    image = None
    for axes, (label, points) in zip(every, panels.items()):
        image = _draw_panel(axes, scan, x, y, points, norm)
        axes.set_title(label, fontsize=10)
    for axes in every[len(panels) :]:
        axes.set_axis_off()
    bar = figure.colorbar(image, ax=every, label=scan.figure)
    label_values(bar.ax.yaxis, unit_of(scan.figure))
    bar.ax.minorticks_off()


def cells_of(scan, x, y, points):
    """The points of each cell, {(column, line): [points]}; one to which an axis' option does not apply is in all."""
    cells = {}
    for point in points:
        columns = _places(x, point)
        for line in _places(y, point) if y else [0]:
            for column in columns:
                cells.setdefault((column, line), []).append(point)
    return cells


def _places(option, point):
    text = point.options[option.name]
    return [option.values.index(text)] if text else range(len(option.values))


def _draw_panel(axes, scan, x, y, points, norm):
    lines = len(y.values) if y else 1
    cells = [[float("nan")] * len(x.values) for _ in range(lines)]
    axes.grid(False)
    has_numbers = len(x.values) <= CELLS and lines <= 2 * CELLS
    for (column, line), found in cells_of(scan, x, y, points).items():
        value = cells[line][column] = scan.best(found).value
        if has_numbers:
            shade = "black" if norm(value) > 0.6 else "white"
            axes.text(
                column,
                line,
                formatted(value, unit_of(scan.figure)),
                ha="center",
                va="center",
                color=shade,
                fontsize=8 if len(x.values) <= 8 else 6,
            )
    image = axes.imshow(cells, aspect="auto", interpolation="nearest", cmap="viridis", norm=norm, origin="lower")
    name_values(axes, x, y)
    return image
