#!/usr/bin/env python3
"""Feeds seeds and former findings to the readers that fuzzers call. Usage: replay_test.py RINGSIM REPLAY SOURCE_ROOT

A seed that is cut off, or has a byte changed, has to end in an error for users or be taken, too: with the same numbers
every time, so that the test fails where it failed before. RINGSIM_SPOILT is how many of each there are (default 4)."""
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM, REPLAY, ROOT = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:4])
del sys.argv[1:4]
HERE = pathlib.Path(ROOT) / "tests/fuzz"
LARGEST = 4096
SPOILT = int(os.environ.get("RINGSIM_SPOILT", "4"))


def spoil(folder, to):
    """Changed copies of each small seed: one in four is cut off, the others have one byte changed, two or three."""
    for seed in sorted(path for path in folder.glob("*/*") if path.stat().st_size <= LARGEST):
        content = seed.read_bytes()
        draw = random.Random(f"{seed.parent.name}/{seed.name}")
        (to / seed.parent.name).mkdir(parents=True, exist_ok=True)
        for number in range(SPOILT):
            changed = bytearray(content[: draw.randrange(len(content) + 1)] if number % 4 == 0 else content)
            for _ in range(number % 4):
                if changed:
                    changed[draw.randrange(len(changed))] = draw.choice(b'\x00\xff"{}[],:-09e.\n ')
            (to / seed.parent.name / f"{seed.name}-{number}").write_bytes(changed)


def write_long(to):
    """Inputs that would take a reader hours or all memory if its time grew with the square of their length."""
    texts = {
        "json": "{" + ", ".join(f'"key{i}": 1' for i in range(60000)) + "}",
        "model-list": "{" + ", ".join(f'"tensor{i}": [1]' for i in range(30000)) + "}",
        "nvidia-smi": "\t" + "\t".join(["GPU0"] * 20000) + "\n",
        "csv": "," * 200000,
        "astra-sim": "[" * 100000,
        "simgrid-platform": "<zone>" * 100000,
        "range": "1," * 50000 + "1",
    }
    for reader, text in texts.items():
        (to / reader).mkdir(parents=True)
        (to / reader / "long").write_text(text)


class Replay(unittest.TestCase):
    def replay(self, *folders):
        done = subprocess.run([REPLAY, *map(str, folders)], capture_output=True, text=True, timeout=250 + SPOILT)
        self.assertEqual(done.returncode, 0, done.stdout[-500:] + done.stderr[-3000:])
        return done.stdout

    def test_seeds_and_findings(self):
        with tempfile.TemporaryDirectory() as name:
            seeds, spoilt, long = (pathlib.Path(name) / kind for kind in ("seeds", "spoilt", "long"))
            subprocess.run([sys.executable, HERE / "seeds.py", PROGRAM, ROOT, seeds], check=True)
            spoil(seeds, spoilt)
            write_long(long)
            said = self.replay(seeds, spoilt, long, HERE / "findings")
            readers = {path.name for path in seeds.iterdir()}
            self.assertIn(f"of {len(readers)} readers, 0 wrong", said, "a reader without seeds")


unittest.main()
