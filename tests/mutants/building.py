"""Builds the copy; mutants that do not compile are dropped."""
import re
import subprocess

from copy_of_sources import write_copy

# The preset dev, as fast to compile as it goes: what is not mutated comes from ccache where another build has it.
CONFIGURE = [
    "cmake",
    "--preset",
    "dev",
    "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON",
    "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
    "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g0 -DNDEBUG",
    "-DRINGSIM_CUDA=OFF",
]
MESSAGE = re.compile(r"^(\S+?):(\d+):\d+: +(.*)$", re.MULTILINE)
SOURCE = re.compile(r" -c (\S+\.cpp)\b")
MOST_ROUNDS = 12


def name_in(tree, build, path):
    """A path of a message, seen from the copy's root."""
    try:
        return str((build / path).resolve().relative_to(tree))
    except ValueError:
        return path


def wrong_mutants(output, mutants, tree, build):
    """The mutants that a failed build's messages name, each with what the compiler says. Where it names none, all of
    the source are wrong."""
    # The copy has one line more, at the head.
    by_line = {}
    for mutant in mutants:
        by_line.setdefault((mutant["file"], mutant["line"] + 1), []).append(mutant)
    wrong = {}
    for block in re.split(r"^FAILED: ", output, flags=re.MULTILINE)[1:]:
        messages = [
            (name_in(tree, build, path), int(line), text.strip()) for path, line, text in MESSAGE.findall(block)
        ]
        errors = [message for message in messages if message[2].startswith(("error:", "fatal error:"))]
        said = errors[0][2] if errors else block.strip()[-300:]
        for lines in (errors, messages):
            found = [mutant for name, line, _ in lines for mutant in by_line.get((name, line), ())]
            if found:
                break
        else:
            source = SOURCE.search(block)
            name = name_in(tree, build, source[1]) if source else ""
            found = [mutant for mutant in mutants if mutant["file"] == name]
        if not found:
            raise SystemExit(f"the copy does not build, and no mutant is the cause:\n{block}")
        for mutant in found:
            wrong[mutant["number"]] = said
    return wrong


def build_copy(tree, files, mutants, jobs, save):
    """Writes and builds the copy until what is left compiles; save() is called whenever mutants were dropped."""
    build = tree / "build" / "dev"
    for _ in range(MOST_ROUNDS):
        write_copy(tree, files, mutants)
        if not (build / "build.ninja").is_file():
            subprocess.run(CONFIGURE, cwd=tree, check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run(
            ["ninja", "-C", str(build), "-k", "0", "-j", str(jobs)], capture_output=True, text=True, errors="replace"
        )
        if done.returncode == 0:
            return
        left = [mutant for mutant in mutants if not mutant.get("dropped")]
        wrong = wrong_mutants(done.stdout, left, tree, build)
        if not wrong:
            raise SystemExit(f"the copy does not build:\n{done.stdout[-4000:]}")
        for mutant in left:
            if mutant["number"] in wrong:
                mutant["dropped"] = wrong[mutant["number"]]
        save()
        print(f"{len(wrong)} mutants do not compile and are dropped", flush=True)
    raise SystemExit(f"after {MOST_ROUNDS} rounds the copy still does not build")
