"""CSV files as ringsim writes them, read strictly: what is wrong is said with file, line and column."""

import csv
import math
import pathlib

RESULTS = "a result folder of ringsim run -o is accepted"


class InputError(Exception):
    """The user's input is wrong."""


class Table:
    """Some columns of a CSV file, a list of texts each."""

    def __init__(self, path, texts, lines):
        self.path, self._texts, self._lines = path, texts, lines

    def names(self):
        return list(self._texts)

    def texts(self, column):
        return self._texts[column]

    def numbers(self, column):
        """The column's numbers, none of which may be absent."""
        return [self._number(column, row, text) for row, text in enumerate(self._texts[column])]

    def optional_numbers(self, column):
        """The column's numbers; None where one is absent."""
        return [self._number(column, row, text) if text else None for row, text in enumerate(self._texts[column])]

    def _number(self, column, row, text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in text:
            found = f'"{text}"' if text else "nothing"
            raise InputError(f"{self.path}:{self._lines[row]}: column {column}: found {found}; a number is accepted")
        return value


def read_csv(path, columns, accepted):
    """The table with at least these columns. `accepted` ends errors that say that the file is another one."""
    path = pathlib.Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {accepted}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: found bytes that are no text; {accepted}") from error
    try:
        return _table(path, text, columns, accepted)
    except csv.Error as error:
        raise InputError(f"{path}: found what is no CSV ({error}); {accepted}") from error


def _table(path, text, columns, accepted):
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    header = next(reader, [])
    missing = [column for column in columns if column not in header]
    if missing:
        shown = header[:8] + [f"{len(header) - 8} more"] * (len(header) > 8)
        raise InputError(f"{path}: no column {missing[0]}; found {', '.join(shown) or 'nothing'}; {accepted}")
    rows, lines = [], []
    for row in reader:
        if len(row) != len(header):
            raise InputError(
                f"{path}:{reader.line_num}: found {len(row)} of {len(header)} cells; "
                "a file that was not cut off is accepted"
            )
        rows.append(row)
        lines.append(reader.line_num)
    if not text.endswith("\n"):
        raise InputError(
            f"{path}:{reader.line_num}: found a line without an end; a file that was not cut off is accepted"
        )
    if not rows:
        raise InputError(f"{path}: no rows; {accepted}")
    return Table(path, {name: list(cells) for name, cells in zip(header, zip(*rows))}, lines)


def read_result(run, name, columns):
    """A table of a result folder."""
    return read_csv(pathlib.Path(run) / name, columns, RESULTS)


def only(sources, what, kind):
    """The one source of a plot that takes no more."""
    if len(sources) != 1:
        raise InputError(f"{what}: found {len(sources)} {kind}; one is accepted")
    return sources[0]


def run_names(runs):
    """The folders' names, with as many parents as it takes to tell them apart."""
    parts = [pathlib.Path(run).resolve().parts for run in runs]
    for length in range(1, max(len(p) for p in parts) + 1):
        names = ["/".join(p[-length:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    raise InputError(f"{runs[0]}: found twice; every result folder is accepted once")
