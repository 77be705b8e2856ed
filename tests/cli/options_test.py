#!/usr/bin/env python3
"""Every option of a run changes a result or is refused. Usage: options_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import concurrent.futures
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, ROOT, Case  # noqa: E402

RING = {"topology": "ring", "ranks": "4", "bandwidth": "1Gbps", "latency": "5us"}
TRAIN = {**RING, "steps": "2", "batch": "8"}
LATE = {**TRAIN, "steps": "3", "scheme": "dense", "staleness": "2", "jitter": "0.5"}
DRAWN = {**RING, "source": "synthetic", "model": "alexnet"}
BUCKETS = {**DRAWN, "bucket": "16MiB"}
PURE = {"bytes": "4MB", "compute-time": "1ms", "scheme": "dense"}
BYTES = {**RING, **PURE}
TRACE = {"topology": "four", "source": "trace", "compute-time": "1ms", "scheme": "topk", "sparse-sum": "ring"}

# By name: a run, and a value with which the option changes what the run's tables or summary say.
CHANGES = {
    "topology": (PURE, "switch8-25g"),
    "ranks": (PURE, "4"),
    "bandwidth": (BYTES, "2Gbps"),
    "latency": (BYTES, "50us"),
    "collective": (BYTES, "tree"),
    "directions": (BYTES, "2"),
    "channels": ({**BYTES, "bytes": "40B"}, "2"),
    "chunk": ({**BYTES, "collective": "tree"}, "64KiB"),
    "reduce-rate": (BYTES, "1GBps"),
    "after-outage": ({**PURE, "topology": "outage"}, "restart"),
    "detection-timeout": ({**PURE, "topology": "death", "steps": "3"}, "1s"),
    "model": (DRAWN, "resnet50"),
    "source": (TRAIN, "synthetic"),
    "assume": (TRACE, "independent"),
    "bytes": (BYTES, "8MB"),
    "steps": (BYTES, "2"),
    "epochs": ({**RING, "batch": "3000"}, "0.5"),
    "batch": (TRAIN, "16"),
    "seed": (TRAIN, "2"),
    "optimizer": (TRAIN, "adam"),
    "lr": (TRAIN, "0.01"),
    "momentum": (TRAIN, "0.5"),
    "schedule": (TRAIN, "constant"),
    "label-skew": (TRAIN, "shards:1"),
    "evaluate": (TRAIN, "validation"),
    "evaluate-every": (TRAIN, "1"),
    "target-accuracy": (TRAIN, "0.01"),
    "compute-time": (DRAWN, "10ms"),
    "gpu": (DRAWN, "h100"),
    "precision": ({**DRAWN, "gpu": "h100"}, "fp32"),
    "gpu-speed": (DRAWN, "20TFLOPS"),
    "compress-time": (DRAWN, "1ms"),
    "gpu-memory-bandwidth": (DRAWN, "100GBps"),
    "jitter": (DRAWN, "0.5"),
    "bucket": (DRAWN, "16MiB"),
    "bucket-timeout": (BUCKETS, "1ms"),
    "overlap": (BUCKETS, "off"),
    "masks-ahead": (BUCKETS, "on"),
    "scheme": (DRAWN, "dense"),
    "density": (DRAWN, "1/16"),
    "threshold": (TRAIN, "fixed:0.1"),
    "broadcasters": (DRAWN, "2"),
    "mask-encoding": (DRAWN, "bitmap"),
    "floor": (TRAIN, "0.1"),
    "tail": (TRAIN, "0.001"),
    "mask-interval": ({**DRAWN, "steps": "2"}, "2"),
    "warmup": (TRAIN, "1"),
    "momentum-correction": ({**TRAIN, "momentum": "0.9"}, "off"),
    "factor-masking": ({**TRAIN, "steps": "3", "momentum": "0.9"}, "off"),
    "whole-below": (TRAIN, "0"),
    "values": (DRAWN, "fp16"),
    "clip": ({**TRAIN, "scheme": "topk"}, "0.1"),
    "sample": ({**TRAIN, "scheme": "topk"}, "1"),
    "sparse-sum": ({**DRAWN, "scheme": "topk"}, "ring"),
    "filter": ({**TRAIN, "scheme": "cltk"}, "0.1"),
    "levels": ({**DRAWN, "scheme": "qsgd"}, "1"),
    "block": ({**DRAWN, "scheme": "qsgd"}, "64"),
    "clip-deviations": ({**TRAIN, "scheme": "terngrad"}, "1"),
    "vote": ({**DRAWN, "scheme": "signsgd"}, "all-gather"),
    "rank": ({**DRAWN, "scheme": "powersgd"}, "2"),
    "staleness": (TRAIN, "1"),
    "quorum": ({**TRAIN, "jitter": "0.5"}, "2"),
    "local-steps": (TRAIN, "2"),
    "delay-scaling": (LATE, "on"),
    "delay-compensation": (LATE, "4"),
    "fresh-error": (LATE, "on"),
}
# What cannot be had without the option, and why.
NEEDED = {"assume": "--sparse-sum: a ring's sizes depend on the masks of all 4 ranks"}
# Results do not depend on these; what they do not know is refused.
REFUSED = {
    "backend": (
        "simgird",
        '--backend: found "simgird" (did you mean "simgrid"?); accepted: auto, recurrence, fluid, simgrid',
    ),
    "engine": ("scaler", '--engine: the engine "scaler" is unknown (did you mean "scalar"?)'),
}


def option_names():
    """Those of `ringsim run`, as its own completion has them, but for those of its output."""
    script = subprocess.run([PROGRAM, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    names = re.search(r"^    run\) options='(.*)'", script, re.M).group(1).split()
    return {name[2:] for name in names} - {"help", "output", "format", "transfers", "quiet"}


class Files(Case):
    """The files that the runs here read."""

    @classmethod
    def setUpClass(cls):
        cls.files = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.files.cleanup)
        folder = pathlib.Path(cls.files.name)
        ring = {"kind": "ring", "hosts": 4, "link": {"bandwidth": "1Gbps", "latency": "5us"}}
        link = {"link": "link2", **ring["link"], "outages": [{"from": "2ms", "until": "20ms"}]}
        topologies = {
            "four": ring,
            "outage": {**ring, "link_exceptions": [link]},
            "death": {**ring, "host_exceptions": [{"host": 2, "dies": "2ms"}]},
        }
        cls.places = {"trace": f"trace:{folder}/trace"}
        for name, topology in topologies.items():
            cls.places[name] = f"{folder}/{name}.json"
            (folder / f"{name}.json").write_text(json.dumps({"name": name, **topology}))
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2048), }".ljust(117) + "\n"
        weights = "{'descr': '<f4', 'fortran_order': False, 'shape': (2048,), }".ljust(117) + "\n"
        values = array.array("f", ((i * 7919 % 1009 - 504) / 504 for i in range(4 * 2048)))
        for name, head, count in (("g.npy", header, 4 * 2048), ("w.npy", weights, 2048)):
            magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
            (folder / name).write_bytes(magic + head.encode() + values[:count].tobytes())
        dump = ["--weights", folder / "w.npy", "--gradients", folder / "g.npy", "-o", folder / "trace", "--quiet"]
        subprocess.run([PROGRAM, "prune", *dump], check=True, capture_output=True)

    def result(self, options):
        """What a run says, without what its own command line changes."""
        words = [word for name, value in options.items() for word in (f"--{name}", self.places.get(value, value))]
        with tempfile.TemporaryDirectory() as out:
            done = self.ringsim("run", *words, "--quiet", "-o", f"{out}/run")
            if done.returncode != 0:
                return done.stderr
            tables = {path.name: path.read_text() for path in pathlib.Path(out, "run").glob("*.csv")}
            summary = json.loads(pathlib.Path(out, "run/summary.json").read_text())
            for name in ("provenance", "wall_seconds"):
                del summary[name]
            return {**tables, "summary": summary}


class EachOption(Files):
    def test_every_option_has_its_row_here(self):
        self.assertEqual(option_names(), set(CHANGES) | set(REFUSED))

    def test_every_option_changes_a_result_or_is_refused(self):
        runs = [base for base, _ in CHANGES.values()]
        runs += [{**base, name: value} for name, (base, value) in CHANGES.items()]
        distinct = {json.dumps(run): run for run in runs}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = dict(zip(distinct, pool.map(self.result, distinct.values())))
        for name, (base, value) in CHANGES.items():
            without, with_it = results[json.dumps(base)], results[json.dumps({**base, name: value})]
            with self.subTest(name):
                self.assertIsInstance(with_it, dict, with_it)
                if name in NEEDED:
                    self.assertIn(NEEDED[name], without)
                else:
                    self.assertIsInstance(without, dict, without)
                self.assertNotEqual(without, with_it)
        for name, (value, message) in REFUSED.items():
            done = self.ringsim("run", "--steps", "1", f"--{name}", value, "--quiet")
            with self.subTest(name):
                self.assertEqual((done.returncode, done.stderr.startswith(message)), (2, True), done.stderr)


class Combinations(Files):
    """Every option with every scheme and every source of an exchange."""

    BASES = {
        "synthetic": {**RING, "source": "synthetic", "model": "mlp", "steps": "2"},
        "bytes": {**RING, "bytes": "4MB", "compute-time": "1ms", "steps": "2"},
        "trace": {"topology": "four", "source": "trace", "compute-time": "1ms"},
    }
    # What has no effect though it is accepted, and why.
    EXCEPTIONS = {
        "seed": "scripts give it to every run, and what a scheme draws is for it to know",
        "overlap": "off is the default without buckets",
        "ranks": "4 are all hosts of the trace's topology",
        "momentum-correction": "off is the default without momentum",
        "momentum": "0.5 is topk's default",
        "source": "synthetic is what `bytes` are",
        "whole-below": "the one layer of `bytes` is large",
        "bucket": "16 MiB hold the whole model, whose exchange begins when its last gradient is ready",
        "directions": "the trace has no layer that is sent whole, and topk adds up nothing else",
        "channels": "the same",
        "reduce-rate": "the same",
    }
    ONLY_OF_TRACES = {"ranks", "directions", "channels", "reduce-rate"}

    SCHEMES = ("dense", "iwp", "topk", "qsgd", "terngrad")

    def test_an_option_changes_a_result_or_is_refused(self):
        runs = []
        for source, base in self.BASES.items():
            for scheme in self.SCHEMES:
                runs += [
                    ({**base, "scheme": scheme}, name, value)
                    for name, (_, value) in CHANGES.items()
                    if name not in {**base, "scheme": 0}
                ]
        distinct = {json.dumps(run): run for base, name, value in runs for run in (base, {**base, name: value})}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = dict(zip(distinct, pool.map(self.result, distinct.values())))
        silent = []
        for base, name, value in runs:
            without, with_it = results[json.dumps(base)], results[json.dumps({**base, name: value})]
            if isinstance(without, dict) and without == with_it:
                silent.append((base.get("source", "bytes" if "bytes" in base else "train"), base["scheme"], name))
        self.assertEqual({name for _, _, name in silent}, set(self.EXCEPTIONS))
        for source, scheme, name in silent:
            self.assertTrue(source == "trace" or name not in self.ONLY_OF_TRACES, (source, scheme, name))


class Options(Case):
    def test_the_document_is_what_the_rows_say(self):
        self.assertEqual((ROOT / "docs/options.md").read_text(), self.good("explain", "--document", "options"))

    def test_options_and_schemes_are_explained(self):
        self.assertEqual(
            self.good("explain", "chunk"),
            "--chunk Q (group network)\n"
            "  meaning   size of the pieces that follow one another, one value or more\n"
            "  accepted  a size above zero such as 512KiB\n"
            "  default   512KiB\n"
            "  needs     --collective tree\n"
            "  affects   how long things take\n",
        )
        self.assertIn("  equation  update = mean over ranks of G\n", self.good("explain", "dense"))
        self.check_error(
            'explain: found "densty" (did you mean "density"?); a column, a key of summary.json, a scheme or an option '
            "is accepted; ringsim explain lists them",
            *("explain", "densty"),
        )

    def completed(self, *words):
        script = (
            'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ringsim; '
            'echo "${COMPREPLY[*]}"'
        )
        return subprocess.check_output(["bash", "-c", script, PROGRAM, "ringsim", *words], text=True).strip()

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(self.completed("break"), "breakeven")
        self.assertEqual(self.completed("run", "--dens"), "--density")
        self.assertEqual(self.completed("run", "--scheme", "t"), "topk terngrad")
        self.assertEqual(self.completed("run", "--overlap", ""), "on off")
        self.check_error('completion: found "zsh"; bash is accepted', "completion", "zsh")


unittest.main()
