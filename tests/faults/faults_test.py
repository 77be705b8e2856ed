#!/usr/bin/env python3
"""Commands that write are ended at random moments, lose their disk or their folder, or meet another one.
Usage: faults_test.py RINGSIM SOURCE_ROOT ENDS CASE...   ENDS: how often each signal ends each command
Nothing half-written may stand under a final name, what is not whole may not end with 0, and the same command has to
work once more."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "attacks"))
import inputs  # noqa: E402

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
inputs.ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
ENDS = int(sys.argv.pop(1))
PURE = ["--bytes", "1MB", "--compute-time", "0s", "--scheme", "dense", "--quiet"]
JITTERED = ["--bytes", "1MB", "--compute-time", "1ms", "--jitter", "0.1", "--scheme", "dense", "--quiet"]
TRAINED = ["--steps", "20", "--scheme", "iwp", "--quiet"]
# What is written by which command: name of the output, and the command.
COMMANDS = {
    "run": ("out", ["run", *TRAINED, "--transfers", "--timeline", "-o", "out"]),
    "exchange": ("out", ["run", *PURE, "--steps", "200", "-o", "out"]),
    "seeds": ("out", ["run", *JITTERED, "--steps", "200", "--seed", "1..4", "-o", "out"]),
    "scan": ("out", ["scan", *PURE, "--steps", "1..40", "-j", "2", "-o", "out"]),
    "merge": ("out", ["merge", "shard1", "shard2", "-o", "out"]),
    "prune": ("out", ["prune", "--weights", "w.npy", "--gradients", "g.npy", "--masks", "-o", "out", "--quiet"]),
    "report": ("out.html", ["report", "run", "other-run", "-o", "out.html"]),
    "calibrate": ("out.json", ["calibrate", "measured.csv", "--hosts", "2", "-o", "out.json"]),
    "points": ("out.csv", ["calibrate", "measured.csv", "--points", "out.csv"]),
    "export": ("out.xml", ["topology", "export", "ring.json", "-o", "out.xml"]),
    "import": ("out.json", ["topology", "import", "ring.xml", "-o", "out.json"]),
    "model": ("out.json", ["model", "import", "tensors.txt", "-o", "out.json"]),
    "bench": ("out.json", ["bench", "--elements", "100000", "-o", "out.json", "--quiet"]),
}
# Files that hold times of this machine: they have to be whole, not the same.
MEASURED = {"bench"}
# A scan that was ended leaves these behind, and the same command goes on with them.
STAYING = {"scan.json", "points.journal"}


def contents(path):
    """Every file that has its final name, without what may differ between two runs."""
    if path.is_file():
        return {path.name: path.read_bytes()}
    found = {}
    for file in path.rglob("*") if path.is_dir() else ():
        if not file.is_file() or file.name.startswith(".") or file.name.endswith(".partial"):
            continue
        if file.name == "summary.json":
            summary = json.loads(file.read_text())
            summary.pop("wall_seconds")
            found[str(file.relative_to(path))] = json.dumps(summary).encode()
        elif file.name != "points.journal":
            found[str(file.relative_to(path))] = file.read_bytes()
    return found


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.whole = pathlib.Path(tempfile.mkdtemp())
        inputs.prepare(PROGRAM, cls.whole)
        (cls.whole / "tensors.txt").write_text("wte.weight (50257, 768)\nfc.weight (10, 768)\nfc.bias (10,)\n")
        export = [PROGRAM, "topology", "export", "ring.json", "-o", "ring.xml"]
        subprocess.run(export, cwd=cls.whole, check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.whole)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, True)
        shutil.copytree(self.whole, self.folder, dirs_exist_ok=True)

    def start(self, command, **options):
        return subprocess.Popen(
            [PROGRAM, *command],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # A session of its own, as where its time is taken: Linux may share processors by session.
            start_new_session=True,
            **options,
        )

    def end(self, child):
        said = child.communicate(timeout=120)[1]
        return child.returncode, said

    def good(self, command):
        code, said = self.end(self.start(command))
        self.assertEqual(code, 0, said)

    def time_of(self, output, command):
        """From when the program is there to its end."""
        self.clear(output)
        child = self.start(command)
        begun = time.monotonic()
        code, said = self.end(child)
        takes = time.monotonic() - begun
        self.assertEqual(code, 0, said)
        return takes

    def clear(self, output):
        path = self.folder / output
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    def check_rest(self, name, reference, code, said):
        """What is there under final names is whole, or nothing is."""
        output = self.folder / COMMANDS[name][0]
        found = contents(output)
        if code == 0 and name not in MEASURED:
            self.assertEqual(found, reference, name)
        for file, text in found.items():
            if file in STAYING:
                json.loads(text)
            elif name in MEASURED:
                json.loads(text)
            else:
                self.assertEqual(text, reference.get(file), f"{name}: {file} is not whole (exit {code}, {said!r})")

    def end_at_random(self, name):
        output, command = COMMANDS[name]
        self.time_of(output, command)
        reference = contents(self.folder / output)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            moments = random.Random(f"{name} {number}")
            ended = sent = 0
            # A signal that comes after the end shows nothing; on a busy machine some do.
            while ended < ENDS and sent < 20 * ENDS:
                if sent % 10 == 0:  # what else the machine does changes
                    takes = self.time_of(output, command)
                self.clear(output)
                child = self.start(command)
                time.sleep(moments.uniform(0, takes))
                # Workers of a scan, too, as a terminal or a batch system does it.
                os.killpg(child.pid, number)
                code, said = self.end(child)
                sent += 1
                ended += code != 0
                with self.subTest(signal=number.name, code=code):
                    self.assertIn(code, (0, 1, -number, 128 + number), said)
                    self.check_rest(name, reference, code, said)
                    if code == 0:
                        continue  # a folder that holds a run is refused
                    # What was killed right after its last rename left a whole result.
                    if not (self.folder / output).is_dir() or contents(self.folder / output) != reference:
                        self.good(command)
                    self.check_rest(name, reference, 0, "")
            print(f"{name}: {number.name} sent {sent} times, {ended} before the end", file=sys.stderr)
            self.assertEqual(ended, ENDS, f"{name}: too few of {sent} signals came before the end")

    def test_full_disks(self):
        """Outputs onto a device that is full, and into a file system that fills up."""
        for name in ("report", "calibrate", "points", "export", "import", "model", "bench"):
            output, command = COMMANDS[name]
            code, said = self.end(self.start([word if word != output else "/dev/full" for word in command]))
            self.assertEqual((code, said), (1, "/dev/full: cannot be written (No space left on device)\n"), name)
        small = self.folder / "small"
        small.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", small], capture_output=True)
        if done.returncode != 0:
            self.skipTest("this user may not mount a small file system")
        self.addCleanup(subprocess.run, ["umount", small])
        for name, (output, command) in COMMANDS.items():
            to = f"small/{output}"
            code, said = self.end(self.start([word if word != output else to for word in command]))
            if name in ("calibrate", "points", "export", "import", "model", "bench"):  # they fit
                self.assertEqual(code, 0, said)
                (self.folder / to).unlink()
                continue
            self.assertEqual(code, 1, f"{name}: {said}")
            self.assertRegex(said, "No space left on device", name)
            left = {path.name for path in small.rglob("*")} - STAYING - {"out"}
            self.assertEqual(left, set(), name)
            self.clear(to)

    def test_folders_that_vanish(self):
        for name in ("run", "exchange"):
            output, command = COMMANDS[name]
            longer = {"20": "100", "200": "5000"}
            command = [longer.get(word, word) for word in command if word != "--timeline"]
            child = self.start(command)
            # Before it has opened its files, a folder that is gone is one that cannot be written to: exit 2.
            files = 5 if "--transfers" in command else 4
            while len(list((self.folder / output).glob("*.partial"))) < files and child.poll() is None:
                time.sleep(0.001)
            shutil.rmtree(self.folder / output)
            code, said = self.end(child)
            self.assertEqual((code, (self.folder / output).exists()), (1, False), f"{name}: {said}")
            self.assertRegex(said, "^out/[a-z.]+: cannot be written", name)

    def test_clock_that_jumps(self):
        """The system's clock goes back and forth by hours, days and years while a command runs (libfaketime)."""
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        if library is None:
            self.skipTest("libfaketime is not installed")
        clock = self.folder / "clock"
        environment = {
            **os.environ,
            **{"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"},
            # As where somebody sets the clock: the time since the start goes on.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        jumps = random.Random("clock")
        for name, (output, command) in COMMANDS.items():
            self.clear(output)
            self.good(command)
            reference = contents(self.folder / output)
            self.clear(output)
            clock.write_text("+0")
            child = self.start(command, env=environment)
            count = 0
            while child.poll() is None:
                clock.write_text(jumps.choice(["-2h", "+3h", "-40d", "+9y", "-9y", "+1", "-1"]))
                count += 1
                time.sleep(0.01)
            code, said = self.end(child)
            self.assertEqual(code, 0, f"{name}: {said}")
            if name not in MEASURED:
                self.assertEqual(contents(self.folder / output), reference, name)
            for summary in [] if (self.folder / output).is_file() else (self.folder / output).glob("summary.json"):
                self.assertLess(abs(json.loads(summary.read_text())["wall_seconds"] - 30), 30, name)
            print(f"{name}: {count} jumps of the clock", file=sys.stderr)

    def test_two_commands_into_one_folder(self):
        for name in ("run", "exchange", "seeds", "scan", "merge", "prune"):
            output, command = COMMANDS[name]
            self.clear(output)
            self.good(command)
            reference = contents(self.folder / output)
            for _ in range(ENDS):
                self.clear(output)
                children = [self.start(command) for _ in range(2)]
                ends = [self.end(child) for child in children]
                codes = sorted(code for code, _ in ends)
                self.assertEqual(codes[0], 0, f"{name}: {ends}")
                self.assertIn(codes[1], (0, 1, 2), f"{name}: {ends}")
                self.assertEqual(contents(self.folder / output), reference, f"{name}: {ends}")


for _name in COMMANDS:
    setattr(Faults, f"test_{_name}_ended_at_random", lambda self, name=_name: self.end_at_random(name))

unittest.main()
