#!/usr/bin/env python3
"""What commands say of options that change nothing, and what is said of options.

Usage: options_test.py RINGSIM SOURCE_ROOT [CASE...]
"""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, ROOT, Case, csv_rows  # noqa: E402

RING = "--topology ring --ranks 4 --bandwidth 1Gbps --latency 5us".split()
BYTES = [*RING, *"--bytes 400kB --compute-time 1ms".split()]


class Commands(Case):
    """What changes nothing is refused by all commands (tests/sim/run/effects_test.cpp tries all options)."""

    def test_wrong_names_of_what_results_do_not_depend_on(self):
        self.check_error(
            '--backend: found "simgird" (did you mean "simgrid"?); accepted: auto, recurrence, fluid, simgrid',
            *("run", *BYTES, "--backend", "simgird"),
        )
        done = self.ringsim("run", "--engine", "scaler")
        self.assertEqual(done.returncode, 2)
        self.assertIn('--engine: the engine "scaler" is unknown (did you mean "scalar"?)', done.stderr)

    def test_run_scan_breakeven_and_optimize_refuse_what_has_no_effect(self):
        bandwidths = ["--bandwidth", "1Gbps..10Gbps"]
        without_bandwidth = [word for word in BYTES if word not in ("--bandwidth", "1Gbps")]
        dense = ["--scheme", "dense"]
        for message, options in (
            ("--source: has no effect with --bytes; leave it out", [*dense, "--source", "synthetic"]),
            ("--seed: has no effect: nothing is random without --jitter; leave it out", [*dense, "--seed", "2"]),
            (
                "--compress-time: has no effect with --scheme dense; leave it out",
                [*dense, "--compress-time", "1ms"],
            ),
            ("--collective: has no effect with --scheme qsgd; leave it out", "--scheme qsgd --collective tree".split()),
        ):
            with self.subTest(options):
                self.check_error(message, "run", *BYTES, *options, "--quiet")
                self.check_error(message, "scan", *BYTES, *options, "--steps", "1,2", "--quiet")
                self.check_error(message, "optimize", *BYTES, *options, "--quiet")
                steps = ["--steps", "1,2"]
                self.check_error(message, "breakeven", *without_bandwidth, *bandwidths, *options, *steps, "--quiet")

    def test_a_seed_is_left_out_of_points_where_nothing_is_random(self):
        rows = self.good("scan", *BYTES, *"--scheme dense,iwp --broadcasters 2 --seed 1,2 --format csv --quiet".split())
        self.assertEqual(
            [(row["option.scheme"], row["option.seed"]) for row in csv_rows(rows)],
            [("dense", ""), ("iwp", "1"), ("iwp", "2")],
        )

    def test_options_of_the_commands_alone(self):
        self.check_error(
            "--show: has no effect with --format csv or json; leave it out: they have all configurations",
            *("optimize", *BYTES, "--show", "3", "--format", "csv"),
        )
        listed = ["--bandwidth", "1Gbps..4Gbps*2", "--scheme", "dense,iwp"]
        without_bandwidth = [word for word in BYTES if word not in ("--bandwidth", "1Gbps")]
        self.check_error(
            '--within: has no effect with the listed values of "1Gbps..4Gbps*2"; leave it out, or give the range '
            "without a step",
            *("breakeven", *without_bandwidth, *listed, "--within", "0.1"),
        )
        prune = "prune --weights w.npy --gradients g.npy -o trace --scheme cltk".split()
        self.check_error(
            "--momentum: has no effect without momentum correction; add --momentum-correction on, or leave it out",
            *prune,
            *("--momentum", "0.9"),
        )


class Options(Case):
    def test_the_document_is_what_the_rows_say(self):
        self.assertEqual((ROOT / "docs/options.md").read_text(), self.good("explain", "--document", "options"))

    def test_options_and_schemes_are_explained(self):
        self.assertEqual(
            self.good("explain", "chunk"),
            "--chunk Q (group network)\n"
            "  meaning   size of the pieces that follow one another, one value or more\n"
            "  accepted  a size above zero such as 512KiB\n"
            "  default   512KiB\n"
            "  needs     --collective tree\n"
            "  affects   how long things take\n",
        )
        self.assertIn("  equation  update = mean over ranks of G\n", self.good("explain", "dense"))
        self.check_error(
            'explain: found "densty" (did you mean "density"?); a column, a key of summary.json, a scheme or an option '
            "is accepted; ringsim explain lists them",
            *("explain", "densty"),
        )

    def completed(self, *words):
        script = (
            'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ringsim; '
            'echo "${COMPREPLY[*]}"'
        )
        return subprocess.check_output(["bash", "-c", script, PROGRAM, "ringsim", *words], text=True).strip()

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(self.completed("break"), "breakeven")
        self.assertEqual(self.completed("run", "--dens"), "--density")
        self.assertEqual(self.completed("run", "--scheme", "t"), "topk terngrad")
        self.assertEqual(self.completed("run", "--overlap", ""), "on off")
        self.check_error('completion: found "zsh"; bash is accepted', "completion", "zsh")


unittest.main()
