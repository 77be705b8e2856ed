#!/usr/bin/env python3
"""Tests of what is said while work goes on, on a terminal and off it. Usage: progress_test.py RINGSIM SOURCE_ROOT
[CASE...]"""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, QUICK, Case  # noqa: E402

ERASE = "\r\033[K"
EXCHANGE = ["run", "--bytes", "1kB", "--compute-time", "0s", "--scheme", "iwp"]
# 12 ranks are no whole nodes of 8, which `hierarchical` needs: one of four points fails.
SCAN = ["scan", "--topology", "dgx-a100x4", "--bytes", "400kB", "--compute-time", "0s", "--scheme", "dense"]
FAILING = ["--ranks", "16,12", "--collective", "ring,hierarchical"]


class Progress(Case):
    def on_terminal(self, *arguments, columns=200, term="xterm"):
        """What the program writes on a terminal of so many columns that is its stderr."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        program = subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env={**os.environ, "TERM": term},
        )
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # nobody has the other end any more
                break
            if not part:
                break
            written += part
        os.close(ours)
        return program.wait(), written.decode().replace("\r\n", "\n")

    def bars(self, text):
        """The bars that were drawn, one over the other."""
        return [bar for bar in re.findall(re.escape(ERASE) + r"([^\r\n\033]*)", text) if bar.startswith("[")]

    def test_a_run_on_a_terminal_has_a_bar_that_goes(self):
        code, text = self.on_terminal("run", *QUICK, "--evaluate-every", "3", "-o", self.folder / "run")
        self.assertEqual(code, 0)
        learnt = [bar for bar in self.bars(text) if "timed" not in bar]
        self.assertRegex(
            learnt[-1],
            r"^\[#{30}\] step 6 of 6, 0s left, loss \d\.\d+, accuracy \d+\.\d\d %, \d[\d.e+]* a second$",
        )
        self.assertRegex(self.bars(text)[-1], r"^\[#{30}\] timed step 6 of 6, [\d.]+ms simulated$")
        self.assertRegex(text.replace("\r\033[K", "\n"), r"\nresults are in \S+/run\n$")

    def test_late_updates_have_their_simulated_time_at_once(self):
        late = ["--staleness", "1", "--compute-time", "2ms"]
        code, text = self.on_terminal("run", *QUICK, *late)
        self.assertEqual(code, 0)
        self.assertTrue(any(re.search(r"step 6 of 6, .*, [\d.]+ms simulated, ", bar) for bar in self.bars(text)), text)

    def test_a_bar_takes_one_line_of_a_narrow_terminal(self):
        for columns in (60, 24, 5):
            _, text = self.on_terminal(*EXCHANGE, "--steps", "6", columns=columns)
            self.assertTrue(self.bars(text))
            for bar in self.bars(text):
                self.assertLess(len(bar), columns)
        _, text = self.on_terminal(*EXCHANGE, "--steps", "6", columns=60)
        self.assertRegex(self.bars(text)[-1], r"^\[#+\] timed step 6 of 6, [\d.]+ms simulated$")

    def test_what_does_not_fit_is_left_out_whole(self):
        late = ["--staleness", "1", "--compute-time", "2ms", "--evaluate-every", "3"]
        code, text = self.on_terminal("run", *QUICK, *late, columns=80)
        self.assertEqual(code, 0)
        bar = r"^\[#+\] step 6 of 6, 0s left, loss \d\.\d+, accuracy \d+\.\d\d %, [\d.]+ms simulated"
        self.assertRegex([found for found in self.bars(text) if "timed" not in found][-1], bar + "$")
        _, text = self.on_terminal("run", *QUICK, *late, columns=100)
        self.assertRegex(
            [found for found in self.bars(text) if "timed" not in found][-1], bar + r", \d[\d.e+]* a second$"
        )

    def test_nothing_is_drawn_where_it_cannot_be_or_shall_not(self):
        _, text = self.on_terminal(*EXCHANGE, "--steps", "6", term="dumb")
        self.assertNotIn("\033", text)
        self.assertRegex(text, r"\nstep 6 of 6, 0s left, ")
        self.assertEqual(self.on_terminal(*EXCHANGE, "--quiet"), (0, ""))

    def test_off_a_terminal_there_is_a_line_a_tenth(self):
        done = self.ringsim(*EXCHANGE, "--steps", "95")
        lines = [line for line in done.stderr.splitlines() if line.startswith("step ")]
        self.assertEqual([int(line.split()[1]) for line in lines], [10, 19, 29, 38, 48, 57, 67, 76, 86, 95])
        for line in lines:
            self.assertRegex(line, r"^step \d+ of 95, \d+s left, \d[\d.e+]* a second$")

    def test_a_scan_says_points_failures_and_time_left(self):
        code, text = self.on_terminal(*SCAN, *FAILING)
        self.assertEqual(code, 1)
        self.assertRegex(self.bars(text)[-1], r"^\[#{30}\] 4 of 4 points, 1 failed, 0s left, \d[\d.e+]* a second$")
        done = self.ringsim(*SCAN, *FAILING)
        self.assertRegex(done.stderr, r"(?m)^4 of 4 points, 1 failed, 0s left, \d[\d.e+]* a second$")
        code, text = self.on_terminal(*SCAN, "--ranks", "16,8")
        self.assertEqual(code, 0)
        self.assertRegex(self.bars(text)[-1], r"^\[#{30}\] 2 of 2 points, 0s left, ")


unittest.main()
