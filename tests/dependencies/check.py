#!/usr/bin/env python3
"""Checks the sources' order from their #include lines and names; ROOMS and TOPS below are the rules.

- Direction: tools -> sim -> {models, topologies, traces} -> base, never back, and nothing between the three in the
  middle. Within them a room (a folder) includes the rooms that its line in ROOMS names. sim/ has rooms alone.
- Units (NAME.hpp and NAME.cpp of one folder) do not include one another in a circle.
- Only sim/simgrid includes SimGrid, only base's reader and writer nlohmann_json.
- Own headers are named from the root, and no source is left out of the build.
- Types of one namespace have different names, wherever they stand: the linker would take the functions of one for
  those of the other and say nothing.
- No source has more than 400 lines, but for those that are generated.
- Tests lie in the folder under tests/ that is named as what they test; their files end in _test.cpp or _test.py.

Usage: check.py ROOT; with --self-test it makes trees that break each rule and expects to be told so."""
import pathlib
import re
import sys

import self_test

MIDDLE = {"models", "topologies", "traces"}
TOPS = {
    "base": {"base"},
    "models": {"models", "base"},
    "topologies": {"topologies", "base"},
    "traces": {"traces", "base"},
    "sim": {"sim", "base"} | MIDDLE,
    "tools": {"tools", "sim", "base"} | MIDDLE,
}
# What a room may include of its own top folder, beside itself.
ROOMS = {
    "base": {"base/formats"},
    "base/formats": {"base"},
    "models": {"models/networks"},
    "models/networks": {"models"},
    "models/prune": {"models/prune/encodings", "models/prune/cuda"},
    "models/prune/cuda": {"models/prune"},
    "models/prune/encodings": {"models/prune"},
    "models/profiles": {"models/prune"},
    "models/schemes": {"models", "models/profiles", "models/prune", "models/prune/encodings"},
    "models/specs": {"models"},
    "topologies": {"topologies/kinds", "topologies/nccl"},
    "topologies/kinds": {"topologies"},
    "topologies/calibration": {"topologies"},
    "topologies/calibration/cluster": {"topologies", "topologies/calibration", "topologies/nccl"},
    "topologies/import": {"topologies", "topologies/calibration"},
    "topologies/nccl": set(),
    "traces": {"traces/records"},
    "traces/records": set(),
    "sim/collectives": set(),
    "sim/backend": {"sim/collectives"},
    "sim/simgrid": {"sim/backend", "sim/collectives"},
    "sim/recurrence": {"sim/backend", "sim/collectives"},
    "sim/fluid": {"sim/backend", "sim/collectives"},
    "sim/timing": {"sim/backend", "sim/collectives"},
    "sim/learning": set(),
    "sim/sources": set(),
    "sim/run": {"sim/run/options", "sim/backend", "sim/collectives", "sim/timing", "sim/learning", "sim/sources"},
    "sim/run/options": {"sim/run", "sim/backend", "sim/collectives", "sim/timing"},
    "sim/scan": {"sim/run", "sim/backend", "sim/collectives"},
    "tools/ringsim": set(),
    "tools/library": {"tools/ringsim"},
    "tools/bench": set(),
    "tools/bench/cuda": set(),
    "tools/bench/smpi": set(),
    "tools/validate": set(),
}
# Tests of the whole program, of scripts and of the sources: no folder of sources has their names.
OTHER_TESTS = {
    "attacks",
    "browser",
    "capture",
    "cli",
    "dependencies",
    "documents",
    "examples",
    "experiments",
    "faults",
    "fuzz",
    "golden",
    "install",
    "mutants",
    "plot",
    "python",
    "slurm",
    "smpi",
    "style",
}
LONGEST = 400
GENERATED = {"tools/python/ringsim/generated.py"}
SOURCES = {".hpp", ".cpp", ".h", ".cu", ".cuh", ".inc"}
OWN = re.compile(r'^\s*#\s*include\s*[<"](([^>"/]+)/[^>"]+)[>"]')
RELATIVE = re.compile(r'^\s*#\s*include\s*"((\.|[^"/]*")[^"]*)')
LIBRARY = re.compile(r'^\s*#\s*include\s*[<"]((simgrid|xbt|nlohmann)/[^>"]+)[>"]')
LIBRARY_USERS = {
    "simgrid": ("sim/simgrid/", "tools/bench/"),
    "xbt": ("sim/simgrid/", "tools/bench/"),
    "nlohmann": ("base/json_reader.cpp", "base/json_writer.cpp"),
}
NAMESPACE = re.compile(r"namespace ([\w:]*) ?\{")
TYPE = re.compile(r"(?:struct|class|enum class|enum) (\w+)(?: final)?(?: :[^:].*)?(?: \{|$)")
HOLDS_TESTS = re.compile(r"^(?:TEMPLATE_)?TEST_CASE\(|^ +def test_", re.MULTILINE)


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


def room_of(name):
    return name.rpartition("/")[0]


def unit_of(name):
    return name.rpartition(".")[0]


def wrong_include(name, included):
    """What is wrong with it when one source of ours includes another, or nothing."""
    top, other = name.partition("/")[0], included.partition("/")[0]
    if other not in TOPS[top]:
        return f"{top} includes {other}"
    room, other_room = room_of(name), room_of(included)
    if top == other and room != other_room and other_room not in ROOMS.get(room, ()):
        return f"{room} includes {other_room}"
    return None


def wrong_lines(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        own = OWN.match(line)
        if own and own.group(2) in TOPS:
            wrong = wrong_include(name, own.group(1))
            if wrong:
                yield f"{name}:{number}: {wrong}"
        if RELATIVE.match(line):
            yield f"{name}:{number}: includes a header of ours that is not named from the root"
        library = LIBRARY.match(line)
        if library and not name.startswith(LIBRARY_USERS[library.group(2)]):
            yield f"{name}:{number}: includes {library.group(1)}"


def shortest_cycle(units, start):
    """The shortest way from a unit back to itself, or nothing."""
    ways = [[start]]
    seen = set()
    for way in ways:
        for unit in sorted(units.get(way[-1], ())):
            if unit == start:
                return way
            if unit not in seen:
                seen.add(unit)
                ways.append(way + [unit])
    return None


def cycles(sources):
    """A line for each circle of units that is the shortest way back to one of them."""
    units = {}
    for name, text in sources.items():
        included = {unit_of(own.group(1)) for own in map(OWN.match, text.splitlines()) if own}
        units.setdefault(unit_of(name), set()).update(included - {unit_of(name)})
    told = []
    for unit in sorted(units):
        way = shortest_cycle(units, unit)
        if way and set(way) not in told:
            told.append(set(way))
            yield f"{' -> '.join(way + [unit])}: units that include one another"


def types_of(text):
    """The names of types that a source defines, but for those in unnamed namespaces."""
    within = []
    for line in text.splitlines():
        if begun := NAMESPACE.match(line):
            within.append(begun.group(1))
        elif line.startswith("}  // namespace"):
            within = within[:-1]
        elif (named := TYPE.match(line)) and "" not in within:
            yield "::".join([*within, named.group(1)])


def types_named_alike(sources):
    first = {}
    for name, text in sources.items():
        for defined in types_of(text):
            if first.setdefault(defined, name) != name:
                yield f"{name}: defines {defined}, as {first[defined]} does"


def misplaced_test(root, path):
    """What is wrong with the name of a file of tests, or nothing."""
    name = path.relative_to(root).as_posix()
    if not path.stem.endswith("_test"):
        return f"{name}: holds tests, but its name does not end in _test"
    folder = path.parent.relative_to(root / "tests").as_posix()
    is_source_folder = any(file.suffix in SOURCES for file in (root / folder).glob("*"))
    if folder.partition("/")[0] in OTHER_TESTS or (folder != "." and is_source_folder):
        return None
    return f"{name}: no folder {folder} of sources is tested there"


def violations(root):
    found = []
    sources = {}
    for top in TOPS:
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SOURCES:
                sources[path.relative_to(root).as_posix()] = path.read_text()
    for name, text in sources.items():
        if room_of(name) not in ROOMS:
            found.append(f"{name}: {room_of(name)} is no room that tests/dependencies/check.py knows")
        if name.endswith((".cpp", ".cu")) and not is_listed(root, root / name):
            found.append(f"{name}: no CMakeLists.txt names it")
        found += wrong_lines(name, text)
    found += cycles(sources)
    found += types_named_alike(sources)
    for path in sorted(path for top in [*TOPS, "tests"] for path in (root / top).rglob("*")):
        if path.suffix not in SOURCES | {".py"}:
            continue
        text = path.read_text()
        lines = len(text.splitlines())
        name = path.relative_to(root).as_posix()
        if lines > LONGEST and name not in GENERATED:
            found.append(f"{name}: {lines} lines; {LONGEST} are accepted")
        if path.is_relative_to(root / "tests") and HOLDS_TESTS.search(text):
            misplaced = misplaced_test(root, path)
            found += [misplaced] if misplaced else []
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test.run(violations)
    else:
        problems = violations(pathlib.Path(sys.argv[1]))
        if problems:
            sys.exit("\n".join(problems))
