"""What the plots have in common: colours, scales, units, and files that are written whole."""

import os

from .tables import InputError

# Okabe & Ito's colours, which people with colour blindness can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
LINES = ["-", "--", "-.", ":"]
# Lines in one picture that can be told apart.
MOST_LINES = 21

SETTINGS = {
    # The same input gives the same bytes: the ids in SVG have a fixed salt.
    "svg.hashsalt": "ringsim",
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def colour(place):
    return COLOURS[place % len(COLOURS)]


def line_style(place):
    """Colour and dashes of a line among others: neither alone has to be told apart."""
    return {"color": colour(place), "linestyle": LINES[place % len(LINES)]}


def smooth(values, width):
    """Running mean over the last `width` values."""
    result, total = [], 0.0
    for i, value in enumerate(values):
        total += value - (values[i - width] if i >= width else 0.0)
        result.append(total / min(i + 1, width))
    return result


def unit_of(figure):
    """The unit of a column of scan.csv or of a table, or nothing."""
    if "seconds" in figure or figure.endswith("_s"):
        return "s"
    return "B" if "bytes" in figure else ""


def formatted(value, unit):
    """The number to three digits, with its unit and a prefix."""
    from matplotlib.ticker import EngFormatter

    if not unit or value == 0:
        return f"{value:.3g} {unit}".rstrip()
    if not 1e-24 <= abs(value) < 1e27:
        return f"{value:.3g} {unit}"
    text = EngFormatter(unit=unit, places=2).format_data(value)
    number, _, rest = text.partition(" ")
    digits = len(number.lstrip("-").split(".")[0])
    return f"{float(number):.{max(0, 3 - digits)}f} {rest}"


def label_values(axis, unit):
    """Writes the axis' numbers with their unit."""
    from matplotlib.ticker import EngFormatter

    if unit:
        axis.set_major_formatter(EngFormatter(unit=unit))


def set_scale(axes, which, values):
    """Chooses the scale that shows all values: logarithmic where the largest is far above the smallest, and then with
    a place for 0."""
    positive = [value for value in values if value > 0]
    if not positive or min(values) < 0 or max(positive) < 10 * min(positive):
        return
    setter = getattr(axes, f"set_{which}scale")
    if min(values) > 0:
        setter("log")
        label_decades(getattr(axes, f"{which}axis"), max(values) / min(values))
    else:
        # Below the smallest value the axis is straight, down to 0.
        setter("symlog", linthresh=min(positive), linscale=0.3)


def label_decades(axis, ratio):
    """Numbers at 1, 2 and 5 of each decade of a logarithmic axis where it has few, written plainly."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if ratio < 1000:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axis.set_minor_formatter(NullFormatter())


def set_step_axis(axes, steps, label="step"):
    """The x-axis of steps, which are whole numbers; a single one has the middle."""
    from matplotlib.ticker import MaxNLocator

    if min(steps) == max(steps):
        axes.set_xlim(min(steps) - 1, max(steps) + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel(label)


def marked(count):
    """The style of a line's points, which are shown where they are few."""
    return {"marker": "o", "markersize": 4} if count < 30 else {}


def legend(axes, lines):
    """A legend within the picture where it is short, and beside it where it is long."""
    if lines > 7:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small")
    elif lines > 0:
        axes.legend()


def limited(items, most, what, remedy):
    """`items`, which are as many as a picture shows legibly."""
    if len(items) > most:
        raise InputError(f"{what}: found {len(items)}; at most {most} are accepted; {remedy}")
    return items


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
