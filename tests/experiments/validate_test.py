#!/usr/bin/env python3
"""Tests of tools/validate without root: what is measured, and the schedules that ranks follow.
Usage: validate_test.py SOURCE_ROOT."""
import json
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "tools/validate"))
import comparison  # noqa: E402
import networks  # noqa: E402
import points  # noqa: E402
import predictions  # noqa: E402


def row(step, phase, number, source, target, size, start):
    return {
        "step": step,
        "phase": phase,
        "bucket": "0",
        "round": number,
        "source": str(source),
        "target": str(target),
        "bytes": str(size),
        "start_s": str(start),
    }


def megabytes(text):
    return int(text.removesuffix("MB")) * 10**6


class Validate(unittest.TestCase):
    def point(self, **more):
        return points.Point("name", "ring", 2, [100], "1MB", **more)

    def test_the_points_are_split_and_measured(self):
        exchanges = [point for point in points.load() if point.family != "training"]
        held_out = [point for point in exchanges if point.split == "held out"]
        self.assertGreaterEqual(len(held_out), 40)
        self.assertEqual(len({point.name for point in exchanges}), len(exchanges))
        measured = comparison.measured_seconds(ROOT / "docs/measured/namespaces")
        self.assertEqual(sorted(measured), sorted(point.name for point in exchanges))

    def test_a_rank_does_its_rounds_in_order(self):
        rows = [row(0, "values", number, 0, 1, 40 + number, number) for number in range(2)]
        rows += [row(1, "masks", 0, 1, 0, 7, 3)]
        point = self.point(compute=0.1, speeds={"1": 0.5}, options={"scheme": "iwp"})
        sender, receiver = predictions.schedules(point, rows)
        work = ["compute 0.1", "round", "send 1 40", "round", "send 1 41", "compute 0.1", "round", "receive 1 7 store"]
        self.assertEqual(sender, ["largest 41", *work])
        work = ["compute 0.2", "round", "receive 0 40 add", "round", "receive 0 41 store", "compute 0.2", "round"]
        self.assertEqual(receiver, ["largest 41", *work, "send 0 7"])

    def test_links_are_those_of_the_shapers(self):
        links = predictions.Links(latency=50e-6, duplex=0.98)
        ring = predictions.topology_of(self.point(changes=[[1, 0.5, 25]]), links)
        first = {"bandwidth": "100000000bps", "latency": "50us", "medium": "ethernet", "mtu": 1500}
        changed = first | {"profile": [{"at": "0.5s", "bandwidth": "25000000bps"}]}
        self.assertEqual(ring["links"], [first, changed])
        switch = predictions.topology_of(self.point(topology="switch"), links)
        self.assertEqual(switch["links"][0]["latency"], "25us")
        # 1448 of 1514 bytes are payload.
        self.assertAlmostEqual(switch["links"][0]["efficiency"], 0.98 * 1448 / 1514)

    def test_measured_exchanges_keep_the_sizes_that_were_sent(self):
        found = {point.name for point in points.load() if point.has_sizes}
        self.assertEqual(found, {path.parent.name for path in predictions.SIZES.glob("*/trace.json")})
        for point in points.load():
            if point.has_sizes:
                header = json.loads((predictions.SIZES / point.name / "trace.json").read_text())
                elements = sum(layer["parameters"] for layer in header["layers"])
                self.assertEqual((header["ranks"], header["steps"]), (point.ranks, point.steps))
                self.assertEqual((header["scheme"], 4 * elements), (point.options["scheme"], megabytes(point.bytes)))
        options = {"scheme": "topk", "density": "1/84", "collective": "ring"}
        words = predictions.command_of(self.point(has_sizes=True, options=options), "ring.json")
        self.assertEqual(words[words.index("--source") + 1], f"trace:{predictions.SIZES / 'name'}")
        self.assertFalse({"--bytes", "--scheme", "--density"} & set(words))
        self.assertEqual(words[-2:], ["--collective", "ring"])

    def test_bursts_are_short(self):
        # 1 ms of 500 Mbit/s are 62.5 kB; of 8 Mbit/s less than two frames of 1514 bytes.
        self.assertEqual(networks.burst(500, 1500), 62500)
        self.assertEqual(networks.burst(8, 1500), 3028)


if __name__ == "__main__":
    unittest.main()
