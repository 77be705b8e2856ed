"""Rows and objects that the program writes, as dataclasses."""

import csv
import dataclasses
import functools
import html
import types
import typing

SHOWN_ROWS = 20


@functools.cache
def field_types(kind) -> dict[str, object]:
    return typing.get_type_hints(kind)


def decode(kind, value):
    """A value of JSON or a cell of CSV as `kind`. Raises TypeError where an object has other keys than the class."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        if value is None or value == "":
            return None
        kind = typing.get_args(kind)[0]
    if dataclasses.is_dataclass(kind):
        members = field_types(kind)
        if set(value) != set(members):
            raise TypeError(f"{kind.__name__}: found the keys {', '.join(value)}; {', '.join(members)} are accepted")
        return kind(**{name: decode(members[name], member) for name, member in value.items()})
    if typing.get_origin(kind) is list:
        items = value.split() if isinstance(value, str) else value
        return [decode(typing.get_args(kind)[0], item) for item in items]
    if kind is bool:
        return value in (True, "1")
    return kind(value)


def flat(value, prefix: str = "") -> dict[str, object]:
    """A dataclass as one level of keys, named by their paths: {"seconds_per_step.total": 0.1}."""
    found = {}
    for field in dataclasses.fields(value):
        member = getattr(value, field.name)
        if dataclasses.is_dataclass(member):
            found.update(flat(member, f"{prefix}{field.name}."))
        else:
            found[prefix + field.name] = member
    return found


def shown(value) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def cells_of(rows: list[dict[str, object]]) -> list[list[str]]:
    """A heading and the first rows as text. Rows may lack keys that others have."""
    shown_rows = rows[:SHOWN_ROWS]
    names = list(dict.fromkeys(name for row in shown_rows for name in row))
    return [names, *([shown(row.get(name)) for name in names] for row in shown_rows)]


def html_table(rows: list[dict[str, object]]) -> str:
    """The first rows as a table."""
    if not rows:
        return "<p>no rows</p>"

    def line(tag, cells):
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    heading, *body = cells_of(rows)
    lines = [line("th", heading), *(line("td", cells) for cells in body)]
    rest = f"<p>and {len(rows) - SHOWN_ROWS} more rows</p>" if len(rows) > SHOWN_ROWS else ""
    return f"<table>{''.join(lines)}</table>{rest}"


def text_table(rows: list[dict[str, object]]) -> str:
    """The first rows as a table for a terminal, without columns that say nothing."""
    if not rows:
        return "no rows"
    columns = [column for column in zip(*cells_of(rows)) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    text = ["  ".join(map(str.rjust, line, widths)) for line in zip(*columns)]
    text.insert(1, "-" * len(text[0]))
    if len(rows) > SHOWN_ROWS:
        text.append(f"and {len(rows) - SHOWN_ROWS} more rows")
    return "\n".join(text)


class Table(list):
    """Rows of one kind, each a dataclass."""

    @classmethod
    def read(cls, path, kind) -> "Table":
        """The rows of a CSV file that the program wrote."""
        with open(path, newline="", encoding="utf-8") as file:
            return cls(decode(kind, row) for row in csv.DictReader(file))

    def flat_rows(self) -> list[dict[str, object]]:
        return [flat(row) for row in self]

    def to_pandas(self):
        """The rows as a pandas.DataFrame; absent values are None or NaN."""
        import pandas

        return pandas.DataFrame(self.flat_rows())

    def to_numpy(self, column: str):
        """One column, named by its path ("seconds_per_step.total"), as a numpy array."""
        import numpy

        return numpy.array([row[column] for row in self.flat_rows()])

    def __repr__(self) -> str:
        return text_table(self.flat_rows())

    def _repr_html_(self) -> str:
        return html_table(self.flat_rows())
