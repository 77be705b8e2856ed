"""Axes that stand for an option of a scan."""

import math


def is_wide(option):
    """Whether the values are so far apart that they belong on a logarithmic axis."""
    numbers = option.numbers
    return option.is_quantity and min(numbers) > 0 and max(numbers) >= 8 * min(numbers)


def thinned(values, most):
    """Places of at most so many values, evenly chosen."""
    return list(range(0, len(values), max(1, -(-len(values) // most))))


def set_option_axis(axes, option):
    """The x-axis of lines: the values are its ticks, as they were written, where they do not collide."""
    from matplotlib.ticker import NullLocator

    numbers = option.numbers
    if is_wide(option):
        axes.set_xscale("log")
    places = thinned(numbers, 14)
    axes.set_xticks([numbers[place] for place in places], [option.values[place] for place in places])
    axes.xaxis.set_minor_locator(NullLocator())
    if not _are_apart(option, places):
        axes.tick_params(axis="x", labelrotation=60, labelsize=8)
    axes.set_xlabel(option.name)


def _are_apart(option, places):
    """Whether the ticks' texts fit side by side on an axis of 6 inches."""
    numbers = [option.numbers[place] for place in places]
    if is_wide(option):
        numbers = [math.log(number) for number in numbers]
    inches = 6 / ((numbers[-1] - numbers[0]) or 1)
    lengths = [len(option.values[place]) for place in places]
    return all(
        inches * (numbers[i + 1] - numbers[i]) > 0.09 * (lengths[i] + lengths[i + 1]) / 2 + 0.1
        for i in range(len(places) - 1)
    )


def draw_line(axes, scan, x, points, **style):
    """The best point at each value; a level line for points to which the option does not apply."""
    by_value = {}
    for point in points:
        by_value.setdefault(point.options[x.name], []).append(point)
    without = by_value.pop("", None)
    if without:
        axes.axhline(scan.best(without).value, **style)
        style.pop("label")
    if by_value:
        places = sorted((x.number(text), scan.best(found)) for text, found in by_value.items())
        numbers, values = [number for number, _ in places], [point.value for _, point in places]
        marker = {"marker": "o", "markersize": 4} if len(places) <= 40 else {}
        axes.plot(numbers, values, **style, **marker)
        halves = [point.half or 0 for _, point in places]
        if any(halves):
            axes.errorbar(numbers, values, halves, fmt="none", ecolor=style["color"], capsize=3, linewidth=1)


def name_values(axes, x, y):
    """Ticks of a map, whose cells are the values' places."""
    places = thinned(x.values, 16)
    names = [x.values[place] for place in places]
    axes.set_xticks(places, names, rotation=60 if sum(map(len, names)) > 55 else 0, fontsize=8)
    axes.set_xlabel(x.name)
    if y:
        places = thinned(y.values, 32)
        axes.set_yticks(places, [y.values[place] for place in places], fontsize=8)
        axes.set_ylabel(y.name)
    else:
        axes.set_yticks([])
