#!/usr/bin/env python3
"""Tests of the program as a user calls it. Usage: cli_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import csv
import json
import os
import pathlib
import shutil
import stat
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, ROOT, Case, csv_rows  # noqa: E402

QUICK = ["--steps", "6"]


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
        self.check_error("A subcommand is required; see ringsim --help")


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


class Traces(Case):
    """ringsim prune, and run --source trace:DIR."""

    def dump(self):
        # NumPy's format by hand: a layer of 4096 parameters, two ranks, three steps.
        def save(name, shape, seed):
            count = 1
            for extent in shape:
                count *= extent
            values = array.array("f", (((i * 7919 + seed * 104729) % 1009 - 504) ** 5 / 504**5 for i in range(count)))
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
            (self.folder / name).write_bytes(
                b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + values.tobytes()
            )
            return self.folder / name

        return save("w.npy", (64, 64), 0), [save(f"g{step}.npy", (2, 64, 64), step + 1) for step in range(3)]

    def test_prune_then_run(self):
        weights, gradients = self.dump()
        trace = self.folder / "trace"
        for engine in ("scalar", "auto"):
            shutil.rmtree(trace, ignore_errors=True)
            printed = self.good(
                "prune",
                "--weights",
                weights,
                "--gradients",
                *gradients,
                "-o",
                trace,
                "--quiet",
                "--density",
                "1/16",
                "--engine",
                engine,
                "--format",
                "csv",
            )
            table = (trace / "trace_layers.csv").read_bytes()
            if engine == "scalar":
                reference = printed, table
        self.assertEqual((printed, table), reference)
        self.assertEqual(sorted(path.name for path in trace.iterdir()), ["trace.json", "trace_layers.csv"])
        rows = csv_rows(table.decode())
        self.assertEqual(len(rows), 3 * 2)
        sent = sum(int(row["sent"]) for row in rows if row["rank"] == "0")
        for ranks in ("2", "5"):
            network = ["--topology", "ring", "--ranks", ranks, "--bandwidth", "1Gbps", "--latency", "5us"]
            result = json.loads(
                self.good(
                    "run",
                    "--source",
                    f"trace:{trace}",
                    "--compute-time",
                    "1ms",
                    *network,
                    "--format",
                    "json",
                    "--quiet",
                )
            )
            n = int(ranks)
            # A ring sends every value 2(N-1)/N times per rank.
            self.assertAlmostEqual(
                result["bytes_sent_per_rank"]["values"], 2 * (n - 1) / n * sent * 4, delta=1e-6 * sent
            )
            self.assertEqual((result["steps"], result["accuracy"], result["loss"]), (3, None, None))
            self.assertAlmostEqual(result["density"], sent / (3 * 4096))
            self.assertEqual(
                [os.path.basename(i["name"]) for i in result["provenance"]["inputs"]],
                ["trace.json", "trace_layers.csv"],
            )
        dense = json.loads(
            self.good(
                "run",
                "--source",
                f"trace:{trace}",
                "--compute-time",
                "1ms",
                "--scheme",
                "dense",
                *network,
                "--format",
                "json",
                "--quiet",
            )
        )
        self.assertEqual(dense["compression_ratio"]["wire"], 1)
        self.assertGreater(dense["simulated_seconds"], 0.003)

    def test_mistakes(self):
        weights, gradients = self.dump()
        trace = self.folder / "trace"
        prune = ["prune", "--weights", weights, "-o", trace, "--quiet", "--gradients", *gradients]
        whole = gradients[2].read_bytes()
        gradients[2].write_bytes(whole[:-2])
        self.check_error(
            f"{gradients[2]}: byte {len(whole) - 2}: found 32766 bytes of elements; the 32768 bytes of the shape "
            "are accepted",
            *prune,
        )
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["g0.npy", "g1.npy", "g2.npy", "w.npy"])
        gradients[2].write_bytes(whole)
        self.check_error('--nonfinite: found "no"; error or keep is accepted', *prune, "--nonfinite", "no")
        self.check_error(
            "--scheme: dense selects nothing; a scheme whose ranks share a mask is accepted: iwp, magnitude, cltk",
            *prune,
            "--scheme",
            "dense",
        )
        self.good(*prune)
        run = ["run", "--quiet", "--source", f"trace:{trace}"]
        self.check_error(
            f"--compute-time: is needed with --source trace:{trace}; a time such as 120ms is accepted; a trace does "
            "not say how long forward and backward pass take",
            *run,
        )
        run += ["--compute-time", "1ms"]
        self.check_error(f"--epochs: has no effect with --source trace:{trace}; leave it out", *run, "--epochs", "1")
        self.check_error(
            f"--density: has no effect with --source trace:{trace}; leave it out", *run, "--density", "1/2"
        )
        self.check_error(f"--steps: found 4; 1 to 3 (the steps of {trace}) is accepted", *run, "--steps", "4")
        self.check_error(
            "--mask-encoding: has no effect with --scheme dense; leave it out",
            *run,
            "--scheme",
            "dense",
            "--mask-encoding",
            "rice",
        )
        self.check_error(
            '--source: found "trace"; train, synthetic or trace:DIR is accepted', "run", "--source", "trace"
        )


class Run(Case):
    def run_into(self, name, *arguments):
        self.good("run", *QUICK, *arguments, "-o", self.folder / name, "--quiet")
        return self.folder / name

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
            "--threshold: has no effect with --source synthetic; leave it out: nothing is compared with a threshold",
            "run",
            "--source",
            "synthetic",
            "--threshold",
            "fixed:1",
        )

    def test_training_goes_on_without_a_host_that_dies(self):
        topology = self.folder / "dies.json"
        topology.write_text(
            json.dumps(
                {
                    "name": "dies",
                    "kind": "ring",
                    "hosts": 4,
                    "link": {"bandwidth": "1Gbps", "latency": "5us"},
                    "host_exceptions": [{"host": 2, "dies": "2.5s"}],
                }
            )
        )
        run = self.run_into("dies", "--topology", topology, "--compute-time", "1s", "--detection-timeout", "3s")
        faults = csv_rows((run / "faults.csv").read_text())
        self.assertEqual(
            [(row["rank"], row["died_s"], row["detected_s"], row["step"]) for row in faults], [("2", "2.5", "5.5", "2")]
        )
        self.assertGreater(float(faults[0]["lost_mass"]), 0)
        steps = csv_rows((run / "steps.csv").read_text())
        # Step 2 began at 2 s and went on without the rank from 5.5 s on.
        self.assertAlmostEqual(float(steps[2]["total_s"]), 3.5, delta=0.02)
        self.assertAlmostEqual(float(steps[3]["total_s"]), 1, delta=0.02)
        self.assertEqual(len(steps), 6)
        self.check_error(
            "--backend: recurrence cannot have hosts die; simgrid and auto are accepted",
            "run",
            *QUICK,
            "--topology",
            topology,
            "--backend",
            "recurrence",
            "--quiet",
        )

    def test_a_hierarchical_all_reduce_is_refused_where_nodes_do_not_stay_whole(self):
        topology = self.folder / "nodes.json"

        def run_with(**changes):
            topology.write_text(
                json.dumps(
                    {
                        "name": "nodes",
                        "kind": "hierarchical",
                        "nodes": 2,
                        "gpus_per_node": 2,
                        "inner": {"bandwidth": "100Gbps", "latency": "1us"},
                        "nics": "per-gpu",
                        "nic": {"bandwidth": "10Gbps", "latency": "5us"},
                        **changes,
                    }
                )
            )
            return [
                "run",
                "--bytes",
                "8MB",
                "--scheme",
                "dense",
                "--compute-time",
                "0s",
                "--topology",
                topology,
                "--collective",
                "hierarchical",
                "--quiet",
            ]

        # Inside the nodes 2 rounds of 2 us + 4 MB / 12.5 GB/s, between them 2 of 10 us + 2 MB / 1.25 GB/s.
        summary = json.loads(self.good(*run_with(), "--format", "json"))
        self.assertAlmostEqual(
            summary["simulated_seconds"], 2 * (2e-6 + 4e6 / 12.5e9) + 2 * (10e-6 + 2e6 / 1.25e9), places=12
        )
        self.check_error(
            "--ranks: found 3; a multiple of 2, the GPUs of a node, is accepted with --collective hierarchical",
            *run_with(),
            "--ranks",
            "3",
        )
        self.check_error(
            "--collective: hierarchical needs whole nodes, and hosts of nodes die; another one is accepted "
            "(ringsim list collectives)",
            *run_with(host_exceptions=[{"host": 1, "dies": "10ms"}]),
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

    def test_formats(self):
        summary = json.loads(self.good("run", *QUICK, "--format", "json", "--quiet"))
        self.assertEqual(set(summary["bottleneck"]), {"kind", "name", "share"})
        lines = self.good("run", *QUICK, "--format", "csv", "--quiet").splitlines()
        rows = list(csv.DictReader(lines))
        self.assertEqual(len(rows), 1)
        self.assertEqual(float(rows[0]["simulated_seconds"]), summary["simulated_seconds"])
        self.check_error('--format: found "xml"; accepted: table, json, csv', "run", *QUICK, "--format", "xml")

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

    def test_every_option_reacts(self):
        base = ["--quiet", "--format", "json", *QUICK]
        plain = json.loads(self.good("run", *base))
        del plain["wall_seconds"], plain["provenance"]
        for changed in (
            ["--topology", "ring8-10g"],
            ["--ranks", "4"],
            ["--batch", "16"],
            ["--seed", "9"],
            ["--lr", "0.01"],
            ["--momentum", "0.5"],
            ["--schedule", "constant"],
            ["--schedule", "step"],
            ["--optimizer", "adam"],
            ["--optimizer", "nesterov", "--momentum", "0.5"],
            ["--label-skew", "dirichlet:0.1"],
            ["--label-skew", "shards:2"],
            ["--evaluate", "validation"],
            ["--model", "lenet5"],
            ["--model", "cnn-bn"],
            ["--compute-time", "3ms"],
            ["--gpu-speed", "1TFLOPS"],
            ["--prune-time", "1ms"],
            ["--gpu-memory-bandwidth", "1GBps"],
            ["--jitter", "0.5"],
            ["--scheme", "dense"],
            ["--density", "0.2"],
            ["--threshold", "fixed:0.1"],
            ["--threshold", "dispersion:1"],
            ["--broadcasters", "1"],
            ["--mask-encoding", "bitmap"],
            ["--floor", "0.1"],
            ["--tail", "0.001"],
            ["--mask-interval", "2"],
            ["--whole-below", "40000"],
        ):
            found = json.loads(self.good("run", *base, *changed))
            del found["wall_seconds"], found["provenance"]
            self.assertNotEqual(found, plain, changed)
        with_momentum = [*base, "--momentum", "0.5"]
        on, off = (
            json.loads(self.good("run", *with_momentum, "--momentum-correction", value)) for value in ("on", "off")
        )
        self.assertNotEqual(on["loss"], off["loss"])
        for scheme, *options in (
            ["dense", "values bf16"],
            ["iwp", "values fp16"],
            ["magnitude", "broadcasters 1"],
            ["cltk", "filter 0.1"],
            ["topk", "sample 1", "clip 0.1", "sparse-sum ring"],
            ["randomk", "density 0.2"],
            ["qsgd", "levels 1", "block 64"],
            ["terngrad", "clip-deviations 1"],
            ["powersgd", "rank 1"],
        ):
            results = []
            for option in ("", *options):
                words = option.split()
                given = ["--" + words[0], words[1]] if words else []
                found = json.loads(self.good("run", *base, "--scheme", scheme, *given))
                del found["wall_seconds"], found["provenance"]
                self.assertNotIn(found, results, (scheme, option))
                results.append(found)
        warm = json.loads(self.good("run", *base, "--warmup", "1"))
        self.assertGreater(warm["density"], plain["density"])
        self.assertIsNone(warm["compression_ratio"]["wire_after_warmup"])

    def test_wrong_input(self):
        missing = self.folder / "missing.json"
        self.check_error(f"{missing}: no such file", "run", "--topology", missing)
        broken = self.folder / "broken.json"
        broken.write_text('{\n  "kind": ring\n}\n')
        done = self.ringsim("run", "--topology", broken)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(
            done.stderr,
            f"{broken}: line 2, column 11: broken JSON: syntax error while parsing value - "
            "invalid literal; last read: '\"kind\": r'\n",
        )
        text = (ROOT / "topologies/ring8-1g.json").read_text()

        def topology_with(old, new):
            path = self.folder / "ring.json"
            self.assertIn(old, text)
            path.write_text(text.replace(old, new))
            return path

        path = topology_with('"hosts"', '"hostss"')
        self.check_error(
            f'{path}: /hostss: unknown key (did you mean "hosts"?); accepted keys: $schema, name, description, '
            "kind, hosts, link, links, link_exceptions, host, host_exceptions",
            "run",
            "--topology",
            path,
        )
        path = topology_with('"1Gbps"', "1000")
        self.check_error(
            f'{path}: /link/bandwidth: found the number 1000; a bandwidth such as "10Gbps" is accepted; write '
            "it as a string with its unit",
            "run",
            "--topology",
            path,
        )
        path = topology_with('"1Gbps"', '"-1Gbps"')
        self.check_error(
            f'{path}: /link/bandwidth: "-1Gbps" is negative; a bandwidth above zero such as 10Gbps or 1.25GBps '
            "is accepted",
            "run",
            "--topology",
            path,
        )
        path = topology_with('"hosts": 8', '"hosts": 1')
        self.check_error(
            f"{path}: /hosts: found the number 1; a whole number from 2 to 1048576 is accepted",
            "run",
            "--topology",
            path,
        )
        self.check_error("--ranks: found 9; 2 to 8 (the hosts of ring8-1g) is accepted", "run", "--ranks", "9")
        self.check_error(
            '--scheme: unknown scheme "iwq" (did you mean "iwp"?); accepted: dense, iwp, magnitude, cltk, '
            "topk, randomk, qsgd, terngrad, signsgd, powersgd",
            "run",
            "--scheme",
            "iwq",
        )
        self.check_error(
            '--model: unknown model "lenet" (did you mean "lenet5"?); accepted: mlp, lenet5, cnn-bn, alexnet, '
            "bert-base, "
            "bert-large, gpt2-small, gpt2-xl, resnet101, resnet50, resnet50-1001, vgg16, or a file (with / or .json "
            "in its name)",
            "run",
            "--model",
            "lenet",
        )
        self.check_error(
            "--model: resnet50 is known by its layers alone and cannot be trained; mlp, lenet5, cnn-bn are accepted; "
            "add --source synthetic",
            "run",
            "--model",
            "resnet50",
        )
        self.check_error(
            "--scheme: powersgd needs the shapes of a model's layers; use --source synthetic with a --model in place "
            "of --bytes",
            "run",
            "--bytes",
            "4MB",
            "--compute-time",
            "0s",
            "--scheme",
            "powersgd",
        )
        self.check_error(
            '--optimizer: unknown optimizer "adma" (did you mean "adam"?); accepted: sgd, nesterov, adam',
            "run",
            "--optimizer",
            "adma",
        )
        self.check_error(
            '--label-skew: found "0.5"; none, dirichlet:X (X from 0.001 to 1e6) or shards:K (K a whole number from '
            "1 to 1000) is accepted",
            "run",
            "--label-skew",
            "0.5",
        )
        for option, value in (("optimizer", "adam"), ("label-skew", "shards:2"), ("evaluate", "validation")):
            self.check_error(
                f"--{option}: has no effect with --source synthetic; leave it out",
                "run",
                "--source",
                "synthetic",
                f"--{option}",
                value,
            )
        for density in ("0", "1.5", "x"):
            self.check_error(
                f'--density: found "{density}"; a number above 0 and at most 1 such as 0.01 or 1/64 is accepted',
                "run",
                "--density",
                density,
            )

    def test_wrong_output_folders_are_refused_before_the_run(self):
        run = self.run_into("run")
        self.check_error(
            f"{run}: holds another run (summary.json); a new or empty folder is accepted; choose another folder "
            "for -o, or remove this one",
            "run",
            *QUICK,
            "-o",
            run,
        )
        closed = self.folder / "closed"
        closed.mkdir()
        if os.geteuid() == 0:
            # Root may write anywhere but in /proc.
            self.check_error(
                "/proc/x: cannot be created (No such file or directory); a folder that can be written to is "
                "accepted; choose another folder for -o",
                "run",
                *QUICK,
                "-o",
                "/proc/x",
            )
        else:
            closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
            self.check_error(
                f"{closed}: cannot be written to; a folder that can be written to is accepted; choose another "
                "folder for -o",
                "run",
                *QUICK,
                "-o",
                closed,
            )

    def test_a_run_that_fails_leaves_nothing(self):
        done = self.ringsim(
            "run", "--steps", "40", "--scheme", "dense", "--lr", "100000", "-o", self.folder / "a" / "b", "--quiet"
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(
            done.stderr, r"^training diverged in step \d+: the loss is not finite; a smaller --lr may help\n$"
        )
        self.assertEqual(list(self.folder.iterdir()), [])


class Bench(Case):
    def test_a_measured_profile_gives_the_simulated_pruning_time(self):
        profile = self.folder / "profile.json"
        text = self.good("bench", "--elements", "100000", "-o", profile, "--quiet")
        self.assertRegex(text, r"(?m)^ *100000 ")
        measured = json.loads(profile.read_text())
        self.assertEqual(measured["sizes"][0]["elements"], 100000)
        base = ["run", *QUICK, "--format", "json", "--quiet"]
        fast = json.loads(self.good(*base, "--prune-time", profile))
        self.assertGreater(fast["seconds_per_step"]["prune"], 0)
        self.assertIn(str(profile), [entry["name"] for entry in fast["provenance"]["inputs"]])
        for size in measured["sizes"]:
            for rate in size:
                if rate.endswith("bytes_per_second"):
                    size[rate] /= 1000
        profile.write_text(json.dumps(measured))
        slow = json.loads(self.good(*base, "--prune-time", profile))
        self.assertGreater(slow["seconds_per_step"]["prune"], 10 * fast["seconds_per_step"]["prune"])

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
        self.check_error(f"{self.folder}/p.json: no such file", "run", "--prune-time", self.folder / "p.json")
        self.check_error(
            '--prune-time: found "fast"; model, none, a time such as 20us, a shipped profile (h100), or a file (with '
            "/ or .json in its "
            "name) is accepted",
            "run",
            "--prune-time",
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


class Calibrate(Case):
    """A link from measured times."""

    def table(self, name, *arguments):
        return json.loads(self.good("calibrate", self.folder / name, *arguments, "--format", "json"))

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def nccl(self, ranks=4):
        # A ring all-reduce over links of 10 us and 10 GB/s: 2(N-1) messages of an Nth, one after the other.
        rows = []
        for power in range(12, 31):
            microseconds = 2 * (ranks - 1) * (10 + 2**power / ranks / 1e4)
            rows.append(
                f"{2**power} {2**power // 4} float sum -1 {microseconds:.6f} 1.0 1.0 0 {2 * microseconds:.6f} 1.0 1.0 0"
            )
        devices = [f"#  Rank {rank} Group 0 Pid 1 on host device 0 [0:0:0] GPU" for rank in range(ranks)]
        return self.write(
            "nccl.txt",
            "\n".join(
                [
                    "# Collective test starting: all_reduce_perf",
                    *devices,
                    "# size count type redop root time algbw busbw #wrong time algbw busbw #wrong",
                    *rows,
                ]
            )
            + "\n",
        )

    def test_a_table_of_nccl_tests_becomes_a_topology(self):
        nccl, link = self.nccl(), self.folder / "link.json"
        self.assertEqual(
            self.good("calibrate", nccl, "-o", link),
            f"""{nccl}: nccl-tests text, all_reduce, 4 ranks

messages from  latency  bandwidth  sizes  median error  worst error
-------------------------------------------------------------------
0B                10us     80Gbps     19        0.00 %       0.00 %
""",
        )
        shown = self.good("topology", "show", link)
        self.assertIn(
            "fitted by ringsim calibrate to nccl.txt (nccl-tests text, all_reduce, 4 ranks): median error 0.00 %, "
            "worst 0.00 %\n",
            shown,
        )
        self.assertIn("link3             80Gbps     10us\n", shown)
        self.assertEqual(self.good("topology", "check", link), "link: ring, 4 hosts, 8 links\n")
        self.assertEqual(json.loads(link.read_text())["link"], {"bandwidth": "10GBps", "latency": "10us"})
        self.good("calibrate", nccl, "--hosts", "16", "-o", link)
        self.assertEqual(self.good("topology", "check", link), "link: ring, 16 hosts, 32 links\n")
        in_place = self.table("nccl.txt", "--in-place")["pieces"][0]
        self.assertAlmostEqual(in_place["latency_seconds"], 20e-6)
        self.assertAlmostEqual(in_place["bandwidth_bytes_per_second"] / 5e9, 1)

    def test_pieces_points_and_held_out_sizes(self):
        rows = ["bytes,seconds"]
        for half in range(20, 61):
            size = round(2 ** (half / 2))
            rows.append(f"{size},{5e-6 + size / 5e9 if size < 65536 else 20e-6 + size / 50e9!r}")
        csv_file, points, link = (
            self.write("t.csv", "\n".join(rows) + "\n"),
            self.folder / "p.csv",
            self.folder / "l.json",
        )
        result = self.table("t.csv", "--points", points, "--holdout", "on", "-o", link, "--hosts", "2")
        self.assertEqual(
            (result["format"], result["operation"], result["ranks"], result["latency_from"]),
            ("CSV", "message", None, "fit"),
        )
        self.assertEqual([piece["from_bytes"] for piece in result["pieces"]], [0, 65536])
        for piece, latency, bandwidth in zip(result["pieces"], (5e-6, 20e-6), (5e9, 50e9)):
            self.assertAlmostEqual(piece["latency_seconds"] / latency, 1)
            self.assertAlmostEqual(piece["bandwidth_bytes_per_second"] / bandwidth, 1)
        self.assertEqual((result["error"]["sizes"], result["held_out_error"]["sizes"]), (21, 20))
        self.assertLess(result["held_out_error"]["worst"], 1e-6)
        drawn = csv_rows(points.read_text())
        self.assertEqual(len(drawn), 41)
        self.assertEqual([row["held_out"] for row in drawn], ["0"] * 21 + ["1"] * 20)
        self.assertEqual({row["piece"] for row in drawn}, {"0", "1"})
        for row in drawn:
            self.assertAlmostEqual(float(row["fitted_s"]) / float(row["measured_s"]), 1)
        self.assertIn(
            "link0            400Gbps      5us  from 0B: 40Gbps, 5us; from 65.5kB: 400Gbps, 20us\n",
            self.good("topology", "show", link),
        )
        table = list(csv.reader(self.good("calibrate", csv_file, "--format", "csv").splitlines()))
        self.assertEqual(
            table[0], ["from_bytes", "latency_s", "bandwidth_bytes_per_second", "sizes", "median_error", "worst_error"]
        )
        self.assertEqual([row[0] for row in table[1:]], ["0", "65536"])

    def test_a_run_on_the_fitted_links_takes_the_times_that_were_measured(self):
        # Messages of a quarter of the size: from 256 KiB on another latency and bandwidth hold.
        times, link = {}, self.folder / "link.json"
        for size in (2**power for power in range(12, 31)):
            message = size / 4
            times[size] = 6 * (4e-6 + message / 10e9 if message < 2**18 else 40e-6 + message / 100e9)
        table = self.write("t.csv", "bytes,seconds\n" + "".join(f"{size},{time!r}\n" for size, time in times.items()))
        self.good("calibrate", table, "--operation", "all_reduce", "--ranks", "4", "-o", link)
        for size in (2**16, 2**19, 2**20, 2**24):
            for backend in ("simgrid", "recurrence"):
                run = json.loads(
                    self.good(
                        "run",
                        "--topology",
                        link,
                        "--bytes",
                        f"{size}B",
                        "--scheme",
                        "dense",
                        "--steps",
                        "1",
                        "--compute-time",
                        "0s",
                        "--backend",
                        backend,
                        "--format",
                        "json",
                        "--quiet",
                    )
                )
                self.assertAlmostEqual(run["simulated_seconds"] / times[size], 1, places=5)

    def iperf(self, rtt):
        return self.write(
            "iperf.json",
            json.dumps(
                {
                    "start": {"test_start": {"protocol": "TCP"}},
                    "end": {"streams": [{"sender": {"min_rtt": rtt}}], "sum_received": {"bits_per_second": 9.4e9}},
                }
            ),
        )

    def test_iperf_gives_a_bandwidth_and_half_a_round_trip(self):
        iperf, link = self.iperf(50), self.folder / "link.json"
        self.assertEqual(
            self.good("calibrate", iperf, "-o", link, "--hosts", "8"),
            f"""{iperf}: iperf3 JSON, stream

messages from  latency  bandwidth  sizes  median error  worst error
-------------------------------------------------------------------
0B                25us    9.4Gbps
The latency is from half the smallest round trip.
""",
        )
        self.assertEqual(json.loads(link.read_text())["link"], {"bandwidth": "1.175GBps", "latency": "25us"})
        result = self.table("iperf.json", "--latency", "7us")
        self.assertEqual(
            (result["pieces"][0]["latency_seconds"], result["latency_from"], result["error"]), (7e-6, "--latency", None)
        )
        self.iperf(0)
        self.assertIn(
            "The latency is from nothing: 0 is taken, as the file has no round trip.", self.good("calibrate", iperf)
        )

    def test_wrong_input(self):
        nccl, iperf = self.nccl(), self.iperf(50)
        table = self.write("t.csv", "bytes,seconds\n1000,1e-6\n2000,2e-6\n")
        link = self.folder / "link.json"
        for message, *arguments in (
            (f"--ranks: found 8; 4, as {nccl} says, is accepted; leave it out", nccl, "--ranks", "8"),
            (
                f'--operation: found "all_gather"; all_reduce, as {nccl} says, is accepted; leave it out',
                nccl,
                "--operation",
                "all_gather",
            ),
            ("--latency: has no effect with nccl-tests text; leave it out", nccl, "--latency", "5us"),
            ("--in-place: has no effect with CSV; leave it out", table, "--in-place"),
            (
                f"--ranks: is needed, as {table} does not say how many ranks took part in the all_gather; a number "
                "of ranks is accepted; e.g. --ranks 8",
                table,
                "--operation",
                "all_gather",
            ),
            ('--ranks: found "1"; a whole number from 2 to 1048576 is accepted', table, "--ranks", "1"),
            (
                '--operation: found the operation "alltoall"; accepted: message, sendrecv, reduce_scatter, all_gather, '
                "all_reduce, broadcast, reduce; the others' times follow no ring",
                table,
                "--operation",
                "alltoall",
            ),
            ('--holdout: found "yes"; on or off is accepted', table, "--holdout", "yes"),
            (
                f"{table}: found 1 size to fit to; 2 to 4096 different sizes are accepted; measure sizes from a few "
                "kilobytes "
                "to a gigabyte, each twice the one before",
                table,
                "--holdout",
                "on",
            ),
            ("--hosts: has no effect without -o; leave it out", table, "--hosts", "4"),
            (
                f"--hosts: is needed with -o, as {table} does not say how many; the number of hosts of the topology is "
                "accepted; e.g. --hosts 8",
                table,
                "-o",
                link,
            ),
            (f"--output: {table} is the file that is read; another file is accepted", table, "-o", table),
            ("--points: has no effect with iperf3 JSON; leave it out", iperf, "--points", link),
            ("--holdout: has no effect with iperf3 JSON; leave it out", iperf, "--holdout", "on"),
            ("--operation: has no effect with iperf3 JSON; leave it out", iperf, "--operation", "sendrecv"),
            (
                f"{self.folder}/none: no such file; a table of nccl-tests (text or JSON), JSON of iperf3, or CSV is "
                "accepted",
                self.folder / "none",
            ),
        ):
            self.check_error(message, "calibrate", *arguments)
        nccl.write_text(nccl.read_text().partition("\n")[2])
        self.check_error(
            f"--operation: is needed, as {nccl} does not say what was measured; the name of an operation is "
            "accepted; e.g. --operation all_reduce",
            "calibrate",
            nccl,
        )
        self.assertEqual(self.table("nccl.txt", "--operation", "all_reduce")["ranks"], 4)
        self.check_error(
            f"{link.parent}/x/l.json: cannot be written (No such file or directory)",
            "calibrate",
            nccl,
            "--operation",
            "all_reduce",
            "-o",
            link.parent / "x" / "l.json",
            code=1,
        )
        # A second output that fails leaves no first one behind.
        self.check_error(
            f"{link.parent}/x/p.csv: cannot be written (No such file or directory)",
            "calibrate",
            table,
            "--hosts",
            "2",
            "-o",
            link,
            "--points",
            link.parent / "x" / "p.csv",
            code=1,
        )
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["iperf.json", "nccl.txt", "t.csv"])


unittest.main()
