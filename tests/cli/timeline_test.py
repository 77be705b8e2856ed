#!/usr/bin/env python3
"""Tests of `ringsim run --timeline`: the rules of Chrome's trace event format, and that it says what the tables say.
Usage: timeline_test.py RINGSIM SOURCE_ROOT [TEST...]"""
import bisect
import collections
import json
import math
import unittest

from cli_case import Case, csv_rows

MICROSECOND = 1e-6
NANOSECOND = 1e-3  # in the file's unit


class Timeline(Case):
    def timeline(self, *arguments):
        out = self.folder / f"run-{len(list(self.folder.iterdir()))}"
        self.good("run", *arguments, "--timeline", "--transfers", "--quiet", "-o", out)
        trace = json.loads((out / "timeline.json").read_text())
        self.check_format(trace)
        return out, trace["traceEvents"]

    def check_format(self, trace):
        self.assertEqual(set(trace), {"displayTimeUnit", "traceEvents"})
        slices, flows, named = collections.defaultdict(list), collections.defaultdict(dict), set()
        for event in trace["traceEvents"]:
            kind = event["ph"]
            self.assertIn(kind, "MXCsf")
            self.assertIsInstance(event["name"], str)
            self.assertIsInstance(event["pid"], int)
            row = (event["pid"], event.get("tid"))
            if kind == "M":
                self.assertIn(
                    event["name"], [f"{what}_{of}" for what in ("process", "thread") for of in ("name", "sort_index")]
                )
                named.add(row if event["name"].startswith("thread") else event["pid"])
                continue
            self.assertTrue(math.isfinite(event["ts"]) and event["ts"] >= 0, event)
            if kind == "X":
                self.assertTrue(math.isfinite(event["dur"]) and event["dur"] >= 0, event)
                slices[row].append((event["ts"], event["ts"] + event["dur"]))
            elif kind == "C":
                self.assertEqual(list(event["args"]), ["utilization"])
            else:
                self.assertNotIn(kind, flows[event["id"]])
                flows[event["id"]][kind] = event
        for row, intervals in slices.items():
            self.assertIn(row, named)
            self.assertIn(row[0], named)
            intervals.sort()
            for (_, end), (begin, _) in zip(intervals, intervals[1:]):
                self.assertLessEqual(end, begin + NANOSECOND, row)
        for pair in flows.values():
            self.assertEqual(set(pair), {"s", "f"})
            self.assertEqual(pair["f"]["bp"], "e")
            self.assertLessEqual(pair["s"]["ts"], pair["f"]["ts"])
            for end in pair.values():
                intervals = slices[end["pid"], end["tid"]]
                before = bisect.bisect_right(intervals, (end["ts"], math.inf)) - 1
                self.assertGreaterEqual(before, 0, end)
                self.assertLessEqual(end["ts"], intervals[before][1] + NANOSECOND, end)

    def rows(self, out, name):
        return csv_rows((out / name).read_text())

    def check_tables(self, out, events, capacity):
        """Sends and receives are the transfers, and the counters' integrals the links' bytes."""
        expected = sorted(
            (int(r["source"]), int(r["target"]), int(r["bytes"])) for r in self.rows(out, "transfers.csv")
        )
        slices = [event for event in events if event["ph"] == "X" and "bytes" in event["args"]]
        sent = sorted((e["pid"] - 1, e["args"]["to"], e["args"]["bytes"]) for e in slices if "to" in e["args"])
        received = sorted((e["args"]["from"], e["pid"] - 1, e["args"]["bytes"]) for e in slices if "from" in e["args"])
        self.assertEqual(sent, expected)
        self.assertEqual(received, expected)
        self.assertEqual(sum(event["ph"] == "s" for event in events), len(expected))
        by_link = collections.defaultdict(list)
        for event in events:
            if event["ph"] == "C":
                by_link[event["name"]].append((event["ts"], event["args"]["utilization"]))
        for row in self.rows(out, "links.csv"):
            values = by_link.pop(row["link"], [])
            carried = sum((b[0] - a[0]) * MICROSECOND * a[1] * capacity for a, b in zip(values, values[1:]))
            self.assertAlmostEqual(carried, int(row["bytes"]), delta=1e-6 * int(row["bytes"]))
            if values:
                self.assertEqual(values[-1][1], 0)
                self.assertLessEqual(max(value for _, value in values), 1 + 1e-9)
        self.assertFalse(by_link)

    def spent(self, events, rank, names):
        return MICROSECOND * sum(
            e["dur"] for e in events if e["ph"] == "X" and e["pid"] == rank + 1 and e["name"] in names
        )

    def test_a_run_on_a_ring(self):
        out, events = self.timeline("--topology", "ring8-1g", "--scheme", "iwp", "--steps", "2")
        self.check_tables(out, events, 1e9 / 8)
        names = {event["name"] for event in events if event["ph"] == "X"}
        self.assertLessEqual({"compute", "select", "pack", "values", "masks"}, names)
        steps = self.rows(out, "steps.csv")
        for column, of in [("compute_s", {"compute"}), ("compress_s", names - {"compute", "values", "masks", "whole"})]:
            total = sum(float(row.get(column) or row[column.replace("prune", "compress")]) for row in steps)
            longest = max(self.spent(events, rank, of) for rank in range(8))
            self.assertAlmostEqual(longest, total, delta=0.2 * total)

    def test_messages_that_overlap_have_rows_of_their_own(self):
        uniform = ["--topology", "switch", "--ranks", "8", "--bandwidth", "1Gbps", "--latency", "5us"]
        exchange = ["--bytes", "1MB", "--scheme", "dense", "--compute-time", "1ms", "--steps", "2"]
        out, events = self.timeline(*uniform, *exchange, "--collective", "pairwise")
        self.check_tables(out, events, 1e9 / 8)

    def test_what_nccl_chose(self):
        uniform = ["--topology", "switch", "--ranks", "16", "--bandwidth", "1Gbps", "--latency", "5us"]
        exchange = ["--scheme", "dense", "--compute-time", "1ms", "--steps", "1", "--collective", "nccl"]
        for size, chosen in [("4kB", "tree/Simple"), ("10MB", "ring/Simple")]:
            out, events = self.timeline(*uniform, *exchange, "--bytes", size)
            self.assertEqual(json.loads((out / "summary.json").read_text())["collective"], f"nccl: {chosen}")
            self.check_tables(out, events, 1e9 / 8)
            # The last message ends with the step.
            ends = [e["ts"] + e["dur"] for e in events if e["ph"] == "X" and "from" in e["args"]]
            (step,) = self.rows(out, "steps.csv")
            self.assertAlmostEqual(max(ends) * MICROSECOND, float(step["total_s"]), delta=1e-9)

    def test_mean_rates_of_messages_that_share_for_a_part_of_their_time(self):
        # Buckets meet: a message is slow while it shares a link and fast before or after. At its mean rate all the time
        # it would sometimes carry too much; from when a link is first used until it is idle it never does.
        model = ["--model", "resnet50", "--source", "synthetic", "--scheme", "dense", "--steps", "1"]
        overlap = ["--compute-time", "10ms", "--bucket", "25MiB", "--overlap", "on", "--collective", "nccl"]
        out, events = self.timeline("--topology", "dgx-a100x4", *model, *overlap)
        (step,) = self.rows(out, "steps.csv")
        counters = collections.defaultdict(list)
        for event in events:
            if event["ph"] == "C":
                counters[event["name"]].append((event["ts"], event["args"]["utilization"]))
        self.assertGreater(max(value for values in counters.values() for _, value in values), 1.1)
        for row in self.rows(out, "links.csv"):
            carried = used = began = 0
            for (at, value), (until, following) in zip(counters[row["link"]], counters[row["link"]][1:]):
                if used == 0:
                    began = at
                used += value * (until - at)
                if following == 0:
                    self.assertLessEqual(used, (until - began) * (1 + 1e-9))
                    carried, used = carried + used, 0
            share = carried * MICROSECOND / float(step["total_s"])
            self.assertAlmostEqual(share, float(row["utilization"]), delta=1e-6 * share)

    def test_steps_that_are_taken_as_often_as_they_come_again(self):
        exchange = ["--bytes", "8kB", "--scheme", "dense", "--compute-time", "1ms", "--steps", "100"]
        out, events = self.timeline("--topology", "ring8-1g", *exchange)
        self.check_tables(out, events, 1e9 / 8)
        compute = sorted(e["ts"] for e in events if e["ph"] == "X" and e["name"] == "compute" and e["pid"] == 1)
        starts = [float(row["start_s"]) / MICROSECOND for row in self.rows(out, "steps.csv")]
        # Each message has its link for itself: while bytes flow, they take all of it.
        values = {round(e["args"]["utilization"], 6) for e in events if e["ph"] == "C"}
        self.assertEqual(values, {0, 1})
        self.assertEqual(len(compute), 100)
        for found, start in zip(compute, starts):
            self.assertAlmostEqual(found, start, delta=NANOSECOND)

    def test_late_updates_and_buckets(self):
        late = ["--staleness", "2", "--compute-time", "1ms", "--steps", "4"]
        out, events = self.timeline("--topology", "ring8-1g", *late)
        self.check_tables(out, events, 1e9 / 8)
        uniform = ["--topology", "ring", "--ranks", "4", "--bandwidth", "10Gbps", "--latency", "5us"]
        model = ["--model", "resnet50", "--source", "synthetic", "--bucket", "ddp", "--scheme", "iwp", "--steps", "1"]
        out, events = self.timeline(*uniform, *model)
        self.check_tables(out, events, 1e10 / 8)

    def test_steps_and_ranks_narrow_it(self):
        run = ["--topology", "ring8-1g", "--bytes", "8kB", "--scheme", "dense", "--compute-time", "1ms", "--steps", "5"]
        _, events = self.timeline(*run, "--timeline-steps", "1,3..9", "--timeline-ranks", "0..1,5")
        slices = [event for event in events if event["ph"] == "X"]
        self.assertEqual({event["args"]["step"] for event in slices}, {1, 3, 4})
        self.assertEqual({event["pid"] for event in slices}, {1, 2, 6})
        # Messages of the ring from 0 to 1 have both ends here; those of 7, 0, 1, 4 and 5 have one at least.
        arrows = [event for event in events if event["ph"] == "s"]
        self.assertEqual({event["pid"] for event in arrows}, {1})
        links = {event["name"] for event in events if event["ph"] == "C"}
        self.assertEqual(links, {"link7", "link0", "link1", "link4", "link5"})

    def test_what_is_refused(self):
        run = [
            "run",
            "--topology",
            "ring8-1g",
            "--bytes",
            "1kB",
            "--scheme",
            "dense",
            "--compute-time",
            "0s",
            "--quiet",
        ]
        out = self.folder / "out"
        self.check_error(
            "--timeline: has no effect without -o; say with -o where timeline.json shall be", *run, "--timeline"
        )
        for option in ["--timeline-steps", "--timeline-ranks"]:
            self.check_error(
                f"{option}: has no effect without --timeline; give --timeline too, or leave it out", *run, option, "0"
            )
            for wrong in ["1..", "3..1", "a", "1,,2", "-1"]:
                self.check_error(
                    f'{option}: found "{wrong}"; whole numbers and ranges of them are accepted, such as 0..4 or '
                    "0,7,16..23",
                    *(*run, "--timeline", f"{option}={wrong}", "-o", out),
                )
        self.check_error(
            "--timeline: the run has nothing of what was chosen; choose steps and ranks that it has with "
            "--timeline-steps and --timeline-ranks",
            *(*run, "--timeline", "--timeline-steps", "7", "-o", out),
        )
        self.assertFalse(out.exists())


unittest.main()
