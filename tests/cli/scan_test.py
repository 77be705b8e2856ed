#!/usr/bin/env python3
"""Tests of scan and merge as a user calls them. Usage: scan_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import Case, csv_rows  # noqa: E402

DRAWN = ["--bytes", "400kB", "--compute-time", "0s", "--topology", "ring", "--latency", "5us"]
# 2 schemes, of which one has 2 densities; 3 ranks; 4 bandwidths: 36 points, 9 recordings.
SCAN = [
    "scan",
    *DRAWN,
    "--ranks",
    "2..8*2",
    "--bandwidth",
    "1Gbps..8Gbps*2",
    "--scheme",
    "dense,iwp",
    "--density",
    "1/8,1/64",
    "--quiet",
]


class Scan(Case):
    def scan(self, name, *arguments, code=0):
        done = self.ringsim(*SCAN, "-o", self.folder / name, "--format", "csv", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        table = (self.folder / name / "scan.csv").read_text()
        self.assertEqual(done.stdout, table)
        return table

    def assert_is_row_of(self, row, single):
        """`row` of a scan is what a run gives, but for what it costs and, in a scan, has to be asked for."""
        expected = {
            name: text for name, text in single.items() if not name.startswith(("wall_", "headroom_", "equal_at_"))
        }
        self.assertEqual({name: row[name] for name in expected}, expected)

    def test_rows_are_those_of_run_in_the_order_of_the_points(self):
        table = csv_rows(self.scan("scan", "-j", "2"))
        self.assertEqual([row["point"] for row in table], [str(i) for i in range(36)])
        options = ["option.ranks", "option.bandwidth", "option.scheme", "option.density"]
        self.assertEqual(list(table[0])[1:5], options)
        self.assertEqual(
            [[row[option] for option in options] for row in table[:4]],
            [
                ["2", "1Gbps", "dense", ""],
                ["2", "1Gbps", "iwp", "1/8"],
                ["2", "1Gbps", "iwp", "1/64"],
                ["2", "2Gbps", "dense", ""],
            ],
        )
        for row in table[::7]:
            point = [
                text
                for option in options
                if row[option]
                for text in ("--" + option.removeprefix("option."), row[option])
            ]
            single = csv_rows(self.good("run", *DRAWN, *point, "--format", "csv", "--quiet"))[0]
            self.assert_is_row_of(row, single)
            self.assertEqual(row["error"], "")

    def test_the_bytes_depend_neither_on_jobs_nor_on_what_was_done_before(self):
        first = self.scan("one", "-j", "1")
        self.assertEqual(self.scan("three", "-j", "3"), first)
        done = self.ringsim(*[a for a in SCAN if a != "--quiet"], "-o", self.folder / "one")
        self.assertIn("all 36 points were done before", done.stderr)
        self.assertEqual((self.folder / "one" / "scan.csv").read_text(), first)
        (self.folder / "one" / "scan.csv").unlink()
        self.assertEqual(self.scan("one"), first)

    def test_a_scan_that_trains_records_once_and_equals_runs(self):
        train = ["--steps", "3", "--topology", "ring8-1g,ring8-10g", "--scheme", "dense,iwp", "--quiet"]
        table = csv_rows(self.good("scan", *train, "--format", "csv", "-j", "2"))
        self.assertEqual(len(table), 4)
        self.assertIn("4 points, 2 recordings\n", self.good("scan", *train, "--dry-run"))
        for row in table[1:3]:
            single = csv_rows(
                self.good(
                    "run",
                    "--steps",
                    "3",
                    "--topology",
                    row["option.topology"],
                    "--scheme",
                    row["option.scheme"],
                    "--format",
                    "csv",
                    "--quiet",
                )
            )[0]
            self.assert_is_row_of(row, single)

    def test_points_that_need_simgrid_have_a_process_each(self):
        arguments = [*DRAWN, "--ranks", "4,8", "--bandwidth", "1Gbps", "--scheme", "dense", "--collective", "ring,tree"]
        table = csv_rows(self.good("scan", *arguments, "--backend", "simgrid,auto", "--format", "csv", "--quiet"))
        self.assertEqual([row["error"] for row in table], [""] * 8)
        self.assertEqual({row["backend"] for row in table if row["option.backend"] == "simgrid"}, {"simgrid"})
        by_point = {
            (row["ranks"], row["collective"], row["option.backend"]): float(row["simulated_seconds"]) for row in table
        }
        for (ranks, collective, backend), seconds in by_point.items():
            self.assertAlmostEqual(seconds / by_point[ranks, collective, "auto"], 1, delta=1e-9)

    def test_a_combination_that_cannot_be_had_is_a_row(self):
        # 12 ranks are no whole nodes of 8, which `hierarchical` needs.
        fixed = ["--topology", "dgx-a100x4", "--bytes", "400kB", "--compute-time", "0s", "--scheme", "dense"]
        arguments = ["scan", *fixed, "--ranks", "16,12", "--collective", "ring,hierarchical", "--format", "csv"]
        done = self.ringsim(*arguments, "--quiet", "-o", self.folder / "scan")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr, f"1 of 4 points failed; the column error of {self.folder}/scan/scan.csv says why\n"
        )
        table = csv_rows(done.stdout)
        self.assertEqual([bool(row["error"]) for row in table], [False, False, False, True])
        self.assertEqual([row["simulated_seconds"] != "" for row in table], [True, True, True, False])
        alone = self.ringsim("run", *fixed, "--ranks", "12", "--collective", "hierarchical")
        self.assertEqual(table[3]["error"] + "\n", alone.stderr)
        # Once more: nothing runs, and the failure is not forgotten.
        self.assertEqual(self.ringsim(*arguments, "--quiet", "-o", self.folder / "scan").returncode, 1)
        # A value that no point can have is a mistake, and nothing is begun.
        for words in (["--ranks", "12", "--collective", "hierarchical"], ["--ranks", "12,16,100"]):
            wrong = ["scan", *fixed, *words, "-o", self.folder / "none"]
            self.assertEqual(self.ringsim(*wrong).returncode, 2)
            self.assertFalse((self.folder / "none").exists())

    def test_points_that_are_given_otherwise(self):
        points = self.folder / "points.csv"
        points.write_text("scheme,bandwidth\ndense,1Gbps\niwp,2Gbps\n")
        file = self.folder / "scan.json"
        file.write_text(
            json.dumps(
                {
                    "bytes": "400kB",
                    "compute-time": "0s",
                    "topology": "ring",
                    "latency": "5us",
                    "ranks": [2, 4],
                    "points": str(points),
                }
            )
        )
        table = csv_rows(self.good("scan", "--scan-file", file, "--ranks", "8", "--format", "csv", "--quiet"))
        self.assertEqual(
            [(row["option.scheme"], row["option.bandwidth"], row["ranks"]) for row in table],
            [("dense", "1Gbps", "8"), ("iwp", "2Gbps", "8")],
        )
        zipped = csv_rows(
            self.good(
                "scan",
                *DRAWN,
                "--scheme",
                "dense",
                "--zip",
                "--ranks",
                "2,4",
                "--bandwidth",
                "1Gbps,2Gbps",
                "--format",
                "csv",
                "--quiet",
            )
        )
        self.assertEqual([row["option.ranks"] + row["option.bandwidth"] for row in zipped], ["21Gbps", "42Gbps"])
        objects = json.loads(self.good("scan", "--scan-file", file, "--format", "json", "--quiet"))
        self.assertEqual([entry["option.ranks"] for entry in objects], ["2", "4", "2", "4"])
        self.assertEqual(objects[0]["ranks"], 2)

    def test_dry_run(self):
        self.assertEqual(
            self.good(*SCAN, "--dry-run", "--shard", "2/5").splitlines()[:4],
            [
                "36 points, 9 recordings",
                "shard 2/5: 7 points",
                "0: ranks=2 bandwidth=1Gbps scheme=dense",
                "1: ranks=2 bandwidth=1Gbps scheme=iwp density=1/8",
            ],
        )

    def test_mistakes(self):
        self.check_error(
            '--bandwidth: found "1Gbps..2Gbps": it needs a step; FIRST..LAST, FIRST..LAST+STEP or '
            "FIRST..LAST*FACTOR is accepted, such as 8..64*2 or 10Gbps..50Gbps+10Gbps; write for example +STEP or "
            "*FACTOR after the last value",
            "scan",
            "--bandwidth",
            "1Gbps..2Gbps",
        )
        self.assertEqual(
            self.ringsim("scan", "--scheme", "iwp,dens").stderr, self.ringsim("run", "--scheme", "dens").stderr
        )
        file = self.folder / "scan.json"
        for text, message in [
            (
                '{"schem": "iwp"}',
                '/schem: unknown key (did you mean "scheme"?); options of ringsim run without '
                "their dashes, zip and points are accepted",
            ),
            (
                '{"seed": {}}',
                "/seed: found an object; a string as on the command line, a number or a list of " "those is accepted",
            ),
            ('{"seed": [1, "1..3"]}', '/seed/1: found the string "1..3"; each value once is accepted'),
            ('{"seed": []}', "/seed: found a list; a list with at least one value is accepted"),
        ]:
            file.write_text(text)
            self.check_error(f"{file}: {message}", "scan", "--scan-file", file)
        other = self.folder / "other"
        other.mkdir()
        (other / "notes.txt").write_text("mine")
        self.check_error(
            f"{other}: is no folder of a scan, and is not empty; the folder of the same scan, or a new or empty "
            "one, is accepted; choose another folder for -o",
            *SCAN,
            "-o",
            other,
        )
        self.assertEqual([path.name for path in other.iterdir()], ["notes.txt"])

    def test_another_scan_in_the_folder_is_refused_and_the_difference_named(self):
        topology = self.folder / "mine.json"
        text = {"name": "mine", "kind": "ring", "hosts": 4, "link": {"bandwidth": "1Gbps", "latency": "5us"}}
        topology.write_text(json.dumps(text))
        scan = [
            "scan",
            "--bytes",
            "4kB",
            "--compute-time",
            "0s",
            "--topology",
            topology,
            "--scheme",
            "dense,iwp",
            "--quiet",
        ]
        folder = self.folder / "scan"
        self.good(*scan, "-o", folder)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}

        def refused(difference, *arguments):
            self.check_error(
                f"{folder}: holds another scan: {difference}; the folder of the same scan, or a new or empty one, is "
                "accepted; choose another folder for -o, or remove this one",
                *arguments,
                "-o",
                folder,
            )

        refused("--steps was not given, and is 1,2", *scan, "--steps", "1,2")
        refused("--bytes was 4kB, and is 8kB", *["8kB" if a == "4kB" else a for a in scan])
        refused("it was shard none, and is 1/2", *scan, "--shard", "1/2")
        refused("--scheme was dense,iwp, and is dense", *[a if a != "dense,iwp" else "dense" for a in scan])
        text["link"]["latency"] = "6us"
        topology.write_text(json.dumps(text))
        done = self.ringsim(*scan, "-o", folder)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(
            done.stderr,
            rf"^{folder}: holds another scan: {topology} has changed \(SHA-256 [0-9a-f]{{12}}..., now "
            r"[0-9a-f]{12}...\); ",
        )
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, before)

    def test_shards_make_the_whole(self):
        whole = self.scan("whole")
        shards = [self.folder / f"shard{i}" for i in range(1, 4)]
        for i, shard in enumerate(shards):
            self.good(*SCAN, "--shard", f"{i + 1}/3", "-o", shard)
        merged = self.folder / "merged"
        self.good("merge", shards[2], shards[0], shards[1], "-o", merged)
        self.assertEqual((merged / "scan.csv").read_text(), whole)
        done = self.ringsim(*[a for a in SCAN if a != "--quiet"], "-o", merged)
        self.assertIn("all 36 points were done before", done.stderr)
        self.check_error(
            "merge: found 2 of 3 shards; 3/3 is missing; all shards of a scan are accepted; name their folders too",
            "merge",
            shards[0],
            shards[1],
            "-o",
            self.folder / "m",
        )
        self.check_error(
            f"{shards[0]}: is shard 1/3, as {shards[0]} is; each shard once is accepted",
            "merge",
            shards[0],
            shards[0],
            "-o",
            self.folder / "m",
        )
        self.check_error(
            f"{self.folder / 'whole'}: holds a whole scan; shards are accepted",
            "merge",
            shards[0],
            self.folder / "whole",
            "-o",
            self.folder / "m",
        )
        journal = shards[1] / "points.journal"
        journal.write_bytes(journal.read_bytes()[:-1])
        self.check_error(
            f"{shards[1]}: has 11 of the 12 points of shard 2/3; complete shards are accepted; run its scan once "
            "more, which goes on",
            "merge",
            *shards,
            "-o",
            self.folder / "m",
        )
        other = self.folder / "other"
        self.good(*SCAN, "--seed", "2", "--shard", "2/3", "-o", other)
        self.check_error(
            f"{other}: does not belong to {shards[0]}: --seed was not given, and is 2; shards of one scan are "
            "accepted",
            "merge",
            shards[0],
            other,
            shards[2],
            "-o",
            self.folder / "m",
        )

    def test_slurm_variables_choose_the_shard(self):
        for task in (3, 5, 7):
            environment = {
                **os.environ,
                "SLURM_ARRAY_TASK_ID": str(task),
                "SLURM_ARRAY_TASK_MIN": "3",
                "SLURM_ARRAY_TASK_MAX": "7",
                "SLURM_ARRAY_TASK_STEP": "1",
                "SLURM_ARRAY_TASK_COUNT": "3",
            }
            done = self.ringsim(*SCAN, "--shard", "slurm", "--dry-run", env=environment)
            self.assertIn(f"shard {(task - 3) // 2 + 1}/3: 12 points\n", done.stdout)


unittest.main()
