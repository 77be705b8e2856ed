#!/usr/bin/env python3
"""Scans that end before they are done. Usage: scan_killed_test.py RINGSIM SOURCE_ROOT [CASE...]

RINGSIM_KILLS is how many times the killed scan is killed (default 5).
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, Case, csv_rows  # noqa: E402

DRAWN = ["--bytes", "400kB", "--compute-time", "0s", "--topology", "ring", "--latency", "5us"]


class ScanKilled(Case):
    """SIGKILL, Ctrl-C, a full disk."""

    # 30 points, 6 recordings, some 2 s on one core: SimGrid with up to 64 ranks.
    LONG = [
        "scan",
        *DRAWN,
        "--ranks",
        "16..64*2",
        "--bandwidth",
        "1Gbps..16Gbps*2",
        "--backend",
        "simgrid",
        "--scheme",
        "dense,iwp",
        "--quiet",
        "--format",
        "csv",
    ]
    POINTS = 30

    @staticmethod
    def done_in(folder):
        """Points in the journal: behind the manifest's line, a row and its record have a newline each."""
        journal = folder / "points.journal"
        return max(0, (journal.read_bytes().count(b"\n") - 1) // 2) if journal.exists() else 0

    # Points that go side by side, 64 at once.
    SIDE_BY_SIDE = [
        "scan",
        *DRAWN,
        "--ranks",
        "64",
        "--bandwidth",
        "1Gbps..40Gbps+0.1Gbps",
        "--backend",
        "recurrence",
        "--scheme",
        "dense,iwp",
        "--quiet",
        "--format",
        "csv",
    ]

    def start(self, folder, **options):
        command = [PROGRAM, *self.LONG, "-j", "2", "-o", folder]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)

    def test_a_killed_scan_goes_on_to_the_same_bytes(self):
        self.check_killed(self.LONG)

    def test_a_killed_scan_of_points_side_by_side_goes_on_to_the_same_bytes(self):
        self.check_killed(self.SIDE_BY_SIDE)

    def check_killed(self, arguments):
        start = time.monotonic()
        expected = self.good(*arguments, "-j", "2")
        whole = time.monotonic() - start
        kills = int(os.environ.get("RINGSIM_KILLS", "5"))
        moments = random.Random(7)
        times = []
        for kill in range(kills):
            folder = self.folder / f"scan{kill}"
            process = subprocess.Popen(
                [PROGRAM, *arguments, "-j", "2", "-o", folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            times.append(moments.uniform(0, whole))
            time.sleep(times[-1])
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done = self.done_in(folder)
            resumed = self.ringsim(*arguments, "-j", "2", "-o", folder)
            self.assertEqual((resumed.returncode, resumed.stdout), (0, expected), resumed.stderr)
            self.assertEqual((folder / "scan.csv").read_text(), expected)
            self.assertEqual(
                sorted(path.name for path in folder.iterdir()), ["points.journal", "scan.csv", "scan.json"]
            )
            print(
                f"killed after {times[-1]:.2f} s of {whole:.2f} s, with {done} of {len(csv_rows(expected))} points in "
                "the journal: same bytes",
                file=sys.stderr,
            )

    def test_ctrl_c_ends_with_what_is_done(self):
        for stop, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            folder = self.folder / stop.name
            process = self.start(folder)
            while self.done_in(folder) < 2:
                time.sleep(0.01)
                self.assertIsNone(process.poll(), "it ended before it could be stopped")
            process.send_signal(stop)
            process.communicate()
            self.assertEqual(process.returncode, code)
            # A table that is not whole does not have the name of one that is.
            self.assertFalse((folder / "scan.csv").exists())
            part = (folder / "scan.csv.partial").read_text().splitlines()
            self.assertGreaterEqual(len(part), 3)
            self.assertLess(len(part), self.POINTS + 1)
            whole = self.good(*self.LONG, "-o", folder)
            self.assertEqual(len(whole.splitlines()), self.POINTS + 1)
            self.assertLessEqual(set(part), set(whole.splitlines()))
            self.assertEqual(
                sorted(path.name for path in folder.iterdir()), ["points.journal", "scan.csv", "scan.json"]
            )

    def test_a_signal_that_kills_the_workers_too_is_no_error_of_a_point(self):
        for attempt in range(3):
            folder = self.folder / f"scan{attempt}"
            process = self.start(folder, start_new_session=True)
            while self.done_in(folder) < 2:
                time.sleep(0.01)
                self.assertIsNone(process.poll(), "it ended before it could be stopped")
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()
            self.assertEqual(process.returncode, 143)
            part = csv_rows((folder / "scan.csv.partial").read_text())
            self.assertEqual({row["error"] for row in part}, {""})

    def test_fail_fast_leaves_a_partial_table(self):
        # 12 ranks are no whole nodes of 8, which `hierarchical` needs.
        folder = self.folder / "scan"
        done = self.ringsim(
            *("scan", "--topology", "dgx-a100x4", "--bytes", "400kB", "--compute-time", "0s", "--scheme", "dense"),
            *("--ranks", "12,16", "--collective", "hierarchical,ring", "--quiet", "--fail-fast", "-j", "1", "-o"),
            folder,
        )
        self.assertEqual(done.returncode, 1)
        table = f"{folder}/scan.csv.partial"
        self.assertEqual(done.stderr, f"1 of 4 points failed; the column error of {table} says why\n")
        self.assertEqual(
            sorted(path.name for path in folder.iterdir()), ["points.journal", "scan.csv.partial", "scan.json"]
        )
        self.assertEqual(len([row for row in csv_rows(pathlib.Path(table).read_text()) if row["error"]]), 1)

    def test_a_killed_worker_is_an_error_of_its_point_and_is_tried_again(self):
        for attempt in range(5):  # a worker that was just ending leaves no point behind: another try
            folder = self.folder / f"scan{attempt}"
            with self.start(folder) as process:
                while self.done_in(folder) < 2:
                    time.sleep(0.01)
                workers = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                for worker in workers[:1]:
                    os.kill(int(worker), signal.SIGKILL)
                error = process.communicate()[1]
            if process.returncode != 0:
                break
        self.assertEqual(process.returncode, 1, error)
        failed = [row for row in csv_rows((folder / "scan.csv").read_text()) if row["error"]]
        # The one that it was at: the others of its recording were taken up again.
        self.assertEqual(len(failed), 1)
        self.assertEqual({row["error"] for row in failed}, {"its process was killed by signal 9 (Killed)"})
        self.assertEqual(len(csv_rows(self.good(*self.LONG, "-o", folder))), self.POINTS)

    def test_a_full_disk_loses_nothing_that_was_done(self):
        mount = self.folder / "small"
        mount.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], capture_output=True, text=True
        )
        if done.returncode != 0:
            self.skipTest(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", mount])
        arguments = [
            "scan",
            *DRAWN,
            "--scheme",
            "dense",
            "--ranks",
            "2",
            "--bandwidth",
            "1Gbps..500Gbps+1Gbps",
            "--quiet",
            "--format",
            "csv",
        ]
        expected = self.good(*arguments)
        full = self.ringsim(*arguments, "-o", mount / "scan")
        self.assertEqual(full.returncode, 1)
        self.assertRegex(
            full.stderr,
            rf"^{mount}/scan/points.journal: cannot be written \(No space left on device\); \d+ points "
            "are kept: make room, and the same command goes on\n$",
        )
        kept = int(full.stderr.split("; ")[1].split()[0])
        self.assertGreater(kept, 10)
        again = self.ringsim(*arguments, "-o", mount / "scan")
        self.assertEqual((again.returncode, again.stderr), (1, full.stderr))
        subprocess.run(["mount", "-o", "remount,size=4m", mount], check=True)
        resumed = self.ringsim(*[a for a in arguments if a != "--quiet"], "-o", mount / "scan")
        self.assertEqual((resumed.returncode, resumed.stdout), (0, expected))
        self.assertIn(f"{kept} of 500 points were done before\n", resumed.stderr)
        self.assertEqual((mount / "scan" / "scan.csv").read_text(), expected)


unittest.main()
