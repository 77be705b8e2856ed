#!/usr/bin/env python3
"""Tests of late updates as a user calls them. Usage: staleness_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, QUICK, Case, csv_rows  # noqa: E402


class Staleness(Case):
    """--staleness, --quorum and --local-steps."""

    RING = ["--topology", "ring", "--ranks", "4", "--latency", "5us"]

    def tables(self, name, *arguments):
        folder = self.folder / name
        self.good("run", *arguments, "-o", folder, "--quiet")
        return {path.name: path.read_bytes() for path in folder.glob("*.csv")}

    def summary(self, *arguments):
        return json.loads(self.good("run", *arguments, "--format", "json", "--quiet"))

    def test_no_staleness_is_the_synchronous_run_byte_for_byte(self):
        for scheme in ("iwp", "topk"):
            plain = [*QUICK, "--scheme", scheme, "--topology", "ring8-mixed", "--jitter", "0.2"]
            expected = self.tables(f"{scheme}-plain", *plain)
            for name, options in (("s", ["--staleness", "0"]), ("q", ["--quorum", "8"]), ("h", ["--local-steps", "1"])):
                self.assertEqual(self.tables(f"{scheme}-{name}", *plain, *options), expected)

    def test_without_latency_on_a_fast_network_nothing_is_late(self):
        # What an exchange takes is less than the last bit of such a time.
        network = ["--topology", "ring", "--ranks", "4", "--latency", "0s", "--bandwidth", "1000000Tbps"]
        for scheme in (["dense"], ["iwp", "--compress-time", "none"]):
            work = [*QUICK, *network, "--compute-time", "1000000s", "--scheme", *scheme]
            learned = [self.summary(*work, "--staleness", staleness) for staleness in ("0", "1", "4", "64")]
            for found in learned:
                self.assertEqual(
                    (found["staleness_steps"]["delay_mean"], found["staleness_steps"]["delay_max"]), (0, 0)
                )
                self.assertEqual(found["loss"], learned[0]["loss"])

    def test_a_slow_network_makes_updates_late_and_training_feels_it(self):
        slow = [*QUICK, *self.RING, "--bandwidth", "100Mbps", "--scheme", "dense", "--compute-time", "2ms"]
        late, waiting = self.summary(*slow, "--staleness", "3"), self.summary(*slow)
        # Steps 0 to 3 begin with the first weights, steps 4 and 5 with updates 0 and 1.
        self.assertAlmostEqual(late["staleness_steps"]["delay_mean"], (0 + 1 + 2 + 3 + 3 + 3) / 6)
        self.assertEqual(late["staleness_steps"]["delay_max"], 3)
        self.assertNotEqual(late["loss"], waiting["loss"])
        self.assertLess(late["simulated_seconds"], waiting["simulated_seconds"])

    def test_both_backends_and_any_number_of_threads_train_alike(self):
        for options in (
            ["--staleness", "2"],
            ["--quorum", "3", "--bucket", "100KiB"],
            ["--staleness", "2", "--quorum", "3", "--scheme", "topk"],
        ):
            common = [
                "--steps",
                "10",
                *self.RING,
                "--bandwidth",
                "1Gbps",
                "--compute-time",
                "1ms",
                "--jitter",
                "0.4",
                *options,
            ]
            shutil.rmtree(self.folder / "simgrid", ignore_errors=True)
            shutil.rmtree(self.folder / "recurrence", ignore_errors=True)
            shutil.rmtree(self.folder / "one", ignore_errors=True)
            simgrid = self.tables("simgrid", *common, "--backend", "simgrid")
            recurrence = self.tables("recurrence", *common, "--backend", "recurrence")
            self.assertEqual(simgrid["layers.csv"], recurrence["layers.csv"])
            self.assertEqual(simgrid["staleness.csv"], recurrence["staleness.csv"])
            for row, other in zip(
                *(csv.reader(tables["steps.csv"].decode().splitlines()) for tables in (simgrid, recurrence)),
                strict=True,
            ):
                for cell, compared in zip(row, other, strict=True):
                    if cell != compared:
                        self.assertAlmostEqual(
                            float(cell), float(compared), delta=1e-9 * max(1e-3, abs(float(compared)))
                        )
            one = subprocess.run(
                [
                    "taskset",
                    "-c",
                    str(min(os.sched_getaffinity(0))),
                    PROGRAM,
                    "run",
                    *common,
                    "-o",
                    self.folder / "one",
                    "--backend",
                    "recurrence",
                    "--quiet",
                ],
                capture_output=True,
                text=True,
            )
            self.assertEqual(one.returncode, 0, one.stderr)
            self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "one").glob("*.csv")}, recurrence)

    def test_auto_takes_fluid_where_late_transfers_meet(self):
        # Trees share a switch's links.
        switch = [
            "--steps",
            "3",
            "--topology",
            "switch",
            "--ranks",
            "5",
            "--bandwidth",
            "1Gbps",
            "--latency",
            "5us",
            "--collective",
            "tree",
            "--staleness",
            "2",
            "--compute-time",
            "1ms",
        ]
        found = self.summary(*switch)
        self.assertEqual(found["backend"], "fluid")
        self.assertIn("recurrence is not exact here", self.ringsim("run", *switch, "--backend", "recurrence").stderr)

    def test_a_straggler_and_an_outage_act_on_staleness(self):
        text = {"kind": "ring", "hosts": 4, "name": "bad", "link": {"bandwidth": "1Gbps", "latency": "5us"}}
        plain, outage, straggler = (self.folder / f"{name}.json" for name in ("plain", "outage", "straggler"))
        plain.write_text(json.dumps(text))
        straggler.write_text(json.dumps(text | {"host_exceptions": [{"host": 1, "speed": 0.3}]}))
        outage.write_text(
            json.dumps(
                text
                | {
                    "link_exceptions": [
                        {
                            "link": "link2",
                            "bandwidth": "1Gbps",
                            "latency": "5us",
                            "outages": [{"from": "10ms", "until": "200ms"}],
                        }
                    ]
                }
            )
        )
        common = ["--steps", "12", "--scheme", "iwp", "--compute-time", "2ms", "--staleness", "4"]
        delay = {
            path.stem: self.summary(*common, "--topology", path)["staleness_steps"]["delay_max"]
            for path in (plain, outage, straggler)
        }
        self.assertEqual(delay["plain"], 1)
        # While the link is down the others run out of steps that they may begin.
        self.assertEqual(delay["outage"], 4)
        self.assertGreater(delay["straggler"], 1)

    def test_a_quorum_leaves_the_slowest_out_and_counts_it(self):
        path = self.folder / "straggler.json"
        path.write_text(
            json.dumps(
                {
                    "kind": "ring",
                    "hosts": 4,
                    "name": "bad",
                    "link": {"bandwidth": "10Gbps", "latency": "5us"},
                    "host_exceptions": [{"host": 1, "speed": 0.3}],
                }
            )
        )
        common = ["--steps", "12", "--topology", path, "--compute-time", "2ms"]
        for scheme in ("dense", "iwp", "magnitude", "cltk", "topk", "randomk"):
            found = self.summary(*common, "--scheme", scheme, "--quorum", "3")
            self.assertEqual(found["left_out_ranks"], 1)
            # 12 steps of 2 ms, not of 2 ms / 0.3.
            self.assertLess(found["simulated_seconds"], 12 * 4e-3)
            # 12 rounds of a byte from each of 4 ranks to 3 others.
            self.assertGreaterEqual(found["bytes_sent_per_rank"]["headers"], 12 * 3)
        self.check_error(
            "--scheme: qsgd needs all ranks in a step; dense, iwp, magnitude, cltk, topk, randomk are accepted with "
            "a quorum; leave --quorum out",
            "run",
            *common,
            "--scheme",
            "qsgd",
            "--quorum",
            "3",
        )
        self.check_error("--quorum: found 5; 1 to 4 (the number of ranks) is accepted", "run", *common, "--quorum", "5")

    def test_local_steps_exchange_every_h_steps(self):
        for scheme in ("dense", "iwp", "cltk", "topk"):
            folder = self.folder / scheme
            self.good(
                "run",
                "--steps",
                "10",
                *self.RING,
                "--bandwidth",
                "1Gbps",
                "--scheme",
                scheme,
                "--local-steps",
                "4",
                "-o",
                folder,
                "--quiet",
            )
            rows = csv_rows((folder / "steps.csv").read_text())
            # After steps 3 and 7, and after the last.
            self.assertEqual([int(row["total_bytes"]) > 0 for row in rows], [step in (3, 7, 9) for step in range(10)])
            self.assertEqual(
                [float(row["exposed_exchange_s"]) > 1e-9 for row in rows], [step in (3, 7, 9) for step in range(10)]
            )

    def test_memory_is_printed_before_the_run(self):
        late = self.ringsim("run", *QUICK, "--staleness", "3")
        # Four versions of 235,146 fp32 parameters.
        self.assertRegex(late.stderr, r"memory of 8 ranks: .*MB of gradients, 3\.76MB of 4 versions of the weights\n")
        apart = self.ringsim("run", *QUICK, "--local-steps", "2", "--scheme", "dense")
        # Weights, update, difference and momentum of 8 ranks.
        self.assertRegex(apart.stderr, r"memory of local steps: 30\.1MB of weights and momenta apart\n")

    def test_the_time_to_a_target(self):
        common = ["--steps", "60", *self.RING, "--bandwidth", "1Gbps", "--scheme", "dense", "--evaluate-every", "20"]
        folder = self.folder / "run"
        self.good("run", *common, "--target-accuracy", "0.5", "-o", folder, "--quiet")
        rows = csv_rows((folder / "steps.csv").read_text())
        measured = [row for row in rows if row["accuracy"]]
        self.assertEqual([row["step"] for row in measured], ["19", "39", "59"])
        first = next(row for row in measured if float(row["accuracy"]) >= 0.5)
        target = json.loads((folder / "summary.json").read_text())["target"]
        self.assertEqual(target["steps"], int(first["step"]) + 1)
        self.assertAlmostEqual(target["seconds"], float(first["start_s"]) + float(first["total_s"]))
        never = self.summary(*common, "--target-accuracy", "1")["target"]
        self.assertEqual(never, {"accuracy": 1, "steps": None, "seconds": None})

    def test_a_scan_trains_anew_at_every_bandwidth(self):
        late = ["--steps", "6", *self.RING, "--scheme", "dense", "--compute-time", "2ms", "--staleness", "3"]
        folder = self.folder / "scan"
        self.good("scan", *late, "--bandwidth", "100Mbps,100Gbps", "-o", folder, "--quiet")
        rows = csv_rows((folder / "scan.csv").read_text())
        for row in rows:
            alone = self.summary(*late, "--bandwidth", row["option.bandwidth"])
            self.assertEqual(
                (float(row["loss"]), float(row["staleness_steps.delay_mean"])),
                (alone["loss"], alone["staleness_steps"]["delay_mean"]),
            )
        self.assertNotEqual(rows[0]["loss"], rows[1]["loss"])

    def test_compensations_act_on_late_gradients(self):
        late = ["--steps", "8", *self.RING, "--bandwidth", "1Gbps", "--staleness", "4", "--compute-time", "1ms"]
        losses = [
            self.summary(*late, "--scheme", "dense", *options)["loss"]
            for options in ([], ["--delay-scaling", "on"], ["--delay-compensation", "10"])
        ]
        self.assertEqual(len(set(losses)), 3)
        masked = [
            self.summary(*late, "--momentum", "0.9", "--lr", "0.01", "--factor-masking", value)["loss"]
            for value in ("on", "off")
        ]
        self.assertNotEqual(*masked)

    def test_buckets_are_late_one_by_one(self):
        late = ["--steps", "12", *self.RING, "--bandwidth", "1Gbps", "--compute-time", "3ms", "--staleness", "2"]
        whole, apart, overlapping = (
            self.summary(*late, *options)
            for options in ([], ["--bucket", "100KiB", "--overlap", "off"], ["--bucket", "100KiB"])
        )
        # In buckets that are ready together nothing is earlier, and iwp selects layer by layer.
        self.assertEqual(
            (whole["loss"], whole["staleness_steps"]["delay_mean"]),
            (apart["loss"], apart["staleness_steps"]["delay_mean"]),
        )
        # The first bucket arrives before the step ends, so that its gradients are not late.
        self.assertLess(overlapping["staleness_steps"]["delay_mean"], whole["staleness_steps"]["delay_mean"])
        self.assertLess(overlapping["simulated_seconds"], apart["simulated_seconds"])
        self.assertNotEqual(overlapping["loss"], whole["loss"])
        local = [
            self.summary("--steps", "8", "--local-steps", "4", *options) for options in ([], ["--bucket", "100KiB"])
        ]
        self.assertEqual(local[0]["loss"], local[1]["loss"])

    def test_late_updates_go_on_without_a_host_that_dies(self):
        path = self.folder / "dying.json"
        path.write_text(
            json.dumps(
                {
                    "kind": "ring",
                    "hosts": 4,
                    "name": "dying",
                    "link": {"bandwidth": "1Gbps", "latency": "5us"},
                    "host_exceptions": [{"host": 1, "dies": "1.5s"}],
                }
            )
        )
        late = ["--steps", "8", "--topology", path, "--compute-time", "1s", "--detection-timeout", "3s"]
        # In buckets step 2 begins with one of step 1, which is undone.
        for options, died_in, delay in (
            (["--staleness", "3"], "1", 3),
            (["--quorum", "3"], "1", 0),
            (["--staleness", "3", "--bucket", "100KiB"], "1", 1),
            (["--local-steps", "4"], "3", 0),
        ):
            run = self.folder / "".join(options)
            self.good("run", *late, *options, "-o", run, "--quiet")
            faults = csv_rows((run / "faults.csv").read_text())
            self.assertEqual(
                [(row["rank"], row["died_s"], row["detected_s"], row["step"]) for row in faults],
                [("1", "1.5", "4.5", died_in)],
            )
            self.assertGreater(float(faults[0]["lost_mass"]), 0)
            steps = csv_rows((run / "steps.csv").read_text())
            self.assertEqual([row["step"] for row in steps], [str(step) for step in range(8)])
            layers = csv_rows((run / "layers.csv").read_text())
            self.assertEqual(
                [row["step"] for row in layers if row["layer"] == layers[0]["layer"]], [row["step"] for row in steps]
            )
            summary = json.loads((run / "summary.json").read_text())
            self.assertEqual(summary["staleness_steps"]["delay_max"], delay)
            self.assertEqual(summary["backend"], "fluid")


unittest.main()
