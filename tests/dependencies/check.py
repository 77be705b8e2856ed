#!/usr/bin/env python3
"""Checks the direction of dependency from the #include lines: tools -> sim -> {models, topologies, traces} -> base,
never back, and nothing between the three in the middle. Only sim/simgrid includes SimGrid, only base's reader and
writer nlohmann_json. Own headers are named from the root. And no source is left out of the build. Usage: check.py ROOT;
with --self-test it makes trees that break each rule and expects to be told so."""
import pathlib
import re
import sys
import tempfile

MIDDLE = {"models", "topologies", "traces"}
ALLOWED = {
    "base": {"base"},
    "models": {"models", "base"},
    "topologies": {"topologies", "base"},
    "traces": {"traces", "base"},
    "sim": {"sim", "base"} | MIDDLE,
    "tools": {"tools", "sim", "base"} | MIDDLE,
}
SOURCES = {".hpp", ".cpp", ".h", ".cu", ".cuh", ".inc"}
OWN = re.compile(r'^\s*#\s*include\s*[<"]([^>"/]+)/[^>"]+[>"]')
RELATIVE = re.compile(r'^\s*#\s*include\s*"((\.|[^"/]*")[^"]*)')
LIBRARY = re.compile(r'^\s*#\s*include\s*[<"]((simgrid|xbt|nlohmann)/[^>"]+)[>"]')
LIBRARY_USERS = {
    "simgrid": ("sim/simgrid/", "tools/bench/"),
    "xbt": ("sim/simgrid/", "tools/bench/"),
    "nlohmann": ("base/json_reader.cpp", "base/json_writer.cpp"),
}


def is_listed(root, path):
    """Whether a CMakeLists.txt in the source's folder or above it names the source, or what a registry makes of its
    name."""
    names = {path.name, path.stem, path.stem.replace("_", "-")}
    for folder in path.relative_to(root).parents:
        listing = root / folder / "CMakeLists.txt"
        if listing.is_file() and names & {
            word.rpartition("/")[2] for word in re.split(r"[\s()]+", listing.read_text())
        }:
            return True
    return False


def violations(root):
    found = []
    for folder, allowed in ALLOWED.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SOURCES:
                continue
            name = path.relative_to(root).as_posix()
            if path.suffix in {".cpp", ".cu"} and not is_listed(root, path):
                found.append(f"{name}: no CMakeLists.txt names it")
            for number, line in enumerate(path.read_text().splitlines(), 1):
                own = OWN.match(line)
                if own and own.group(1) in ALLOWED and own.group(1) not in allowed:
                    found.append(f"{name}:{number}: {folder} includes {own.group(1)}")
                if RELATIVE.match(line):
                    found.append(f"{name}:{number}: includes a header of ours that is not named from the root")
                library = LIBRARY.match(line)
                if library and not name.startswith(LIBRARY_USERS[library.group(2)]):
                    found.append(f"{name}:{number}: includes {library.group(1)}")
    return found


def self_test():
    cases = [
        ("base/a.hpp", '#include "models/x.hpp"', ":1: base includes models"),
        ("base/a.hpp", "#include <models/x.hpp>", ":1: base includes models"),
        ("models/a.cpp", '#  include "traces/x.hpp"', ":1: models includes traces"),
        ("traces/a.cpp", '#include "sim/x.hpp"', ":1: traces includes sim"),
        ("models/a.hpp", '#include "../sim/x.hpp"', ":1: includes a header of ours that is not named from the root"),
        ("models/a.hpp", '#include "x.hpp"', ":1: includes a header of ours that is not named from the root"),
        ("sim/a.cpp", "#include <simgrid/s4u.hpp>", ":1: includes simgrid/s4u.hpp"),
        ("tools/a.cpp", "#include <nlohmann/json.hpp>", ":1: includes nlohmann/json.hpp"),
        ("sim/forgotten.cpp", "", ": no CMakeLists.txt names it"),
        ("sim/simgrid/a.cpp", "#include <simgrid/s4u.hpp>", None),
        ("tools/a.cpp", '#include "sim/x.hpp"', None),
        ("models/schemes/two_words.cpp", "#include <vector>", None),
    ]
    for name, line, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            path = root / name
            path.parent.mkdir(parents=True)
            path.write_text(line + "\n")
            (root / pathlib.Path(name).parts[0] / "CMakeLists.txt").write_text(
                "registry(NAMES two-words)\nlibrary(x/a.cpp)\n"
            )
            found = violations(root)
            if found != ([name + expected] if expected else []):
                sys.exit(f"self test: {name} with {line}: found {found}, expected {expected}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        problems = violations(pathlib.Path(sys.argv[1]))
        if problems:
            sys.exit("\n".join(problems))
