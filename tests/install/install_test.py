#!/usr/bin/env python3
"""Installs the build into an empty prefix and runs the program from there, as a user who never saw the source tree.
Usage: install_test.py CMAKE BUILD SOURCE_ROOT"""
import gzip
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD, SOURCE = sys.argv.pop(1), sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prefix = pathlib.Path(folder.name) / "prefix"
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", str(self.prefix)], check=True, stdout=subprocess.DEVNULL)

    def ringsim(self, prefix, *arguments):
        environment = {name: value for name, value in os.environ.items() if name != "RINGSIM_DATA"}
        done = subprocess.run(
            [prefix / "bin/ringsim", *arguments], capture_output=True, text=True, cwd=prefix, env=environment
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_what_ships_is_there(self):
        shipped = {path.name for path in (SOURCE / "topologies").glob("*.json")}
        installed = {path.name for path in (self.prefix / "share/ringsim/topologies").iterdir()}
        self.assertEqual(installed, shipped | {"README.md"})
        shipped = {path.name for path in (SOURCE / "models/specs").glob("*.json")}
        installed = {path.name for path in (self.prefix / "share/ringsim/models").iterdir()}
        self.assertEqual(installed, shipped | {"README.md"})
        for source, folder in (("models/profiles", "profiles"), ("models/profiles/gpus", "gpus")):
            shipped = {path.name for path in (SOURCE / source).glob("*.json")}
            installed = {path.name for path in (self.prefix / "share/ringsim" / folder).glob("*.json")}
            self.assertEqual(installed, shipped)
        shipped = {path.parent.name for path in (SOURCE / "traces/captured").glob("*/trace_layers.csv.gz")}
        installed = {path.parent.name for path in (self.prefix / "share/ringsim/traces").glob("*/trace_layers.csv.gz")}
        self.assertEqual(installed, shipped)
        self.assertTrue((self.prefix / "share/doc/ringsim/README.md").is_file())

    def test_the_installed_data_are_what_it_reads(self):
        self.assertIn("Usage: ringsim", self.ringsim(self.prefix, "--help"))
        added = self.prefix / "share/ringsim/topologies/only-installed.json"
        text = (SOURCE / "topologies/ring8-1g.json").read_text()
        self.assertIn('"ring8-1g"', text)
        added.write_text(text.replace('"ring8-1g"', '"only-installed"'))
        self.assertIn("\nonly-installed ", self.ringsim(self.prefix, "list", "topologies"))
        (self.prefix / "share/ringsim/traces/alexnet").rename(self.prefix / "share/ringsim/traces/only-installed")
        self.assertIn("\nonly-installed ", self.ringsim(self.prefix, "list", "traces"))

    def test_simgrid_is_loaded_when_it_is_asked_for(self):
        (module,) = self.prefix.rglob("ringsim_simgrid.so")
        command = [self.prefix / "bin/ringsim", "run", "--bytes", "1MB", "--compute-time", "1ms"]
        environment = {**os.environ, "LD_DEBUG": "files"}

        def run(*more):
            return subprocess.run([*command, *more], capture_output=True, text=True, env=environment)

        done = run("--backend", "simgrid")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(str(module), done.stderr)
        self.assertIn("libsimgrid", done.stderr)
        done = run()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("simgrid", done.stderr)
        module.write_text("no module")
        del environment["LD_DEBUG"]
        done = run("--backend", "simgrid")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(f'--backend: the simgrid backend\'s module "{module}" cannot be loaded', done.stderr)

    def test_the_plots_find_their_modules(self):
        done = subprocess.run([self.prefix / "bin/ringsim-plot", "--help"], capture_output=True, text=True, cwd="/")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("usage: ringsim-plot ", done.stdout)

    def build_with_cmake(self):
        """The programs of tests/install/consumer, which have nothing but what was installed."""
        source = pathlib.Path(__file__).parent / "consumer"
        build = self.prefix.parent / "consumer"
        configure = [CMAKE, "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}"]
        subprocess.run(configure, check=True, capture_output=True)
        subprocess.run([CMAKE, "--build", build], check=True, capture_output=True)
        return build

    def build_with_pkg_config(self, prefix, module, compiler, source):
        (found,) = prefix.rglob(f"{module}.pc")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(found.parent)}
        command = ["pkg-config", "--cflags", "--libs", module]
        words = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
        program = prefix / source.partition(".")[0]
        subprocess.run(
            [*compiler, pathlib.Path(__file__).parent / "consumer" / source, "-o", program, *words], check=True
        )
        return program, str(found.parent.parent)

    def call(self, program, libraries=""):
        environment = {name: value for name, value in os.environ.items() if name != "RINGSIM_DATA"}
        return subprocess.run(
            [program], capture_output=True, text=True, cwd="/", env={**environment, "LD_LIBRARY_PATH": libraries}
        )

    def check_summaries(self, prefix, done):
        """What the library gave is what the program gives for the commands that the summaries name."""
        self.assertEqual(done.returncode, 0, done.stderr)
        text, commands = done.stdout, []
        while text.strip():
            given, end = json.JSONDecoder().raw_decode(text.lstrip())
            text = text.lstrip()[end:]
            commands.append(given["provenance"]["command"])
            expected = json.loads(self.ringsim(prefix, *shlex.split(commands[-1])[1:], "--format", "json"))
            self.assertEqual(expected["provenance"].pop("command"), commands[-1] + " --format json")
            del given["provenance"]["command"], given["wall_seconds"], expected["wall_seconds"]
            self.assertEqual(given, expected)
            self.assertIn(f" {1e3 * given['seconds_per_step']['total']:.1f} ms a step", done.stderr)
        options = "--source synthetic --scheme iwp --topology ring --ranks 8 --latency 5us --gpu h100 --bucket ddp"
        expected = [f"ringsim run --model resnet50 {options} --bandwidth {rate}Gbps" for rate in (10, 100)]
        self.assertEqual(commands, expected)

    def test_find_package_finds_the_libraries(self):
        build = self.build_with_cmake()
        done = self.call(build / "consumer")
        self.assertEqual((done.returncode, done.stdout), (0, "scalar is there\n"), done.stderr)
        self.check_summaries(self.prefix, self.call(build / "simulate"))

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_pkg_config_finds_the_libraries_where_the_prefix_was_moved_to(self):
        moved = self.prefix.rename(self.prefix.parent / "moved")
        done = self.call(*self.build_with_pkg_config(moved, "ringsim_prune", ["cc"], "consumer.c"))
        self.assertEqual((done.returncode, done.stdout), (0, "scalar is there\n"), done.stderr)
        program, libraries = self.build_with_pkg_config(moved, "ringsim", ["c++", "-std=c++20"], "simulate.cpp")
        self.check_summaries(moved, self.call(program, libraries))
        # The data are those of the prefix, not the sources'.
        (moved / "share/ringsim/models/resnet50.json").unlink()
        done = self.call(program, libraries)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('--model: unknown model "resnet50" ', done.stderr)

    def test_the_library_shows_nothing_but_its_functions(self):
        (library,) = (path for path in self.prefix.rglob("libringsim.so.*") if not path.is_symlink())
        listed = subprocess.run(
            ["nm", "-DC", "--defined-only", library], capture_output=True, text=True, check=True
        ).stdout
        names = [line.split(maxsplit=2)[2] for line in listed.splitlines()]
        own = [name for name in names if "ringsim::" in name]
        self.assertIn("ringsim::simulator::simulate(ringsim::simulator::Request const&)", own)
        self.assertEqual([name for name in own if "ringsim::simulator::" not in name], [])
        strangers = ("fmt::", "nlohmann::", "simgrid::", "CLI::", "Eigen::", "YAML::", "pugi::")
        self.assertEqual([name for name in names if name.startswith(strangers)], [])

    def test_the_manual_page_and_the_completion_have_every_command_and_option(self):
        page = gzip.decompress((self.prefix / "share/man/man1/ringsim.1.gz").read_bytes()).decode()
        completion = (self.prefix / "share/bash-completion/completions/ringsim").read_text()
        self.assertEqual(completion, self.ringsim(self.prefix, "completion", "bash"))
        help_text = self.ringsim(self.prefix, "run", "--help")
        options = re.findall(r"^  --([a-z-]+) [A-Za-z]", help_text, re.MULTILINE)
        self.assertGreater(len(options), 50)
        # What run adds by itself is no option of an experiment.
        own = {"format", "timeline-steps", "timeline-ranks"}
        for option in set(options) - own:
            self.assertIn(".TP\n\\fB\\-\\-" + option.replace("-", "\\-") + "\\fR ", page)
            self.assertIn("--" + option, completion)
        for command in ("run", "scan", "calibrate", "report"):
            self.assertIn(f".TP\n\\fB{command}\\fR\n", page)

    def test_python_finds_the_module(self):
        path = self.prefix / "lib/python3/dist-packages"
        done = subprocess.run(
            [sys.executable, "-c", "import ringsim.capture; print(ringsim.__file__)"],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(path)},
            cwd="/",
        )
        self.assertEqual((done.returncode, done.stdout), (0, f"{path}/ringsim/__init__.py\n"), done.stderr)

    def test_a_prefix_may_be_moved(self):
        # A package is built with one prefix and unpacked under another.
        moved = self.prefix.rename(self.prefix.parent / "moved")
        (moved / "share/ringsim/topologies/ring8-1g.json").unlink()
        listed = self.ringsim(moved, "list", "topologies")
        self.assertIn("\nring8-10g ", listed)
        self.assertNotIn("\nring8-1g ", listed)

    def test_the_page_of_reports_is_the_one_that_was_built(self):
        built = pathlib.Path(BUILD) / "tools/report/page/page.html"
        if not built.is_file():
            self.skipTest("the page is built where node and npm are")
        installed = self.prefix / "share/ringsim/report/page.html"
        self.assertEqual(installed.read_text(), built.read_text())
        installed.write_text("installed: @RESULTS@")
        exchange = ["--bytes", "1kB", "--scheme", "dense", "--compute-time", "0s", "--steps", "1"]
        self.ringsim(self.prefix, "run", *exchange, "-o", "results", "--quiet")
        self.ringsim(self.prefix, "report", "results", "-o", "report.html")
        self.assertTrue((self.prefix / "report.html").read_text().startswith("installed: "))


unittest.main()
