#!/usr/bin/env python3
"""Runs every command of the documents and compares every figure that is said to come from one (README.md beside this
file has the conventions).

Usage: documents_test.py RINGSIM ROOT [DOCUMENT...] [--long]
Without DOCUMENT: README.md, CONTRIBUTING.md, all below docs/, and the folders' READMEs. --long runs the long commands
in place of the others. --mend writes rows of tables that differ anew (README.md, `output`). documents_test.py --lists
ROOT runs none and looks whether each has its place; --self-test writes documents that break each rule and expects to
be told so. Exit code 77 where the processor has no AVX2, without which the last digits of training differ."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "golden")]
from figures import Names, mended, wrong_figure, wrong_output  # noqa: E402
from inputs import TENSORS, safetensors  # noqa: E402
from markdown import Document  # noqa: E402

SKIPPED = 77
# Whether rows of tables that differ are written anew.
MEND = "--mend" in sys.argv
# Folders whose READMEs count, beside README.md, CONTRIBUTING.md and docs/.
FOLDERS = ("models", "sim", "topologies", "traces")
KINDS = ("run", "long", "named")
TABLES = ("run_as", "not_run")
LEFT_OUT = shutil.ignore_patterns("build", "results", ".git", "__pycache__")
TIMEOUT_S = {False: 800, True: 3600}


def documents_of(root):
    paths = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    paths += [path for folder in FOLDERS for path in sorted((root / folder).rglob("README.md"))]
    return [Document(path, root) for path in paths if path.exists()]


class Listed:
    """commands.toml: what is done with the commands that no comment checks."""

    def __init__(self, text):
        self.all = tomllib.loads(text)
        self.kind_of = {}
        self.twice = []
        for kind in (*KINDS, *TABLES):
            for command in self.all.get(kind, ()):
                if command in self.kind_of:
                    self.twice.append(command)
                self.kind_of[command] = kind

    def run_as(self, command, long):
        """The command that is run for it, if any is."""
        kind = self.kind_of[command]
        if kind == "not_run" or (kind == "long") != long:
            return None
        if kind == "named":
            return f"{command} --help"
        return self.all[kind][command] if kind in TABLES else command


def problems_of_lists(documents, listed):
    """Commands that are nowhere, and entries that belong to no command."""
    checked = {check.command for document in documents for check in document.checks}
    found = [f"commands.toml: `{command}` stands there twice" for command in listed.twice]
    shown = set()
    for document in documents:
        found += document.problems
        for command in document.commands:
            shown.add(command.text)
            if command.text not in checked and command.text not in listed.kind_of:
                found.append(
                    f"{document.place(command.offset)}: no comment has the figures of `{command.text}`, and it stands "
                    "in no list of tests/documents/commands.toml"
                )
    for command, kind in listed.kind_of.items():
        if command not in shown:
            found.append(f"commands.toml: no document has `{command}` ({kind})")
        elif command in checked:
            found.append(f"commands.toml: `{command}` ({kind}) is checked by a comment")
    return found


class Workplace:
    """A copy of the tree in which commands run, with the program where a build would put it."""

    def __init__(self, folder, program, root, listed):
        self.folder = pathlib.Path(folder) / "tree"
        shutil.copytree(root, self.folder, ignore=LEFT_OUT, symlinks=True)
        for preset in ("release", "dev"):
            place = self.folder / f"build/{preset}/tools/ringsim/ringsim"
            place.parent.mkdir(parents=True)
            place.symlink_to(program)
        for name, source in listed.all.get("files", {}).items():
            shutil.copy(root / source, self.folder / name)
        (self.folder / "w.safetensors").write_bytes(safetensors(TENSORS, 5))
        for step in range(3):
            (self.folder / f"g{step}.safetensors").write_bytes(safetensors(TENSORS, 50 + step, ranks=[3]))
        place = self.folder / "build/release/tools/ringsim"
        self.environment = {
            **os.environ,
            "PATH": f"{place}:/usr/bin:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, command, long=False):
        """What the command prints; CommandFailed where it does not end with 0."""
        begun = time.monotonic()
        try:
            done = subprocess.run(
                ["/bin/bash", "-ec", command],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT_S[long],
            )
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"`{command}` takes more than {TIMEOUT_S[long]} s") from None
        print(f"{time.monotonic() - begun:7.2f} s  {command}", flush=True)
        if done.returncode != 0:
            raise CommandFailed(f"`{command}` ends with {done.returncode}: {done.stderr.strip()[-400:]}")
        return done.stdout


class CommandFailed(Exception):
    pass


def wrong_line(document, check, line, names):
    """What is wrong with a line of a comment."""
    start, end = document.section(check.offset)
    if line == "output" or line.startswith("output but for "):
        start, left_out = document.shown_before(check.command, check.offset), line.split('"')[1::2]
        if MEND:
            document.mend(start, check.offset, lambda shown: mended(shown, names["stdout"], left_out))
        return wrong_output(document.visible[start : check.offset], names["stdout"], left_out)
    text, equals, expression = line.partition(" = ")
    if not equals:
        return [f"{line}: neither TEXT = EXPRESSION nor output"]
    if " ".join(text.split()) not in " ".join(document.visible[start:end].split()):
        return [f"{text}: the section does not say so"]
    wrong = wrong_figure(text, expression, names)
    return [f"{text}: {wrong}"] if wrong else []


def problems_of_check(document, check, workplace):
    names = Names(lambda options: workplace.run(check.run_as + options, check.long))
    try:
        if not check.lines:
            return ["a comment without figures"]
        return [problem for line in check.lines for problem in wrong_line(document, check, line, names)]
    except CommandFailed as failure:
        return [str(failure)]


def problems_of_document(document, listed, workplace, long):
    """Runs the document's commands in their order."""
    found = []
    seen = set()
    for event in sorted([*document.commands, *document.checks, *document.files], key=lambda event: event.offset):
        wrong = []
        if hasattr(event, "content"):
            (workplace.folder / event.name).write_text(event.content)
        elif hasattr(event, "lines"):
            wrong = problems_of_check(document, event, workplace) if event.long == long else []
        elif event.text in listed.kind_of and event.text not in seen:
            seen.add(event.text)
            run_as = listed.run_as(event.text, long)
            try:
                if run_as:
                    workplace.run(run_as, long)
            except CommandFailed as failure:
                wrong = [str(failure)]
        found += [f"{document.place(event.offset)}: {problem}" for problem in wrong]
    return found


def problems(program, root, names, long, lists):
    """All that is wrong with the documents; with those of some names, what is wrong when their commands run."""
    documents, listed = documents_of(root), Listed(lists)
    found = [] if names else problems_of_lists(documents, listed)
    for document in documents:
        if (document.commands or document.checks) and (not names or document.name in names):
            with tempfile.TemporaryDirectory() as folder:
                found += problems_of_document(document, listed, Workplace(folder, program, root, listed), long)
    return found


def main(arguments):
    if arguments == ["--self-test"]:
        import self_test

        return self_test.run(problems)
    lists = (HERE / "commands.toml").read_text()
    if arguments[0] == "--lists":
        return "\n".join(problems_of_lists(documents_of(pathlib.Path(arguments[1]).resolve()), Listed(lists))) or 0
    if "avx2" not in pathlib.Path("/proc/cpuinfo").read_text():
        return SKIPPED
    long = "--long" in arguments
    program, root, *names = [argument for argument in arguments if argument not in ("--long", "--mend")]
    found = problems(pathlib.Path(program).resolve(), pathlib.Path(root).resolve(), names, long, lists)
    return "\n".join(found) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
