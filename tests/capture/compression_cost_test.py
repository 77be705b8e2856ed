#!/usr/bin/env python3
"""Tests of what tools/python/ringsim/capture does without PyTorch. Usage: compression_cost_test.py SOURCE_ROOT."""

import json
import pathlib
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "tools/python"))
from ringsim.capture import fits, layer_lists, profile_output  # noqa: E402


def point(layers, settings, seconds, stage="encode"):
    counts = layer_lists.counts_of(layer_lists.ddp_buckets(layer_lists.LAYER_LISTS[layers]), settings)
    made = {"implementation": "torch eager", "scheme": "topk", "settings": settings, "layers": layers, "counts": counts}
    made.update(stage=stage, mode="eager", held_out=fits.is_held_out(layers))
    made["device_s"] = {"median": seconds(fits.features(made))}
    return made


class Lists(unittest.TestCase):
    def test_shapes_are_those_of_the_model_specifications(self):
        for name in ("resnet50", "bert-base", "gpt2-small"):
            specification = json.loads((ROOT / f"models/specs/{name}.json").read_text(encoding="utf-8"))
            shapes = [tuple(layer["shape"]) for layer in specification["layers"]]
            self.assertEqual(layer_lists.LAYER_LISTS[name], shapes)

    def test_buckets_are_closed_by_the_tensor_that_fills_them(self):
        # Of 4 bytes an element: 12 + 8 reach the first limit of 16, then 40 and 4 + 20 + 16 reach 40.
        buckets = layer_lists.ddp_buckets([(7,), (4,), (5,), (1,), (10,), (2,), (3,)], first=16, limit=40)
        self.assertEqual(buckets, [[(3,), (2,)], [(10,)], [(1,), (5,), (4,)], [(7,)]])
        for shapes in layer_lists.LAYER_LISTS.values():
            self.assertEqual([shape for bucket in layer_lists.ddp_buckets(shapes) for shape in bucket], shapes[::-1])

    def test_counts(self):
        buckets = [[(64, 3, 7, 7), (64,)], [(1000, 2048)]]
        counts = layer_lists.counts_of(buckets, {"granularity": "tensor", "density": 0.01})
        # 9408, 64 and 2,048,000 elements: 94, 1 and 20,480 are kept.
        self.assertEqual(counts, {"calls": 2, "tensors": 3, "pieces": 3, "elements": 2057472, "kept": 20575})
        self.assertEqual(layer_lists.counts_of(buckets, {"granularity": "bucket"})["pieces"], 2)
        low_rank = layer_lists.counts_of(buckets, {"rank": 4})
        # (64 + 147) * 4 and (1000 + 2048) * 4; the bias travels as it is.
        self.assertEqual((low_rank["matrices"], low_rank["rank_rows"], low_rank["uncompressed"]), (2, 844 + 12192, 64))
        # Squares of side 98 (9604 >= 9472) and 1432 (2,050,624 >= 2,048,000).
        batched = layer_lists.counts_of(buckets, {"rank": 2, "batched": True})
        self.assertEqual((batched["matrices"], batched["rank_rows"]), (2, 2 * 2 * (98 + 1432)))


class Fits(unittest.TestCase):
    def test_least_squares_without_negative_coefficients(self):
        # y = 2 a + 3 b; the third column would want -1, so it gets nothing.
        columns = [[1, 2, 3, 4], [1, 0, 2, 1], [0, 1, 0, 1]]
        exact = [2 * a + 3 * b for a, b in zip(*columns[:2])]
        for found, expected in zip(fits.non_negative_least_squares(columns, exact), (2, 3, 0)):
            self.assertAlmostEqual(found, expected, places=9)
        lower = [y - c for y, c in zip(exact, columns[2])]
        self.assertEqual(fits.non_negative_least_squares(columns, lower)[2], 0.0)

    def test_no_other_coefficients_do_better(self):
        draw = random.Random(1)
        for _ in range(50):
            columns = [[draw.gauss(0, 1) for _ in range(8)] for _ in range(5)]
            target = [draw.gauss(0, 1) for _ in range(8)]

            def loss(x):
                return sum((t - sum(v * c[i] for v, c in zip(x, columns))) ** 2 for i, t in enumerate(target))

            found = fits.non_negative_least_squares(columns, target)
            self.assertGreaterEqual(min(found), 0)
            for i in range(5):
                for step in (1e-4, -1e-4):
                    other = [max(0.0, v + step) if j == i else v for j, v in enumerate(found)]
                    self.assertGreaterEqual(loss(other), loss(found) - 1e-12)

    def test_columns_that_depend_on_each_other(self):
        columns = [[1, 2, 3], [2, 4, 6], [1, 1, 1]]
        found = fits.non_negative_least_squares(columns, [3, 5, 7])
        self.assertAlmostEqual(found[0] + 2 * found[1], 2)
        self.assertAlmostEqual(found[2], 1)

    def test_costs_of_a_synthetic_gpu_are_found(self):
        costs = {"calls": 3e-6, "pieces": 30e-6, "elements": 8e-12, "kept": 40e-12}
        draw = random.Random(2)

        def seconds(counts):
            return sum(cost * counts[term] for term, cost in costs.items()) * draw.uniform(0.99, 1.01)

        settings = [{"granularity": "tensor", "density": density} for density in (0.01, 0.001)]
        points = [point(layers, one, seconds) for layers in layer_lists.LAYER_LISTS for one in settings]
        (fit,) = fits.fit_all(points, ("device_s",))
        self.assertEqual(fit["settings"], {"granularity": "tensor"})
        self.assertEqual((fit["fitted"]["points"], fit["held_out"]["points"]), (14, 4))
        self.assertAlmostEqual(fit["seconds_per"]["pieces"] / costs["pieces"], 1, delta=0.05)
        self.assertAlmostEqual(fit["seconds_per"]["elements"] / costs["elements"], 1, delta=0.05)
        self.assertLess(fit["held_out"]["worst"], 0.03)

    def test_received_payloads_are_terms_of_decoding(self):
        costs = {"elements": 2e-12, "payload_pieces": 10e-6, "payload_elements": 5e-12}

        def seconds(counts):
            return sum(cost * counts.get(term, 0) for term, cost in costs.items()) + 1e-9

        settings = [{"granularity": "tensor", "payloads": payloads} for payloads in (1, 8)]
        points = [point(layers, one, seconds, "decode") for layers in layer_lists.LAYER_LISTS for one in settings]
        (fit,) = fits.fit_all(points, ("device_s",))
        for term, cost in costs.items():
            self.assertAlmostEqual(fit["seconds_per"][term] / cost, 1, delta=0.01)
        self.assertNotIn("payload_elements", fits.features({**points[0], "stage": "encode"}))

    def test_held_out_points_take_no_part(self):
        settings = {"granularity": "bucket"}
        lists = list(layer_lists.LAYER_LISTS)
        good = [point(layers, settings, lambda counts: 1e-11 * counts["elements"]) for layers in lists]
        spoiled = json.loads(json.dumps(good))
        held_out = [one for one in spoiled if one["layers"] in ("gpt2-small", "tensor-25m")]
        self.assertEqual(len(held_out), 2)
        for one in held_out:
            one["device_s"]["median"] *= 2
        before, after = fits.fit_points(good), fits.fit_points(spoiled)
        self.assertEqual(before["seconds_per"], after["seconds_per"])
        self.assertLess(before["held_out"]["worst"], 1e-6)
        self.assertAlmostEqual(after["held_out"]["median"], 0.5)


class Profiles(unittest.TestCase):
    def test_a_profile_is_json_with_a_point_a_line(self):
        points = [point(layers, {"granularity": "bucket"}, lambda counts: 1e-11 * counts["elements"])
                  for layers in layer_lists.LAYER_LISTS]  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "new/profile.json"
            profile_output.write_profile(path, {"gpu": "none"}, points, {"graph": 2}, ["one failed"])
            lines = path.read_text(encoding="utf-8").splitlines()
            profile = json.loads("\n".join(lines))
        self.assertEqual((profile["format"], profile["version"]), ("ringsim compression profile", 1))
        self.assertEqual([one["layers"] for one in profile["points"]], list(layer_lists.LAYER_LISTS))
        self.assertEqual(len([line for line in lines if line.startswith('  {"implementation"')]), len(points) + 1)
        self.assertEqual((profile["left_out"], profile["failures"]), ({"graph": 2}, ["one failed"]))
        self.assertAlmostEqual(profile["fits"][0]["seconds_per"]["elements"], 1e-11)


unittest.main()
