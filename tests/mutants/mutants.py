#!/usr/bin/env python3
"""The mutation check: do the tests notice when the code is wrong? README.md says how it works.

    mutants.py make    chooses mutants and builds all of them into one copy of the sources
    mutants.py reach   runs each test without a mutant, and finds which mutants it passes
    mutants.py run     runs each mutant's tests until one fails
    mutants.py golden  compares the recorded results with the survivors
    mutants.py table   prints what was killed, by module, and the survivors
    mutants.py show N  prints everything about a mutant

Each of them goes on where it was stopped; everything lies in build/mutants (--folder).
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import trials  # noqa: E402
from building import build_copy  # noqa: E402
from copy_of_sources import MODULES, ROOT, choose, tracked_files  # noqa: E402

EQUIVALENT = pathlib.Path(__file__).with_name("equivalent.toml")


class Journal:
    """Lines of JSON, appended one by one; the last line of a key counts."""

    def __init__(self, path, key):
        self.path, self.key = path, key
        self.lock = threading.Lock()
        self.entries = {}
        if path.is_file():
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue  # the script was stopped while it wrote it
                self.entries[entry[key]] = entry

    def add(self, entry):
        with self.lock, self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            self.entries[entry[self.key]] = entry


class Check:
    def __init__(self, folder):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tree = self.folder / "tree"
        self.build = self.tree / "build" / "dev"
        self.list = self.folder / "mutants.json"
        self.mutants = json.loads(self.list.read_text()) if self.list.is_file() else []
        self.reaches = Journal(self.folder / "reaches.jsonl", "test")
        self.results = Journal(self.folder / "results.jsonl", "number")
        self.golden = Journal(self.folder / "golden.jsonl", "number")

    def save(self):
        self.list.write_text(json.dumps(self.mutants, indent=1))

    @property
    def live(self):
        return [mutant for mutant in self.mutants if not mutant.get("dropped")]

    def result_of(self, mutant):
        return self.results.entries.get(mutant["number"], {}).get("result")


def in_parallel(jobs, work, items):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for at, done in enumerate(concurrent.futures.as_completed([pool.submit(work, item) for item in items]), 1):
            print(f"{at}/{len(items)} {done.result()}", flush=True)


def make(check, arguments):
    """A second call brings tests that have changed; a change of what is mutated needs a new --folder."""
    files = tracked_files()
    if not check.mutants:
        check.mutants = choose(files, arguments.seed, arguments.mutants)
        check.save()
    build_copy(check.tree, files, check.mutants, arguments.jobs, check.save)
    print(f"{len(check.live)} mutants, {len(check.mutants) - len(check.live)} dropped")


def reach(check, arguments):
    tests = trials.tests_of(check.build)
    wanted = [
        test
        for test in tests
        if re.search(arguments.tests, test.name) and (arguments.again or test.name not in check.reaches.entries)
    ]

    def work(test):
        entry = trials.reach(test, check.folder)
        check.reaches.add(entry)
        return f"{entry['outcome']} {entry['seconds']} s, {len(entry['reached'])} mutants: {test.name}"

    in_parallel(arguments.jobs, work, wanted)


def run(check, arguments):
    tests = trials.tests_of(check.build)
    wanted = [mutant for mutant in check.live if needs_run(check, mutant, arguments)]

    def work(mutant):
        began = time.monotonic()
        passed = check.results.entries.get(mutant["number"], {}).get("passed", {})
        entry = trials.try_mutant(mutant, tests, check.reaches.entries, arguments.longest, passed)
        entry |= {"number": mutant["number"], "seconds": round(time.monotonic() - began, 1)}
        check.results.add(entry)
        return f"{entry['result']} {entry.get('test', '')}: {line_of(mutant)}"

    in_parallel(arguments.jobs, work, wanted)


def needs_run(check, mutant, arguments):
    if arguments.only:
        return mutant["number"] in arguments.only
    result = check.result_of(mutant)
    return result is None or (arguments.survivors and result != "killed")


def golden(check, arguments):
    """For mutants that no test killed, whether the recorded results differ."""
    script = [sys.executable, str(check.tree / "tests/golden/golden.py"), str(check.build / "tools/ringsim/ringsim")]

    def work(mutant):
        environment = os.environ | {"RINGSIM_MUTANT": str(mutant["number"])}
        try:
            done = subprocess.run(
                [*script, "-j", "1"], env=environment, capture_output=True, text=True, timeout=arguments.limit
            )
            differing = done.stdout.splitlines()
        except subprocess.TimeoutExpired:
            differing = ["timeout"]
        first = differing[0] if done.returncode else None
        check.golden.add({"number": mutant["number"], "differs": first})
        return f"{first}: {line_of(mutant)}"

    wanted = [
        mutant
        for mutant in check.live
        if check.result_of(mutant) == "survived" and mutant["number"] not in check.golden.entries
    ]
    in_parallel(arguments.jobs, work, wanted)


def line_of(mutant):
    return (
        f"{mutant['number']} {mutant['file']}:{mutant['line']} {mutant['kind']}: `{mutant['was']}` is "
        f"`{mutant['became']}`"
    )


def equivalents():
    """Why a mutant changes nothing that anybody can see, by file, what it was and what it became."""
    entries = tomllib.loads(EQUIVALENT.read_text()).get("mutant", [])
    return {(entry["file"], entry["was"], entry["became"]): entry["why"] for entry in entries}


def table(check, arguments):
    known = equivalents()
    rows, left = [], []
    for module in MODULES:
        of_module = [mutant for mutant in check.live if mutant["module"] == module]
        killed = [mutant for mutant in of_module if check.result_of(mutant) == "killed"]
        others = [mutant for mutant in of_module if check.result_of(mutant) != "killed"]
        same = [mutant for mutant in others if (mutant["file"], mutant["was"], mutant["became"]) in known]
        golden_alone = [mutant for mutant in others if check.golden.entries.get(mutant["number"], {}).get("differs")]
        rows.append((module, len(of_module), len(killed), len(same), len(golden_alone), len(others) - len(same)))
        left += [(mutant, known.get((mutant["file"], mutant["was"], mutant["became"]))) for mutant in others]
    rows.append(("all", *(sum(row[at] for row in rows) for at in range(1, 6))))
    print("| module | mutants | killed | equivalent | golden alone | other survivors | killed of all |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, total, killed, *rest in rows:
        share = f"{100 * killed / total:.0f} %" if total else "-"
        print(f"| {name} | {total} | {killed} | {' | '.join(map(str, rest))} | {share} |")
    print()
    for mutant, why in left:
        entry = check.results.entries.get(mutant["number"], {})
        print(f"{entry.get('result', 'not run')} ({entry.get('reaching', 0)} tests reach it) {line_of(mutant)}")
        if why:
            print(f"    equivalent: {why}")
    if arguments.csv:
        write_csv(check, arguments.csv, known)


def write_csv(check, path, known):
    import csv

    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["module", "file", "line", "kind", "was", "became", "result", "by", "how", "tests"])
        for mutant in check.live:
            entry = check.results.entries.get(mutant["number"], {})
            result = entry.get("result", "not run")
            if result != "killed" and (mutant["file"], mutant["was"], mutant["became"]) in known:
                result = "equivalent"
            short = [text if len(text) <= 60 else text[:57] + "..." for text in (mutant["was"], mutant["became"])]
            test = (entry.get("test") or "")[:60]
            writer.writerow(
                [
                    *(mutant[key] for key in ("module", "file", "line", "kind")),
                    *short,
                    result,
                    test,
                    entry.get("how") or "",
                    entry.get("reaching", ""),
                ]
            )


def show(check, arguments):
    for number in arguments.only:
        mutant = next(mutant for mutant in check.mutants if mutant["number"] == number)
        reaching = [name for name, entry in check.reaches.entries.items() if number in entry["reached"]]
        shown = {key: value for key, value in mutant.items() if key not in ("start", "end")}
        shown |= {"result": check.results.entries.get(number), "golden": check.golden.entries.get(number)}
        print(json.dumps(shown | {"reached by": reaching[: arguments.most]}, indent=1))


COMMANDS = {function.__name__: function for function in (make, reach, run, golden, table, show)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("only", type=int, nargs="*", metavar="N", help="run, show: these mutants alone")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "mutants")
    parser.add_argument("--mutants", type=int, default=220, metavar="N", help="make: how many are chosen")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="make: which are chosen")
    parser.add_argument("--tests", default="", metavar="REGEX", help="reach: tests whose name it matches somewhere")
    parser.add_argument("--again", action="store_true", help="reach: these run once more, as they have changed")
    parser.add_argument("--survivors", action="store_true", help="run: once more what was not killed")
    parser.add_argument("--longest", type=float, default=1e9, metavar="S", help="run: tests that take longer wait")
    parser.add_argument("--limit", type=float, default=600, metavar="S", help="golden: the most seconds for a mutant")
    parser.add_argument("--csv", type=pathlib.Path, metavar="FILE", help="table: also writes a line for each mutant")
    parser.add_argument("--most", type=int, default=20, metavar="N", help="show: how many tests are listed")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), metavar="N", help="at a time")
    arguments = parser.parse_args()
    COMMANDS[arguments.command](Check(arguments.folder), arguments)


if __name__ == "__main__":
    main()
