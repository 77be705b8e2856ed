"""Chooses mutants, and makes a copy of the sources that has all of them."""
import hashlib
import pathlib
import re
import subprocess

from places import KINDS, places

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Each module's folder; a mutant belongs to the first that holds its file.
MODULES = {
    "base": "base/",
    "topologies": "topologies/",
    "traces": "traces/",
    "models/prune": "models/prune/",
    "models/schemes": "models/schemes/",
    "sim/backend": "sim/backend/",
    "sim/recurrence": "sim/recurrence/",
    "sim/fluid": "sim/fluid/",
    "sim/timing": "sim/timing/",
}
# Needs a GPU to run.
LEFT_OUT = ("models/prune/cuda/",)
MOST_OF_A_FILE = 4
# A header that more sources include would have all of them compiled anew.
MOST_INCLUDED = 12
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
HEADER = "mutants.hpp"


def tracked_files():
    """What git does not ignore."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def including(files):
    """How many sources include each header, by themselves or through others."""
    included = {
        name: set(INCLUDE.findall((ROOT / name).read_text())) for name in files if name.endswith((".cpp", ".hpp"))
    }
    counts = dict.fromkeys(included, 0)
    for source in (name for name in included if name.endswith(".cpp")):
        seen, rest = set(), [source]
        while rest:
            for header in included.get(rest.pop(), ()):
                if header in counts and header not in seen:
                    seen.add(header)
                    rest.append(header)
        for header in seen:
            counts[header] += 1
    return counts


def module_of(name):
    return next((module for module, folder in MODULES.items() if name.startswith(folder)), None)


def candidates(files, seed):
    """By module and kind, all places, as (order, file, place); the order is drawn by what a place says, so it stays
    where the files change elsewhere."""
    counts = including(files)
    found = {module: {kind: [] for kind in KINDS} for module in MODULES}
    for name in files:
        module = module_of(name)
        if not module or name.startswith(LEFT_OUT) or not name.endswith((".cpp", ".hpp")):
            continue
        if counts[name] > MOST_INCLUDED:
            continue
        said = {}
        for place in places((ROOT / name).read_text()):
            key = (place.kind, place.was)
            said[key] = said.get(key, 0) + 1
            text = f"{seed} {name} {place.kind} {said[key]} {place.was}"
            found[module][place.kind].append((hashlib.sha256(text.encode()).hexdigest(), name, place))
    for kinds in found.values():
        for places_of_kind in kinds.values():
            places_of_kind.sort(key=lambda candidate: candidate[0])
    return found


def fits(chosen, place):
    """Whether a file with these places chosen takes another one."""
    return len(chosen) < MOST_OF_A_FILE and all(
        place.end <= other.start or place.start >= other.end for other in chosen
    )


def choose(files, seed, count):
    """The chosen mutants, as dictionaries, numbered from 1 on."""
    by_file = {}
    total = 0
    for at, kinds in enumerate(candidates(files, seed).values()):
        wanted = count * (at + 1) // len(MODULES)
        while total < wanted and any(kinds.values()):
            for kind in KINDS:
                while kinds[kind] and total < wanted:
                    _, name, place = kinds[kind].pop(0)
                    chosen = by_file.setdefault(name, [])
                    if fits(chosen, place):
                        chosen.append(place)
                        total += 1
                        break
    mutants = []
    for name in sorted(by_file, key=lambda name: (list(MODULES).index(module_of(name)), name)):
        text = (ROOT / name).read_text()
        for place in sorted(by_file[name], key=lambda place: place.start):
            number = len(mutants) + 1
            mutants.append(
                {
                    "number": number,
                    "module": module_of(name),
                    "file": name,
                    "line": text.count("\n", 0, place.start) + 1,
                    "kind": place.kind,
                    "was": re.sub(r"\s+", " ", place.was),
                    "became": re.sub(r"\s+", " ", place.became),
                    "start": place.start,
                    "end": place.end,
                    "code": place.mutated(f"ringsim_mutants::is({number})"),
                }
            )
    return mutants


def mutated(text, mutants):
    """The text with these mutants, each on the line where it was."""
    for mutant in sorted(mutants, key=lambda mutant: -mutant["start"]):
        lines = text.count("\n", mutant["start"], mutant["end"])
        text = text[: mutant["start"]] + mutant["code"] + "\n" * lines + text[mutant["end"] :]
    return f'#include "{HEADER}"\n{text}' if mutants else text


def write_if_different(path, content):
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_copy(tree, files, mutants):
    """All files, those mutated that have mutants; what is the same already is left alone."""
    by_file = {}
    for mutant in mutants:
        if not mutant.get("dropped"):
            by_file.setdefault(mutant["file"], []).append(mutant)
    for name in files:
        content = (ROOT / name).read_bytes()
        if name in by_file:
            content = mutated(content.decode(), by_file[name]).encode()
        write_if_different(tree / name, content)
        (tree / name).chmod((ROOT / name).stat().st_mode)
    write_if_different(tree / HEADER, (ROOT / "tests/mutants" / HEADER).read_bytes())
