#!/usr/bin/env python3
"""Tests of the program as a user calls it. Usage: cli_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, QUICK, ROOT, Case, csv_rows  # noqa: E402


class Basics(Case):
    def test_version_and_help(self):
        self.assertRegex(self.good("--version"), r"^ringsim \d+\.\d+\.\d+\n$")
        for command in ("run", "compare", "list", "topology", "calibrate"):
            self.assertIn(command, self.good("--help"))
            self.assertIn("Usage: ringsim " + command, self.good(command, "--help"))

    def test_wrong_commands_and_options(self):
        self.check_error('rnu: unknown command (did you mean "run"?); see ringsim --help', "rnu")
        self.check_error(
            '--densty: unknown option (did you mean "--density"?); see ringsim run --help', "run", "--densty", "0.1"
        )
        self.check_error(
            "a command is missing; accepted: run, scan, merge, breakeven, optimize, compare, report, topology, "
            "model, kineto, calibrate, prune, bench, list, explain, completion; see ringsim --help"
        )


class Latency(Case):
    """Run alone, and not in builds with sanitizers, whose start-up is not the program's."""

    def test_the_first_output_comes_within_100_ms(self):
        # The best of several: what other programs on the machine take is not the program's either.
        for arguments in (["--help"], ["list"], ["run", "--help"], ["run", *QUICK]):
            times = []
            for _ in range(7):
                start = time.monotonic()
                with subprocess.Popen(
                    [PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                ) as process:
                    process.stdout.read(1)
                    times.append(time.monotonic() - start)
                    process.kill()
            self.assertLess(min(times), 0.1, arguments)


class Bench(Case):
    def test_a_measured_profile_gives_the_simulated_pruning_time(self):
        profile = self.folder / "profile.json"
        text = self.good("bench", "--elements", "100000", "-o", profile, "--quiet")
        self.assertRegex(text, r"(?m)^ *100000 ")
        measured = json.loads(profile.read_text())
        self.assertEqual(measured["schemes"][0]["scheme"], "iwp")
        base = ["run", *QUICK, "--format", "json", "--quiet"]
        fast = json.loads(self.good(*base, "--compress-time", profile))
        self.assertGreater(fast["seconds_per_step"]["compress"], 0)
        self.assertIn(str(profile), [entry["name"] for entry in fast["provenance"]["inputs"]])
        for stage in measured["schemes"][0]["stages"]:
            costs = stage["device_seconds_per"]
            costs.update({term: 1000 * seconds for term, seconds in costs.items()})
        profile.write_text(json.dumps(measured))
        slow = json.loads(self.good(*base, "--compress-time", profile))
        self.assertGreater(slow["seconds_per_step"]["compress"], 10 * fast["seconds_per_step"]["compress"])

    def test_a_profile_of_a_processor_is_extrapolated_to_a_gpu(self):
        profile = self.folder / "profile.json"
        self.good("bench", "--elements", "100000", "-o", profile, "--quiet")
        base = ["run", *("--model", "lenet5", "--source", "synthetic", "--compress-time", profile)]
        device = json.loads(profile.read_text())["device"]
        done = self.ringsim(*base)
        self.assertIn(f"measured on {device}, and computing is that of a v100\n", done.stderr)
        for given, basis in (([], "extrapolated"), (["--compute-time", "2ms"], "measured")):
            summary = json.loads(self.good(*base, *given, "--format", "json", "--quiet"))
            self.assertEqual(summary["basis"]["compress"], basis)

    def test_wrong_input(self):
        self.check_error(
            '--elements: found "0"; whole numbers from 1 to 1000000000 are accepted', "bench", "--elements", "5,0"
        )
        self.check_error('--threads: found "x"; whole numbers from 1 to 1024 are accepted', "bench", "--threads", "x")
        self.check_error(
            f"{self.folder}/x/p.json: cannot be written (No such file or directory)",
            "bench",
            "-o",
            self.folder / "x" / "p.json",
            code=1,
        )
        self.check_error(f"{self.folder}/p.json: no such file", "run", "--compress-time", self.folder / "p.json")
        self.check_error(
            '--compress-time: found "fast"; model, none, torch, fused, a time such as 20us, or a file (with / or '
            ".json in its name) is accepted",
            "run",
            "--compress-time",
            "fast",
        )


class Compare(Case):
    def test_runs_stand_side_by_side(self):
        for scheme in ("dense", "iwp"):
            self.good("run", *QUICK, "--scheme", scheme, "-o", self.folder / scheme, "--quiet")
        folders = [self.folder / "dense", str(self.folder / "iwp") + "/"]
        table = self.good("compare", *folders)
        self.assertRegex(table, r"(?m)^ +dense +iwp$")
        self.assertIn("The speed-up is against dense: dense fp32, without overlap of exchange and computing.\n", table)
        self.good(
            "run",
            *QUICK,
            "--scheme",
            "dense",
            "--values=bf16",
            "--staleness",
            "2",
            "--bucket",
            "100KiB",
            "-o",
            self.folder / "late",
            "--quiet",
        )
        self.assertIn(
            "The speed-up is against late: dense bf16, with --bucket 100KiB --staleness 2.\n",
            self.good("compare", self.folder / "late", *folders),
        )
        runs = json.loads(self.good("compare", *folders, "--format", "json"))
        self.assertEqual([run["run"] for run in runs], ["dense", "iwp"])
        ratio = runs[0]["summary"]["simulated_seconds"] / runs[1]["summary"]["simulated_seconds"]
        self.assertAlmostEqual(runs[1]["speed_up"], ratio)
        self.assertGreater(ratio, 1)
        rows = csv_rows(self.good("compare", *folders, "--format", "csv"))
        self.assertEqual([row["run"] for row in rows], ["dense", "iwp"])
        self.assertAlmostEqual(float(rows[1]["speed_up"]), ratio)

    def test_a_folder_without_a_summary_is_an_error(self):
        self.check_error(f"{self.folder}/summary.json: no such file", "compare", self.folder)


class Lists(Case):
    def test_everything_that_can_be_named_is_listed(self):
        text = self.good("list")
        for name in (
            "dense",
            "iwp",
            "mlp",
            "lenet5",
            "cnn-bn",
            "nesterov",
            "ring8-1g",
            "ring8-mixed",
            "bitmap",
            "rice",
        ):
            self.assertIn("\n" + name, text)
        self.assertIn("1901.01544", self.good("list", "schemes"))
        self.assertNotIn("mlp", self.good("list", "schemes"))
        self.assertRegex(self.good("list", "collectives"), "\nring .* --directions, --channels\n")
        self.assertRegex(self.good("list", "traces"), "\nalexnet +iwp +8 +120 +AlexNet, ")
        self.assertRegex(
            self.good("list", "backends"), "\nrecurrence .* available\nfluid .* available\nsimgrid .*available"
        )
        self.assertEqual(self.ringsim("list", "shemes").returncode, 2)


class Topologies(Case):
    def test_check_and_show(self):
        self.assertEqual(
            self.good("topology", "check", ROOT / "topologies/ring8-1g.json"), "ring8-1g: ring, 8 hosts, 16 links\n"
        )
        text = self.good("topology", "show", "ring8-mixed")
        self.assertIn("the ring's bottleneck: 7 -> 0, 1Gbps", text)
        self.assertIn("rack1-rack0:reverse", text)

    def changing(self):
        path = self.folder / "changing.json"
        path.write_text(
            json.dumps(
                {
                    "name": "n",
                    "kind": "ring",
                    "hosts": 2,
                    "link": {"bandwidth": "1Gbps", "latency": "5us", "outages": [{"from": "1s", "until": "2s"}]},
                    "host_exceptions": [{"host": 1, "speed": 0.5, "dies": "3s"}],
                }
            )
        )
        return path

    def test_show_says_what_changes_and_what_differs(self):
        text = self.good("topology", "show", self.changing())
        self.assertIn("link0              1Gbps      5us  down 1s to 2s\n", text)
        self.assertIn("1       0.5  dies at 3s\n", text)

    def test_export(self):
        self.assertIn('<link_ctn id="rack0-rack1"/>', self.good("topology", "export", "ring8-mixed"))
        changing, output = self.changing(), self.folder / "out" / "p.xml"
        self.check_error(
            f"--output: missing; {changing} changes over time, which goes into files beside the platform file; "
            "a file to write is accepted; add -o platform.xml",
            "topology",
            "export",
            changing,
        )
        output.parent.mkdir()
        self.assertEqual(self.good("topology", "export", changing, "-o", output), "")
        self.assertEqual(
            sorted(path.name for path in output.parent.iterdir()),
            [
                "p-link0-state_file",
                "p-link1-state_file",
                "p-link2-state_file",
                "p-link3-state_file",
                "p-rank1-state_file",
                "p.xml",
            ],
        )
        self.assertEqual((output.parent / "p-link0-state_file").read_text(), "1 0\n2 1\n")
        self.assertIn('state_file="p-link0-state_file"', output.read_text())


unittest.main()
