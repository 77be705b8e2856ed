#!/usr/bin/env python3
"""Builds the release twice, in folders of different names, without a compiler cache, and compares what came of it.
Usage: reproducible_test.py CMAKE SOURCE_ROOT [TARGET...]; without targets, the program and both libraries."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CMAKE, ROOT, TARGETS = (
    sys.argv[1],
    pathlib.Path(sys.argv[2]).resolve(),
    sys.argv[3:] or ["ringsim", "ringsim_prune", "ringsim_simulator"],
)
LEFT_OUT = {"build", ".git", "__pycache__", "node_modules"}
ENDINGS = (".a", ".so")


def copy(folder):
    """The sources in a folder, without what was built of them."""
    shutil.copytree(ROOT, folder, ignore=lambda _, names: LEFT_OUT.intersection(names), symlinks=True)


def built(folder):
    """What a build in the folder gives: names and bytes."""
    environment = {**os.environ, "CCACHE_DISABLE": "1"}
    configure = [CMAKE, "--preset", "release"]
    subprocess.run(configure, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    build = [CMAKE, "--build", "build/release", "-j", str(os.cpu_count()), "--target", *TARGETS]
    subprocess.run(build, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    files = {}
    for path in (folder / "build/release").rglob("*"):
        is_wanted = path.suffix in ENDINGS or ".so." in path.name or path.name == "ringsim"
        if is_wanted and path.is_file() and "CMakeFiles" not in path.parts:
            files[str(path.relative_to(folder))] = path.read_bytes()
    return files


def main():
    with tempfile.TemporaryDirectory() as name:
        folders = [pathlib.Path(name) / "one", pathlib.Path(name) / "another/deeper-folder"]
        results = []
        for folder in folders:
            copy(folder)
            results.append(built(folder))
            shutil.rmtree(folder)
        first, second = results
        wrong = [file for file in sorted(first.keys() | second.keys()) if first.get(file) != second.get(file)]
        named = [file for file, content in first.items() if os.fsencode(name) in content]
        print(
            f"{len(first)} files, {sum(map(len, first.values()))} bytes; different: {wrong}; with the folder: {named}"
        )
        return 1 if wrong or named or not first else 0


sys.exit(main())
