"""What the functions of ringsim return."""

import csv
import dataclasses
import pathlib
from dataclasses import dataclass, field

from ringsim.generated import (
    Basis,
    Fault,
    Figures,
    HeadroomSeconds,
    Layer,
    Link,
    StalenessCount,
    Step,
    Summary,
    Transfer,
)
from ringsim.program import call
from ringsim.tables import Table, decode, flat, html_table, text_table


class Shown:
    """Results that are a table in a notebook and in a terminal; those that have a `text` show it there, as the program
    does."""

    def _rows(self) -> list[dict[str, object]]:
        raise NotImplementedError

    def to_pandas(self):
        """The result as a pandas.DataFrame."""
        import pandas

        return pandas.DataFrame(self._rows())

    def _lines(self) -> list[str]:
        """What stands below the table in a terminal."""
        return []

    def __repr__(self) -> str:
        return "\n".join([text_table(self._rows()), "", *self._lines()]).rstrip()

    def _repr_html_(self) -> str:
        return html_table(self._rows())


class Stored(Shown):
    """Results in a folder, which lives as long as the result where nobody named one (`output`)."""

    folder: pathlib.Path

    def report(self, path: str) -> pathlib.Path:
        """Writes a page that opens without a network: for a scan the decision map, for a run its steps, layers and
        links."""
        call("report", str(self.folder), "-o", str(path))
        return pathlib.Path(path)


@dataclass(frozen=True, repr=False)
class Run(Stored):
    """One experiment. `print(run)` says what it cost and what that means."""

    folder: pathlib.Path
    summary: Summary
    text: str
    _kept: object = field(default=None, compare=False)

    def __repr__(self) -> str:
        return self.text

    def _rows(self):
        return [flat(self.summary)]

    def _repr_html_(self) -> str:
        return html_table([{"figure": name, "value": value} for name, value in flat(self.summary).items()])

    def _table(self, name: str, kind) -> Table:
        path = self.folder / name
        return Table.read(path, kind) if path.exists() else Table()

    @property
    def steps(self) -> "Table[Step]":
        return self._table("steps.csv", Step)

    @property
    def layers(self) -> "Table[Layer]":
        return self._table("layers.csv", Layer)

    @property
    def links(self) -> "Table[Link]":
        return self._table("links.csv", Link)

    @property
    def staleness(self) -> "Table[StalenessCount]":
        return self._table("staleness.csv", StalenessCount)

    @property
    def faults(self) -> "Table[Fault]":
        """Empty where no host died."""
        return self._table("faults.csv", Fault)

    @property
    def transfers(self) -> "Table[Transfer]":
        """Every message, where the run was asked for them (`transfers=True`)."""
        return self._table("transfers.csv", Transfer)


@dataclass(frozen=True, repr=False)
class SeedRuns(Shown):
    """One experiment with several seeds: a run each, and the mean of each figure with the half width of its 95 %
    confidence interval."""

    runs: list[Run]
    mean: dict[str, float]
    ci95: dict[str, float]

    def __repr__(self) -> str:
        total = "seconds_per_step.total"
        return f"{len(self.runs)} runs: {self.mean[total]:.6g} s a step, +- {self.ci95[total]:.2g}"

    def _rows(self):
        return [{"figure": name, "mean": mean, "ci95": self.ci95.get(name)} for name, mean in self.mean.items()]


@dataclass(frozen=True)
class ScanPoint:
    """A point of a scan: the options that vary, and its figures, or why it failed."""

    point: int
    options: dict[str, str]
    figures: Figures | None
    error: str | None


def nested(cells: dict[str, str], kind) -> dict[str, object]:
    """Cells named by paths as the nested keys of a dataclass; an object whose cells are all empty is None."""
    found: dict[str, object] = {}
    for item in dataclasses.fields(kind):
        if item.name in cells:
            found[item.name] = cells[item.name]
            continue
        prefix = item.name + "."
        inner = {name[len(prefix) :]: cell for name, cell in cells.items() if name.startswith(prefix)}
        may_be_absent = type(None) in getattr(item.type, "__args__", ())
        found[item.name] = None if may_be_absent and not any(inner.values()) else inner
    return found


def read_points(path: pathlib.Path) -> list[ScanPoint]:
    points = []
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            options = {name[len("option.") :]: cell for name, cell in row.items() if name.startswith("option.")}
            figures = None
            if not row["error"]:
                figures = decode(Figures, nested(row, Figures))
            points.append(ScanPoint(int(row["point"]), options, figures, row["error"] or None))
    return points


@dataclass(frozen=True, repr=False)
class Scan(Stored):
    """All combinations of options. `print(scan)` has a table and a verdict."""

    folder: pathlib.Path
    points: list[ScanPoint]
    text: str
    _kept: object = field(default=None, compare=False)

    def __repr__(self) -> str:
        return self.text

    def best(self) -> ScanPoint:
        """The point whose steps take the least time."""
        return min(
            (point for point in self.points if point.figures is not None),
            key=lambda point: point.figures.seconds_per_step.total,
        )

    def _rows(self):
        return [
            {
                "point": point.point,
                **point.options,
                **(flat(point.figures) if point.figures else {}),
                "error": point.error,
            }
            for point in self.points
        ]

    def _repr_html_(self) -> str:
        always = (
            "seconds_per_step.total",
            "seconds_per_step.exposed_exchange",
            "compression_ratio.wire",
            "accuracy",
        )
        where_known = ("headroom_seconds.dense_fp32", "headroom_seconds.dense_bf16", "basis.compress")
        figures = [flat(point.figures) if point.figures else {} for point in self.points]
        columns = always + tuple(name for name in where_known if any(each.get(name) is not None for each in figures))
        return html_table(
            [
                {"point": point.point, **point.options}
                | {name: each.get(name) for name in columns}
                | {"error": point.error}
                for point, each in zip(self.points, figures)
            ]
        )


@dataclass(frozen=True)
class ComparedRun:
    """A run beside others: how many times as fast as the first it is."""

    run: str
    speed_up: float
    summary: Summary


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Results of runs side by side, the first of which the others are held against."""

    runs: list[ComparedRun]
    text: str

    def __repr__(self) -> str:
        return self.text

    def _rows(self):
        return [flat(run) for run in self.runs]


@dataclass(frozen=True)
class TimesAt:
    """Seconds per step of both configurations at one value of the option that was searched, how they are known, and
    where `headroom` is on how much longer compressing may take until dense gradients are as fast."""

    value: str
    a_s: float
    b_s: float
    a_basis: Basis
    b_basis: Basis
    a_headroom_seconds: HeadroomSeconds
    b_headroom_seconds: HeadroomSeconds


@dataclass(frozen=True)
class Crossing:
    """Two values between which both configurations take the same time; `width` is how far apart they are, relatively;
    None between neighbours of a list."""

    low: TimesAt
    high: TimesAt
    width: float | None


@dataclass(frozen=True, repr=False)
class Breakeven(Shown):
    """Where two configurations, `a` and `b`, take the same time per step."""

    option: str
    a: str
    b: str
    a_compress_basis: str | None
    b_compress_basis: str | None
    crossings: list[Crossing]
    grid: list[TimesAt]

    def _rows(self):
        return [
            {self.option: at.value, f"{self.a}, s": at.a_s, f"{self.b}, s": at.b_s}
            | {f"basis.compress of {self.a}": at.a_basis.compress, f"basis.compress of {self.b}": at.b_basis.compress}
            for at in self.grid
        ]

    def _lines(self):
        if self.crossings:
            return [
                f"They cross between {self.option}={each.low.value} and {each.high.value}." for each in self.crossings
            ]
        faster = {self.a if at.a_s < at.b_s else self.b for at in self.grid if at.a_s != at.b_s}
        return [f"{each} is faster." for each in faster] or ["They take the same time."]


@dataclass(frozen=True)
class Choice:
    """A configuration of `optimize` and what a step takes with it."""

    options: dict[str, str]
    seconds: float
    basis: Basis
    headroom_seconds: HeadroomSeconds


@dataclass(frozen=True, repr=False)
class Choices(Shown):
    """The best configurations, the fastest first."""

    choices: list[Choice]

    def _rows(self):
        options = dict.fromkeys(name for choice in self.choices for name in choice.options)
        return [
            {name: choice.options.get(name) for name in options}
            | {"seconds": choice.seconds, "basis.compress": choice.basis.compress}
            | flat(choice.headroom_seconds, "headroom_seconds.")
            for choice in self.choices
        ]
