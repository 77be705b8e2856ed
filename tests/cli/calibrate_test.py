#!/usr/bin/env python3
"""Tests of `ringsim calibrate` as a user calls it. Usage: calibrate_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import csv
import json
import pathlib
import statistics
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import ROOT, Case, csv_rows  # noqa: E402


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

    def test_a_fit_that_is_bad_says_so(self):
        # From 1 GiB on each doubling of the size takes three times as long: no link does that.
        rows = [(2**power, 3e-3 * 2 ** (power - 25) * (1.6 ** max(0, power - 29))) for power in range(25, 35)]
        table = self.write("t.csv", "bytes,seconds\n" + "".join(f"{size},{time!r}\n" for size, time in rows))
        result = self.table("t.csv")
        self.assertGreater(result["error"]["worst"], 0.5)
        done = self.ringsim("calibrate", table)
        worst = f"{100 * result['error']['worst']:.2f} %"
        warning = (
            f"The worst error is {worst}: these times follow no link of a latency and a bandwidth. Look at them with "
            "--points, and fit to the sizes that do."
        )
        self.assertEqual(result["warnings"], [warning])
        self.assertEqual((done.returncode, done.stderr), (0, f"warning: {table}: {warning}\n"))
        link = self.folder / "link.json"
        self.check_error(
            f"{table}: the fit errs by {worst} at worst: these times follow no link; with -o an error of at most "
            "50.00 % is accepted; look at them with --points, or add --force",
            "calibrate",
            table,
            "-o",
            link,
            "--hosts",
            "2",
        )
        self.assertFalse(link.exists())
        self.assertEqual(self.ringsim("calibrate", table, "-o", link, "--hosts", "2", "--force").returncode, 0)
        self.assertEqual(json.loads(link.read_text())["calibration"]["warnings"], [warning])

    def test_one_of_several_tables_is_picked(self):
        first = self.nccl()
        second = first.read_text().replace("all_reduce_perf", "all_gather_perf")
        both = self.write("both.txt", first.read_text() + second)
        self.check_error(
            f"{both}: found 2 tables: all_reduce, 4 ranks (line 6); all_gather, 4 ranks (line 31); one is "
            "accepted; pick it with --operation and --ranks, or fit all together with --cluster",
            "calibrate",
            both,
        )
        self.assertEqual(
            self.table("both.txt", "--operation", "all_reduce")["pieces"], self.table("nccl.txt")["pieces"]
        )

    def test_many_tables_become_a_cluster(self):
        measured = ROOT / "docs/measured/h100-four"
        tables = sorted(
            path
            for ranks in (2, 4)
            for path in (measured / f"h100-x{ranks}").glob("nvlink-free-*.csv")
            if path.stem.rsplit("-", 1)[1] in ("all_reduce", "all_gather", "broadcast")
        )
        self.assertEqual(len(tables), 6)
        link = self.folder / "cluster.json"
        done = self.ringsim("calibrate", *tables, "--holdout", "ranks", "-o", link, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["tables"], 6)
        self.assertEqual(result["calibration"]["ranks"], [2, 4])
        self.assertEqual(result["calibration"]["operations"], ["all_gather", "all_reduce", "broadcast"])
        groups = {(each["kind"], each["group"]): each for each in result["errors"]}
        # What was measured: 2 GPUs predict 4, with no look at them.
        self.assertLess(groups["held out", "4 ranks"]["median"], 0.1)
        self.assertLess(groups["held out", "4 ranks"]["worst"], 0.4)
        self.assertEqual(groups["held out", "4 ranks"]["unknown"], 0)
        topology = json.loads(link.read_text())
        self.assertEqual((topology["kind"], topology["hosts"]), ("ring", 4))
        self.assertEqual(topology["library"], "nccl")
        self.assertEqual(topology["calibration"]["model"], result["model"])
        self.assertIn("ring, 4 hosts", self.good("topology", "check", link))
        run = ["run", "--topology", link, "--scheme", "dense", "--compute-time", "1ms", "--steps", "1", "--bytes"]
        note = "the exchange's times are extrapolated: cluster was fitted to all_gather, all_reduce, broadcast on 2, 4"
        self.assertNotIn(note, self.ringsim(*run, "64MiB").stderr)
        self.assertIn(note, self.ringsim(*run, "1GiB").stderr)
        for message, *arguments in (
            ("--operation: has no effect where all tables are fitted; leave it out", "--operation", "all_reduce"),
            ('--holdout: found "x"; on, off, sizes, ranks, operations or nodes is accepted', "--holdout", "x"),
            (
                "--holdout: there is one group, so that nothing is left to fit to; tables of several groups are "
                "accepted",
                "--holdout",
                "nodes",
            ),
            ("--hosts: has no effect without -o; leave it out", "--hosts", "4"),
        ):
            self.check_error(message, "calibrate", *tables, *arguments)
        self.check_error(
            "--gpus-per-node: has no effect without --cluster; leave it out",
            "calibrate",
            tables[0],
            "--gpus-per-node",
            "2",
        )

    def test_runs_predict_what_nothing_was_fitted_to(self):
        # Fitted to 2 GPUs, NCCL's own choice on 4: 2.1 % in the median of all sizes, 13.0 % at 512 KiB.
        measured = ROOT / "docs/measured/h100-four"
        link = self.folder / "four.json"
        self.good("calibrate", *sorted((measured / "h100-x2").glob("nvlink-*.csv")), "--hosts", "4", "-o", link)
        lines = (measured / "h100-x4/nvlink-free-all_reduce.csv").read_text().splitlines()
        times = {
            int(row["bytes"]): float(row["seconds_p25"])
            for row in csv.DictReader(line for line in lines if not line.startswith("#"))
        }
        chosen, errors = {}, {}
        for size in (4096, 8192, 1 << 18, 1 << 19, 1 << 20, 1 << 22, 1 << 26, 1 << 28):
            exchange = ["--bytes", f"{size}B", "--scheme", "dense", "--compute-time", "0s", "--topology", link]
            result = json.loads(self.good("run", *exchange, "--format", "json"))
            self.assertEqual(result["basis"]["exchange"], "extrapolated")
            chosen[size] = result["collective"]
            errors[size] = abs(result["seconds_per_step"]["exchange"] / times[size] - 1)
        self.assertEqual(
            [chosen[size] for size in (8192, 1 << 22, 1 << 28)],
            ["nccl: ring/LL", "nccl: ring/LL128", "nccl: ring/Simple"],
        )
        self.assertLess(statistics.median(errors.values()), 0.05)
        self.assertLess(max(errors.values()), 0.15)

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
                '--operation: found the operation "hypercube"; accepted: message, sendrecv, reduce_scatter, '
                "all_gather, all_reduce, broadcast, reduce, alltoall, scatter, gather; other operations are not known",
                table,
                "--operation",
                "hypercube",
            ),
            ('--holdout: found "yes"; on, off or sizes is accepted', table, "--holdout", "yes"),
            (
                f"{table}: found 1 size to fit to; 2 to 4096 different sizes are accepted; measure sizes from a few "
                "kilobytes "
                "to a gigabyte, each twice the one before",
                table,
                "--holdout",
                "on",
            ),
            ("--hosts: has no effect without -o; leave it out", table, "--hosts", "4"),
            ("--force: has no effect without -o; leave it out", table, "--force"),
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
