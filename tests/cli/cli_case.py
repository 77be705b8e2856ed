"""What the tests of the program have in common: its path and the sources' root are the first two arguments."""
import csv
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(sys.argv.pop(1))
# Options of a run that is short.
QUICK = ["--steps", "6"]


def csv_rows(text):
    """The rows of a table, a dictionary each."""
    return list(csv.DictReader(text.splitlines()))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ringsim(self, *arguments, **options):
        done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, **options)
        if "this build is without SimGrid" in done.stderr:
            self.skipTest("this build is without SimGrid")
        return done

    def check_error(self, message, *arguments, code=2, **options):
        done = self.ringsim(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (code, "", message + "\n"))

    def good(self, *arguments):
        done = self.ringsim(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def run_into(self, name, *arguments):
        self.good("run", *QUICK, *arguments, "-o", self.folder / name, "--quiet")
        return self.folder / name
