#!/usr/bin/env python3
"""Tests of large models, buckets and overlap as a user calls them. Usage: step_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import ROOT, Case, csv_rows  # noqa: E402


class Step(Case):
    def test_large_models_in_buckets_that_overlap(self):
        step = [
            "run",
            "--model",
            "resnet50",
            "--source",
            "synthetic",
            "--topology",
            "switch8-25g",
            "--format",
            "json",
            "--quiet",
        ]
        runs = {
            options: json.loads(self.good(*step, *options))
            for options in (
                (),
                ("--bucket", "ddp", "--overlap", "off"),
                ("--bucket", "ddp"),
                ("--overlap", "on"),
                ("--bucket", "ddp", "--backend", "simgrid"),
            )
        }
        for run in runs.values():
            times = run["seconds_per_step"]
            self.assertAlmostEqual(times["total"], times["compute"] + times["compress"] + times["exposed_exchange"])
            # 32 pictures at 9e12/s: three times the forward pass, but for the derivatives by the picture
            self.assertAlmostEqual(times["compute"], 32 * (3 * 8.178368512e9 - 2 * 9408 * 112 * 112) / 9e12)
        overlapped = runs["--bucket", "ddp"]
        self.assertEqual(overlapped["seconds_per_step"], runs["--overlap", "on"]["seconds_per_step"])
        for name, value in runs["--bucket", "ddp", "--backend", "simgrid"]["seconds_per_step"].items():
            self.assertAlmostEqual(value, overlapped["seconds_per_step"][name], delta=1e-9 * value)
        self.assertLess(
            overlapped["seconds_per_step"]["exposed_exchange"],
            runs["--bucket", "ddp", "--overlap", "off"]["seconds_per_step"]["exposed_exchange"],
        )
        out = self.folder / "run"
        self.good(*step, "--bucket", "ddp", "--transfers", "-o", out)
        self.assertEqual(
            {row["bucket"] for row in csv_rows((out / "transfers.csv").read_text())}, {"0", "1", "2", "3", "4"}
        )

    def test_buckets_and_measured_times_are_checked(self):
        step = ["run", "--model", "alexnet", "--source", "synthetic", "--topology", "switch8-25g", "--quiet"]
        self.check_error(
            '--bucket: found "0B"; ddp or a size above zero such as 8MiB is accepted', *step, "--bucket", "0B"
        )
        self.check_error(
            "--masks-ahead: has no effect with exchanges that begin after the backward pass; add --overlap on, or "
            "leave it out",
            *step,
            "--masks-ahead",
            "on",
        )
        self.check_error(
            "--bucket-timeout: has no effect with exchanges that begin after the backward pass; add --bucket or "
            "--overlap on, or leave it out",
            *step,
            "--bucket-timeout",
            "5ms",
        )
        self.check_error(
            "--bucket-timeout: has no effect with --bytes; leave it out",
            *["run", "--topology", "switch8-25g", "--bytes", "64MiB", "--compute-time", "50ms", "--scheme", "dense"],
            *["--bucket", "1MiB", "--bucket-timeout", "5ms"],
        )
        self.check_error(
            "--masks-ahead: has no effect with --scheme dense; leave it out, or choose a scheme that takes it "
            "(ringsim list "
            "schemes)",
            *step,
            "--overlap",
            "on",
            "--masks-ahead",
            "on",
            "--scheme",
            "dense",
        )
        self.check_error(
            '--compute-time: found "fast"; model, a time such as 120ms, a file (with /, .csv or .json in its '
            "name) or a folder is accepted",
            *step,
            "--compute-time",
            "fast",
        )
        self.check_error(
            "--compute-time: found a file with --bytes, which has no layers; a time such as 120ms is accepted",
            "run",
            "--bytes",
            "4MB",
            "--compute-time",
            "x.csv",
        )
        topology = self.folder / "dies.json"
        topology.write_text(
            json.dumps(
                {
                    "name": "dies",
                    "kind": "ring",
                    "hosts": 4,
                    "link": {"bandwidth": "1Gbps", "latency": "5us"},
                    "host_exceptions": [{"host": 2, "dies": "2.5s"}],
                }
            )
        )
        self.check_error(
            "--overlap: found on, and hosts of dies die; off is accepted, and on with --staleness S or --quorum Q",
            "run",
            "--model",
            "alexnet",
            "--source",
            "synthetic",
            "--topology",
            topology,
            "--bucket",
            "ddp",
            "--quiet",
        )
        self.check_error(
            "--assume: has no effect without --source trace:DIR --scheme topk --sparse-sum ring; leave it out",
            *step,
            "--assume",
            "independent",
        )
        layers = [layer["name"] for layer in json.loads((ROOT / "models/specs/alexnet.json").read_text())["layers"]]
        table = self.folder / "ready.csv"
        table.write_text("layer,ready_s\n" + "".join(f"{name},{0.1 - 0.001 * i}\n" for i, name in enumerate(layers)))
        summary = json.loads(self.good(*step, "--compute-time", table, "--bucket", "ddp", "--format", "json"))
        self.assertAlmostEqual(summary["seconds_per_step"]["compute"], 0.1)
        self.assertIn(str(table), [entry["name"] for entry in summary["provenance"]["inputs"]])
        self.check_error(
            "--gpu-speed: has no effect with a --compute-time that is given; leave one of the two out",
            *step,
            "--compute-time",
            table,
            "--gpu-speed",
            "1TFLOPS",
        )

    def test_what_ships_is_what_its_scripts_write(self):
        specs = self.folder / "specs"
        specs.mkdir()
        subprocess.run([sys.executable, ROOT / "tools/experiments/model_specs.py", specs], check=True)
        written = {path.name: path.read_text() for path in specs.iterdir()}
        self.assertEqual(written, {path.name: path.read_text() for path in (ROOT / "models/specs").glob("*.json")})
        measured = ROOT / "docs/measured"
        script = [sys.executable, ROOT / "tools/python/ringsim/capture/cost_profile.py"]
        gpu = ["--gpu", "h100", "--memory-bandwidth", "3350GBps", "--engine", measured / "engine-h100.csv"]
        subprocess.run([*script, measured / "compression-h100.json.gz", *gpu, "-o", self.folder], check=True)
        for name in ("h100-torch.json", "h100-fused.json"):
            self.assertEqual((self.folder / name).read_text(), (ROOT / "models/profiles" / name).read_text())

    def test_compressing_takes_what_a_profile_says_and_the_summary_says_how_that_is_known(self):
        run = ["run", "--model", "resnet50", "--source", "synthetic", "--quiet", "--format", "json"]
        gpu, powersgd = ["--gpu", "h100"], ["--scheme", "powersgd"]

        def step(*options):
            summary = json.loads(self.good(*run, *options))
            return summary["basis"]["compress"], summary["seconds_per_step"]["compress"]

        # As measured in PyTorch: 54 matrices, each some 0.15 ms twice; modelled: passes over memory.
        basis, seconds = step(*gpu, *powersgd)
        self.assertEqual(basis, "measured")
        self.assertGreater(seconds, 10e-3)
        self.assertEqual(step(*gpu, *powersgd, "--compress-time", "torch"), (basis, seconds))
        file = ROOT / "models/profiles/h100-torch.json"
        self.assertEqual(step(*gpu, *powersgd, "--compress-time", file), (basis, seconds))
        basis, modelled = step(*gpu, *powersgd, "--compress-time", "model")
        self.assertEqual(basis, "modelled")
        self.assertLess(modelled, 1e-3)
        # A V100 has no profile: it is said, and one that is asked for is scaled.
        self.assertEqual(step(*powersgd)[0], "modelled")
        basis, scaled = step(*powersgd, "--compress-time", "torch")
        self.assertEqual(basis, "extrapolated")
        self.assertGreaterEqual(scaled, seconds)
        self.assertEqual(step(*gpu, *powersgd, "--rank", "16")[0], "extrapolated")
        self.assertEqual(step(*gpu, "--scheme", "iwp")[0], "modelled")
        self.assertEqual(step(*gpu, "--scheme", "iwp", "--compress-time", "fused")[0], "measured")
        self.assertEqual(step(*gpu, "--scheme", "dense")[0], None)
        self.assertEqual(step(*gpu, "--scheme", "dense", "--values", "bf16")[0], "measured")
        self.check_error(
            "--compress-time: found fused, and the profile h100-fused lacks the scheme topk; it holds: iwp; take one "
            "of these schemes, or --compress-time model",
            *run,
            *gpu,
            "--scheme",
            "topk",
            "--compress-time",
            "fused",
        )

    def test_a_gpu_sets_how_long_computing_takes(self):
        run = ["run", "--source", "synthetic", "--quiet", "--format", "json", "--scheme", "dense", "--model"]

        def compute(*options):
            return json.loads(self.good(*run, *options))["seconds_per_step"]["compute"]

        # 32 pictures of 24.3e9 operations at 9, 42.5 and 51.5e12 a second.
        self.assertAlmostEqual(compute("resnet50"), 86.4e-3, 3)
        self.assertAlmostEqual(compute("resnet50", "--gpu", "h100"), 18.3e-3, 3)
        self.assertAlmostEqual(compute("resnet50", "--gpu", "h100", "--precision", "bf16"), 15.1e-3, 3)
        # The topology names its GPU: 23e12 on an A100.
        self.assertAlmostEqual(compute("resnet50", "--topology", "dgx-a100x4"), 33.8e-3, 3)
        self.assertAlmostEqual(compute("resnet50", "--topology", "dgx-a100x4", "--gpu", "v100"), 86.4e-3, 3)
        # One picture: 161 tensors, 4 kernels each, of 23 us.
        self.assertAlmostEqual(compute("resnet50", "--gpu", "h100", "--batch", "1"), 161 * 4 * 23e-6, 9)
        self.check_error(
            "--precision: found bf16, and the GPU v100 has no speed for it; fp32 is accepted; take one of these, or "
            "give --gpu-speed",
            *run,
            "resnet50",
            "--precision",
            "bf16",
        )

    def test_training_in_buckets_learns_the_same(self):
        run = ["run", "--steps", "4", "--scheme", "dense", "--quiet", "--format", "json"]
        whole, buckets = (json.loads(self.good(*run, *options)) for options in ((), ("--bucket", "100KiB")))
        self.assertEqual((whole["loss"], whole["accuracy"]), (buckets["loss"], buckets["accuracy"]))


unittest.main()
