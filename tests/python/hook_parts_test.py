#!/usr/bin/env python3
"""Tests of the communication hook's parts that need no torch.
Usage: hook_parts_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import csv
import ctypes.util
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools/python"))

from ringsim import density_policy, hook_layout, mask_model, prune_library, random_numbers  # noqa: E402
from ringsim.capture import folder  # noqa: E402


class Hook(unittest.TestCase):
    def test_small_tensors_are_whole_and_masks_begin_at_words(self):
        layout = hook_layout.Layout.of_sizes([100, 2000, 5, 1500], 1024)
        self.assertEqual(layout.segments(), [(100, 2000, 0, 1.0, 1.0), (2105, 1500, 32, 1.0, 1.0)])
        self.assertEqual(layout.whole_indices(), [*range(100), *range(2100, 2105)])
        self.assertEqual((layout.elements, layout.pruned_elements, layout.whole_elements), (3605, 3500, 105))

    def test_there_is_room_for_more_than_the_last_steps_kept(self):
        room = hook_layout.Room(100000, share_above=0.25, spare=256, steps=2)
        self.assertEqual(room.values, 100000)
        room.saw(1000)
        self.assertEqual(room.values, 1506)
        room.saw(2000)
        room.saw(400)
        self.assertEqual(room.values, 2756)
        room.saw(400)
        self.assertEqual(room.values, 756)
        room.saw(99000)
        self.assertEqual(room.values, 100000)

    def test_a_steered_threshold_meets_the_density(self):
        # Importance that falls as exp(-x): a share of exp(-T) is above T.
        controller = density_policy.DensityController(1.0)
        shares = []
        for _ in range(300):
            shares.append(math.exp(-controller.threshold))
            controller.update(shares[-1], 0.01)
        self.assertAlmostEqual(sum(shares[200:]) / 100, 0.01, delta=0.0005)


def single(value):
    return array.array("f", [value])[0]


class FoundLibrary(unittest.TestCase):
    def find(self, program):
        with (
            unittest.mock.patch.dict(os.environ, {"RINGSIM": str(program), "RINGSIM_PRUNE_LIBRARY": ""}),
            unittest.mock.patch.object(prune_library, "built_libraries", return_value=[]),
            unittest.mock.patch.object(ctypes.util, "find_library", return_value=None),
        ):
            return prune_library.find_library()

    def test_the_library_is_that_of_the_program(self):
        for program, library in (
            ("build/dev/tools/ringsim/ringsim", "build/dev/models/prune/libringsim_prune.so"),
            ("usr/bin/ringsim", "usr/lib/libringsim_prune.so.0"),
            ("usr/bin/ringsim", "usr/lib/x86_64-linux-gnu/libringsim_prune.so.0"),
        ):
            with tempfile.TemporaryDirectory() as name:
                root = pathlib.Path(name).resolve()
                for path in (program, library):
                    (root / path).parent.mkdir(parents=True)
                    (root / path).touch(mode=0o755)
                self.assertEqual(self.find(root / program), str(root / library))
                (root / library).unlink()
                with self.assertRaisesRegex(FileNotFoundError, "set RINGSIM_PRUNE_LIBRARY to its path, or RINGSIM to"):
                    self.find(root / program)


class Simulated(unittest.TestCase):
    """The policy's parts in plain Python, beside the program's."""

    SIZES = {"a": 1100, "b": 20000, "c": 3000}
    RANKS, STEPS, DENSITY, SEED, BROADCASTERS = 3, 4, 0.2, 5, 2

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def dump(self):
        """Weights, and gradients by step, layer and rank; of a layer, some are much larger than others."""
        draw = random.Random(1)

        def values(size):
            return array.array("f", [draw.gauss(0, 1) ** 3 for _ in range(size)])

        weights = {name: values(size) for name, size in self.SIZES.items()}
        steps = [
            {name: [values(size) for _ in range(self.RANKS)] for name, size in self.SIZES.items()}
            for _ in range(self.STEPS)
        ]
        folder.write_safetensors(
            self.path / "weights.safetensors", [(name, (len(each),), each.tobytes()) for name, each in weights.items()]
        )
        for number, step in enumerate(steps):
            tensors = [(name, (self.RANKS, len(each[0])), b"".join(each)) for name, each in step.items()]
            folder.write_safetensors(self.path / f"gradients-{number}.safetensors", tensors)
        return weights, steps

    def simulated(self):
        """The rows of the program's trace, by (step, rank, layer)."""
        subprocess.run(
            [PROGRAM, "prune", "--weights", self.path / "weights.safetensors", "--gradients",
             *(self.path / f"gradients-{number}.safetensors" for number in range(self.STEPS)),
             "--threshold", "quantile", "--density", str(self.DENSITY), "--broadcasters", str(self.BROADCASTERS),
             "--seed", str(self.SEED), "-o", self.path / "trace", "--quiet"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with open(self.path / "trace/trace_layers.csv", encoding="utf-8") as file:
            return {(int(row["step"]), int(row["rank"]), row["layer"]): row for row in csv.DictReader(file)}

    def check_layer(self, rows, step, number, name, residuals, scale, start):
        """Compares thresholds, samples and masks, in single precision; returns the union. `scale`: what the residuals
        are divided by."""
        size, union = self.SIZES[name], set()
        chosen = random_numbers.broadcasters(self.SEED, step, self.RANKS, self.BROADCASTERS)
        each = start.each(self.DENSITY, self.BROADCASTERS)
        stride = density_policy.sample_stride(size, each)
        for rank, residual in enumerate(residuals):
            first = density_policy.sample_start(self.SEED, rank, step, number, stride)
            importances = [single(abs(r) / w) for r, w in zip(residual[first::stride], scale[first::stride])]
            threshold = sorted(importances, reverse=True)[density_policy.above(each, len(importances))]
            mask = {i for i, (r, w) in enumerate(zip(residual, scale)) if abs(r) > single(threshold * w)}
            row = rows[step, rank, name]
            self.assertEqual((int(row["sampled"]), int(row["broadcasts"])), (len(importances), rank in chosen))
            self.assertEqual((float(row["threshold"]), int(row["kept"])), (threshold, len(mask)))
            union |= mask if rank in chosen else set()
        self.assertEqual(int(rows[step, 0, name]["sent"]), len(union))
        return union

    def test_quantiles_samples_and_masks_are_those_of_the_simulation(self):
        weights, steps = self.dump()
        rows = self.simulated()
        strides = set()
        residuals = {name: [[0.0] * size for _ in range(self.RANKS)] for name, size in self.SIZES.items()}
        starts = {name: density_policy.DensityStart() for name in self.SIZES}
        for step, gradients in enumerate(steps):
            for number, (name, size) in enumerate(self.SIZES.items()):
                floor = single(math.sqrt(sum(w * w for w in weights[name]) / size))
                scale = [max(abs(w), floor) for w in weights[name]]
                for rank, gradient in enumerate(gradients[name]):
                    residuals[name][rank] = [single(r + g) for r, g in zip(residuals[name][rank], gradient)]
                union = self.check_layer(rows, step, number, name, residuals[name], scale, starts[name])
                strides.add(size // int(rows[step, 0, name]["sampled"]))
                starts[name].update(len(union) / size)
                for residual in residuals[name]:
                    for i in union:
                        residual[i] = 0.0
        self.assertGreater(max(strides), 8)
        self.assertEqual(min(strides), 1)

    def test_random_numbers_are_those_of_philox(self):
        # Known answers of Random123 (kat_vectors).
        word = 2**32 - 1
        for counter, key, answer in (
            ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
            ((word,) * 4, (word,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ):
            found = random_numbers.philox4x32_10(counter, key)
            self.assertEqual(" ".join(f"{each:08x}" for each in found), answer)
        whole = random_numbers.Random(7, 3, 1, 2)
        drawn = [whole.next() for _ in range(5)]
        self.assertEqual([random_numbers.Random(7, 3, 1, 2, skip=i).next() for i in range(5)], drawn)

    def test_the_table_of_unions_is_the_mask_model(self):
        for masks in (2, 4, 32):
            table = mask_model.unions(masks, 0.05)
            for factor in (1e-3, 3e-3, 1e-2):
                each, union = mask_model.shares(factor, masks)
                if 0.0125 <= union <= 0.2:
                    self.assertAlmostEqual(table.share_of_each(union) / each, 1, delta=1e-6)
            # Masks that overlap: each keeps more than its part, and less than the whole union.
            self.assertTrue(0.05 / masks < table.share_of_each(0.05) < 0.05)
        self.assertEqual(mask_model.unions(1, 0.05).share_of_each(0.03), 0.03)
        self.assertEqual(mask_model.unions(4, 0.5).share_of_each(1.0), 1.0)


if __name__ == "__main__":
    unittest.main()
