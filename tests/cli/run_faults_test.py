#!/usr/bin/env python3
"""Tests of `ringsim run` with hosts that die or straggle, links that are full and wrong quantities.

Usage: run_faults_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import QUICK, Case, csv_rows  # noqa: E402


class RunFaults(Case):
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
        has_simgrid = not re.search("simgrid .*unavailable", self.good("list", "backends"))
        others = "fluid, simgrid" if has_simgrid else "fluid"
        self.check_error(
            f"--backend: recurrence cannot have hosts die; {others} and auto are accepted",
            "run",
            *QUICK,
            "--topology",
            topology,
            "--backend",
            "recurrence",
            "--quiet",
        )

    def ring_of_four(self, name, dies):
        path = self.folder / f"{name}.json"
        hosts = [{"host": host, "dies": time} for host, time in enumerate(dies)]
        link = {"bandwidth": "1Gbps", "latency": "5us"}
        path.write_text(json.dumps({"name": name, "kind": "ring", "hosts": 4, "link": link, "host_exceptions": hosts}))
        return path

    def test_a_run_whose_hosts_all_die_fails(self):
        at_once = self.ring_of_four("at-once", ["5ms"] * 4)
        one_by_one = self.ring_of_four("one-by-one", ["5ms", "6ms", "7ms", "8ms"])
        two_and_two = self.ring_of_four("two-and-two", ["5ms", "5ms", "8s", "8s"])
        training = ["run", *QUICK, "--scheme", "iwp", "--compute-time", "2ms", "--quiet"]
        exchange = ["run", "--scheme", "dense", "--bytes", "10MB", "--compute-time", "100ms", "--quiet"]
        for options in ([], ["--staleness", "2"], ["--quorum", "3"], ["--local-steps", "2"]):
            for topology, time in ((at_once, "5ms"), (one_by_one, "8ms")):
                self.check_error(
                    f"rank 3 has died at {time}, and fewer than two are left",
                    *training,
                    *options,
                    "--topology",
                    topology,
                    code=1,
                )
        for topology, time in ((at_once, "5ms"), (one_by_one, "8ms"), (two_and_two, "8s")):
            message = f"rank 3 has died at {time}, and fewer than two are left"
            for backend in ("fluid", "simgrid"):
                self.check_error(
                    message, *exchange, "--steps", "40", "--topology", topology, "--backend", backend, code=1
                )
        # Long after the end nobody minds.
        after = self.ring_of_four("after", ["1000s"] * 4)
        self.good(*exchange, "--steps", "2", "--topology", after)

    def test_no_link_carries_more_than_its_capacity(self):
        # SimGrid's lazy update put 150 % through host2:down.
        self.good(
            *("run", "--topology", "switch8-25g", "--collective", "tree", "--bytes", "100MB", "--scheme", "dense"),
            *("--compute-time", "0s", "--steps", "1", "--transfers", "--quiet", "-o", self.folder / "tree"),
        )
        by_link = {}
        for row in csv_rows((self.folder / "tree" / "transfers.csv").read_text()):
            for link in (("up", row["source"]), ("down", row["target"])):
                by_link.setdefault(link, []).append((float(row["end_s"]), float(row["start_s"]), int(row["bytes"])))
        self.assertEqual(len(by_link), 16)
        for link, transfers in by_link.items():
            transfers.sort()
            for _, begin, _ in transfers:
                total = 0
                for end, start, count in transfers:
                    if start >= begin:
                        total += count
                        # Latency is part of the interval, 25 Gbit/s what it may carry.
                        self.assertLessEqual(total, 25e9 / 8 * (end - begin) * (1 + 1e-9), link)

    def test_the_number_of_a_straggler_changes_no_figure(self):
        times = set()
        for host in range(4):
            for backend in ("recurrence", "simgrid"):
                topology = self.folder / "straggler.json"
                topology.write_text(
                    json.dumps(
                        {
                            "name": "straggler",
                            "kind": "ring",
                            "hosts": 4,
                            "link": {"bandwidth": "1Gbps", "latency": "5us"},
                            "host_exceptions": [{"host": host, "speed": 0.5}],
                        }
                    )
                )
                run = [
                    "run",
                    "--scheme",
                    "dense",
                    "--bytes",
                    "1MB",
                    "--compute-time",
                    "10ms",
                    "--steps",
                    "3",
                    "--quiet",
                ]
                folder = self.folder / f"straggler-{host}-{backend}"
                self.good(*run, "--topology", topology, "--backend", backend, "-o", folder)
                per_step = json.loads((folder / "summary.json").read_text())["seconds_per_step"]
                # The straggler computes for 20 ms. 6 rounds of 250 kB: 6 (5 us + 2 ms).
                self.assertAlmostEqual(per_step["compute"], 20e-3, delta=1e-12)
                self.assertAlmostEqual(per_step["exposed_exchange"], 6 * 2.005e-3, delta=1e-12)
                self.assertLessEqual(per_step["exposed_exchange"], per_step["exchange"] + 1e-12)
                times.add(tuple(round(per_step[name], 12) for name in ("compute", "exposed_exchange", "total")))
        self.assertEqual(len(times), 1)

    def test_quantities_beyond_all_sense_are_refused(self):
        limits = "0s and a time from 1e-15s to 1e9s are accepted"
        exchange = ["run", "--scheme", "dense", "--bytes", "10MB", "--steps", "2", "--quiet"]
        self.check_error(f'--compute-time: "1e300s" is too large; {limits}', *exchange, "--compute-time", "1e300s")
        self.check_error(
            '--bandwidth: "1e-300bps" is too small; a bandwidth from 1bps to 1e6Tbps is accepted',
            *exchange,
            "--compute-time",
            "0s",
            *("--topology", "ring", "--ranks", "4", "--bandwidth", "1e-300bps", "--latency", "1us"),
        )
        topology = self.folder / "outage.json"
        outage = {"from": "1ms", "until": "1e300s"}
        link = {"bandwidth": "1Gbps", "latency": "5us", "outages": [outage]}
        topology.write_text(json.dumps({"name": "outage", "kind": "ring", "hosts": 4, "link": link}))
        self.check_error(
            f'{topology}: /link/outages/0/until: "1e300s" is too large; {limits}',
            *exchange,
            "--compute-time",
            "1ms",
            "--topology",
            topology,
        )


if __name__ == "__main__":
    unittest.main()
