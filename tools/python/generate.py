#!/usr/bin/env python3
"""Writes ringsim/generated.py: types of options and results, from `ringsim explain --document schema`.

Usage: ringsim explain --document schema | tools/python/generate.py > tools/python/ringsim/generated.py
"""
import json
import re
import sys
import textwrap

WIDTH = 120
HEAD = '''"""Types of options and results. Made by tools/python/generate.py of `ringsim explain --document schema`: it
is changed in the program."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

Text = str | os.PathLike[str]
Whole = int | str
Real = float | str
Switch = bool | str
'''
OPTION_TYPES = {
    "whole number": "Whole",
    "number": "Real",
    "on or off": "Switch",
    "quantity": "str",
    "text": "Text",
}
FIELD_TYPES = {
    "text": "str",
    "whole number": "int",
    "number": "float",
    "yes or no": "bool",
    "whole numbers": "list[int]",
}
# Names of the classes of rows. scan.csv has the keys of summary.json, and options that vary.
CLASSES = {
    "steps.csv": "Step",
    "layers.csv": "Layer",
    "links.csv": "Link",
    "staleness.csv": "StalenessCount",
    "transfers.csv": "Transfer",
    "faults.csv": "Fault",
    "trace_layers.csv": "TraceLayer",
    "points.csv": "CalibrationPoint",
}
# Keys of summary.json that a point of a scan has not.
OF_ONE_RUN = ("wall_seconds", "provenance")


def identifier(name):
    return name.replace("-", "_")


def python_names(text):
    """Names of options as Python has them: `compute-time` is compute_time."""
    return re.sub(r"`-{0,2}([a-z][a-z0-9-]*)`", lambda found: f"`{identifier(found[1])}`", text)


def docstring(text, indent="    "):
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    if text.endswith('"'):
        text += " "
    return textwrap.fill(f'"""{text}"""', WIDTH, initial_indent=indent, subsequent_indent=indent) + "\n"


def option_text(option):
    parts = [
        f"{option['value']}: {option['meaning']}",
        f"Accepted: {option['accepted']}",
    ]
    for key in ("default", "needs"):
        if option[key]:
            parts.append(f"{key.capitalize()}{':' if key == 'default' else ''} {option[key]}")
    return python_names(". ".join(parts) + ".")


def option_class(name, text, options, of_type, explain=lambda option: ""):
    lines = f"\n\nclass {name}(TypedDict, total=False):\n" + docstring(text) + "\n"
    for option in options:
        lines += f"    {identifier(option['name'])}: {of_type(OPTION_TYPES[option['type']])}\n" + explain(option)
    return lines


def class_name(path):
    return "".join(part.capitalize() for part in re.split(r"[._\[\]]+", path) if part)


def members_of(fields, path):
    """The fields right under a path."""
    return [field for field in fields if re.fullmatch(re.escape(path) + r"[^.\[\]]+", field["name"])]


def annotation(field):
    kind = FIELD_TYPES.get(field["type"]) or class_name(field["name"])
    if field["type"] == "objects":
        kind = f"list[{kind}]"
    return f"{kind} | None" if field["may_be_absent"] else kind


def member_lines(members, prefix):
    lines = ""
    for field in members:
        unit = f"[{field['unit']}] " if field["unit"] else ""
        lines += f"\n    {field['name'][len(prefix):]}: {annotation(field)}\n" + docstring(unit + field["meaning"])
    return lines


def row_class(name, text, members, prefix="", base=""):
    return f"\n\n@dataclass(frozen=True)\nclass {name}{base}:\n" + docstring(text) + member_lines(members, prefix)


def inner_classes(fields, members):
    """The classes of members that are objects, the innermost first."""
    text = ""
    for field in members:
        if field["type"] not in ("object", "objects"):
            continue
        prefix = field["name"] + ("[]." if field["type"] == "objects" else ".")
        inner = members_of(fields, prefix)
        text += inner_classes(fields, inner) + row_class(class_name(field["name"]), field["meaning"], inner, prefix)
    return text


def summary_classes(file):
    members = members_of(file["fields"], "")
    figures = [field for field in members if field["name"] not in OF_ONE_RUN]
    rest = [field for field in members if field["name"] in OF_ONE_RUN]
    return (
        inner_classes(file["fields"], members)
        + row_class("Figures", "What a run reports, as a point of a scan has it.", figures)
        + row_class("Summary", f"{file['name']}: {file['contents']}.", rest, base="(Figures)")
    )


def quoted(text):
    """A literal with the quotes that need fewer backslashes, as black has it."""
    if text.count('"') > text.count("'"):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(text, ensure_ascii=False)


def option_table(options):
    lines = "\n\n# What is said of each option, by its name in Python.\nOPTIONS: dict[str, str] = {\n"
    for option in options:
        pieces = textwrap.wrap(option_text(option), WIDTH - 16, drop_whitespace=False)
        name = f'    "{identifier(option["name"])}": '
        if len(pieces) == 1 and len(name + quoted(pieces[0])) < WIDTH:
            lines += f"{name}{quoted(pieces[0])},\n"
        else:
            lines += name + "(" + "".join(f"\n        {quoted(piece)}" for piece in pieces) + "\n    ),\n"
    return lines + "}\n"


def generated(schema):
    options = schema["options"]
    text = HEAD + option_class(
        "RunOptions",
        'Options of one run; quantities carry their unit ("10Gbps").',
        options,
        lambda kind: kind,
        lambda option: docstring(option_text(option)),
    )
    text += option_class(
        "ScanOptions",
        'Options of a scan: each takes a value, several, or a range ("1..5", "1Gbps..100Gbps*10").',
        options,
        lambda kind: f"{kind} | Iterable[{kind}]",
    )
    for file in schema["files"]:
        if file["name"] == "summary.json":
            text += summary_classes(file)
        elif file["name"] in CLASSES:
            text += row_class(
                CLASSES[file["name"]],
                f"A row of {file['name']}: {file['contents']}. One row per {file['one_row_per']}.",
                file["fields"],
            )
    return text + option_table(options)


if __name__ == "__main__":
    sys.stdout.write(generated(json.load(sys.stdin)))
