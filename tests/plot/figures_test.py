#!/usr/bin/env python3
"""tools/figures draws every figure of the documents, and no other. Usage: figures_test.py SOURCE_ROOT"""
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1))


class Figures(unittest.TestCase):
    def test_each_figure_of_the_documents_is_one_of_tools_figures(self):
        done = subprocess.run([ROOT / "tools/figures", "--list"], capture_output=True, text=True, check=True)
        drawn = {line.split()[0] for line in done.stdout.splitlines()}
        documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        shown = {
            name for path in documents for name in re.findall(r"!\[[^]]*\]\((?:docs/)?images/(.*?)\)", path.read_text())
        }
        there = {path.name for path in (ROOT / "docs/images").iterdir()}
        self.assertEqual(shown, there)
        self.assertEqual(shown, drawn)

    def test_another_name_is_an_error(self):
        done = subprocess.run([ROOT / "tools/figures", "x.png"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\Atools/figures: found x.png; cookbook-gpt2.png, .* are accepted\n\Z")


unittest.main()
