#!/usr/bin/env python3
"""Checks the direction of dependency from the #include lines: tools -> sim -> {models, topologies, traces} -> base, never
back, and nothing between the three in the middle. Only sim/simgrid includes SimGrid, only base's reader and writer
nlohmann_json. Usage: check.py ROOT; with --self-test it makes trees that break each rule and expects to be told so."""
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
SOURCES = {".hpp", ".cpp", ".h", ".cu", ".cuh"}
OWN = re.compile(r'^\s*#\s*include\s*"([^"/]+)/[^"]+"')
LIBRARY = re.compile(r'^\s*#\s*include\s*[<"]((simgrid|xbt|nlohmann)/[^>"]+)[>"]')
LIBRARY_USERS = {
    "simgrid": ("sim/simgrid/", "tools/bench/"),
    "xbt": ("sim/simgrid/", "tools/bench/"),
    "nlohmann": ("base/json_reader.cpp", "base/json_writer.cpp"),
}


def violations(root):
    found = []
    for folder, allowed in ALLOWED.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SOURCES:
                continue
            name = path.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                own = OWN.match(line)
                if own and own.group(1) in ALLOWED and own.group(1) not in allowed:
                    found.append(f"{name}:{number}: {folder} includes {own.group(1)}")
                library = LIBRARY.match(line)
                if library and not name.startswith(LIBRARY_USERS[library.group(2)]):
                    found.append(f"{name}:{number}: includes {library.group(1)}")
    return found


def self_test():
    cases = {
        "base/a.hpp": ('#include "models/x.hpp"', "base/a.hpp:1: base includes models"),
        "models/a.cpp": ('#include "traces/x.hpp"', "models/a.cpp:1: models includes traces"),
        "traces/a.cpp": ('#include "sim/x.hpp"', "traces/a.cpp:1: traces includes sim"),
        "sim/a.cpp": ("#include <simgrid/s4u.hpp>", "sim/a.cpp:1: includes simgrid/s4u.hpp"),
        "tools/a.cpp": ("#include <nlohmann/json.hpp>", "tools/a.cpp:1: includes nlohmann/json.hpp"),
        "sim/simgrid/a.cpp": ("#include <simgrid/s4u.hpp>", None),
        "tools/b.cpp": ('#include "sim/x.hpp"', None),
    }
    for name, (line, expected) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True)
            path.write_text(line + "\n")
            found = violations(pathlib.Path(folder))
            if found != ([expected] if expected else []):
                sys.exit(f"self test: {name} with {line}: found {found}, expected {expected}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        problems = violations(pathlib.Path(sys.argv[1]))
        if problems:
            sys.exit("\n".join(problems))
