"""Which value of one option wins for each pair of two others, and where two are equal; as tools/report/src/decision.js
decides it."""

import math

from .scan_axes import draw_line, is_wide, name_values, set_option_axis
from .style import COLOURS, formatted, label_values, limited, line_style, set_scale, unit_of
from .tables import InputError

CELLS = 14


def competing(scan, name):
    """The option whose values compete: scheme, or another one without a quantity."""
    if name:
        return scan.option(name, "by")
    texts = [option for option in scan.options.values() if not option.is_quantity and len(option.values) > 1]
    found = scan.options.get("scheme") or (texts[0] if texts else None)
    if found is None or len(found.values) < 2:
        raise InputError(
            f"{scan.path}: found no option whose values compete; --by OPTION is accepted: "
            + (", ".join(scan.options) or "none varies")
        )
    return found


def crossing(option, left, before, after):
    """Where two are equal between the values at `left` and `left`+1: the share of the way, and the value, straight in
    logarithms. `before` and `after` are the ratios of the two on both sides. None where they are not equal there."""
    if before <= 0 or after <= 0 or (before < 1) == (after < 1):
        return None
    a, b = math.log(before), math.log(after)
    share = a / (a - b)
    low, high = option.numbers[left : left + 2]
    number = low * (high / low) ** share if is_wide(option) else low + (high - low) * share
    return share, number


def written(option, left, number):
    """The number in the unit of the option's value at `left`."""
    text, size = option.values[left], option.numbers[left]
    unit = text.lstrip("0123456789.+-/e")
    written_number = text[: len(text) - len(unit)]
    if "/" in text or not size:
        return f"{number:.3g}"
    return f"{number / (size / float(written_number)):.3g}{unit}"


def draw_crossover(figure, scan, arguments):
    rivals = limited_rivals(scan, arguments.by)
    x = scan.required_axis(arguments.x, "x", {rivals.name, arguments.y})
    y = scan.axis(arguments.y, "y", {rivals.name, x.name})
    (_draw_decisions if y else _draw_rivals)(figure, scan, rivals, x, y)


def limited_rivals(scan, name):
    rivals = competing(scan, name)
    limited(rivals.values, len(COLOURS), f"{scan.path}: values of {rivals.name}", "--where OPTION=VALUE chooses")
    return rivals


def _draw_rivals(figure, scan, rivals, x, _):
    """A line for each competitor, and what they are equal at."""
    from .scan import cells_of

    figure.set_size_inches(8, 5)
    axes = figure.subplots()
    for place, value in enumerate(rivals.values):
        points = [point for point in scan.points if point.options[rivals.name] == value]
        if points:
            draw_line(axes, scan, x, points, label=value, **line_style(place))
    best = {place: _means(scan, rivals, points) for (place, _), points in cells_of(scan, x, None, scan.points).items()}
    set_option_axis(axes, x)
    set_scale(axes, "y", [point.value for point in scan.points])
    for left in range(len(x.values) - 1) if x.is_quantity else ():
        for number, pair in _crossings(scan, x, left, best.get(left, {}), best.get(left + 1, {})):
            axes.axvline(number, color="black", linewidth=0.8, linestyle=":")
            axes.annotate(
                f"{pair[0]} = {pair[1]} at {x.name} {written(x, left, number)}",
                (number, 1),
                (3, -3),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                rotation=90,
                va="top",
                fontsize=8,
            )
    axes.set_ylabel(scan.figure)
    label_values(axes.yaxis, unit_of(scan.figure))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, title=rivals.name, alignment="left")


def _means(scan, rivals, points):
    """{competitor: its best value}"""
    found = {}
    for point in points:
        found.setdefault(point.options[rivals.name], []).append(point)
    return {value: scan.best(of_value).value for value, of_value in found.items() if value}


def _ranked(scan, means):
    return sorted(means, key=means.get, reverse=scan.is_greatest_best())


def _crossings(scan, x, left, before, after):
    """[(number, (winner before, winner after))] between two neighbouring values."""
    if not before or not after:
        return []
    first, second = _ranked(scan, before)[0], _ranked(scan, after)[0]
    if (
        first == second
        or not {first, second} <= before.keys() & after.keys()
        or not before[second]
        or not after[second]
    ):
        return []
    found = crossing(x, left, before[first] / before[second], after[first] / after[second])
    return [(found[1], (first, second))] if found else []


def _draw_decisions(figure, scan, rivals, x, y):
    """Cells in the winner's colour, stronger where it wins by more, with the factor."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    from .scan import cells_of

    width = max(7.0, min(12.0, 2.5 + 0.8 * len(x.values)))
    height = max(3.5, min(9.0, 2 + 0.4 * len(y.values)))
    figure.set_size_inches(width, height)
    inches = ((width - 1) / len(x.values), (height - 1.5) / len(y.values))
    axes = figure.subplots()
    axes.grid(False)
    shades = {value: to_rgb(COLOURS[place]) for place, value in enumerate(rivals.values)}
    cells = [[(1.0, 1.0, 1.0)] * len(x.values) for _ in y.values]
    best, won = {}, {}
    for (column, line), points in cells_of(scan, x, y, scan.points).items():
        means = _means(scan, rivals, points)
        if not means:
            continue
        best[column, line] = means
        winner, factor, text = _decision(scan, means)
        won[winner] = won.get(winner, 0) + 1
        strength = 0.25 + 0.6 * min(1.0, math.log2(factor) / 2)
        cells[line][column] = tuple(1 - strength * (1 - part) for part in shades.get(winner, (0.5, 0.5, 0.5)))
        if len(x.values) <= CELLS and len(y.values) <= 2 * CELLS:
            # The name, too, where it fits: colours alone do not tell everybody who wins.
            if winner in means and 0.09 * len(winner) < inches[0] and inches[1] > 0.35:
                text = f"{winner}\n{text}"
            dark = sum(cells[line][column]) < 1.2
            axes.text(
                column,
                line,
                text,
                ha="center",
                va="center",
                fontsize=8,
                zorder=4,
                color="white" if dark else "black",
                bbox={"facecolor": cells[line][column], "linewidth": 0, "pad": 1},
            )
    axes.imshow(cells, aspect="auto", interpolation="nearest", origin="lower")
    _draw_equals(axes, scan, x, best)
    name_values(axes, x, y)
    names = [*rivals.values, "no one alone"]
    handles = [
        Patch(color=shades.get(name, (0.5, 0.5, 0.5)), label=f"{name}: {won[name]} of {len(best)}")
        for name in names
        if name in won
    ]
    what = "most" if scan.is_greatest_best() else "least"
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=4,
        title=f"{rivals.name} with the {what} {scan.figure} (factor to the next; black: where two are equal)",
        title_fontsize=9,
        fontsize=9,
        alignment="left",
    )


def _decision(scan, means):
    """(winner, its factor to the next, what stands in the cell)"""
    ranked = _ranked(scan, means)
    if len(ranked) == 1:
        return ranked[0], 1.0, "alone"
    values = sorted((means[ranked[0]], means[ranked[1]]))
    if values[0] == values[1]:
        return "no one alone", 1.0, "="
    if values[0] <= 0:
        return ranked[0], 4.0, "to 0"
    factor = values[1] / values[0]
    text = f"{factor:.3f}x" if factor < 1.1 else f"{factor:.2f}x" if factor < 10 else f"{formatted(factor, '')}x"
    return ranked[0], factor, text


def _draw_equals(axes, scan, x, best):
    """A mark between two cells of a line with different winners, at the value at which both are equal."""
    if not x.is_quantity:
        return
    for (column, line), means in best.items():
        for number, _ in _crossings(scan, x, column, means, best.get((column + 1, line), {})):
            low, high = x.numbers[column : column + 2]
            share = math.log(number / low) / math.log(high / low) if is_wide(x) else (number - low) / (high - low)
            axes.plot([column + share] * 2, [line - 0.5, line + 0.5], color="black", linewidth=2)
