#!/usr/bin/env python3
"""Tests of what commands end in: a short table and a verdict. Usage: verdict_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import QUICK, Case  # noqa: E402

RING = ["--topology", "ring", "--ranks", "8", "--latency", "5us"]
EXCHANGE = ["--bytes", "8MB", "--compute-time", "0s", *RING]
AT_10G = [*EXCHANGE, "--bandwidth", "10Gbps"]


def in_one_line(text):
    return " ".join(text.split())


class Verdict(Case):
    def test_a_run_ends_in_a_short_table_and_a_verdict(self):
        # 2(N-1) rounds of 5 us + 1 MB / 1.25 GB/s: 11.27 ms, of which 800/805 are bytes that flow.
        self.assertEqual(
            self.good("run", *AT_10G, "--scheme", "dense", "--quiet"),
            """\
                               result
-------------------------------------
scheme                          dense
  per step: compute                0s
  per step: compress               0s
  per step: exposed exchange   11.3ms
  per step: total              11.3ms
bytes sent per rank: total       14MB
compression: wire                1.0x
bottleneck                       link
  share of the critical path  99.38 %

dense takes 11.3ms a step on 8 ranks: 0s computing, 0s compressing, 11.3ms waiting for the exchange.
The bandwidth of links binds: 99.38 % of the critical path, most of it at link0. The exchange is
modelled, not measured; computing is as given. Accuracy was not simulated.
Assumed: collective ring; values fp32.
""",
        )

    def test_formats_for_people_and_for_programs(self):
        run = ["run", *AT_10G, "--scheme", "iwp", "--quiet"]
        table, full, markdown = (self.good(*run, "--format", name) for name in ("table", "full", "markdown"))
        self.assertEqual(table, self.good(*run))
        verdict = table.partition("\n\n")[2]
        self.assertTrue(full.endswith("\n\n" + verdict))
        for words in ("wall time of the simulation", "basis: compress", "compression: kept", "most of it at"):
            self.assertIn(f"\n{words}", full.replace("\n  most", "\nmost"))
        self.assertGreater(len(full.splitlines()), len(table.splitlines()) + 10)
        self.assertTrue(markdown.startswith("|  | result |\n| --- | ---: |\n| scheme | iwp |\n"))
        self.assertEqual(
            in_one_line(markdown.partition("\n\n")[2]).replace("**Verdict.** ", ""),
            in_one_line(verdict),
        )
        for name in ("json", "csv"):
            self.assertNotIn("Assumed", self.good(*run, "--format", name))

    def test_headroom_and_what_is_not_known_are_told(self):
        summary = json.loads(self.good("run", *AT_10G, "--scheme", "iwp", "--quiet", "--format", "json"))
        headroom = summary["headroom_seconds"]
        self.assertGreater(headroom["dense_bf16"], 0)
        equal = summary["equal_at_bandwidth"]
        self.assertEqual(equal["slowest_link"], 1.25e9)

        def rate(bandwidth):
            unit, size = ("Tbps", 125e9) if bandwidth >= 125e9 else ("Gbps", 125e6)
            return f"{bandwidth / size:.3g}{unit} ({bandwidth / 1.25e9:.3g}"

        text = in_one_line(self.good("run", *AT_10G, "--scheme", "iwp", "--quiet"))
        self.assertIn(
            f"It is faster than dense fp32 until compressing takes {1e3 * headroom['dense_fp32']:.3g}ms longer a "
            f"step, and than dense bf16 until compressing takes {1e3 * headroom['dense_bf16']:.3g}ms longer a step. "
            "With faster links (the slowest has 10Gbps) it stays ahead of dense fp32 up to "
            f"{rate(equal['dense_fp32'])} times) and of dense bf16 up to {rate(equal['dense_bf16'])} times). "
            "Compressing and the exchange are modelled, not measured; computing is as given. Accuracy was "
            "not simulated. Assumed: collective ring; V100; compressing as its bytes move through memory; density "
            "1/84; broadcasters 4; values fp32.",
            text,
        )

    def test_who_is_ahead_at_any_bandwidth_is_told_once(self):
        options = (
            "--bytes 4MB --topology ring --ranks 4 --bandwidth 1Gbps --latency 0us --scheme iwp --compute-time 1ms"
        )
        self.assertIn(
            "With faster links (the slowest has 1Gbps) it stays ahead of dense fp32 and dense bf16 at a thousand times "
            "the bandwidth, too.",
            in_one_line(self.good("run", *options.split(), "--compress-time", "none", "--quiet")),
        )

    def test_seeds_have_the_verdict_of_their_means_and_runs_that_of_what_they_cost(self):
        seeds = in_one_line(self.good("run", *QUICK, "--quiet", "--seed", "1,2", "-o", self.folder / "seeds"))
        folders = [self.folder / "seeds" / "seed-1", self.folder / "seeds" / "seed-2"]
        found = [json.loads((folder / "summary.json").read_text()) for folder in folders]
        accuracies = [summary["accuracy"] for summary in found]
        # Half of the width of the interval is 12.706 sqrt(d^2/2)/sqrt(2) of two that differ by d.
        half = 12.706 * abs(accuracies[0] - accuracies[1]) / 2
        self.assertIn(
            f"It ends at an accuracy of {50 * sum(accuracies):.2f} % (mean of 2 seeds, +- {100 * half:.2f} %); that of "
            "dense gradients was not simulated.",
            seeds,
        )
        assumed = (
            " Assumed: ring8-1g (links of 1Gbps and 25us); collective ring; model mlp; 32 samples per rank; "
            "V100, fp32, 9TFLOPS; compressing as its bytes move through memory; no overlap of exchange and "
            "computing; scheme iwp; density 1/84; broadcasters 4; values fp32."
        )
        self.assertTrue(seeds.endswith(assumed), seeds)
        text = in_one_line(self.good("compare", *folders))
        steps = sum(summary["seconds_per_step"]["total"] for summary in found) / 2
        self.assertIn(f" iwp takes {1e3 * steps:.3g}ms a step on 8 ranks: ", text)
        self.assertIn(f"(mean of 2 seeds, +- {100 * half:.2f} %)", text)
        self.assertTrue(text.endswith(assumed), text)
        # What the command of a run was is part of its summary; without one nothing is guessed.
        for folder, summary in zip(folders, found):
            summary["provenance"]["command"] = "something else"
            (folder / "summary.json").write_text(json.dumps(summary))
        text = in_one_line(self.good("compare", *folders))
        self.assertTrue(text.endswith("What some of them assumed cannot be told from their commands."), text)

    def test_runs_that_learnt_less_are_not_recommended(self):
        """The same rule as of scans."""
        late = ["--scheme", "dense", "--lr", "0.02", "--quiet", *QUICK]
        for staleness in ("0", "4"):
            self.good("run", *late, "--staleness", staleness, "-o", self.folder / f"late-{staleness}")
        folders = [self.folder / "late-0", self.folder / "late-4"]
        found = [json.loads((folder / "summary.json").read_text()) for folder in folders]
        found[0]["accuracy"], found[1]["accuracy"] = 0.8511, 0.0996
        for folder, summary in zip(folders, found):
            (folder / "summary.json").write_text(json.dumps(summary))
        steps = [1e3 * summary["seconds_per_step"]["total"] for summary in found]
        self.assertLess(steps[1], steps[0])
        for order in (folders, folders[::-1]):
            self.assertIn(
                f"Only late-0 comes within a point of the best accuracy: {steps[0]:.3g}ms a step. Faster, but further "
                f"below: late-4 ({steps[1]:.3g}ms a step, 9.96 %).",
                in_one_line(self.good("compare", *order)),
            )

    def test_names_of_users_are_no_markup(self):
        name = "<b>*a*|b"
        for folder in (name, "plain"):
            self.good("run", *AT_10G, "--scheme", "dense", "--quiet", "-o", self.folder / folder)
        text = self.good("compare", self.folder / name, self.folder / "plain", "--format", "markdown")
        escaped = r"\<b\>\*a\*\|b"
        self.assertEqual(text.splitlines()[0], rf"|  | {escaped} | plain |")
        self.assertNotIn("<b>", text.replace(escaped, ""))
        self.assertIn(f"\n**Verdict.** {escaped} and plain take the same: 11.3ms a step.", text)

    def test_a_scan_says_what_is_fastest_where(self):
        scan = [
            "scan",
            *EXCHANGE,
            "--bandwidth",
            "1Gbps,10Gbps,10000Gbps",
            "--scheme",
            "dense,iwp",
            "--quiet",
            "-j",
            "1",
        ]
        rows = json.loads(self.good(*scan, "--format", "json"))
        step = {(row["option.bandwidth"], row["scheme"]): row["seconds_per_step.total"] for row in rows}
        factors = sorted(step[f"{at}Gbps", "dense"] / step[f"{at}Gbps", "iwp"] for at in (1, 10))
        self.assertGreater(factors[0], 1)
        self.assertLess(step["10000Gbps", "dense"], step["10000Gbps", "iwp"])
        text = in_one_line(self.good(*scan))
        self.assertIn(
            f"scheme=iwp is fastest at bandwidth 1Gbps to 10Gbps ({factors[0]:.2f}x to {factors[1]:.2f}x as fast as "
            "dense); scheme=dense at 10000Gbps (",
            text,
        )
        self.assertTrue(text.endswith("density 1/84; broadcasters 4; values fp32."), text)

    def test_unknown_formats_are_refused(self):
        for command in ("run", "compare", "scan", "breakeven", "optimize"):
            self.check_error(
                '--format: found "xml"; accepted: table, full, json, csv, markdown', command, "--format", "xml"
            )
        self.check_error('--format: found "full"; accepted: table, json, csv', "bench", "--format", "full")


unittest.main()
