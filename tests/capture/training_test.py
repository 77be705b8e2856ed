#!/usr/bin/env python3
"""Tests of the training's list of trials and of the captured traces, and with PyTorch of the sizes of masks.
Usage: training_test.py SOURCE_ROOT."""

import hashlib
import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "tools/python"))
from ringsim.capture.training import trial_queue  # noqa: E402

PLAN = {
    "settings": {"epochs": 2},
    "groups": [
        {"name": "search", "settings": {"scheme": "iwp"}, "variants": {"a": {"lr": 0.1}, "b": {"lr": 0.2}}},
        {"name": "final", "best_of": "search", "seeds": [1, 2], "settings": {"scheme": "iwp"}},
    ],
}


class Queue(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.output = pathlib.Path(self.folder.name)
        for name in ("results", "claims"):
            (self.output / name).mkdir()
        self.trials = trial_queue.expand(PLAN)

    def tearDown(self):
        self.folder.cleanup()

    def claim(self):
        return trial_queue.claim(self.output, self.trials, ["lr"])

    def test_a_plan_names_its_trials_in_order(self):
        names = [trial["name"] for trial in self.trials]
        self.assertEqual(names, ["search-a-seed1", "search-b-seed1", "final-seed1", "final-seed2"])
        self.assertEqual([trial["epochs"] for trial in self.trials], [2] * 4)

    def test_final_trials_wait_for_the_search_and_take_its_best_settings(self):
        self.assertEqual([self.claim()["name"] for _ in range(2)], ["search-a-seed1", "search-b-seed1"])
        self.assertEqual(self.claim(), "wait")
        lines = [{"name": "search-a-seed1", "accuracy": 0.8}, {"name": "search-b-seed1", "accuracy": 0.9}]
        trial_queue.take_known(self.output, "\n".join(map(json.dumps, lines)))
        first = self.claim()
        self.assertEqual((first["name"], first["lr"]), ("final-seed1", 0.2))
        self.assertEqual(self.claim()["name"], "final-seed2")
        self.assertIsNone(self.claim())

    def test_the_best_settings_are_those_of_the_best_mean_over_seeds(self):
        found = {"a": (0.7, 0.7), "b": (0.8, 0.5)}
        plan = {"groups": [{"name": "s", "seeds": [1, 2], "variants": {name: {"lr": name} for name in found}}]}
        lines = [
            json.dumps({"name": f"s-{name}-seed{i + 1}", "accuracy": value})
            for name, values in found.items()
            for i, value in enumerate(values)
        ]
        trial_queue.take_known(self.output, "\n".join(lines))
        self.assertEqual(trial_queue.best_settings(self.output, trial_queue.expand(plan), "s", ["lr"]), {"lr": "a"})

    def test_what_does_not_fit_is_left_and_the_next_is_taken(self):
        found = trial_queue.claim(self.output, self.trials, ["lr"], lambda trial: trial.get("lr") != 0.1)
        self.assertEqual(found["name"], "search-b-seed1")
        self.assertEqual(self.claim()["name"], "search-a-seed1")

    def test_the_plans_are_lists_of_trials_with_names_of_their_own(self):
        for path in (ROOT / "tools/capture/plans").glob("*.json"):
            names = [trial["name"] for trial in trial_queue.expand(json.loads(path.read_text(encoding="utf-8")))]
            self.assertEqual(len(names), len(set(names)), path)


class CapturedTraces(unittest.TestCase):
    def test_files_are_those_that_were_captured(self):
        headers = sorted((ROOT / "traces/captured").glob("*/trace.json"))
        self.assertEqual(
            [path.parent.name for path in headers],
            ["alexnet", "alexnet-256", "alexnet-steered", "alexnet-steered-256", "resnet50", "resnet50-256"],
        )
        for path in headers:
            for file in json.loads(path.read_text(encoding="utf-8"))["files"]:
                found = hashlib.sha256((path.parent / file["name"]).read_bytes()).hexdigest()
                self.assertEqual(found, file["sha256"], path.parent / file["name"])


@unittest.skipUnless(importlib.util.find_spec("torch"), "needs PyTorch")
class Gradients(unittest.TestCase):
    def gradients(self, streams, limit):
        import torch

        from ringsim.capture.training.gradients import RankGradients, make_network

        torch.manual_seed(1)
        network = make_network("plain")
        found = RankGradients(network, 3, 4, 16, torch.device("cpu"), streams, limit)
        generator = torch.Generator().manual_seed(2)
        images = torch.randn(12, 3, 16, 16, generator=generator)
        found.compute(images, torch.randint(10, (12,), generator=generator))
        return found

    def test_one_pass_gives_each_rank_the_gradient_of_its_part(self):
        for limit in (None, 0.5):
            one, other = self.gradients(1, limit), self.gradients(0, limit)
            self.assertIsNotNone(one.one_pass)
            self.assertIsNone(other.one_pass)
            self.assertLess((one.gradients - other.gradients).norm() / other.gradients.norm(), 1e-5)
            self.assertLess((one.losses - other.losses).norm(), 1e-5)
            norms = other.gradients.norm(dim=1)
            self.assertTrue((norms > 0.4).all() and (limit is None or (norms < 0.5001).all()), norms)

    def test_gradients_and_weights_are_written_for_all_ranks(self):
        from ringsim.capture import dump

        found = self.gradients(1, None)
        with tempfile.TemporaryDirectory() as folder:
            dump.write_virtual_ranks(folder, found, 7)
            written = [pathlib.Path(folder, f"{kind}-7.safetensors").read_bytes() for kind in ("weights", "gradients")]
        for data, rows in zip(written, (found.weight.reshape(1, -1), found.gradients)):
            end = 8 + int.from_bytes(data[:8], "little")
            header = json.loads(data[8:end])
            self.assertEqual(list(header), found.layers.names)
            for layer, (name, shape) in enumerate(zip(found.layers.names, found.layers.shapes)):
                self.assertEqual(header[name]["shape"], [*([3] if len(rows) > 1 else []), *shape])
                begin, stop = (end + offset for offset in header[name]["data_offsets"])
                expected = found.layers.columns(rows, layer).contiguous().numpy().tobytes()
                self.assertEqual(data[begin:stop], expected)


@unittest.skipUnless(importlib.util.find_spec("torch"), "needs PyTorch")
class Sample(unittest.TestCase):
    def test_thresholds_let_each_layers_share_of_what_residuals_become_through(self):
        import torch

        from ringsim import prune_library
        from ringsim.capture.training import thresholds

        sizes, shares, momentum = (3000, 500), (0.1, 0.02), 0.5
        segments = [prune_library.Segment(0, 3000, 0, 1, 1), prune_library.Segment(3000, 500, 47, 1, 1)]
        generator = torch.Generator().manual_seed(1)
        gradients, residual, velocity = (torch.randn(3, 3500, generator=generator) for _ in range(3))
        weight = torch.randn(3500, generator=generator)
        for given in (velocity, None):
            sample = thresholds.Sample(segments, torch.device("cpu"))
            found = sample.quantiles(gradients, residual, given, weight, momentum, [0.5, 1.0], shares)
            arriving = gradients if given is None else momentum * given + gradients
            importance = (residual + arriving).abs()
            importance /= torch.maximum(weight.abs(), torch.tensor([0.5] * 3000 + [1.0] * 500))
            for rank in range(3):
                for part, size, share, least in zip(importance[rank].split(sizes), sizes, shares, found[rank]):
                    self.assertEqual(int((part >= least).sum()), round(share * size))


@unittest.skipUnless(importlib.util.find_spec("torch"), "needs PyTorch")
class MaskSizes(unittest.TestCase):
    def test_sizes_are_those_of_the_library(self):
        import torch

        from ringsim import prune_library
        from ringsim.capture.training import mask_sizes

        engine = prune_library.Engine("scalar")
        generator = torch.Generator().manual_seed(1)
        for size, density in ((1, 1), (130, 0.5), (5000, 0.01), (70000, 0.0005), (70000, 0.9), (300, 0)):
            plan = prune_library.Plan.of_sizes(engine, [size], 0.5, 1.0)
            mask = plan.new_mask()
            residual = (torch.rand(size, generator=generator) < density).float()
            plan.select(None, residual, None, torch.zeros(size), 0.0, mask, plan.new_statistics())
            for encoding, found in zip(mask_sizes.ENCODINGS, mask_sizes.sizes_of_mask(mask, plan)[0][1:]):
                message = len(plan.encode_mask(mask, encoding))
                header = 1 + mask_sizes.leb128_size(found)
                self.assertEqual(found + header, message, (size, density, encoding))


if __name__ == "__main__":
    if "RINGSIM_PRUNE_LIBRARY" not in os.environ:
        MaskSizes = None  # noqa: F811
    unittest.main()
