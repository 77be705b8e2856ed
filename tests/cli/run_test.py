#!/usr/bin/env python3
"""Tests of `ringsim run` as a user calls it. Usage: run_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import csv
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import QUICK, Case, csv_rows  # noqa: E402


class Run(Case):
    def test_tables_and_summary_are_written_whole_and_agree(self):
        run = self.run_into("run", "--scheme", "iwp", "--topology", "ring8-mixed", "--jitter", "0.1")
        self.assertEqual(
            sorted(path.name for path in run.iterdir()),
            ["layers.csv", "links.csv", "staleness.csv", "steps.csv", "summary.json"],
        )
        summary = json.loads((run / "summary.json").read_text())
        self.assertEqual((summary["ranks"], summary["scheme"], summary["steps"]), (8, "iwp", 6))
        self.assertIn("--scheme iwp", summary["provenance"]["command"])
        self.assertEqual(len(summary["provenance"]["inputs"]), 5)
        for entry in summary["provenance"]["inputs"]:
            self.assertRegex(entry["sha256"], "^[0-9a-f]{64}$")
        steps, links = (csv_rows((run / name).read_text()) for name in ("steps.csv", "links.csv"))
        sent = sum(int(step["total_bytes"]) for step in steps)
        self.assertEqual(sent, sum(int(link["bytes"]) for link in links))
        self.assertAlmostEqual(summary["bytes_sent_per_rank"]["total"], sent / 8)
        self.assertAlmostEqual(sum(float(step["total_s"]) for step in steps), summary["simulated_seconds"])
        for link in links:
            self.assertLessEqual(float(link["utilization"]), 1)

    def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(self):
        for scheme in ("dense", "iwp"):
            first, second, other = (
                self.run_into(f"{scheme}{i}", "--scheme", scheme, "--seed", seed) for i, seed in enumerate((1, 1, 2))
            )
            for table in ("steps.csv", "layers.csv", "links.csv", "staleness.csv"):
                self.assertEqual((first / table).read_bytes(), (second / table).read_bytes())
            self.assertNotEqual((first / "steps.csv").read_bytes(), (other / "steps.csv").read_bytes())

    def test_engines_give_the_same_bytes(self):
        available = [
            line.split()[0] for line in self.good("list", "engines").splitlines()[2:] if line.endswith(" available")
        ]
        self.assertIn("scalar", available)
        runs = [self.run_into(f"on-{engine}", "--engine", engine, "--momentum", "0.5") for engine in available]
        for table in ("steps.csv", "layers.csv", "links.csv", "staleness.csv"):
            self.assertEqual(len({(run / table).read_bytes() for run in runs}), 1, table)

    def test_threads_change_nothing_and_datasets_are_found(self):
        # A folder with the data set in it, as RINGSIM_DATASETS names it.
        (self.folder / "datasets").mkdir()
        (self.folder / "datasets" / "fashion-mnist").symlink_to("/usr/share/datasets/fashion-mnist")
        iwp = ["run", *QUICK, "--tail", "0.001", "--mask-interval", "2", "--momentum", "0.5", "--quiet"]
        for threads in ("1", "2", "5"):
            environment = os.environ | {"RINGSIM_THREADS": threads, "RINGSIM_DATASETS": str(self.folder / "datasets")}
            done = self.ringsim(*iwp, "-o", self.folder / threads, env=environment)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        for table in ("steps.csv", "layers.csv", "links.csv", "staleness.csv"):
            self.assertEqual(
                len({(self.folder / threads / table).read_bytes() for threads in ("1", "2", "5")}), 1, table
            )
        self.check_error(
            'RINGSIM_THREADS: found "many"; a whole number from 1 to 1024 is accepted',
            *iwp,
            env=os.environ | {"RINGSIM_THREADS": "many"},
        )
        missing = self.folder / "none"
        self.check_error(
            f"{missing}/fashion-mnist/train-images-idx3-ubyte.gz: no such file; Fashion-MNIST is accepted; install "
            "the Debian package dataset-fashion-mnist",
            *iwp,
            env=os.environ | {"RINGSIM_DATASETS": str(missing)},
        )

    def test_a_pure_exchange_takes_what_the_formula_says(self):
        # 2(N-1) rounds of 5 us + 1 MB / 1.25 GB/s; 175 kB of 100 kB a chunk are sent by each rank.
        exchange = [
            "run",
            "--bytes",
            "8MB",
            "--scheme",
            "dense",
            "--compute-time",
            "0s",
            "--topology",
            "ring",
            "--ranks",
            "8",
            "--bandwidth",
            "10Gbps",
            "--latency",
            "5us",
            "--quiet",
        ]
        summary = json.loads(self.good(*exchange, "--format", "json", "--transfers", "-o", self.folder / "exchange"))
        self.assertAlmostEqual(summary["simulated_seconds"], 14 * (5e-6 + 1e6 / 1.25e9), places=12)
        self.assertEqual(summary["bytes_sent_per_rank"]["total"], 14e6)
        self.assertEqual(summary["bottleneck"]["kind"], "link")
        self.assertAlmostEqual(summary["bottleneck"]["share"], 800 / 805)
        rows = csv_rows((self.folder / "exchange" / "transfers.csv").read_text())
        self.assertEqual(
            list(rows[0]), ["step", "phase", "bucket", "round", "source", "target", "bytes", "start_s", "end_s"]
        )
        self.assertEqual(len(rows), 14 * 8)
        self.assertEqual({row["bytes"] for row in rows}, {"1000000"})
        both_ways = json.loads(self.good(*exchange, "--format", "json", "--directions", "2"))
        self.assertAlmostEqual(both_ways["simulated_seconds"], 14 * (5e-6 + 0.5e6 / 1.25e9), places=12)
        self.check_error(
            "--channels: has no effect with --collective tree; leave it out",
            *exchange,
            "--collective",
            "tree",
            "--channels",
            "2",
        )
        self.check_error("--chunk: has no effect with --collective ring; leave it out", *exchange, "--chunk", "1MB")
        self.check_error(
            '--chunk: found "0B"; a size above zero such as 512KiB is accepted',
            *exchange,
            "--collective",
            "tree",
            "--chunk",
            "0B",
        )
        self.check_error(
            "--transfers: has no effect without -o; say with -o where transfers.csv shall be", *exchange, "--transfers"
        )
        self.check_error(
            "--compute-time: is needed with --bytes; a time such as 120ms is accepted; there is no model "
            "that says how long a step computes",
            "run",
            "--bytes",
            "8MB",
        )
        self.check_error(
            '--bytes: found "3B"; whole numbers of fp32 values are accepted: 4B, 8B, ...', "run", "--bytes", "3B"
        )
        self.check_error(
            "--lr: has no effect with --source synthetic; leave it out", "run", "--source", "synthetic", "--lr", "1"
        )

    def test_synthetic_sizes_have_the_density_that_was_asked_for(self):
        summary = json.loads(
            self.good(
                "run",
                "--bytes",
                "40MB",
                "--scheme",
                "iwp",
                "--density",
                "1/50",
                "--compute-time",
                "1ms",
                "--steps",
                "5",
                "--format",
                "json",
                "--quiet",
            )
        )
        self.assertAlmostEqual(summary["density"], 1 / 50, delta=1e-9)
        self.assertGreater(summary["bytes_sent_per_rank"]["masks"], 0)
        self.assertIsNone(summary["accuracy"])
        self.check_error(
            "--threshold: has no effect with --source synthetic; use quantile or density: nothing is compared with a "
            "threshold",
            "run",
            "--source",
            "synthetic",
            "--threshold",
            "fixed:1",
        )

    def test_several_seeds_give_rows_and_their_mean(self):
        several = ["run", *QUICK, "--scheme", "dense", "--quiet"]
        single = [json.loads(self.good(*several, "--seed", seed, "--format", "json")) for seed in (1, 2, 3)]
        together = json.loads(self.good(*several, "--seed", "1..3", "--format", "json", "-o", self.folder / "seeds"))
        self.assertEqual([run["seed"] for run in together["runs"]], [1, 2, 3])
        accuracies = [summary["accuracy"] for summary in single]
        self.assertEqual([run["summary"]["accuracy"] for run in together["runs"]], accuracies)
        mean = sum(accuracies) / 3
        deviation = (sum((value - mean) ** 2 for value in accuracies) / 2) ** 0.5
        self.assertAlmostEqual(together["mean"]["accuracy"], mean)
        # The 97.5 % quantile of Student's t with 2 degrees of freedom.
        self.assertAlmostEqual(together["ci95"]["accuracy"], 4.303 * deviation / 3**0.5)
        self.assertEqual(
            sorted(path.name for path in (self.folder / "seeds").iterdir()), ["seed-1", "seed-2", "seed-3"]
        )
        self.assertTrue((self.folder / "seeds" / "seed-2" / "steps.csv").exists())
        rows = csv_rows(self.good(*several, "--seed", "3,1", "--format", "csv", "--backend", "simgrid"))
        self.assertEqual([row["run"] for row in rows], ["3", "1", "mean", "ci95"])
        self.assertEqual(float(rows[0]["accuracy"]), accuracies[2])
        self.assertIn("seed 7", self.good(*several, "--seed", "7..8").splitlines()[0])
        for wrong in ("1..", "3..1", "1,1", "1,x", "0..1000"):
            self.check_error(
                f'--seed: found "{wrong}"; a whole number, a list such as 1,2,7 or a range such as 1..5 (at most '
                "1000 seeds, each once) is accepted",
                *several,
                "--seed",
                wrong,
            )
        self.check_error(
            "training diverged in step 2: the loss is not finite; a smaller --lr may help",
            *several,
            "--seed",
            "1..2",
            "--lr",
            "1e6",
            code=1,
        )

    def test_a_command_that_was_ended_between_seeds_goes_on(self):
        topology = self.folder / "ring.json"
        link = {"bandwidth": "1Gbps", "latency": "5us"}
        document = {"name": "x", "kind": "ring", "hosts": 4, "link": link}
        topology.write_text(json.dumps(document))
        output = self.folder / "seeds"
        jittered = ["--topology", topology, "--bytes", "1MB", "--compute-time", "1ms", "--jitter", "0.1", "--quiet"]
        command = ["run", *jittered, "--seed", "1..3", "--format", "csv", "-o", output]
        whole = self.good(*command).splitlines()
        tables = {path: path.read_bytes() for path in output.rglob("*.csv")}

        def ends(seed):
            shutil.rmtree(output / f"seed-{seed}")

        again = (
            f"{output}/seed-1: holds another run (summary.json); a new or empty folder is accepted; choose another "
            "folder for -o, or remove this one"
        )
        self.check_error(again, *command)
        ends(3)
        # Another command does not take the runs of this one for its own.
        self.check_error(again, *command[:-4], "--steps", "2", *command[-4:])
        at = whole[0].split(",").index("wall_seconds")
        without = [row.split(",")[:at] + row.split(",")[at + 1 :] for row in self.good(*command).splitlines()]
        self.assertEqual(without[:4], [row.split(",")[:at] + row.split(",")[at + 1 :] for row in whole[:4]])
        self.assertEqual({path: path.read_bytes() for path in output.rglob("*.csv")}, tables)
        ends(2)
        topology.write_text(json.dumps({**document, "hosts": 5}))
        self.check_error(
            f"{output}/seed-1/summary.json: was made from other input files than the seeds that were missing; remove "
            "the folders of all seeds, and run them once more",
            *command,
        )

    def test_formats(self):
        summary = json.loads(self.good("run", *QUICK, "--format", "json", "--quiet"))
        self.assertEqual(set(summary["bottleneck"]), {"kind", "name", "share"})
        lines = self.good("run", *QUICK, "--format", "csv", "--quiet").splitlines()
        rows = list(csv.DictReader(lines))
        self.assertEqual(len(rows), 1)
        self.assertEqual(float(rows[0]["simulated_seconds"]), summary["simulated_seconds"])
        self.check_error(
            '--format: found "xml"; accepted: table, full, json, csv, markdown', "run", *QUICK, "--format", "xml"
        )

    def test_both_backends_give_the_same_tables(self):
        def tables(backend):
            folder = self.folder / backend
            self.good(
                "run",
                *QUICK,
                "--jitter",
                "0.3",
                "--topology",
                "ring8-mixed",
                "--backend",
                backend,
                "--transfers",
                "-o",
                folder,
                "--quiet",
            )
            return {path.name: list(csv.reader(path.read_text().splitlines())) for path in folder.glob("*.csv")}

        simgrid, recurrence = tables("simgrid"), tables("recurrence")
        self.assertEqual(sorted(simgrid), sorted(recurrence))
        for name, rows in simgrid.items():
            self.assertEqual(len(rows), len(recurrence[name]))
            for row, other in zip(rows, recurrence[name]):
                for cell, compared in zip(row, other, strict=True):
                    if cell != compared:
                        self.assertAlmostEqual(float(cell) / float(compared), 1, delta=1e-9, msg=name)
        summary = json.loads((self.folder / "recurrence" / "summary.json").read_text())
        self.assertEqual(summary["backend"], "recurrence")
        # A ring of equal steps has no contention: auto takes recurrence.
        self.assertEqual(json.loads(self.good("run", *QUICK, "--format", "json", "--quiet"))["backend"], "recurrence")

    def test_progress_is_on_stderr_and_quiet_stops_it(self):
        done = self.ringsim("run", *QUICK)
        self.assertIn("backend auto", done.stderr)
        # Gradients of 235,146 fp32 parameters.
        self.assertRegex(done.stderr, r"memory of 8 ranks: 7\.\d+MB of residuals and momenta, 7\.52MB of gradients\n")
        self.assertIn("step 6 of 6", done.stderr)
        self.assertNotIn("step 6 of 6", done.stdout)
        self.assertEqual(self.ringsim("run", *QUICK, "--quiet").stderr, "")

    def test_values_of_options_react(self):
        """What options_test.py, which sets every option once, does not set; timing is tried without training."""
        base = ["--quiet", "--format", "json", *QUICK]
        drawn = [*base, "--source", "synthetic"]

        def found(*arguments):
            summary = json.loads(self.good("run", *arguments))
            del summary["wall_seconds"], summary["provenance"]
            return summary

        plain = found(*base)
        for changed in (
            ["--schedule", "step"],
            ["--optimizer", "nesterov", "--momentum", "0.5"],
            ["--label-skew", "dirichlet:0.1"],
            ["--model", "lenet5"],
            ["--model", "cnn-bn", "--batch", "8"],
            ["--threshold", "dispersion:1"],
            ["--whole-below", "40000"],
        ):
            self.assertNotEqual(found(*base, *changed), plain, changed)
        plain_drawn = found(*drawn)
        for changed in (
            ["--topology", "ring8-10g"],
            ["--ranks", "4"],
            ["--compute-time", "3ms"],
            ["--gpu-speed", "1GFLOPS"],
            ["--compress-time", "1ms"],
            ["--gpu-memory-bandwidth", "1GBps"],
            ["--jitter", "0.5"],
            ["--density", "0.2"],
            ["--broadcasters", "1"],
            ["--mask-encoding", "bitmap"],
            ["--mask-interval", "2"],
        ):
            self.assertNotEqual(found(*drawn, *changed), plain_drawn, changed)
        for scheme, *options in (
            ["dense", "values bf16"],
            ["iwp", "values fp16"],
            ["magnitude", "broadcasters 1"],
            ["topk", "sparse-sum ring"],
            ["randomk", "density 0.2"],
            ["qsgd", "levels 1", "block 64"],
            ["powersgd", "rank 1"],
        ):
            results = []
            for option in ("", *options):
                words = option.split()
                given = ["--" + words[0], words[1]] if words else []
                summary = found(*drawn, "--scheme", scheme, *given)
                self.assertNotIn(summary, results, (scheme, option))
                results.append(summary)
        warm = json.loads(self.good("run", *base, "--warmup", "1"))
        self.assertGreater(warm["density"], plain["density"])
        self.assertIsNone(warm["compression_ratio"]["wire_after_warmup"])


unittest.main()
