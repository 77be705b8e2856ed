#!/usr/bin/env python3
"""Tests of tools/experiments with a program that stands in for ringsim. Usage: experiments_test.py SOURCE_ROOT."""
import csv
import json
import math
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(sys.argv.pop(1)) / "tools/experiments"
sys.path.insert(0, str(TOOLS))
import experiments  # noqa: E402

# Accuracy: best at lr 0.15, momentum 0.5; a tail helps by a point, a broadcaster by two but for the bytes; lr above 0.7
# diverges.
STAND_IN = """#!/usr/bin/python3 -IS
import json, os, pathlib, sys
words = sys.argv[2:]
options = {word[2:]: value for word, value in zip(words, words[1:]) if word.startswith("--")}
folder = pathlib.Path(words[words.index("-o") + 1])
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join(words) + "\\n")
assert os.environ["RINGSIM_THREADS"] == "1"
lr, momentum = float(options.get("lr", 0.1)), float(options.get("momentum", 0))
if options["scheme"] == "wrong":
    sys.stderr.write("--scheme: found wrong\\n")
    sys.exit(2)
if lr > 0.7:
    sys.stderr.write("training diverged in step 3\\n")
    sys.exit(1)
accuracy = 0.9 - abs(lr - 0.15) / 10 - abs(momentum - 0.5) / 10 + 0.001 * float(options["seed"])
accuracy += 0.01 * ("tail" in options) + 0.02 * (options.get("broadcasters") == "1")
wire = 50.0 if options.get("broadcasters") == "1" else 65.0
folder.mkdir()
(folder / "steps.csv").write_text(f"step,start_s,total_s,accuracy\\n0,0,0.5,\\n1,0.5,0.5,0.8\\n2,1,0.5,{accuracy}\\n")
if sys.argv[1] == "scan":
    points = options["bandwidth"].count(",") + 1
    # A compressed step has a headroom and a basis, which is that of the implementation that was asked for.
    costs = f"0.002,-0.0005,{options['compress-time']}" if options.get("headroom") == "on" else ",,"
    rows = [f"{point},300,{1e-3 + point},{accuracy},70,70,{wire},{wire},{costs},\\n" for point in range(points)]
    ratios = ["compression_ratio." + name for name in ("kept", "values", "wire", "wire_after_warmup")]
    columns = ["point", "target.steps", "seconds_per_step.total", "accuracy", *ratios]
    columns += ["headroom_seconds.dense_fp32", "headroom_seconds.dense_bf16", "basis.compress", "error"]
    (folder / "scan.csv").write_text(",".join(columns) + "\\n" + "".join(rows))
    sys.exit(0)
ratio = {"kept": 70.0, "values": 70.0, "wire": wire, "wire_after_warmup": wire}
summary = {"accuracy": accuracy, "loss": 0.2, "simulated_seconds": 1.5, "seconds_per_step": {}, "density": 0.01}
summary |= {"compression_ratio": ratio, "bytes_sent_per_rank": {}, "steps": 3, "ranks": 8, "staleness_steps": {}}
summary["basis"] = {"compute": "measured", "compress": "modelled", "exchange": "modelled"}
print(json.dumps(summary | {"left_out_ranks": None, "target": None}))
"""


class Experiments(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.program = self.root / "ringsim"
        self.program.write_text(STAND_IN)
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        self.records = self.root / "records.jsonl"
        os.environ["CALLS"] = str(self.root / "calls")

    def calls(self):
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def runs(self, **options):
        return experiments.Runs(self.program, self.records, 2, **options)

    def test_intervals(self):
        # Standard deviation 1, three values: 4.303 / sqrt(3) = 2.484.
        self.assertEqual(experiments.interval([1, 2, 3]), "2.00 ± 2.48")
        self.assertEqual(experiments.interval([1.25]), "1.25")
        self.assertEqual(experiments.half_width([1]), math.inf)
        self.assertEqual(experiments.numbers("2..4"), [2, 3, 4])
        self.assertEqual(experiments.numbers("8,32"), [8, 32])

    def test_runs_are_kept_and_not_repeated(self):
        wanted = [{"scheme": "iwp", "lr": lr, "seed": 1} for lr in (0.1, 0.2, 0.9)]
        first = self.runs().batch(wanted)
        self.assertEqual([record.get("accuracy") for record in first], [0.846, 0.846, None])
        self.assertEqual(first[0]["curve"], [[1.0, 0.8], [1.5, 0.846]])
        self.assertEqual(experiments.seconds_to(first[0], 0.84), 1.5)
        self.assertEqual(experiments.seconds_to(first[0], 0.9), math.inf)
        self.assertIn("diverged", first[2]["failed"])
        self.assertEqual(len(self.calls()), 3)
        # A line that was cut off is run again, and does not spoil the one after it.
        text = self.records.read_bytes()
        self.records.write_bytes(text[:-20])
        again = self.runs().batch(wanted)
        self.assertEqual([record["options"] for record in again], wanted)
        self.assertEqual(len(self.calls()), 4)
        self.assertEqual(len(self.records.read_text().splitlines()), 3)

    def test_what_ringsim_refuses_is_an_error(self):
        with self.assertRaisesRegex(experiments.RunFailed, "--scheme: found wrong"):
            self.runs().batch([{"scheme": "wrong", "seed": 1}])

    def test_runs_that_would_end_too_late_are_not_begun(self):
        # 15 seconds are expected of 10 epochs of the mlp.
        wanted = [{"scheme": "iwp", "epochs": "10", "seed": seed} for seed in range(3)]
        start = time.monotonic()
        self.assertEqual(self.runs(budget_seconds=10).batch(wanted), [None] * 3)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(self.calls(), [])

    def test_the_search_finds_the_best_that_sends_little_enough(self):
        done = subprocess.run(
            [
                sys.executable,
                "-B",
                TOOLS / "search.py",
                "--program",
                self.program,
                "-o",
                self.root / "search",
                "--schemes",
                "iwp",
                "--models",
                "mlp",
                "--jobs",
                "2",
            ],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        settings = json.loads((self.root / "search" / "settings.json").read_text())["mlp"]
        # The grid's best is 0.15 = 0.3 * (1 - 0.5); 0.1125 and 0.2 are tried beside it, and a single broadcaster
        # sends too much.
        self.assertEqual({name: settings["iwp"][name] for name in ("lr", "momentum")}, {"lr": 0.15, "momentum": 0.5})
        self.assertIn("tail", settings["iwp"])
        self.assertNotEqual(settings["iwp"].get("broadcasters"), 1)
        with (self.root / "search" / "search-mlp.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(
            {row["stage"] for row in rows if row["scheme"] == "iwp"}, {"grid", "change", "encoding", "rate"}
        )
        self.assertEqual(sum(row["chosen"] == "1" for row in rows if row["scheme"] == "iwp"), 3)
        for call in self.calls():
            self.assertIn("--evaluate validation", call)

    def test_tables(self):
        for script, options, expected in (
            (
                "schemes.py",
                ["--schemes", "dense,iwp", "--seeds", "1..2", "--bandwidths", "1Gbps,10Gbps"],
                "| 65.0 | 300 | 1 / +2 / -0.5 | 1e+03 / +2 / -0.5 | fused |",
            ),
            (
                "schemes.py",
                ["--schemes", "dense,randomk,magnitude", "--steps", "9", "--seeds", "1"],
                "| dense | 1 | 1e+03 | 2e+03 |  |\n| randomk | 1 / +2 / -0.5 | 1e+03 / +2 / -0.5 | 2e+03 / +2 / -0.5 | "
                "torch |\n| magnitude | 1 / +2 / -0.5 | 1e+03 / +2 / -0.5 | 2e+03 / +2 / -0.5 | model |",
            ),
            ("density.py", ["--densities", "1/32", "--seeds", "1..2"], "| iwp | 1/32 |"),
        ):
            done = subprocess.run(
                [
                    sys.executable,
                    "-B",
                    TOOLS / script,
                    "--program",
                    self.program,
                    "--records",
                    self.records,
                    "--jobs",
                    "2",
                    *options,
                ],
                capture_output=True,
                text=True,
            )
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(expected, done.stdout)
        # What steps cost alone is asked of so many steps, without a warm-up.
        self.assertTrue(any("--steps 9" in call for call in self.calls()))
        self.assertFalse(any("--warmup" in call for call in self.calls()))

    def test_the_basis_of_times_is_that_of_all_runs(self):
        bases = [
            {"compute": "measured", "compress": None, "exchange": "modelled"},
            {"compute": "measured", "compress": "extrapolated", "exchange": "modelled"},
            {"compute": "measured", "compress": "modelled", "exchange": "modelled"},
        ]
        records = [{"basis": basis} for basis in bases]
        self.assertEqual(
            experiments.basis_line([None, {}, *records]),
            "basis: computing measured, compressing extrapolated or modelled, the exchange modelled",
        )
        self.assertEqual(experiments.basis_line(records[:1]), "basis: computing measured, the exchange modelled")
        self.assertEqual(experiments.signed_milliseconds(""), "")
        self.assertEqual(experiments.signed_milliseconds("0.0123"), "+12.3")
        self.assertEqual(experiments.signed_milliseconds(-2e-3), "-2")


if __name__ == "__main__":
    unittest.main()
