"""scan.csv as points: options as they were written, and one figure."""

import pathlib
import re
from fractions import Fraction

from .seeds import SEED, over_seeds
from .tables import InputError, read_csv

ACCEPTED = "a result folder of ringsim scan -o, or its scan.csv, is accepted"
# Units of options: their size in the first unit of the group.
UNITS = [
    {"bps": 1, "kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9, "Tbps": 1e12}
    | {"Bps": 8, "kBps": 8e3, "MBps": 8e6, "GBps": 8e9, "TBps": 8e12},
    {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12},
    {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15}
    | {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40},
    {"FLOPS": 1, "MFLOPS": 1e6, "GFLOPS": 1e9, "TFLOPS": 1e12, "PFLOPS": 1e15},
    {"": 1},
]


def number_of(text):
    """(number in the first unit, group of units), or None where the text is no quantity."""
    match = re.fullmatch(r"([-+]?[\d.]+(?:e[-+]?\d+)?(?:/\d+)?)([A-Za-z]*)", text)
    if not match:
        return None
    try:
        value = float(Fraction(match[1]) if "/" in match[1] else float(match[1]))
    except (ValueError, ZeroDivisionError):
        return None
    for group, units in enumerate(UNITS):
        if match[2] in units:
            return value * units[match[2]], group
    return None


class Option:
    """An option that varies: its values in order, by size where they are quantities of one kind."""

    def __init__(self, name, texts):
        self.name = name
        self.values = [text for text in dict.fromkeys(texts) if text]
        found = [number_of(text) for text in self.values]
        self.is_quantity = bool(found) and None not in found and len({group for _, group in found}) == 1
        if self.is_quantity:
            self.values.sort(key=lambda text: number_of(text)[0])
            self.numbers = [number_of(text)[0] for text in self.values]
        else:
            self.numbers = [float(place) for place in range(len(self.values))]

    def number(self, text):
        return self.numbers[self.values.index(text)]


class Point:
    """Texts of options (empty where one does not apply), and the figure; `half` the width of its interval over seeds,
    if there are several."""

    def __init__(self, options, value, others, half=None):
        self.options, self.value, self.others, self.half = options, value, others, half


def _label(names, texts):
    """The values; a bare number says of what."""
    number = re.compile(r"[\d./e+-]+")
    return ", ".join(f"{name} {text}" if number.fullmatch(text) else text for name, text in zip(names, texts) if text)


class Scan:
    """The points of a scan that have the figure, after a choice of values. Those that differ in their seed alone are
    one, their mean, unless `shows_seeds`."""

    def __init__(self, source, figure, where, others=(), shows_seeds=False):
        path = pathlib.Path(source)
        path = path / "scan.csv" if path.is_dir() else path
        table = read_csv(path, ["point", "error", figure, *others], ACCEPTED)
        self.path, self.figure = path, figure
        names = [name.removeprefix("option.") for name in table.names() if name.startswith("option.")]
        figures = [table.optional_numbers(column) for column in (figure, *others)]
        options = [table.texts(f"option.{name}") for name in names]
        chosen = self._chosen(where, dict(zip(names, options)))
        self.points, self.failed, absent = [], 0, 0
        for row, error in enumerate(table.texts("error")):
            texts = {name: column[row] for name, column in zip(names, options)}
            if any(texts[name] and texts[name] not in values for name, values in chosen.items()):
                continue
            value, *rest = (column[row] for column in figures)
            self.failed += bool(error)
            absent += value is None and not error
            if value is not None:
                self.points.append(Point(texts, value, rest))
        if not self.points:
            why = f"{self.failed} points failed, {absent} have no {figure}"
            raise InputError(f"{path}: no point is left ({why}); other values of --where or --figure are accepted")
        if SEED in names and not shows_seeds:
            names.remove(SEED)
            self.points = over_seeds(self.points, Point)
        self.options = {}
        for name in names:
            option = Option(name, [point.options[name] for point in self.points])
            # An option that some points have and others have not varies, too.
            if len({point.options[name] for point in self.points}) > 1:
                self.options[name] = option

    def _chosen(self, where, columns):
        chosen = {}
        for text in where:
            name, equals, values = text.partition("=")
            if not equals or name not in columns:
                raise InputError(
                    f"{self.path}: --where: found {text}; OPTION=VALUE[,VALUE...] is accepted, of "
                    + (", ".join(columns) or "no option")
                )
            for value in values.split(","):
                if value not in columns[name]:
                    known = ", ".join(value for value in dict.fromkeys(columns[name]) if value)
                    raise InputError(f"{self.path}: --where: {name}: found {value}; {known} are accepted")
            chosen.setdefault(name, set()).update(values.split(","))
        return chosen

    def option(self, name, flag):
        """The option of that name, which has to vary."""
        if name not in self.options:
            varying = ", ".join(self.options) or "none varies"
            raise InputError(f"{self.path}: --{flag}: found {name}, which does not vary; accepted: {varying}")
        return self.options[name]

    def axis(self, name, flag, taken=()):
        """The option that was asked for, or the quantity with the most values; None where none is left."""
        if name:
            return self.option(name, flag)
        left = [option for option in self.options.values() if option.name not in taken and len(option.values) > 1]
        return max(left, key=lambda option: (option.is_quantity, len(option.values)), default=None)

    def required_axis(self, name, flag, taken=()):
        found = self.axis(name, flag, taken)
        if found is None:
            raise InputError(f"{self.path}: no option has several values; a scan in which one has is accepted")
        return found

    def groups(self, taken):
        """The points by the values of the options that are not `taken`: {label: [points]}."""
        rest = [name for name in self.options if name not in taken]
        found = {}
        for point in self.points:
            found.setdefault(tuple(point.options[name] for name in rest), []).append(point)
        orders = [self.options[name].values for name in rest]

        def place(key):
            return [order.index(text) if text else -1 for order, text in zip(orders, key)]

        return {_label(rest, key): found[key] for key in sorted(found, key=place)}

    def is_greatest_best(self):
        greatest_best = ("compression_ratio", "headroom_seconds", "equal_at_bandwidth")
        return self.figure == "accuracy" or self.figure.startswith(greatest_best)

    def best(self, points):
        return (max if self.is_greatest_best() else min)(points, key=lambda point: point.value)

    def title(self):
        has_seeds = any(point.half is not None for point in self.points)
        of_seeds = "means over seeds, on lines with their 95 % intervals" if has_seeds else ""
        failed = f"{self.failed} points failed and are left out" if self.failed else ""
        return "; ".join(filter(None, (of_seeds, failed)))
