#!/usr/bin/env python3
"""Runs the program that is built with the worked examples of docs/architecture.md: all of them at once, as a user
does. Usage: examples_test.py PROGRAM ROOT [CASE]."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cli"))
from cli_case import Case, csv_rows  # noqa: E402

# A step of 4 MB of gradients, of which a quarter is sent, on three hosts in a row: cables of 1.25 GB/s and 10 us.
EXCHANGE = "--bytes 4MB --steps 1 --scheme every-kth --topology line --ranks 3 --cable 10GbE".split()
QUARTER = ["--every", "4"]
QUIET_HOSTS = "--compute-time 0s --compress-time none".split()
DIRECT = ["--collective", "direct"]


class Examples(Case):
    def summary(self, *arguments):
        return json.loads(self.good("run", *arguments, "--format", "json", "--quiet"))

    def test_messages_share_the_cables_of_a_line(self):
        """Over each cable pass two messages of 1 MB in each direction. The one between neighbours flows after one
        latency, and the cable is never idle from then on until both have arrived: 10 us + 2 MB / 1.25 GB/s."""
        summary = self.summary(*EXCHANGE, *QUARTER, *QUIET_HOSTS, *DIRECT)
        self.assertEqual((summary["backend"], summary["collective"]), ("fluid", "direct"))
        self.assertAlmostEqual(summary["simulated_seconds"], 10e-6 + 2e6 / 1.25e9, delta=1e-12)
        self.assertEqual(summary["bytes_sent_per_rank"]["total"], 2 * 1_000_000)

    def test_without_limits_of_bandwidth_the_longest_way_is_left(self):
        """The first and the last host are two cables apart."""
        summary = self.summary(*EXCHANGE, *QUARTER, *QUIET_HOSTS, *DIRECT, "--backend", "unlimited")
        self.assertEqual(summary["backend"], "unlimited")
        self.assertAlmostEqual(summary["simulated_seconds"], 2 * 10e-6, delta=1e-12)

    def test_the_option_sets_how_much_is_sent(self):
        sent = [
            self.summary(*EXCHANGE, *QUIET_HOSTS, *DIRECT, "--every", str(every))["bytes_sent_per_rank"]["total"]
            for every in (1, 10)
        ]
        self.assertEqual(sent, [2 * 4_000_000, 2 * 400_000])

    def test_training(self):
        """7 steps send every parameter once, each to two other ranks. The loss falls, and the same seed gives the same
        files."""
        arguments = ["--scheme", "every-kth", "--every", "7", "--topology", "line", "--ranks", "3", "--cable", "NDR"]
        for name in ("first", "second"):
            self.good("run", *arguments, *DIRECT, "--steps", "70", "-o", self.folder / name, "--quiet")
        steps = csv_rows((self.folder / "first/steps.csv").read_text())
        parameters = sum(
            int(row["parameters"])
            for row in csv_rows((self.folder / "first/layers.csv").read_text())
            if row["step"] == "0"
        )
        self.assertEqual(sum(int(row["values_bytes"]) for row in steps[:7]), 3 * 2 * 4 * parameters)
        self.assertLess(float(steps[-1]["loss"]), 0.7 * float(steps[0]["loss"]))
        for table in ("steps.csv", "layers.csv"):
            texts = [(self.folder / name / table).read_bytes() for name in ("first", "second")]
            self.assertEqual(*texts)

    def test_limits_of_the_option(self):
        self.check_error(
            '--every: found "0"; a whole number from 1 to 1048576 is accepted',
            "run",
            *EXCHANGE,
            "--every",
            "0",
        )

    def test_a_file_of_the_kind(self):
        path = self.folder / "line.json"
        path.write_text(
            '{"name": "four", "kind": "line", "hosts": 4, "link": {"bandwidth": "10Gbps", "latency": "1us"}}'
        )
        self.assertIn("4", self.good("topology", "check", path))

    def test_lists_help_and_explanations(self):
        for what, name in (
            ("schemes", "every-kth"),
            ("collectives", "direct"),
            ("topology-kinds", "line"),
            ("backends", "unlimited"),
        ):
            self.assertIn(f"\n{name} ", self.good("list", what))
        for option in ("--every", "--cable"):
            self.assertIn(option, self.good("run", "--help"))
        self.assertIn("a coordinate is sent every K steps", self.good("explain", "every"))
        self.assertIn("10GbE, 100GbE or NDR", self.good("explain", "cable"))


if __name__ == "__main__":
    unittest.main()
