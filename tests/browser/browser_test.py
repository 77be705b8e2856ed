#!/usr/bin/env python3
"""The page of `ringsim report` in a real browser, and its figures in node. Makes results with the program, then calls
page_test.mjs and chromium_test.mjs. With RINGSIM_SCREENSHOTS=FOLDER pictures of the pages are left there.
Usage: browser_test.py RINGSIM SOURCE_ROOT MODULES   (MODULES: the folder with node_modules)"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM, ROOT, MODULES = map(os.path.abspath, sys.argv[1:4])
HERE = pathlib.Path(__file__).parent
SKIPPED = 77
HOSTILE = '</script><img src=x onerror="window.broken=1">\u2028=cmd()\x01'


def ringsim(*arguments):
    subprocess.run([PROGRAM, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def links_of_kinds(folder):
    """The names of the links of a topology of each kind."""
    names = {}
    for kind in [
        "ring",
        "switch",
        "hierarchical",
        "fat-tree",
        "torus",
        "dragonfly",
    ]:  # uniform routes have a switch's links
        out = folder / f"kind-{kind}"
        uniform = ["--topology", kind, "--ranks", "64", "--bandwidth", "1Gbps", "--latency", "5us"]
        ringsim(
            "run", "--bytes", "1kB", "--scheme", "dense", "--compute-time", "0s", *uniform, "--steps", "1", "-o", out
        )
        names[kind] = [row["link"] for row in csv.DictReader((out / "links.csv").open())]
    return names


def make_hostile(folder, run):
    """A run whose layers and links have names that would break out of a page that let them."""
    out = folder / "<b>hostile"
    shutil.copytree(run, out)
    for name, column in [("layers.csv", "layer"), ("links.csv", "link"), ("staleness.csv", "layer")]:
        with (out / name).open(newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames
        first = rows[0][column]
        for row in rows:
            if row[column] == first:
                row[column] = HOSTILE
        with (out / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    summary = json.loads((out / "summary.json").read_text())
    summary["provenance"]["command"] = HOSTILE
    (out / "summary.json").write_text(json.dumps(summary))
    return out


def make_large(folder, columns):
    """A scan of 10,000 points with times from 1 ns to 1 s, some of them 0, some failed."""
    out = folder / "large"
    out.mkdir()
    lines = ["point,option.ranks,option.bandwidth,option.scheme,option.seed," + ",".join(columns)]
    for point in range(10_000):
        options = [
            8 << point % 5,
            f"{10 ** (point // 5 % 4)}Gbps",
            ["dense", "iwp", HOSTILE][point // 20 % 3],
            point // 60,
        ]
        time = 0 if point % 97 == 0 else 1e-9 * 10 ** (point % 10) * (1 + point / 1e4)
        values = {"seconds_per_step.total": time, "bytes_sent_per_rank.total": point * 1000, "bottleneck.kind": "link"}
        if point % 500 == 3:
            values = {"error": HOSTILE}
        cells = [point, *options, *(values.get(column, "") for column in columns)]
        lines.append(",".join('"' + str(cell).replace('"', '""') + '"' for cell in cells))
    (out / "scan.csv").write_text("\n".join(lines) + "\n")
    return out


def make_pages(folder):
    pages = {}

    def report(name, *folders):
        pages[name] = str(folder / f"{name}.html")
        ringsim("report", *folders, "-o", pages[name])

    quick = ["--topology", "ring8-1g", "--steps", "24", "--evaluate-every", "6"]
    ringsim("run", *quick, "--scheme", "iwp", "--transfers", "-o", folder / "iwp")
    ringsim("run", *quick, "--scheme", "dense", "-o", folder / "dense")
    ringsim("run", *quick, "--scheme", "iwp", "--seed", "1,2", "-o", folder / "seeds")
    uniform = ["--topology", "ring", "--ranks", "8,16", "--latency", "5us", "--bandwidth", "1Gbps..1000Gbps*10"]
    ringsim(
        *("scan", *uniform, "--bytes", "4MB", "--compute-time", "2ms", "--steps", "1"),
        *("--scheme", "dense,iwp,topk", "--seed", "1,2", "-o", folder / "scan"),
    )
    report("run", folder / "iwp")
    report("runs", folder / "dense", folder / "iwp")
    report("seeds", folder / "seeds")
    report("scan", folder / "scan")
    report("hostile", make_hostile(folder, folder / "iwp"))
    with (folder / "scan/scan.csv").open() as file:
        figures = [name for name in next(csv.reader(file)) if name != "point" and not name.startswith("option.")]
    report("large", make_large(folder, figures))
    return pages


def main():
    chromium = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    node = shutil.which("node")
    if not chromium or not node:
        print("skipped: chromium or node is missing")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        environment = os.environ | {
            "SOURCES": f"{ROOT}/tools/report/src",
            "LINKS": json.dumps(links_of_kinds(folder)),
            "PAGES": json.dumps(make_pages(folder)),
            "RESULTS": name,
            "HOSTILE": HOSTILE,
            "CHROMIUM": chromium,
            "MODULES": MODULES,
        }
        tests = [str(HERE / "page_test.mjs"), str(HERE / "chromium_test.mjs")]
        return subprocess.run([node, "--test", *tests], env=environment).returncode


sys.exit(main())
