"""Compares what a document says with what a command gives.

TEXT = EXPRESSION: the numbers in TEXT, with their units, are the values of the Python expression, to the digit that
the text shows. An expression that is a truth value is a statement about a text without numbers."""
import itertools
import json
import math
import re

NUMBER = re.compile(
    r"(?<![\w.+-])([+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)"
    r"(?:\s?(%|[num]?s|[kMGT]i?B|B|[kMGT]?bit/s|[kMGT]?bps|x)(?![\w/]))?(?!\w)"
)
SCALES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
UNITS = {"%": 0.01, "x": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
UNITS |= {scale + "B": factor for scale, factor in SCALES.items()} | {"KiB": 2**10}
UNITS |= {scale + rate: factor for scale, factor in SCALES.items() for rate in ("bit/s", "bps")}
# Between numbers that share the unit of the last one.
JOINED = re.compile(r"\s*(?:,|/|,?\s*and|,?\s*or|to)\s*$")


def numbers_of(text):
    """(value, half of the last digit shown) of each number, in SI units, bits a second and bytes."""
    found = []
    matches = list(NUMBER.finditer(text))
    unit = ""
    for i in reversed(range(len(matches))):
        number, own = matches[i].groups()
        followed = i + 1 < len(matches) and JOINED.match(text[matches[i].end() : matches[i + 1].start()])
        unit = own or (unit if followed else "")
        mantissa, _, exponent = number.replace(",", "").partition("e")
        digits = len(mantissa.partition(".")[2]) - int(exponent or 0)
        factor = UNITS.get(unit, 1)
        found.append((float(number.replace(",", "")) * factor, 0.5 * 10.0**-digits * factor))
    return found[::-1]


def quantity(text):
    """The value of a text such as 5us or 10Gbps."""
    ((value, _),) = numbers_of(text)
    return value


class Value(dict):
    """An object of JSON whose members are attributes too, with those of a.b under a."""

    def __init__(self, members):
        super().__init__(members)
        for key, member in members.items():
            first, _, rest = key.partition(".")
            if rest:
                self.setdefault(first, Value({}))[rest] = member

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(f"no {name} in {', '.join(self)}")
        return self[name]


def same(found, wanted):
    if isinstance(wanted, (int, float)) and found not in (None, ""):
        return float(found) == wanted
    return found == wanted


class Names(dict):
    """What an expression may name: members of the command's JSON, row() of its list, cell() of its tables, stdout."""

    def __init__(self, run):
        super().__init__(__builtins__={}, row=self.row, cell=self.cell, text_of_cell=self.text_of_cell)
        self.update(
            quantity=quantity, min=min, max=max, len=len, sum=sum, abs=abs, all=all, any=any, int=int, float=float
        )
        self.run = run
        self.outputs = {}

    def __missing__(self, name):
        if name == "stdout":
            return self.output()
        if name == "result":
            return self.json()
        return self.json()[name]

    def output(self, options=""):
        if options not in self.outputs:
            self.outputs[options] = self.run(options)
        return self.outputs[options]

    def json(self):
        return json.loads(self.output(" --format json"), object_hook=Value)

    def row(self, **wanted):
        """The row of a scan with these values, of options first."""
        names = {name: name.replace("_", "-") for name in wanted}
        rows = [
            row
            for row in self.json()
            if all(same(row.get(f"option.{names[name]}", row.get(name)), value) for name, value in wanted.items())
        ]
        if len(rows) != 1:
            raise LookupError(f"{len(rows)} rows have {wanted}")
        return rows[0]

    def text_of_cell(self, title, row, column):
        """A cell of a table that is printed: by words of the lines above, its row's first cell, and how the heading of
        its column begins."""
        lines = self.output().splitlines()
        for number, line in enumerate(lines):
            above = lines[:number][-2:]
            if line.startswith("|") and not (above and above[-1].startswith("|")) and title in " ".join(above):
                columns = [i for i, name in enumerate(cells_of(line)) if name.startswith(column)]
                for other in itertools.takewhile(lambda other: other.startswith("|"), lines[number + 1 :]):
                    if columns and cells_of(other)[0] == row:
                        return cells_of(other)[columns[0]]
        raise LookupError(f"no row {row} with a column {column} under {title!r}")

    def cell(self, title, row, column):
        """The numbers of such a cell."""
        return [value for value, _ in numbers_of(self.text_of_cell(title, row, column))]


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def wrong_figure(text, expression, names):
    """What is wrong with the figures of the text, or nothing."""
    try:
        value = eval(expression, names)  # (documents are ours)
    except (LookupError, AttributeError, TypeError, ValueError, NameError, SyntaxError) as error:
        return f"{expression}: {error}"
    if isinstance(value, bool):
        return None if value else f"{expression} is not so"
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    numbers = numbers_of(text)
    if len(numbers) != len(values):
        return f"{len(numbers)} numbers in the text, {len(values)} in {expression}: {values}"
    for (said, half), found in zip(numbers, values):
        if found is None or not math.isclose(said, found, rel_tol=1e-9, abs_tol=half * (1 + 1e-6)):
            return f"the command gives {', '.join('nothing' if found is None else f'{found:.6g}' for found in values)}"
    return None


def wrong_cells(said, given):
    """How two rows of a table differ."""
    pairs = [(a, b) for a, b in zip(cells_of(said), cells_of(given)) if a != b]
    if len(cells_of(said)) != len(cells_of(given)):
        return f"{said}: the command gives {given}"
    return f"row {cells_of(said)[0]}: " + "; ".join(f"{a}: the command gives {b}" for a, b in pairs)


def counted(text, left_out):
    """The lines of a text but for empty ones and those that hold a text of left_out."""
    return [line for line in text.splitlines() if line.strip() and not any(words in line for words in left_out)]


def paired(said, given):
    """For each line of the output the line of the document that it is, or that a row of a table should be, or none;
    then the lines of the document that are none of them."""
    pairs, at, unused = [], 0, []
    for line in given:
        alike = [other for other in said[at:] if line.startswith("|") and first_word(other) == first_word(line)]
        place = said.index(line, at) if line in said[at:] else said.index(alike[0], at) if alike else None
        pairs.append((None if place is None else said[place], line))
        if place is not None:
            unused += said[at:place]
            at = place + 1
    return pairs, unused + said[at:]


def wrong_output(shown, output, left_out):
    """Lines of the output that do not stand in the text, in their order, and rows of tables there that the output has
    not. Lines that hold a text of left_out do not count."""
    pairs, unused = paired(counted(shown, left_out), counted(output, left_out))
    found = [
        f"missing: {given}" if said is None else wrong_cells(said, given) for said, given in pairs if said != given
    ]
    return found + [f"the command does not give: {line}" for line in unused if line.startswith("|")]


def mended(shown, output, left_out):
    """The text with the rows that the output has in place of those that differ."""
    pairs, _ = paired(counted(shown, left_out), counted(output, left_out))
    at = 0
    for said, given in pairs:
        if said is not None:
            place = shown.index(said + "\n", at)
            shown = shown[:place] + given + shown[place + len(said) :]
            at = place + len(given)
    return shown


def first_word(line):
    return cells_of(line)[0] if line.startswith("|") else line.split()[0]
