"""The tests of the copy: which mutants each of them reaches, and whether it fails with one of them."""
import dataclasses
import json
import math
import os
import pathlib
import resource
import signal
import subprocess
import tempfile
import time

# Tests that may fail because the machine is busy, that run no code of the modules, or that take long.
LEFT_OUT = (
    "cli: Latency",
    "dependencies:",
    "documents:",
    "install:",
    "mutants:",
    "plot:",
    "python: scripts",
    "slurm:",
    "style:",
    "browser:",
    "golden:",
    "faults:",
    "prune: the library builds",
)
# The executables that have a module's own tests; sim/'s rooms share one.
OWN = {
    "base": ("test_base",),
    "topologies": ("test_topologies", "test_topologies_simgrid"),
    "traces": ("test_traces",),
    "models/prune": ("test_prune", "test_prune_c", "test_cuda_emulated"),
    "models/schemes": ("test_models",),
}
MOST_MUTANTS = 4096
# A mutant may ask for ever more; tests of what is free would see the limit.
MOST_MEMORY = 8 << 30
UNLIMITED = "free memory"
# A test that waits for something may take so many times its processor time.
WAITED = 10
SKIPPED = 77


@dataclasses.dataclass
class Test:
    name: str
    command: list
    folder: str
    environment: dict
    skipped: int | None

    @property
    def executable(self):
        return pathlib.Path(self.command[0]).name

    @property
    def is_unit(self):
        return self.executable.startswith("test_")


def tests_of(build):
    listing = subprocess.run(
        ["ctest", "--show-only=json-v1"], cwd=build, check=True, capture_output=True, text=True
    ).stdout
    tests = []
    for entry in json.loads(listing)["tests"]:
        if "command" not in entry or entry["name"].startswith(LEFT_OUT):
            continue
        properties = {item["name"]: item["value"] for item in entry["properties"]}
        if "long" in properties.get("LABELS", ()):
            continue
        environment = dict(line.split("=", 1) for line in properties.get("ENVIRONMENT", ()))
        skipped = properties.get("SKIP_RETURN_CODE")
        tests.append(
            Test(entry["name"], entry["command"], properties.get("WORKING_DIRECTORY", str(build)), environment, skipped)
        )
    return tests


def set_limits(test, seconds):
    """Limits each process's processor time, so that it does not matter what else runs, and its memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if UNLIMITED not in test.name:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def run_test(test, limit, mutant=0, reached=None):
    """How it ended ("passed", "failed", "skipped", "signal N" or "timeout") and the seconds that it took."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        environment = os.environ | test.environment | {"RINGSIM_MUTANT": str(mutant), "TMPDIR": folder}
        if reached:
            environment["RINGSIM_MUTANTS_REACHED"] = str(reached)
        began = time.monotonic()
        process = subprocess.Popen(
            test.command,
            cwd=test.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: set_limits(test, limit),
        )
        try:
            status = process.wait(WAITED * limit)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)  # and what it has left behind
        except ProcessLookupError:
            pass
        process.wait()
        seconds = time.monotonic() - began
    if status in (None, -signal.SIGXCPU):
        return "timeout", seconds
    if status < 0:
        return f"signal {-status}", seconds
    if test.skipped is not None and status == test.skipped:
        return "skipped", seconds
    return ("passed" if status == 0 else "failed"), seconds


def reach(test, folder):
    """Runs it without a mutant; its outcome, its seconds, and the numbers of the mutants that it passed."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="reached-") as file:
        file.write(bytes(MOST_MUTANTS))
        file.flush()
        outcome, seconds = run_test(test, 600, reached=file.name)
        file.seek(0)
        at = time.time()
        numbers = [number for number, mark in enumerate(file.read()) if mark]
    return {"test": test.name, "outcome": outcome, "seconds": round(seconds, 3), "at": at, "reached": numbers}


def limit_of(seconds):
    """When a test that otherwise takes these seconds hangs."""
    return math.ceil(10 + 8 * seconds)


def order_for(mutant, tests, reaches):
    """The tests that reach it: the module's own first, then all in C++, then those of the program; the quick ones
    first."""
    own = OWN.get(mutant["module"], ("test_sim",))

    def key(test):
        return (test.executable not in own, not test.is_unit, reaches[test.name]["seconds"])

    usable = [
        test
        for test in tests
        if reaches.get(test.name, {}).get("outcome") == "passed" and mutant["number"] in reaches[test.name]["reached"]
    ]
    return sorted(usable, key=key)


def try_mutant(mutant, tests, reaches, longest, passed):
    """Runs the tests that reach a mutant until one fails that passes without; those that take more than `longest`
    seconds are left for another time. `passed` says when a test has passed before; it gets those that do now."""
    ordered = order_for(mutant, tests, reaches)
    result = {"reaching": len(ordered), "passed": passed}
    is_finished = True
    for test in ordered:
        known = reaches[test.name]
        if passed.get(test.name, 0) > known["at"]:
            continue
        if known["seconds"] > longest:
            is_finished = False
            continue
        limit = limit_of(known["seconds"])
        outcome, _ = run_test(test, limit, mutant["number"])
        if outcome in ("passed", "skipped"):
            passed[test.name] = time.time()
        elif run_test(test, limit)[0] == "passed":
            return result | {"result": "killed", "test": test.name, "how": outcome, "passed": {}}
        else:  # it does not pass without the mutant either: the machine is too busy
            is_finished = False
    return result | {"result": "survived" if is_finished else "unfinished"}
