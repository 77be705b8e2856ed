#!/usr/bin/env python3
"""Checks Markdown files: lines of at most 120 columns, no white space at the end of a line, and links within the
repository that lead somewhere, to a heading that exists. Exempt from the width are what cannot be broken: rows of
tables, blocks of code, and lines of a single word (a long link or address).

Usage: markdown_check.py FILE...; with --self-test it writes files that break each rule and expects to be told so."""
import pathlib
import re
import sys
import tempfile
import urllib.parse

WIDTH = 120
FENCE = re.compile(r"\s*(```|~~~)")
TABLE_ROW = re.compile(r"\s*\|")
HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
CODE_SPAN = re.compile(r"(`+).*?\1", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.MULTILINE)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def numbered_prose(text):
    """The lines outside blocks of code, with their numbers."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(text):
    """What `#` may be followed by: headings in small letters, with `-` for spaces, numbered where they repeat."""
    found = set()
    for _, line in numbered_prose(text):
        heading = HEADING.match(line)
        if not heading:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        repeated = 0
        while (anchor if repeated == 0 else f"{anchor}-{repeated}") in found:
            repeated += 1
        found.add(anchor if repeated == 0 else f"{anchor}-{repeated}")
    return found


def links(text):
    """Every target of a link with the number of its line. A link may go on from one line to the next."""
    prose = [""] * len(text.splitlines())
    for number, line in numbered_prose(text):
        prose[number - 1] = line
    # Code spans become blanks of the same number of lines, so that line numbers stay.
    joined = CODE_SPAN.sub(lambda span: "\n" * span.group().count("\n"), "\n".join(prose))
    for match in [*LINK.finditer(joined), *DEFINITION.finditer(joined)]:
        yield joined.count("\n", 0, match.start(1)) + 1, match.group(1)


def broken_link(path, target):
    """What is wrong with a link of the file at path, or nothing."""
    if ADDRESS.match(target):
        return None
    name, _, anchor = target.partition("#")
    linked = path.parent / urllib.parse.unquote(name) if name else path
    if not linked.exists():
        return "leads to no file"
    if anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text()):
        return f"leads to no heading of {linked.name}"
    return None


def problems(path):
    text = path.read_text()
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            found.append(f"{path}:{number}: white space at the end of the line")
    for number, line in numbered_prose(text):
        if len(line) > WIDTH and not TABLE_ROW.match(line) and len(line.split()) > 1:
            found.append(f"{path}:{number}: {len(line)} columns; {WIDTH} are accepted")
    for number, target in links(text):
        wrong = broken_link(path, target)
        if wrong:
            found.append(f"{path}:{number}: the link {target} {wrong}")
    return found


def self_test():
    long = "word " * 30
    cases = [
        (long.strip(), [":1: 149 columns; 120 are accepted"]),
        ("a \nb", [":1: white space at the end of the line"]),
        (f"```\n{long.strip()}\n```", []),
        (f"```\n{long.strip()}\n```\n{long.strip()}", [":4: 149 columns; 120 are accepted"]),
        (f"| {long}|", []),
        ("https://" + "a" * 150, []),
        ("[a](other.md), [b](other.md#a-heading-with-code), [c](#here)\n# Here", []),
        ("text\n[a](missing.md)", [":2: the link missing.md leads to no file"]),
        ("[a\nb](missing.md)", [":2: the link missing.md leads to no file"]),
        ("![a](missing.png)", [":1: the link missing.png leads to no file"]),
        ("[a]: missing.md", [":1: the link missing.md leads to no file"]),
        ("`[a](missing.md)`\n```\n[a](missing.md)\n```\n[a](https://example.org/missing)", []),
        ("`a\nb` [a](missing.md)", [":2: the link missing.md leads to no file"]),
        ("[a](other.md#none)", [":1: the link other.md#none leads to no heading of other.md"]),
        ("[a](#none)", [":1: the link #none leads to no heading of case.md"]),
        ("# Twice\n# Twice\n[a](#twice-1)\n[b](#twice-2)", [":4: the link #twice-2 leads to no heading of case.md"]),
    ]
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "other.md").write_text("# A heading: with `code`\n")
        path = pathlib.Path(folder) / "case.md"
        for text, expected in cases:
            path.write_text(text + "\n")
            found = problems(path)
            if found != [f"{path}{problem}" for problem in expected]:
                sys.exit(f"self test: {text!r}: found {found}, expected {expected}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        found = [problem for name in sys.argv[1:] for problem in problems(pathlib.Path(name))]
        if found:
            sys.exit("\n".join(found))
