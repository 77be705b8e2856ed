#!/usr/bin/env python3
"""Tests of the Python package, without torch and pandas. Usage: package_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import base64
import dataclasses
import hashlib
import importlib.util
import inspect
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
import zipfile
from unittest import mock

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
PACKAGE = ROOT / "tools/python"
sys.dont_write_bytecode = True
sys.path.insert(0, str(PACKAGE))
os.environ["RINGSIM"] = PROGRAM

import ringsim  # noqa: E402
from ringsim import generated, program, tables  # noqa: E402

EXCHANGE = {"bytes": "4MB", "compute_time": "1ms", "topology": "ring", "ranks": 4, "latency": "5us"}


def load(name):
    """A script of tools/python as a module."""
    specification = importlib.util.spec_from_file_location(name, PACKAGE / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Results(unittest.TestCase):
    def test_a_run_has_the_figures_and_tables_of_the_program(self):
        run = ringsim.run(scheme="dense", bandwidth="1Gbps", steps=2, transfers=True, **EXCHANGE)
        # A ring of 4 ranks: 6 rounds of 1 MB at 125 MB/s, and 5 us each.
        self.assertAlmostEqual(run.summary.seconds_per_step.exchange, 6 * (1e6 / 125e6 + 5e-6), delta=1e-12)
        self.assertEqual((run.summary.ranks, run.summary.steps, run.summary.accuracy), (4, 2, None))
        self.assertEqual([step.step for step in run.steps], [0, 1])
        self.assertEqual(run.steps[0].delay_steps, 0)
        self.assertEqual(sum(transfer.bytes for transfer in run.transfers), sum(step.total_bytes for step in run.steps))
        self.assertEqual(len(run.faults), 0)
        self.assertIn("dense takes", str(run))
        self.assertIn("<td>seconds_per_step.total</td>", run._repr_html_())
        self.assertIn("exchange_s", run.steps._repr_html_())

    def test_several_seeds_are_a_run_each(self):
        runs = ringsim.run(scheme="iwp", model="resnet50", source="synthetic", seed=[1, 2])
        seconds = [run.summary.seconds_per_step.total for run in runs.runs]
        self.assertEqual([run.summary.provenance.seed for run in runs.runs], [1, 2])
        self.assertAlmostEqual(runs.mean["seconds_per_step.total"], sum(seconds) / 2)

    def test_a_scan_has_points_and_a_verdict(self):
        scan = ringsim.scan(scheme="dense", bandwidth=["1Gbps", "10Gbps"], **EXCHANGE)
        self.assertEqual([point.options for point in scan.points], [{"bandwidth": "1Gbps"}, {"bandwidth": "10Gbps"}])
        self.assertEqual(scan.best().options, {"bandwidth": "10Gbps"})
        self.assertIs(type(scan.best().figures.ranks), int)
        self.assertIsNone(scan.best().figures.target)
        self.assertIn("It takes least at bandwidth=10Gbps", str(scan))
        self.assertIn("10Gbps", scan._repr_html_())
        self.assertNotIn("basis.compress", scan._repr_html_())

    def test_tables_say_how_compressing_is_known_and_the_headroom(self):
        question = {**EXCHANGE, "bandwidth": "10Gbps", "scheme": ["dense", "iwp"], "density": "1/16"}
        scan = ringsim.scan(headroom=True, **question)
        self.assertIn("<th>headroom_seconds.dense_fp32</th>", scan._repr_html_())
        self.assertIn("<td>modelled</td>", scan._repr_html_())
        best = ringsim.optimize(headroom=True, collective="ring", **question)
        headroom = scan.points[1].figures.headroom_seconds
        self.assertEqual((best.choices[0].basis.compress, best.choices[0].headroom_seconds), ("modelled", headroom))
        self.assertEqual(best._rows()[0]["headroom_seconds.dense_fp32"], headroom.dense_fp32)
        self.assertIn("<th>basis.compress</th>", best._repr_html_())
        found = ringsim.breakeven(headroom=True, grid=2, **{**question, "bandwidth": "1Gbps..10Gbps"})
        self.assertEqual(found.grid[-1].b_headroom_seconds, headroom)
        self.assertEqual(found._rows()[-1]["basis.compress of scheme=iwp"], "modelled")

    def test_comparisons_find_who_is_faster(self):
        slow, fast = (ringsim.run(scheme="dense", bandwidth=each, **EXCHANGE) for each in ("1Gbps", "10Gbps"))
        compared = ringsim.compare(slow, fast)
        total = [run.summary.seconds_per_step.total for run in (slow, fast)]
        self.assertAlmostEqual(compared.runs[1].speed_up, total[0] / total[1])
        self.assertIn("speed-up", str(compared))
        found = ringsim.breakeven(
            topology="ring", ranks=4, latency="5us", bandwidth="1Gbps..100Gbps", bytes="4MB",
            scheme="dense", compute_time="1ms,2ms", grid=3,
        )  # fmt: skip
        self.assertEqual((found.option, len(found.grid), found.crossings), ("bandwidth", 3, []))
        self.assertTrue(str(found).endswith("\n\ncompute-time=1ms is faster."))
        self.assertAlmostEqual(found.grid[0].b_s - found.grid[0].a_s, 1e-3)

    def test_where_two_are_equal_is_printed(self):
        question = {**EXCHANGE, "bandwidth": "1Gbps..10000Gbps", "scheme": ["dense", "iwp"], "density": "1/16"}
        lines = str(ringsim.breakeven(grid=2, **question)).splitlines()
        self.assertRegex(lines[0], "^bandwidth  scheme=dense, s  scheme=iwp, s ")
        self.assertEqual([line.split()[0] for line in lines[2:4]], ["1Gbps", "10000Gbps"])
        self.assertRegex(lines[-1], "^They cross between bandwidth=.*bps and .*bps[.]$")

    def test_configurations_of_other_options_share_a_table(self):
        best = ringsim.optimize(scheme=["dense", "iwp"], density=["1/8", "1/16"], bandwidth="1Gbps", **EXCHANGE)
        rows = best._rows()
        self.assertEqual({tuple(row) for row in rows}, {tuple(rows[0])})
        self.assertEqual([row["density"] for row in rows if row["scheme"] == "dense"][:1], [None])
        self.assertEqual(len(str(best).splitlines()), 2 + len(rows))

    def test_as_many_configurations_as_were_asked_for(self):
        best = ringsim.optimize(scheme=["dense", "iwp"], bandwidth="1Gbps", show=3, **EXCHANGE)
        self.assertEqual(len(best.choices), 3)

    def test_runs_in_temporary_folders_are_told_apart(self):
        runs = [ringsim.run(scheme=each, bandwidth="1Gbps", **EXCHANGE) for each in ("dense", "iwp")]
        names = [each.run for each in ringsim.compare(*runs).runs]
        self.assertEqual([name.split("-")[0] for name in names], ["dense", "iwp"])

    def test_an_empty_list_is_no_value(self):
        with self.assertRaisesRegex(ringsim.WrongInput, "^--scheme: has no value; "):
            ringsim.scan(scheme=[], bandwidth="1Gbps", **EXCHANGE)

    def test_links_are_calibrated_and_shown(self):
        table = ROOT / "docs/measured/h100-x2/sockets-ring-all_reduce.txt"
        fitted = ringsim.calibrate(table, ranks=2)
        self.assertEqual((fitted.operation, fitted.ranks), ("all_reduce", 2))
        self.assertIn("\n\nerror: median ", str(fitted))
        noisy = ROOT / "docs/measured/h200-pruned-graphs/h200-x2/resnet50-sockets/all_reduce.txt"
        self.assertIn("\nwarning: The worst error is ", str(ringsim.calibrate(noisy, ranks=2)))
        self.assertGreater(fitted.pieces[-1].bandwidth_bytes_per_second, 1e9)
        topology = ringsim.topology("ring8-10g")
        self.assertEqual((topology.kind, topology.hosts, len(topology.links)), ("ring", 8, 16))
        self.assertEqual(topology.bottleneck.bandwidth_bytes_per_second, 1.25e9)
        self.assertEqual(topology.ring[7].links, ["link7"])
        self.assertIn("link7:reverse                    1.25e+09", str(topology))

    def test_a_module_is_imported_by_its_parameters_or_its_config(self):
        class Network:
            def named_parameters(self):
                shapes = {"fc.weight": (256, 784), "fc.bias": (256,), "scale": ()}
                return [(name, types.SimpleNamespace(shape=shape)) for name, shape in shapes.items()]

        class Configured(Network):
            config = types.SimpleNamespace(
                model_type="bert",
                to_json_string=lambda use_diff: json.dumps(
                    {"model_type": "bert", "hidden_size": 4, "num_hidden_layers": 1, "intermediate_size": 8}
                    | {"vocab_size": 10, "max_position_embeddings": 6, "type_vocab_size": 2}
                ),
            )

        with tempfile.TemporaryDirectory() as folder:
            path = ringsim.import_model(Network(), f"{folder}/mine.json")
            layers = json.loads(pathlib.Path(path).read_text())["layers"]
            self.assertEqual([layer["shape"] for layer in layers], [[256, 784], [256], [1]])
            self.assertEqual(layers[0]["forward_flop"], 2 * 256 * 784)
            run = ringsim.run(model=path, source="synthetic", scheme="dense")
            self.assertEqual(run.layers[0].parameters, 256 * 784)
            path = ringsim.import_model(Configured(), f"{folder}/bert.json", length=5)
            self.assertEqual(json.loads(pathlib.Path(path).read_text())["sample"], "a sequence of 5 tokens")

    def test_tables_become_data_frames_where_pandas_is(self):
        pandas = types.SimpleNamespace(DataFrame=lambda rows: ("frame", rows))
        with mock.patch.dict(sys.modules, {"pandas": pandas}):
            frame, rows = ringsim.topology("ring8-10g").to_pandas()
        self.assertEqual((frame, rows[0]["name"]), ("frame", "link0"))


class Mistakes(unittest.TestCase):
    def test_errors_are_those_of_the_program(self):
        with self.assertRaises(ringsim.WrongInput) as caught:
            ringsim.run(bandwith="1Gbps")
        message = '--bandwith: unknown option (did you mean "--bandwidth"?); see ringsim run --help'
        self.assertEqual((str(caught.exception), caught.exception.exit_code), (message, 2))
        with self.assertRaises(ValueError):
            ringsim.topology("ring8-10")

    def test_a_missing_program_is_said_with_what_to_do(self):
        with mock.patch.dict(os.environ, {"RINGSIM": "/nowhere/ringsim"}):
            with self.assertRaises(ringsim.ProgramNotFound) as caught:
                ringsim.run()
        self.assertEqual(
            str(caught.exception),
            'RINGSIM: found "/nowhere/ringsim", which is no program; the path of the program ringsim is accepted',
        )
        with mock.patch.dict(os.environ, {"RINGSIM": "", "PATH": ""}):
            with mock.patch.object(program, "built_programs", list):
                self.assertRaisesRegex(ringsim.ProgramNotFound, "^ringsim: there is no such program", ringsim.run)

    def test_values_are_written_as_the_command_line_takes_them(self):
        options = {"overlap": True, "lr": 0.1, "scheme": ("dense", "iwp"), "seed": range(2), "quorum": None}
        self.assertEqual(
            program.arguments_of(options), ["--overlap=on", "--lr=0.1", "--scheme=dense,iwp", "--seed=0,1"]
        )

    def test_rows_with_other_columns_are_refused(self):
        with self.assertRaisesRegex(TypeError, "^Link: found the keys link; "):
            tables.decode(generated.Link, {"link": "a"})


class Generated(unittest.TestCase):
    def test_the_types_are_those_of_the_program(self):
        schema = json.loads(program.call("explain", "--document", "schema"))
        self.assertEqual(
            (PACKAGE / "ringsim/generated.py").read_text(),
            load("generate").generated(schema),
            "ringsim explain --document schema | tools/python/generate.py > tools/python/ringsim/generated.py",
        )
        self.assertEqual(load("build_backend").project()["version"], schema["version"])

    def test_help_names_all_options(self):
        parameters = inspect.signature(ringsim.run).parameters
        self.assertIn("compute_time", parameters)
        self.assertIn("    compute_time: ", ringsim.run.__doc__)
        self.assertEqual(set(generated.OPTIONS), set(generated.RunOptions.__annotations__))
        names = [field.name for field in dataclasses.fields(generated.Summary)]
        self.assertEqual((names[0], names[-1]), ("ranks", "provenance"))


class Wheel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_a_wheel_holds_the_package_and_its_hashes(self):
        backend = load("build_backend")
        with zipfile.ZipFile(self.folder / backend.build_wheel(self.folder)) as wheel:
            names = wheel.namelist()
            self.assertIn("ringsim/capture/timing.py", names)
            record = [line.split(",") for line in wheel.read("ringsim-0.1.0.dist-info/RECORD").decode().splitlines()]
            self.assertEqual([name for name, _, _ in record], names)
            for name, digest, size in record[:-1]:
                content = wheel.read(name)
                hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                self.assertEqual((digest, int(size)), (f"sha256={hashed}", len(content)))

    def test_pip_installs_it_without_an_index(self):
        if importlib.util.find_spec("pip") is None:
            self.skipTest("there is no pip")
        target = self.folder / "target"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--no-index", "--quiet", "--disable-pip-version-check",
             "--no-compile", "--root-user-action=ignore", "--target", target, PACKAGE],
            check=True,
        )  # fmt: skip
        code = "import ringsim; print(ringsim.__file__, ringsim.topology('ring8-10g').hosts)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env={**os.environ, "PYTHONPATH": str(target)},
            capture_output=True, text=True,
        )  # fmt: skip
        self.assertEqual(done.stdout, f"{target}/ringsim/__init__.py 8\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
