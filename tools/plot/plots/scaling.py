"""How a step grows with the number of ranks, from scan.csv."""

from .scan_axes import thinned
from .scan_table import Scan
from .style import MOST_LINES, label_values, legend, limited, line_style, set_scale
from .tables import InputError

RANKS, COMPUTE = "ranks", "seconds_per_step.compute"


def plot_scaling(figure, arguments):
    """The time of a step, and the scaling factor: what part of it computes, which is the speed on N ranks over N times
    the speed of one."""
    scan = Scan(arguments.sources[0], "seconds_per_step.total", arguments.where, (RANKS, COMPUTE))
    counts = sorted({int(point.others[0]) for point in scan.points})
    if len(counts) < 2:
        raise InputError(f"{scan.path}: every point has {counts[0]} ranks; a scan over several is accepted")
    lines = scan.groups({RANKS})
    limited(lines, MOST_LINES, f"{scan.path}: lines", "--where OPTION=VALUE chooses")
    has_factor = any(point.others[1] for point in scan.points)
    figure.set_size_inches(10 if len(lines) > 7 else 8, 6.5 if has_factor else 4.5)
    above, *below = figure.subplots(2 if has_factor else 1, 1, sharex=True, squeeze=False)[:, 0]
    for place, (label, points) in enumerate(lines.items()):
        best = _best_by_ranks(scan, points)
        style = {"marker": "o", "markersize": 4, "label": label or "time of a step", **line_style(place)}
        above.plot(list(best), [point.value for point in best.values()], **style)
        if has_factor:
            shares = [100 * (point.others[1] or 0) / point.value if point.value else 0 for point in best.values()]
            below[0].plot(list(best), shares, **style)
    set_scale(above, "y", [point.value for point in scan.points])
    above.set_ylabel("time of a step")
    label_values(above.yaxis, "s")
    if has_factor:
        below[0].set(ylabel="scaling factor: computing [%]", ylim=(0, 103))
    _set_ranks_axis((below or [above])[0], counts)
    legend(above, len(lines) if len(lines) > 1 else 0)
    if scan.title():
        figure.suptitle(scan.title(), fontsize=9)


def _best_by_ranks(scan, points):
    found = {}
    for point in points:
        found.setdefault(int(point.others[0]), []).append(point)
    return {count: scan.best(found[count]) for count in sorted(found)}


def _set_ranks_axis(axes, counts):
    from matplotlib.ticker import NullLocator

    if counts[-1] >= 8 * counts[0]:
        axes.set_xscale("log")
    places = thinned(counts, 14)
    axes.set_xticks([counts[place] for place in places], [str(counts[place]) for place in places])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("ranks")
