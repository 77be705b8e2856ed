#!/usr/bin/env python3
"""Compares the results of a ringsim with recorded ones, byte for byte. Usage: golden.py RINGSIM [--record] [...]

Every configuration of configurations.py runs in a temporary folder of its own. Of each file that it writes, and of
what it prints where that does not say how long it took, the SHA-256 is compared with results.txt, which has a line for
each. Before that, what may differ between two runs or two builds is replaced by a word in angle brackets, and nothing
else is:

- wall_seconds, in JSON and in the column of a CSV file;
- in provenance (and in a scan's manifest) the version and the command;
- the folders of an absolute path, of which the last part is kept.

A scan's points.journal is left out: it holds the version, and its rows are in the order in which processes ended.

Results do not depend on the number of threads (RINGSIM_THREADS), nor on the pruning engine. Training does depend on
whether the processor has AVX2, as matrix products are rounded differently without: the recorded results are those of a
processor that has it, and the script ends with status 77 (skipped) where /proc/cpuinfo does not name it.
"""
import argparse
import concurrent.futures
import csv
import hashlib
import io
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from configurations import CONFIGURATIONS  # noqa: E402
from inputs import write_dataset, write_inputs  # noqa: E402

RESULTS = pathlib.Path(__file__).with_name("results.txt")
LEFT_OUT = {"points.journal"}
SKIPPED = 77
STRING = r'"(?:[^"\\]|\\.)*"'


def mask_csv(text):
    """The text with wall_seconds replaced; unchanged where it has no such column."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or "wall_seconds" not in rows[0]:
        return text
    column = rows[0].index("wall_seconds")
    for row in rows[1:]:
        row[column] = "<seconds>"
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(rows)
    return output.getvalue()


def masked(content):
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    text = re.sub(r'("wall_seconds":\s*)[-+.\deE]+', r"\1<seconds>", text)
    text = re.sub(rf'("version":\s*){STRING}', r"\1<version>", text)
    text = re.sub(rf'("command":\s*){STRING}', r"\1<command>", text)
    text = re.sub(r"(?<![\w./-])/(?:[\w.+-]+/)+(?=[\w.+-])", "<folder>/", text)
    return mask_csv(text).encode()


def prints_a_result(words):
    """Whether what a command prints is kept: not the tables of run and compare, which say how long they took."""
    return "--format" in words or words[0] not in ("run", "compare", "scan", "merge")


def complete(words):
    """Runs and scans write into a folder that is called like them, where the command names none; nothing on stderr."""
    more = [] if words[0] in ("topology", "compare", "calibrate", "list", "merge", "breakeven") else ["--quiet"]
    if words[0] in ("run", "scan") and "-o" not in words and "--dry-run" not in words:
        more += ["-o", words[0]]
    return words + more


def run_configuration(program, name, work):
    """Runs its commands; returns the masked contents by name, or raises RuntimeError."""
    folder = work / name
    folder.mkdir()
    (folder / "in").symlink_to(work / "in")
    outputs = {}
    commands = CONFIGURATIONS[name]
    for i, command in enumerate([commands] if isinstance(commands, str) else commands):
        status = 1 if command.startswith("! ") else 0
        words = shlex.split(command.removeprefix("! "))
        environment = os.environ | {"RINGSIM_DATASETS": str(work / "in")}
        done = subprocess.run(
            [program, *complete(words)], cwd=folder, capture_output=True, timeout=500, env=environment
        )
        if done.returncode != status:
            raise RuntimeError(
                f"ringsim {command}: status {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
            )
        if prints_a_result(words):
            outputs[f"stdout-{i}"] = masked(done.stdout)
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and relative.parts[0] != "in" and path.name not in LEFT_OUT:
            outputs[str(relative)] = masked(path.read_bytes())
    if not outputs:
        raise RuntimeError("has no results")
    return outputs


def keep(folder, name, outputs):
    for file, content in outputs.items():
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read_results():
    results = {}
    for line in RESULTS.read_text().splitlines():
        name, file, digest = line.split()
        results.setdefault(name, {})[file] = digest
    return results


def write_results(found):
    """Those that were not run this time stay as they are; what is no configuration any more goes."""
    results = (read_results() if RESULTS.exists() else {}) | found
    lines = [
        f"{name} {file} {results[name][file]}\n"
        for name in CONFIGURATIONS
        if name in results
        for file in sorted(results[name])
    ]
    RESULTS.write_text("".join(lines))


def differences(expected, found):
    for file in sorted(expected.keys() | found.keys()):
        was, now = expected.get(file, "nothing"), found.get(file, "nothing")
        if was != now:
            yield f"{file}: expected {was}, found {now}"


def run_all(program, names, jobs, kept):
    """Yields each configuration's name, its hashes by file, and an error or None, in the order of the table."""
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        work = pathlib.Path(temporary)
        (work / "in").mkdir()
        write_inputs(work / "in")
        write_dataset(work / "in")
        futures = {name: pool.submit(run_configuration, program, name, work) for name in names}
        for name, future in futures.items():
            try:
                outputs = future.result()
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                yield name, {}, str(error)
                continue
            if kept:
                keep(kept, name, outputs)
            yield name, {file: hashlib.sha256(content).hexdigest() for file, content in outputs.items()}, None


def parse_arguments():
    parser = argparse.ArgumentParser(description="Compares the results of a ringsim with recorded ones.")
    parser.add_argument("program", metavar="RINGSIM", type=pathlib.Path)
    parser.add_argument("--record", action="store_true", help="writes results.txt instead of comparing with it")
    parser.add_argument("--only", metavar="REGEX", default="", help="configurations whose name it matches somewhere")
    parser.add_argument(
        "--keep", metavar="DIR", type=pathlib.Path, help="keeps the masked results, to be compared with diff -r"
    )
    parser.add_argument("-j", "--jobs", metavar="N", type=int, default=os.cpu_count(), help="configurations at a time")
    return parser.parse_args()


def has_avx2():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    return cpuinfo.exists() and "avx2" in cpuinfo.read_text().split()


def main():
    arguments = parse_arguments()
    if not has_avx2():
        print("this processor has no AVX2, with which the results were recorded")
        return SKIPPED
    names = [name for name in CONFIGURATIONS if re.search(arguments.only, name)]
    expected = {} if arguments.record else read_results()
    all_found, failed = {}, 0
    for name, found, error in run_all(arguments.program.resolve(), names, arguments.jobs, arguments.keep):
        lines = [error] if error else []
        if not error and not arguments.record:
            lines = list(differences(expected.get(name, {}), found))
        for line in lines:
            print(f"{name}: {line}", flush=True)
        failed += bool(lines)
        all_found[name] = found
    stale = [] if arguments.record or arguments.only else sorted(expected.keys() - CONFIGURATIONS.keys())
    for name in stale:
        print(f"{name}: is recorded, and no configuration")
    failed += len(stale)
    if arguments.record and not failed:
        write_results(all_found)
    print(f"{len(names) + len(stale) - failed} passed, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
