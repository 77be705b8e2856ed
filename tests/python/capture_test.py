#!/usr/bin/env python3
"""Tests of captured folders.
Usage: capture_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import gzip
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools/python"))
os.environ["RINGSIM"] = PROGRAM

import ringsim  # noqa: E402
import ringsim.capture  # noqa: E402
from ringsim.capture import compression, folder  # noqa: E402


def step(kind, seconds, ready=None):
    return folder.StepTimes(kind, seconds, computing=seconds, exchanged=seconds, ready=ready or {})


def captured(**changes):
    """Two ranks; gradients are ready after 1, 2 and 4 ms on one and after 1, 3 and 4 ms on the other."""
    ready = [{"b.bias": 1e-3, "b.weight": 2e-3, "a.weight": 4e-3}, {"b.bias": 1e-3, "b.weight": 3e-3, "a.weight": 4e-3}]
    steps = [
        [step("plain", 5e-3), step("captured", 5.1e-3, each), step("alone", 4e-3, each), step("alone", 4e-3, each)]
        for each in ready
    ]
    settings = {
        "model": "Network", "buffers": 3, "sample": "an input of 7", "batch": 16, "ranks": 2, "steps": steps,
        "layers": [
            folder.Layer("a.weight", (1000, 100), 3.2e6), folder.Layer("b.weight", (10, 1000), 3.2e5),
            folder.Layer("b.bias", (10,), 0.0), folder.Layer("frozen.weight", (3, 3), 0.0),
        ],
        "bucket_bytes": [40040, 400000], "machine": {"device": "NVIDIA H100 80GB HBM3"}, "notes": [],
    }  # fmt: skip
    return folder.Captured(**{**settings, **changes})


def costs(**seconds_per_element):
    """A profile of PowerSGD, as compression.profile_of() gives them."""
    stages = [
        {
            "stage": stage, "host_seconds_per": {}, "device_seconds_per": {"element": seconds},
            "fitted": None, "held_out": None,
        }
        for stage, seconds in seconds_per_element.items()
    ]  # fmt: skip
    return {
        "format": "ringsim cost profile 1", "implementation": "torch", "gpu": None, "device": "NVIDIA H100 80GB HBM3",
        "memory_bandwidth": None, "driver": None, "versions": {}, "provenance": {},
        "schemes": [{"scheme": "powersgd", "description": "as measured", "stages": stages}],
    }  # fmt: skip


class InFolder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name) / "mine"

    def tearDown(self):
        self.temporary.cleanup()


class Folder(InFolder):
    def run_it(self, scheme="dense", **options):
        return ringsim.run(
            model=self.path, topology="ring", ranks=2, bandwidth="10Gbps", latency="10us", scheme=scheme, **options
        )

    def test_a_run_takes_model_times_buckets_and_gpu_of_the_folder(self):
        folder.write(self.path, captured())
        run = self.run_it(ddp=False, transfers=True)
        # The last gradient is ready after 4 ms; the second bucket, 400 kB, goes then: 2 rounds of 200 kB at 1.25 GB/s.
        self.assertAlmostEqual(run.summary.seconds_per_step.compute, 4e-3, delta=1e-12)
        self.assertAlmostEqual(run.summary.seconds_per_step.total, 4e-3 + 2 * (2e5 / 1.25e9 + 10e-6), delta=1e-12)
        self.assertEqual(run.summary.basis.compute, "measured")
        # 40,040 bytes in two rounds, when the median of b.weight's times has passed.
        first = [transfer for transfer in run.transfers if transfer.bucket == 0]
        self.assertEqual({transfer.bytes for transfer in first}, {20020})
        self.assertAlmostEqual(min(transfer.start_s for transfer in first), 2.5e-3, delta=1e-12)

    def test_options_take_the_place_of_what_was_captured(self):
        folder.write(self.path, captured())
        self.assertAlmostEqual(self.run_it(compute_time="9ms", ddp=False).summary.seconds_per_step.compute, 9e-3)
        whole = self.run_it(bucket="25MiB", ddp=False, transfers=True)
        self.assertEqual({transfer.bytes for transfer in whole.transfers}, {(400000 + 40040) // 2})
        scan = ringsim.scan(model=self.path, topology="ring", ranks=2, bandwidth=["1Gbps", "10Gbps"], latency="10us",
                            scheme=["dense", "iwp"])  # fmt: skip
        self.assertEqual([point.error for point in scan.points], [None] * 4)
        with self.assertRaisesRegex(ringsim.WrongInput, "cannot be trained"):
            self.run_it(source="train")

    def test_a_run_takes_what_compressing_took(self):
        def step(scheme, **options):
            run = ringsim.run(model=self.path, topology="ring", ranks=2, bandwidth="10Gbps", latency="10us",
                              scheme=scheme, bucket="25MiB", ddp=False, **options)  # fmt: skip
            return run.summary.seconds_per_step.compress, run.summary.basis.compress

        folder.write(self.path, captured(compression=costs(encode=3e-9, decode=1e-9)))
        # One bucket of 110,010 elements; 4 ns each.
        seconds, basis = step("powersgd")
        self.assertAlmostEqual(seconds, 110010 * 4e-9, delta=1e-12)
        self.assertEqual(basis, "measured")
        # Another time, another GPU and another scheme than what was measured are as they are elsewhere.
        self.assertAlmostEqual(step("powersgd", compress_time="7ms")[0], 7e-3, delta=1e-12)
        other = step("powersgd", gpu="h200")
        captured_one = step("qsgd")
        folder.write(self.path, captured())
        (self.path / "compression.json").unlink()
        self.assertEqual(step("powersgd", gpu="h200"), other)
        self.assertEqual(step("qsgd"), captured_one)
        self.assertNotEqual(step("powersgd")[0], seconds)

    def test_costs_of_compressing_that_were_captured_are_checked(self):
        folder.write(self.path, captured(compression=costs(encode=3e-9, decode=1e-9)))
        with self.assertRaisesRegex(
            ringsim.WrongInput,
            "gpu-memory-bandwidth: has no effect beside what compressing took in the captured training",
        ):
            self.run_it(gpu_memory_bandwidth="1TBps", scheme="powersgd", ddp=False)
        (self.path / "compression.json").write_text("{}")
        with self.assertRaisesRegex(ringsim.WrongInput, "compression.json: "):
            self.run_it(scheme="powersgd")

    def test_what_was_measured_on_a_gpu_becomes_such_a_profile(self):
        with gzip.open(ROOT / "docs/measured/compression-h100.json.gz", "rt", encoding="utf-8") as file:
            points = json.load(file)
        points["points"] = [point for point in points["points"] if point["scheme"] == "terngrad"]
        profile = compression.profile_of(points)
        shipped = json.loads((ROOT / "models/profiles/h100-torch.json").read_text())
        self.assertEqual(profile["schemes"], [each for each in shipped["schemes"] if each["scheme"] == "terngrad"])
        self.assertEqual((profile["gpu"], profile["memory_bandwidth"]), (None, None))
        with self.assertRaisesRegex(RuntimeError, "the time was too short"):
            compression.profile_of({**points, "points": []})

    def test_compressing_is_measured_by_a_process_that_sees_the_gpu(self):
        script = pathlib.Path(self.temporary.name) / "script.py"
        script.write_text(
            "import json, os, sys\n"
            "sys.argv.remove('--quick')\n"
            "given = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"
            "shapes = json.load(open(given['--shapes']))\n"
            "json.dump([shapes, given['--budget-seconds'], os.environ['GPU']], open(given['-o'], 'w'))\n"
        )
        with unittest.mock.patch.object(compression, "SCRIPT", script):
            found = compression.measured([(3, 4), ()], 7, {**os.environ, "GPU": "5"})
        self.assertEqual(found, [[[3, 4], [1]], "7", "5"])

    @unittest.skipIf(importlib.util.find_spec("torch"), "torch is installed")
    def test_compressing_cannot_be_measured_without_torch(self):
        with self.assertRaisesRegex(RuntimeError, "measured: ModuleNotFoundError: No module named 'torch'"):
            compression.measured([(3, 4)], 1, os.environ)

    def test_layers_without_a_gradient_are_left_out_and_operations_are_those_of_a_sample(self):
        folder.write(self.path, captured())
        model = json.loads((self.path / "model.json").read_text())
        self.assertEqual([layer["name"] for layer in model["layers"]], ["a.weight", "b.weight", "b.bias"])
        self.assertEqual(model["layers"][0]["forward_flop"], 2e5)
        self.assertEqual((model["buffers"], model["sample"]), (3, "an input of 7"))

    def test_small_gradients_are_ready_with_the_next_that_is_known(self):
        order = ["d.bias", "d.weight", "left_out.weight", "c.bias", "c.weight", "a.bias"]
        hooked = {"d.weight", "left_out.weight", "c.weight", "new"}
        found = folder.with_small({"d.weight": 1.0, "c.weight": 2.5, "new": 3.0}, order, hooked)
        expected = [("d.bias", 1.0), ("d.weight", 1.0), ("c.bias", 2.5), ("c.weight", 2.5), ("new", 3.0)]
        self.assertEqual(list(found.items()), expected)
        self.assertEqual(folder.with_small({"new": 3.0}, [], {"new"}), {"new": 3.0})

    def test_what_was_measured_is_of_the_slowest_rank(self):
        steps = [[step("plain", 1.0), step("captured", 1.0)], [step("plain", 2.0), step("captured", 2.1)]]
        steps[0][1].ready["a.weight"] = steps[1][1].ready["a.weight"] = 0.5
        manifest = folder.write(self.path, captured(steps=steps))
        self.assertEqual(manifest["measured"]["seconds"]["plain_step"]["median"], 2.0)
        self.assertAlmostEqual(manifest["measured"]["overhead"], 0.05)
        self.assertEqual(manifest["gpu"], "h100")

    def test_a_broken_manifest_is_refused(self):
        folder.write(self.path, captured())
        manifest = json.loads((self.path / "capture.json").read_text())
        (self.path / "capture.json").write_text(json.dumps({**manifest, "format": "ringsim capture 9"}))
        with self.assertRaises(ringsim.WrongInput) as caught:
            self.run_it()
        self.assertEqual(
            str(caught.exception),
            f'{self.path}/capture.json: /format: found the string "ringsim capture 9"; '
            '"ringsim capture 1" is accepted',
        )

    def test_steps_that_saw_no_gradient_are_no_capture(self):
        with self.assertRaisesRegex(RuntimeError, "no gradient was seen"):
            folder.write(self.path, captured(steps=[[step("captured", 1.0)]]))

    def test_dumped_gradients_are_pruned_by_the_program(self):
        self.path.mkdir()
        weights = array.array("f", [1.0] * 4096)
        gradients = array.array("f", [1.0 + 1e-4 * i if i % 64 == 0 else 1e-6 for i in range(2 * 4096)])
        folder.write_safetensors(self.path / "weights.safetensors", [("w", (64, 64), weights.tobytes())])
        folder.write_safetensors(self.path / "gradients-0.safetensors", [("w", (2, 64, 64), gradients.tobytes())])
        subprocess.run(
            [PROGRAM, "prune", "--weights", self.path / "weights.safetensors", "--gradients",
             self.path / "gradients-0.safetensors", "--density", "1/64", "-o", self.path / "trace", "--quiet"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        header = json.loads((self.path / "trace/trace.json").read_text())
        self.assertEqual((header["ranks"], header["layers"]), (2, [{"name": "w", "parameters": 4096}]))


def trace(rank, late, lost=False):
    """A profiler's trace of one step: 3 gradients, the last one ready `late` us after the first kernel began, and two
    buckets. `lost`: the kernel of a launch before the last gradient is not there."""
    events = []

    def event(category, name, start, duration=1, **arguments):
        events.append({"ph": "X", "cat": category, "name": name, "ts": start, "dur": duration, "args": arguments})

    def kernel(correlation, launched, name, start, end, **arguments):
        event("cuda_runtime", "cudaLaunchKernel", launched, correlation=correlation)
        event("kernel", name, start, end - start, correlation=correlation, **arguments)

    def all_reduce(correlation, launched, start, elements):
        kernel(correlation, launched, "ncclDevKernel_AllReduce_Sum_f32_RING_LL", start, start + 40, dtype="Float",
               **{"Collective name": "allreduce", "In msg nelems": elements, "Out msg nelems": elements,
                  "Group size": 2})  # fmt: skip

    event("user_annotation", "ProfilerStep#3", 5, 90)
    event("user_annotation", "ProfilerStep#4", 95, 90)
    kernel(1, 10, "forward", 100, 130)
    for correlation, launched, end in ((2, 20, 150), (3, 40, 100 + late)):
        kernel(correlation, launched, "gemm", 130, end)
    for start in (30, 31, 50):
        event("cpu_op", "torch::autograd::AccumulateGrad", start)
    all_reduce(4, 33, 152, 10010)
    all_reduce(5, 55, 300, 100000)
    if lost:
        event("cuda_runtime", "cudaLaunchKernel", 45, correlation=9)
    return json.dumps({"distributedInfo": {"rank": rank}, "traceEvents": events})


class Profiled(InFolder):
    def kineto(self, *options):
        done = subprocess.run([PROGRAM, "kineto", self.path, *options], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def test_a_folder_of_traces_shows_steps_and_what_was_called(self):
        mine = self.path.with_name("captured")
        folder.write(mine, captured())
        self.path.mkdir()
        (self.path / "rank0.json").write_text(trace(0, 100))
        (self.path / "rank1.json").write_text(trace(1, 140))
        (self.path / "rank2.json").write_text(trace(2, 100, lost=True))
        code, text, errors = self.kineto()
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("Left out: rank2.json: ProfilerStep#3 lacks kernels of 1 launches.\n", text)
        self.assertIn("Left out: rank0.json: ProfilerStep#4 has no backward pass on a GPU.\n", text)
        rows = [line.split() for line in text.splitlines()]
        self.assertIn(["rank1.json", "1", "2", "1", "140us", "140us", "140us"], rows)
        self.assertIn(["rank2.json", "2", "2", "0"], rows)
        self.assertIn(["allreduce", "10010", "Float", "2", "1", "40us", "40us", "40us"], rows)
        self.assertIn("kernels of 1 launches in ProfilerStep#3 are missing", self.kineto("--model", mine)[2])
        (self.path / "rank2.json").unlink()
        text = self.kineto("--model", mine)[1]
        self.assertIn("Computing takes 120us a step: the median of 2 steps of 2 traces, 100us to 140us", text)
        self.assertIn("  called:    10010, 100000\n  simulated: 10010, 100000\nThey are the same.\n", text)
        self.assertIn("They differ", self.kineto("--model", mine, "--bucket", "25MiB")[1])
        run = ringsim.run(model=mine, compute_time=self.path, topology="ring8-10g", scheme="dense", ddp=False)
        self.assertAlmostEqual(run.summary.seconds_per_step.compute, 120e-6, delta=1e-12)

    def test_what_is_no_trace_is_refused(self):
        self.path.mkdir()
        self.assertIn("no trace (.json, .json.gz) in the folder", self.kineto()[2])
        (self.path / "rank0.json").write_text("{}")
        self.assertIn("found no traceEvents", self.kineto()[2])


if __name__ == "__main__":
    unittest.main()
