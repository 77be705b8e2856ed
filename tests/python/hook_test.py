#!/usr/bin/env python3
"""Tests of the communication hook on several ranks of this machine's CPU, and of captured steps. They need torch 1.13
or later, and are skipped (exit code 77) without it.
Usage: hook_test.py RINGSIM LIBRINGSIM_PRUNE SOURCE_ROOT [CASE...]"""
import importlib.util
import json
import os
import pathlib
import socket
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
LIBRARY = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools/python"))
os.environ["RINGSIM_PRUNE_LIBRARY"] = LIBRARY

import hook_ranks  # noqa: E402
from hook_ranks import GPUS, RANKS  # noqa: E402

hook_ranks.PROGRAM = PROGRAM


class Ranks(unittest.TestCase):
    def on_all_ranks(self, work, *arguments, ranks=RANKS):
        import torch.multiprocessing

        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(listener.getsockname()[1]))
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "out"
            torch.multiprocessing.start_processes(work, (output, *arguments), ranks, start_method="fork")
            found = [json.loads(output.with_suffix(f".{rank}").read_text()) for rank in range(ranks)]
            files = output.with_suffix(".files")
            return found, json.loads(files.read_text()) if files.exists() else []

    def check_pruned(self, scheme, settings, kept):
        for found in self.on_all_ranks(hook_ranks.prune, scheme, settings)[0]:
            self.assertEqual((found["differs"], found["buckets"]), (0, 2))
            self.assertLess(found["lost"], 1e-6)
            self.assertAlmostEqual(found["kept"], kept, delta=0.2 * kept)

    def test_what_is_sent_and_what_stays_is_what_was_given(self):
        self.check_pruned("iwp", {"density": 0.05}, 0.05)
        # One mask a step differs much from the one before: some values have no room, and stay.
        self.check_pruned("magnitude", {"density": 0.05, "broadcasters": 1}, 0.05)

    def test_by_quantiles_too_and_they_meet_the_density(self):
        self.check_pruned("iwp", {"density": 0.05, "threshold": "quantile"}, 0.05)
        self.check_pruned("topk", {"density": 0.05, "threshold": "quantile"}, 0.12)

    def check_simulated(self, scheme, settings):
        """That the hook's thresholds and masks are those of `ringsim prune` on the gradients that it got."""
        ranks, trace = self.on_all_ranks(hook_ranks.prune_as_simulated, scheme, settings, 40)
        rows = {(int(row["step"]), int(row["rank"]), row["layer"]): row for row in trace}
        self.assertEqual(sum(map(len, ranks)), 40 * RANKS * 2)
        for rank, found in enumerate(ranks):
            for step, name, threshold, kept, sent in found:
                row = rows[step, rank, name]
                self.assertEqual((kept, sent), (int(row["kept"]), int(row["sent"])))
                # That of the trace is single precision's.
                self.assertAlmostEqual(threshold / float(row["threshold"]), 1, delta=1e-7)

    def test_thresholds_and_masks_are_those_of_the_simulation(self):
        # The first 64 steps of the density policy are by quantiles, too.
        settings = {"density": 0.2, "broadcasters": 2, "momentum": 0.9, "seed": 5}
        self.check_simulated("iwp", {**settings, "threshold": "quantile"})
        self.check_simulated("magnitude", {**settings, "density": 0.03})

    def test_weights_in_another_memory_format_are_pruned_alike(self):
        for found in self.on_all_ranks(hook_ranks.train_in_both_memory_formats)[0]:
            self.assertLess(found["apart"], 1e-4)
            self.assertEqual(found["kept"][0][1], found["kept"][1][1])
            self.assertAlmostEqual(found["kept"][0][0] / found["kept"][1][0], 1, delta=0.01)

    def test_weights_may_move_on_one_rank(self):
        for found in self.on_all_ranks(hook_ranks.train_while_weights_move)[0]:
            # Both trainings have two buckets.
            self.assertEqual(found, {"apart": 0, "alive": 4, "buckets": 2})

    def test_graphs_do_what_the_same_work_does_without(self):
        import torch

        if torch.cuda.device_count() < GPUS:
            self.skipTest(f"there are no {GPUS} GPUs")
        # One mask a step differs much from the one before: some values have no room, and return.
        for settings in ({}, {"threshold": "quantile", "momentum": 0.9, "broadcasters": 1}):
            for found in self.on_all_ranks(hook_ranks.train_with_and_without_graphs, settings, ranks=GPUS)[0]:
                # Two buckets, of three works each.
                self.assertEqual(found, {"apart": 0, "differs": 0, "graphs": 2 * 3 * 2})

    def test_hooks_of_methods_leave_nothing_behind(self):
        import torch

        from ringsim import torch_versions

        layer, seen = torch.nn.Linear(2, 3), []
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        before = dict(vars(layer)), dict(vars(optimizer))
        hooks = [
            torch_versions.Replaced(
                layer,
                "forward",
                lambda _, given, named: seen.append((len(given), [*named])),
                lambda _: seen.append("end"),
            ),
            torch_versions.Replaced(optimizer, "step", lambda *_: seen.append("step")),
            torch_versions.AccumulationHook(layer.bias, lambda parameter: seen.append(parameter.grad is not None)),
        ]
        layer(input=torch.ones(1, 2)).sum().backward()
        optimizer.step()
        with self.assertRaises(RuntimeError):
            layer(torch.ones(1, 7))
        self.assertEqual(seen, [(0, ["input"]), "end", True, "step", (1, []), "end"])
        for hook in hooks:
            hook.remove()
        layer(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        self.assertEqual(len(seen), 6)
        self.assertEqual(({*vars(layer)}, {*vars(optimizer)}), ({*before[0]}, {*before[1]}))

    def test_captures_begin_anew_and_say_what_they_have_not(self):
        import torch

        import ringsim.capture

        class OfDictionary(torch.nn.Linear):
            def forward(self, given):
                return super().forward(given["values"][0])

        model = OfDictionary(20, 100)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "capture.json").write_text('{"format": "ringsim capture 1"}')
            for each in ("compression.json", "gradients-3.safetensors", "notes.txt"):
                (folder / each).write_text("")
            captured = ringsim.capture.steps([{"values": [torch.zeros(7, 20)]}] * 50, model, folder, count=2)
            with self.assertWarnsRegex(UserWarning, r"ringsim.capture: 1 of 11 steps were seen; "):
                for each in captured:
                    if captured.capture.at == 1:
                        break
                    model(each).sum().backward()
            self.assertEqual([path.name for path in folder.iterdir()], ["notes.txt"])
            for each in captured:
                model(each).sum().backward()
            self.assertEqual(captured.capture.manifest["batch"], 7)
            self.assertIsNone(torch.utils._python_dispatch._get_current_dispatch_mode())  # of counting
            self.assertIn("capture.json", [path.name for path in folder.iterdir()])

    def test_options_of_the_hook_are_checked_before_the_first_step(self):
        import torch

        from ringsim import comm_hook, hook_layout

        with self.assertRaisesRegex(TypeError, "^model: found Linear; a DistributedDataParallel is accepted$"):
            comm_hook.register(torch.nn.Linear(2, 2))
        with self.assertRaisesRegex(ValueError, r"^a.weight: found the strides \(4, 2\) of a shape \(3, 2\); "):
            hook_layout.check_memory("a.weight", torch.zeros(3, 4)[:, ::2])
        hook_layout.check_memory("a.weight", torch.zeros(2, 3, 5, 5).to(memory_format=torch.channels_last))
        self.assertEqual([comm_hook.share_of(each) for each in ("1/4", 0.5, 1)], [0.25, 0.5, 1])
        for wrong in ("a tenth", "1/0", 0, 1.5):
            with self.assertRaisesRegex(ValueError, "^density: found .*; above 0 to 1 is accepted$"):
                comm_hook.share_of(wrong)

    def test_a_torch_that_is_too_old_is_named(self):
        from ringsim import torch_versions

        with self.assertRaisesRegex(ImportError, r"^found torch 1\.12\.1; 1\.13 or later is accepted$"):
            torch_versions.check_version("1.12.1")
        for version in ("1.13.0a0", "2.11.0+cu130"):
            torch_versions.check_version(version)

    def test_captured_steps_train_as_others_do(self):
        ranks, files = self.on_all_ranks(hook_ranks.capture)
        self.assertEqual(files["flop"], {"0.weight": 2 * 64 * 128, "2.weight": 2 * 128 * 64, "4.weight": 2 * 64 * 10})
        self.assertEqual(
            files["names"],
            ["capture.json", "gradients-0.safetensors", "model.json", "ready.csv", "weights.safetensors"],
        )
        # Small gradients count as ready with the next larger one, or the last.
        self.assertEqual(files["ready"][-1], "0.weight")
        self.assertEqual({*files["ready"]}, {f"{layer}.{kind}" for layer in (0, 2, 4) for kind in ("weight", "bias")})
        for found in ranks:
            self.assertLess(found["differs"], 1e-6)
            self.assertEqual(
                sum(found["manifest"]["bucket_bytes"]), 4 * (64 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10)
            )
            self.assertEqual(found["manifest"]["measured"]["seconds"]["alone_computing"]["count"], 4)


if __name__ == "__main__":
    if importlib.util.find_spec("torch") is None:
        print("skipped: there is no torch")
        sys.exit(77)
    unittest.main()
