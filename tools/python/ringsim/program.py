"""Finds the program ringsim and calls it."""

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterable

PACKAGE = pathlib.Path(__file__).resolve().parent


class RingsimError(Exception):
    """The program refused its input or failed; the text is what it said.

    `exit_code` is that of the program: 2 for a wrong input, 1 for a run that failed; None where it did not run.
    """

    def __init__(self, message: str, exit_code: int | None = None):
        super().__init__(message)
        self.exit_code = exit_code


class WrongInput(RingsimError, ValueError):
    """An option, a file or a value that is not accepted (exit code 2)."""


class RunFailed(RingsimError, RuntimeError):
    """The input was accepted, but the run failed (exit code 1), or was ended from outside."""


class ProgramNotFound(RingsimError, FileNotFoundError):
    """There is no program ringsim where it is looked for."""


def built_programs() -> list[pathlib.Path]:
    """Programs in the build folders of the clone that this package lies in, the newest first."""
    if PACKAGE.parent.parts[-2:] != ("tools", "python"):
        return []
    found = (PACKAGE.parents[2] / "build").glob("*/tools/ringsim/ringsim")
    return sorted(
        (path for path in found if os.access(path, os.X_OK)),
        key=lambda path: -path.stat().st_mtime,
    )


def find_program() -> str:
    """The program: what the environment variable RINGSIM names, else `ringsim` of the PATH, else the one that was
    built last in the clone that this package is imported from. Raises ProgramNotFound.
    """
    named = os.environ.get("RINGSIM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise ProgramNotFound(
                f'RINGSIM: found "{named}", which is no program; the path of the program ringsim is accepted'
            )
        return found
    found = shutil.which("ringsim")
    if found is not None:
        return found
    for path in built_programs():
        return str(path)
    raise ProgramNotFound(
        "ringsim: there is no such program in the PATH; build it (cmake --preset release && cmake --build --preset "
        "release) and set RINGSIM to its path (build/release/tools/ringsim/ringsim)"
    )


def text_of(value: object) -> str:
    """A value as the command line takes it: True is "on", and items of a list stand between commas."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if isinstance(value, Iterable):
        return ",".join(map(text_of, value))
    return str(value)


def arguments_of(options: dict[str, object]) -> list[str]:
    """`{"compute_time": "1ms"}` as ["--compute-time=1ms"]. Options that are None are left out."""
    return [f"--{name.replace('_', '-')}={text_of(value)}" for name, value in options.items() if value is not None]


def forwarded(pipe) -> str:
    """All of a pipe as text, which is shown on stderr as it comes."""
    text = b""
    while piece := pipe.read1():
        text += piece
        sys.stderr.write(piece.decode("utf-8", "replace"))
        sys.stderr.flush()
    return text.decode("utf-8", "replace")


def call(*arguments: str, progress: bool = False) -> str:
    """What the program prints for these arguments. Raises WrongInput or RunFailed with what it said. With `progress`
    what it says while it works is shown on stderr."""
    with subprocess.Popen(
        [find_program(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            if progress:
                said = forwarded(process.stderr)
                printed = process.stdout.read()
            else:
                printed, said = process.communicate()
                said = said.decode("utf-8", "replace")
        except BaseException:
            process.terminate()
            raise
    if process.returncode == 0:
        return printed.decode("utf-8", "replace")
    message = said.strip() or f"ringsim ended with exit code {process.returncode}"
    kind = WrongInput if process.returncode == 2 else RunFailed
    raise kind(message, process.returncode)
