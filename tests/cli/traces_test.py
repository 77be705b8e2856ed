#!/usr/bin/env python3
"""Dumped gradients are pruned, and what is written is run. Usage: traces_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import json
import math
import os
import pathlib
import random
import shutil
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import Case, csv_rows  # noqa: E402


class Traces(Case):
    """ringsim prune, and run --source trace:DIR."""

    def save(self, name, shape, values):
        """NumPy's format by hand."""
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        (self.folder / name).write_bytes(
            b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + array.array("f", values).tobytes()
        )
        return self.folder / name

    def dump(self):
        """A layer of 4096 parameters, two ranks, three steps."""

        def save(name, shape, seed):
            count = math.prod(shape)
            return self.save(
                name, shape, (((i * 7919 + seed * 104729) % 1009 - 504) ** 5 / 504**5 for i in range(count))
            )

        return save("w.npy", (64, 64), 0), [save(f"g{step}.npy", (2, 64, 64), step + 1) for step in range(3)]

    def test_dumps_of_few_steps_meet_their_density(self):
        draws = random.Random(1)
        weights = self.save("w.npy", (64, 128), (draws.gauss(0, 1) for _ in range(8192)))
        gradients = [
            self.save(f"g{step}.npy", (4, 64, 128), (draws.gauss(0, 1) for _ in range(4 * 8192))) for step in range(12)
        ]
        for scheme in ("iwp", "magnitude"):
            for steps in (4, 12):
                done = self.ringsim(
                    "prune",
                    "--scheme",
                    scheme,
                    "--weights",
                    weights,
                    "-o",
                    self.folder / f"{scheme}-{steps}",
                    "--density",
                    "1/84",
                    "--format",
                    "json",
                    "--gradients",
                    *gradients[:steps],
                )
                self.assertEqual(done.returncode, 0, done.stderr)
                density = json.loads(done.stdout)["layers"][0]["density"]
                self.assertAlmostEqual(density, 1 / 84, delta=0.1 / 84)
                said = f"the masks keep {density:.3g} of the layers that are pruned, 0.0119 was asked for"
                self.assertIn(said, done.stderr)
                self.assertNotIn("warning", done.stderr)

    def test_a_shipped_trace_runs_by_its_name(self):
        network = ["--topology", "ring", "--ranks", "8", "--bandwidth", "10Gbps", "--latency", "5us"]
        options = [*network, "--compute-time", "1ms", "--steps", "2", "--quiet"]
        result = json.loads(self.good("run", "--source", "trace:alexnet-256", *options, "--format", "json"))
        self.assertEqual((result["steps"], result["scheme"]), (2, "iwp"))
        self.check_error(
            '--source: unknown trace "alexnet-255" (did you mean "alexnet-256"?); accepted: a folder that ringsim '
            "prune wrote, or one of alexnet, alexnet-256, alexnet-steered, alexnet-steered-256, resnet50, resnet50-256",
            "run",
            "--source",
            "trace:alexnet-255",
            *options,
        )

    def test_a_density_that_is_missed_is_said(self):
        weights = self.save("w.npy", (64, 64), [1] * 4096)
        nothing = self.save("g.npy", (2, 64, 64), [0] * 2 * 4096)
        prune = ["prune", "--weights", weights, "-o", self.folder / "trace", "--quiet", "--gradients", nothing]
        done = self.ringsim(*prune)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "warning: the masks keep 0 of the layers that are pruned, 0.0119 was asked for\n")

    def test_prune_then_run(self):
        weights, gradients = self.dump()
        trace = self.folder / "trace"
        for engine in ("scalar", "auto"):
            shutil.rmtree(trace, ignore_errors=True)
            printed = self.good(
                "prune",
                "--weights",
                weights,
                "--gradients",
                *gradients,
                "-o",
                trace,
                "--quiet",
                "--density",
                "1/16",
                "--engine",
                engine,
                "--format",
                "csv",
            )
            table = (trace / "trace_layers.csv").read_bytes()
            if engine == "scalar":
                reference = printed, table
        self.assertEqual((printed, table), reference)
        self.assertEqual(sorted(path.name for path in trace.iterdir()), ["trace.json", "trace_layers.csv"])
        rows = csv_rows(table.decode())
        self.assertEqual(len(rows), 3 * 2)
        sent = sum(int(row["sent"]) for row in rows if row["rank"] == "0")
        for ranks in ("2", "5"):
            network = ["--topology", "ring", "--ranks", ranks, "--bandwidth", "1Gbps", "--latency", "5us"]
            result = json.loads(
                self.good(
                    "run",
                    "--source",
                    f"trace:{trace}",
                    "--compute-time",
                    "1ms",
                    *network,
                    "--format",
                    "json",
                    "--quiet",
                )
            )
            n = int(ranks)
            # A ring sends every value 2(N-1)/N times per rank.
            self.assertAlmostEqual(
                result["bytes_sent_per_rank"]["values"], 2 * (n - 1) / n * sent * 4, delta=1e-6 * sent
            )
            self.assertEqual((result["steps"], result["accuracy"], result["loss"]), (3, None, None))
            self.assertAlmostEqual(result["density"], sent / (3 * 4096))
            self.assertEqual(
                [os.path.basename(i["name"]) for i in result["provenance"]["inputs"]],
                ["trace.json", "trace_layers.csv"],
            )
        dense = json.loads(
            self.good(
                "run",
                "--source",
                f"trace:{trace}",
                "--compute-time",
                "1ms",
                "--scheme",
                "dense",
                *network,
                "--format",
                "json",
                "--quiet",
            )
        )
        self.assertEqual(dense["compression_ratio"]["wire"], 1)
        self.assertGreater(dense["simulated_seconds"], 0.003)

    def test_places_of_four_bytes(self):
        weights, gradients = self.dump()
        trace = self.folder / "trace"
        self.good("prune", "--weights", weights, "--gradients", *gradients, "-o", trace, "--quiet")
        kept = sum(int(row["kept"]) for row in csv_rows((trace / "trace_layers.csv").read_text()))
        network = ["--topology", "ring", "--ranks", "2", "--bandwidth", "1Gbps", "--latency", "5us"]
        words = ["--source", f"trace:{trace}", "--compute-time", "1ms", "--scheme", "topk", *network]
        result = json.loads(self.good("run", *words, "--mask-encoding", "index32", "--format", "json", "--quiet"))
        # Each of two ranks sends its values and their places once.
        self.assertGreater(kept, 0)
        self.assertEqual(result["bytes_sent_per_rank"]["masks"], 4 * kept / 2)
        self.assertEqual(result["bytes_sent_per_rank"]["values"], 4 * kept / 2)

    def test_mistakes(self):
        weights, gradients = self.dump()
        trace = self.folder / "trace"
        prune = ["prune", "--weights", weights, "-o", trace, "--quiet", "--gradients", *gradients]
        whole = gradients[2].read_bytes()
        gradients[2].write_bytes(whole[:-2])
        self.check_error(
            f"{gradients[2]}: byte {len(whole) - 2}: found 32766 bytes of elements; the 32768 bytes of the shape "
            "are accepted",
            *prune,
        )
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["g0.npy", "g1.npy", "g2.npy", "w.npy"])
        gradients[2].write_bytes(whole)
        self.check_error('--nonfinite: found "no"; error or keep is accepted', *prune, "--nonfinite", "no")
        of_weights = weights.read_bytes()
        weights.write_bytes(of_weights[:-4] + b"\x00\x00\xc0\x7f")
        parameters = 4096
        self.check_error(
            f'{weights}: element {parameters - 1} of "w" is nan; finite weights are accepted; '
            "--nonfinite keep takes them as they are",
            *prune,
        )
        weights.write_bytes(of_weights)
        self.check_error(
            "--scheme: dense selects nothing; a scheme whose ranks share a mask is accepted: iwp, magnitude, cltk",
            *prune,
            "--scheme",
            "dense",
        )
        self.good(*prune)
        run = ["run", "--quiet", "--source", f"trace:{trace}"]
        self.check_error(
            f"--compute-time: is needed with --source trace:{trace}; a time such as 120ms is accepted; a trace does "
            "not say how long forward and backward pass take",
            *run,
        )
        run += ["--compute-time", "1ms"]
        self.check_error(f"--epochs: has no effect with --source trace:{trace}; leave it out", *run, "--epochs", "1")
        self.check_error(
            f"--density: has no effect with --source trace:{trace}; leave it out", *run, "--density", "1/2"
        )
        self.check_error(f"--steps: found 4; 1 to 3 (the steps of {trace}) is accepted", *run, "--steps", "4")
        self.check_error(
            "--mask-encoding: has no effect with --scheme dense; leave it out",
            *run,
            "--scheme",
            "dense",
            "--mask-encoding",
            "rice",
        )
        self.check_error(
            '--source: found "trace"; train, synthetic or trace:DIR is accepted', "run", "--source", "trace"
        )


unittest.main()
