"""Documents that break each rule, with a program that stands in for ringsim, and what the test has to say of them."""
import pathlib
import tempfile

PROGRAM = """#!/bin/bash
case "$*" in
  "fail") echo "no such thing" >&2; exit 3 ;;
  "scan --format json") echo '[{"option.scheme": "iwp", "ranks": 8, "time.total": 0.25}, {"scheme": "dense"}]' ;;
  *json) echo '{"time": {"total": 0.0561}, "kind": "link", "missing": null}' ;;
  "table") printf 'Speed of x\\n\\n| a | b |\\n| --- | --- |\\n| x | 0.97 / 12 |\\n' ;;
  "show file.json") cat file.json ;;
esac
"""
BLOCK = "```\nringsim run\n```\n"


def figures(lines, command=BLOCK):
    return (
        f"{command}It takes 56.1 ms (5.61e1 ms) or 0.0571 s. A link, 0.25 and 8 ranks.\n<!-- figures:\n{lines}\n-->\n"
    )


TABLE = "`ringsim table`:\n\nSpeed of x\n\n| a | b |\n| --- | --- |\n| x | 0.97 / 12 |\n"
# A document; what commands.toml says; the problems that are expected.
CASES = [
    (figures("56.1 ms = time.total\nA link = kind == 'link'"), "", []),
    (figures("5.61e1 ms = time.total"), "", []),
    (figures("0.0571 s = time.total"), "", ["5: 0.0571 s: the command gives 0.0561"]),
    (figures("56.2 ms = time.total"), "", ["5: 56.2 ms: the section does not say so"]),
    (figures("56.1 ms = time.none"), "", ["5: 56.1 ms: time.none: no none in total"]),
    (figures("56.1 ms = missing"), "", ["5: 56.1 ms: the command gives nothing"]),
    (figures("A link = kind == 'latency'"), "", ["5: A link: kind == 'latency' is not so"]),
    (figures("56.1 ms = time.total, 1"), "", ["5: 56.1 ms: 1 numbers in the text, 2 in time.total, 1: [0.0561, 1]"]),
    (figures("nothing"), "", ["5: nothing: neither TEXT = EXPRESSION nor output"]),
    (figures(""), "", ["5: a comment without figures"]),
    (figures("0.25 and 8 = row(scheme='iwp').time.total, row(scheme='iwp').ranks", "`ringsim scan`\n"), "", []),
    (
        figures("0.25 = row(scheme='topk').time.total", "`ringsim scan`\n"),
        "",
        ["3: 0.25: row(scheme='topk').time.total:"],
    ),
    ("<!-- figures of `ringsim fail`:\noutput\n-->\n", "", ["1: `ringsim fail` ends with 3: no such thing"]),
    (TABLE + "<!-- figures:\noutput\n-->\n", "", []),
    (TABLE + "<!-- figures:\nx = cell('Speed', 'x', 'b') == [0.97, 12]\n-->\n", "", []),
    (
        TABLE.replace("12", "13") + "<!-- figures:\noutput\n-->\n",
        "",
        ["8: row x: 0.97 / 13: the command gives 0.97 / 12"],
    ),
    (TABLE + "| y | 1 |\n<!-- figures:\noutput\n-->\n", "", ["9: the command does not give: | y | 1 |"]),
    (TABLE.replace("Speed", "Time") + "<!-- figures:\noutput\n-->\n", "", ["8: missing: Speed of x"]),
    (TABLE.replace("Speed", "Time") + '<!-- figures:\noutput but for "Speed"\n-->\n', "", []),
    # Commands that nobody looks at.
    (BLOCK, "", ["2: no comment has the figures of `ringsim run`, and it stands in no list"]),
    ("`ringsim\nrun`", "", ["1: no comment has the figures of `ringsim run`, and it stands in no list"]),
    ("`tools/script`, `tools/data`, `ringsim`", "", ["1: no comment has the figures of `tools/script`, and it"]),
    ("```\nx=1 ringsim \\\n  run # to run\n```\n", "", ["2: no comment has the figures of `x=1 ringsim run`, and it"]),
    (BLOCK, 'run = ["ringsim run"]', []),
    (BLOCK, 'named = ["ringsim run"]', []),
    (BLOCK, '[not_run]\n"ringsim run" = "a reason"', []),
    ("`ringsim fail`", 'run = ["ringsim fail"]', ["1: `ringsim fail` ends with 3: no such thing"]),
    ("`ringsim NAME`", '[run_as]\n"ringsim NAME" = "ringsim fail"', ["1: `ringsim fail` ends with 3: no such thing"]),
    ("`ringsim fail`", 'long = ["ringsim fail"]', []),
    (figures("0.0571 s = time.total").replace("figures:", "figures (long):"), "", []),
    ("", 'run = ["ringsim run"]', ["commands.toml: no document has `ringsim run` (run)"]),
    (BLOCK, 'run = ["ringsim run"]\nnamed = ["ringsim run"]', ["commands.toml: `ringsim run` stands there twice"]),
    (
        figures("56.1 ms = time.total"),
        'run = ["ringsim run"]',
        ["commands.toml: `ringsim run` (run) is checked by a comment"],
    ),
    ("<!-- figure:\n56.1 ms = time.total\n-->\n", "", ["1: a comment that the test of documents does not know"]),
    # Files.
    ("<!-- file file.json -->\n\n```json\n{}\n```\n`ringsim show file.json`", 'run = ["ringsim show file.json"]', []),
    ("<!-- file file.json -->\n", "", ["1: no block of code follows for the file file.json"]),
]
# The same with --long.
LONG_CASES = [
    ("`ringsim fail`", 'long = ["ringsim fail"]', ["1: `ringsim fail` ends with 3: no such thing"]),
    ("`ringsim fail`", 'run = ["ringsim fail"]', []),
    ("`ringsim fail`", 'named = ["ringsim fail"]', []),
    ("`ringsim NAME`", '[run_as]\n"ringsim NAME" = "ringsim fail"', []),
    (figures("0.0571 s = time.total"), "", []),
    (
        figures("0.0571 s = time.total").replace("figures:", "figures (long):"),
        "",
        ["5: 0.0571 s: the command gives 0.0561"],
    ),
]


def run(problems):
    """What the test says wrongly, or 0."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "ringsim"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        cases = [(False, *case) for case in CASES] + [(True, *case) for case in LONG_CASES]
        for number, (long, text, lists, expected) in enumerate(cases):
            root = pathlib.Path(folder) / str(number)
            (root / "tools").mkdir(parents=True)
            (root / "tools/script").write_text("#!/bin/sh\n")
            (root / "tools/data").write_text("a,b\n")
            (root / "README.md").write_text(text)
            expected = [line if line.startswith("commands.toml") else f"README.md:{line}" for line in expected]
            found = problems(program, root, [], long, lists)
            if len(found) != len(expected) or not all(map(str.startswith, found, expected)):
                wrong.append(f"{text!r} with {lists!r}: found {found}, expected {expected}")
    return "\n".join(wrong) if wrong else 0
