#!/usr/bin/env python3
"""Installs the build into an empty prefix and runs the program from there, as a user who never saw the source tree.
Usage: install_test.py CMAKE BUILD SOURCE_ROOT"""
import gzip
import os
import pathlib
import re
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

    def test_the_plots_find_their_modules(self):
        done = subprocess.run([self.prefix / "bin/ringsim-plot", "--help"], capture_output=True, text=True, cwd="/")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("usage: ringsim-plot ", done.stdout)

    def build_consumer(self, *flags):
        """A program in C that asks the installed library for the names of its engines."""
        source = pathlib.Path(__file__).parent / "consumer"
        build = self.prefix.parent / "consumer"
        subprocess.run([CMAKE, "-S", source, "-B", build, *flags], check=True, capture_output=True)
        subprocess.run([CMAKE, "--build", build], check=True, capture_output=True)
        return subprocess.run([build / "consumer"], capture_output=True, text=True)

    def test_find_package_finds_the_library(self):
        done = self.build_consumer(f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertEqual((done.returncode, done.stdout), (0, "scalar is there\n"), done.stderr)

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_pkg_config_finds_the_library_where_the_prefix_was_moved_to(self):
        moved = self.prefix.rename(self.prefix.parent / "moved")
        (module,) = moved.rglob("ringsim_prune.pc")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(module.parent)}
        words = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "ringsim_prune"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        program = moved / "consumer"
        source = pathlib.Path(__file__).parent / "consumer/consumer.c"
        subprocess.run(["cc", source, "-o", program, *words], check=True)
        libraries = {"LD_LIBRARY_PATH": str(module.parent.parent)}
        done = subprocess.run([program], capture_output=True, text=True, env=libraries)
        self.assertEqual((done.returncode, done.stdout), (0, "scalar is there\n"), done.stderr)

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
