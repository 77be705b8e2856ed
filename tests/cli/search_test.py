#!/usr/bin/env python3
"""Tests of breakeven and optimize as a user calls them. Usage: search_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import Case, csv_rows  # noqa: E402


def in_one_line(text):
    return " ".join(text.split())


class Breakeven(Case):
    QUESTION = ["--bytes", "40MB", "--compute-time", "0s", "--topology", "ring", "--latency", "5us", "--ranks", "8"]

    def per_step(self, scheme, option, value):
        arguments = [a for pair in zip(self.QUESTION[::2], self.QUESTION[1::2]) if pair[0] != option for a in pair]
        result = json.loads(
            self.good("run", *arguments, "--scheme", scheme, option, value, "--format", "json", "--quiet")
        )
        return result["seconds_per_step"]["total"]

    def test_a_bandwidth_agrees_with_a_fine_grid(self):
        found = json.loads(
            self.good(
                "breakeven",
                *self.QUESTION,
                "--scheme",
                "dense,iwp",
                "--bandwidth",
                "1Gbps..10000Gbps",
                "--within",
                "0.0005",
                "--format",
                "json",
            )
        )
        self.assertEqual(len(found["crossings"]), 1)
        low, high = (float(found["crossings"][0][end]["value"].removesuffix("Gbps")) for end in ("low", "high"))
        self.assertLessEqual(high / low - 1, 0.0005)
        self.assertAlmostEqual(found["crossings"][0]["width"], high / low - 1, delta=1e-9)
        # 81 values in a range of 8 % round it: the faster one changes inside the bracket and nowhere else.
        grid = [low * (0.96 + 0.001 * i) for i in range(81)]
        table = csv_rows(
            self.good(
                "scan",
                *self.QUESTION,
                "--scheme",
                "dense,iwp",
                "--bandwidth",
                ",".join(f"{value:.12g}Gbps" for value in grid),
                "--format",
                "csv",
                "--quiet",
            )
        )
        seconds = {
            (row["option.scheme"], row["option.bandwidth"]): float(row["seconds_per_step.total"]) for row in table
        }
        for value in grid:
            text = f"{value:.12g}Gbps"
            iwp_is_faster = seconds["iwp", text] < seconds["dense", text]
            if value <= low:
                self.assertTrue(iwp_is_faster, text)
            elif value >= high:
                self.assertFalse(iwp_is_faster, text)

    def test_ranks_are_whole_numbers(self):
        question = [a for pair in zip(self.QUESTION[::2], self.QUESTION[1::2]) if pair[0] != "--ranks" for a in pair]
        question = ["100us" if a == "5us" else a for a in question]
        found = json.loads(
            self.good(
                "breakeven",
                *question,
                "--bandwidth",
                "100Gbps",
                "--scheme",
                "dense,iwp",
                "--ranks",
                "2..512",
                "--grid",
                "2",
                "--within",
                "1e-9",
                "--format",
                "json",
            )
        )
        for crossing in found["crossings"]:
            low, high = int(crossing["low"]["value"]), int(crossing["high"]["value"])
            self.assertEqual(high, low + 1)
            self.assertNotEqual(
                crossing["low"]["a_s"] < crossing["low"]["b_s"], crossing["high"]["a_s"] < crossing["high"]["b_s"]
            )
        self.assertEqual(len(found["grid"]), 2)

    def test_the_table_says_what_was_found(self):
        question = ["breakeven", *self.QUESTION, "--scheme", "dense,iwp", "--bandwidth", "1Gbps..10000Gbps"]
        text = self.good(*question, "--grid", "3")
        self.assertRegex(text, r"\nThey are within 1 % of one another from about [0-9]+Gbps to [0-9]+Gbps\.\n\n")
        self.assertRegex(
            in_one_line(text.partition("\n\n")[2]),
            r"^scheme=iwp is faster at a bandwidth up to [0-9.]+Gbps, scheme=dense beyond\. At 1Gbps scheme=iwp "
            r"takes [0-9.]+ms a step, [0-9.]+x as fast as scheme=dense \([0-9.]+ms\); at 10000Gbps scheme=dense "
            r"takes [0-9.]+[mu]s a step, [0-9.]+x as fast as scheme=iwp \([0-9.]+[mu]s\)\. What binds the faster "
            r"one: [a-z ]+ at 1Gbps \(scheme=iwp, [0-9.]+ % of the critical path\); [a-z ]+ at 10000Gbps "
            r"\(scheme=dense, [0-9.]+ % of the critical path\)\. What scheme=iwp takes to compress is modelled, "
            r"not measured: where it is faster, it stays so at least while that takes no more than [0-9.]+[mu]s "
            r"\(at [0-9]+Gbps\)( to [0-9.]+ms \(at 1Gbps\))? longer a step\. Compressing and the exchange are "
            r"modelled, not measured; computing is as given\. Accuracy was not simulated\. Two crossings between "
            r"neighbouring values of the table would not be seen \(--grid\)\. Assumed: collective ring; values "
            r"fp32; V100; compressing as its bytes move through memory; density 1/84; broadcasters 4\.$",
        )
        self.assertRegex(
            self.good(*question, "--grid", "3", "--format", "full"),
            r"They are equal between [0-9.]+Gbps and [0-9.]+Gbps \([0-9.]+ %\): scheme=iwp is faster at the "
            r"first, scheme=dense at the second\.\nSlopes from 100Gbps to 10000Gbps, in % of the time per % of "
            r"bandwidth: scheme=dense -0\.[0-9]+, scheme=iwp -0\.[0-9]+\.\nThey are within 1 % of one another from "
            r"about [0-9]+Gbps to [0-9]+Gbps\.\n\nscheme=iwp is faster at a bandwidth ",
        )
        none = self.good(
            "breakeven", *self.QUESTION, "--scheme", "dense,iwp", "--bandwidth", "1Mbps..10Mbps", "--grid", "3"
        )
        self.assertIn(
            "There is no crossing: scheme=iwp is faster at all 3 values of bandwidth from 1Mbps to 10Mbps.",
            in_one_line(none),
        )
        listed = self.good(
            *("breakeven", *self.QUESTION, "--scheme", "dense,iwp", "--bandwidth", "1Gbps..10000Gbps*10"),
            *("--grid", "2", "--format", "full"),
        )
        self.assertRegex(listed, r"equal between 10*Gbps and 10*Gbps \(neighbours\)")

    def test_mistakes(self):
        accepted = (
            "lists of two values, one for each configuration, and one range FIRST..LAST are accepted; for example "
            "--scheme "
            "dense,iwp --bandwidth 1Gbps..100Gbps"
        )
        for found, *arguments in (
            ("found no range", "--scheme", "dense,iwp"),
            ("found no list of two values", "--bandwidth", "1Gbps..2Gbps"),
            ("found 3 values of --seed", "--seed", "1,2,3"),
            ("found two ranges, of --bandwidth and --seed", "--bandwidth", "1Gbps..2Gbps", "--seed", "1..3"),
            ("found one configuration twice", "--scheme", "dense,dense", "--bandwidth", "1Gbps..2Gbps"),
        ):
            self.check_error(f"breakeven: {found}; {accepted}", "breakeven", *arguments)
        self.check_error(
            '--within: found "nan"; a number from 1e-12 to 1 is accepted; see ringsim breakeven --help',
            *("breakeven", "--scheme", "dense,iwp", "--jitter", "0..1", "--within", "nan"),
        )
        for command in (["breakeven", "--scheme", "dense,iwp", "--jitter", "0..1"], ["optimize"], ["scan"]):
            self.check_error("--ranks: found 100; 2 to 8 (the hosts of ring8-1g) is accepted", *command, "--ranks", 100)
        self.check_error(
            '--bandwidth: found "1Gbps..1Gbps", which has one value; a range with at least two is accepted',
            "breakeven",
            *self.QUESTION,
            "--scheme",
            "dense,iwp",
            "--bandwidth",
            "1Gbps..1Gbps",
        )

    def test_every_value_says_how_its_times_are_known_and_the_headroom_where_asked(self):
        question = [
            *("breakeven", *self.QUESTION, "--scheme", "dense,iwp", "--grid", "3"),
            *("--bandwidth", "1Gbps..100Gbps", "--quiet"),
        ]
        nothing = {"dense_fp32": None, "dense_bf16": None}
        for wanted in ([], ["--headroom", "on"]):
            for at in json.loads(self.good(*question, *wanted, "--format", "json"))["grid"]:
                self.assertEqual(
                    (at["a_basis"], at["b_basis"]),
                    (
                        {"compute": "measured", "compress": None, "exchange": "modelled"},
                        {"compute": "measured", "compress": "modelled", "exchange": "modelled"},
                    ),
                )
                self.assertEqual(at["a_headroom_seconds"], nothing)
                if not wanted:
                    self.assertEqual(at["b_headroom_seconds"], nothing)
                    continue
                # Nothing overlaps here, so that the headroom is what dense takes longer.
                self.assertAlmostEqual(at["b_headroom_seconds"]["dense_fp32"], at["a_s"] - at["b_s"], delta=1e-9)
            heading = self.good(*question, *wanted).splitlines()[1]
            self.assertEqual("scheme=iwp: headroom to dense fp32  to dense bf16" in heading, bool(wanted))
            self.assertNotIn("scheme=dense: headroom", heading)


class Optimize(Case):
    def test_the_best_is_the_least_of_a_scan(self):
        question = [
            "--bytes",
            "4MB",
            "--compute-time",
            "0s",
            "--topology",
            "ring",
            "--latency",
            "5us",
            "--ranks",
            "8",
            "--bandwidth",
            "10Gbps",
            "--quiet",
        ]
        best = json.loads(self.good("optimize", *question, "--format", "json"))
        seconds = [entry["seconds"] for entry in best]
        self.assertEqual(seconds, sorted(seconds))
        options = best[0]["options"]
        schemes = {entry["options"]["scheme"] for entry in best}
        table = csv_rows(
            self.good(
                "scan",
                *question,
                "--scheme",
                ",".join(sorted(schemes)),
                "--density",
                "1/16,1/64,1/256",
                "--collective",
                "ring,tree,halving-doubling,pairwise,allgather",
                "--format",
                "csv",
            )
        )
        self.assertEqual(seconds[0], min(float(row["seconds_per_step.total"]) for row in table))
        same = [row for row in table if all(row[f"option.{name}"] == value for name, value in options.items())]
        self.assertEqual([float(row["seconds_per_step.total"]) for row in same], [seconds[0]])
        text = self.good("optimize", *question, "--show", "3")
        table, verdict = text.split("\n\n")
        self.assertEqual(len(table.splitlines()), 6)
        self.assertEqual(best[0]["basis"], {"compute": "measured", "compress": "modelled", "exchange": "modelled"})
        headroom = best[0]["headroom_seconds"]
        rival = {"scheme": "dense", "collective": options["collective"]}
        dense = min(entry["seconds"] for entry in best if entry["options"] == rival)
        self.assertAlmostEqual(headroom["dense_fp32"], dense - seconds[0], delta=1e-9)
        chosen = " ".join(f"{name}={value}" for name, value in options.items())
        fastest = min(entry["seconds"] for entry in best if entry["options"]["scheme"] == "dense")
        self.assertIn(f"{chosen} is fastest of {len(best)}: ", in_one_line(verdict))
        self.assertRegex(in_one_line(verdict), rf" {fastest / seconds[0]:.2f}x as fast as [a-z=-]* ?scheme=dense ")
        # By what the best dense ones take, which the headroom, by the same collective, may be far from.
        lead = 1e3 * (fastest - seconds[0])
        self.assertRegex(
            in_one_line(verdict),
            rf"it stays faster than [a-z=-]* ?scheme=dense at least while that takes no more than {lead:.3g}ms longer",
        )
        self.assertIn("What it costs in accuracy has to be trained to be known.", in_one_line(verdict))
        self.assertIn("1.000x", text.splitlines()[2])

    def test_headroom_is_said_of_all_that_are_asked_for_it(self):
        network = [
            *("--bytes", "4MB", "--compute-time", "1ms", "--topology", "ring", "--latency", "5us", "--ranks", "8"),
            *("--bandwidth", "10Gbps", "--collective", "ring", "--quiet"),
        ]
        alone = json.loads(self.good("run", *network, "--scheme", "iwp", "--density", "1/64", "--format", "json"))
        self.assertGreater(alone["headroom_seconds"]["dense_fp32"], 0)
        question = ["optimize", *network, "--scheme", "dense,iwp", "--density", "1/16,1/32,1/64"]
        # The best of them has it in any case, as what it takes to compress is modelled; dense has none.
        for wanted, known in (([], 1), (["--headroom", "on"], 3)):
            found = json.loads(self.good(*question, *wanted, "--format", "json"))
            self.assertEqual(found[0]["headroom_seconds"], alone["headroom_seconds"])
            self.assertEqual(sum(entry["headroom_seconds"]["dense_fp32"] is not None for entry in found), known)
            rows = csv_rows(self.good(*question, *wanted, "--format", "csv"))
            self.assertEqual(sum(row["headroom_seconds.dense_bf16"] != "" for row in rows), known)
            self.assertEqual(
                [rows[0][f"basis.{part}"] for part in ("compute", "compress", "exchange")],
                ["measured", "modelled", "modelled"],
            )
            text = self.good(*question, *wanted)
            self.assertEqual("headroom to dense fp32  to dense bf16" in text.splitlines()[0], known == 3)

    def test_to_an_accuracy(self):
        question = [
            "--steps",
            "30",
            "--evaluate-every",
            "10",
            "--topology",
            "ring8-1g",
            "--scheme",
            "dense,iwp",
            "--collective",
            "ring",
            "--density",
            "1/16",
            "--quiet",
            "--format",
            "json",
        ]
        best = json.loads(self.good("optimize", *question, "--target-accuracy", "0.2"))
        for entry in best:
            run = self.folder / entry["options"]["scheme"]
            self.good(
                "run",
                "--steps",
                "30",
                "--evaluate-every",
                "10",
                "--topology",
                "ring8-1g",
                "--scheme",
                run.name,
                "--quiet",
                "-o",
                run,
                *(["--density", "1/16"] if run.name == "iwp" else []),
            )
            steps = csv_rows((run / "steps.csv").read_text())
            reached = next(row for row in steps if row["accuracy"] and float(row["accuracy"]) >= 0.2)
            self.assertAlmostEqual(entry["seconds"], float(reached["start_s"]) + float(reached["total_s"]), delta=1e-12)
        self.assertGreaterEqual(len(best), 1)
        self.check_error(
            "none of 2 configurations gets to an accuracy of 1", "optimize", *question, "--target-accuracy", "1", code=1
        )


unittest.main()
