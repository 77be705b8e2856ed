#!/usr/bin/env python3
"""Tests of tools/plot. Usage: plot_test.py SOURCE_ROOT. Exits with 77 where matplotlib is missing."""
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

if importlib.util.find_spec("matplotlib") is None:
    print("skipped: python3-matplotlib is not installed")
    sys.exit(77)

PROGRAM = pathlib.Path(sys.argv.pop(1)) / "tools/plot/ringsim_plot.py"


class Plots(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.run = self.root / "run"
        self.run.mkdir()
        (self.run / "steps.csv").write_text(
            "step,start_s,total_s,loss,accuracy\n0,0,0.5,2,\n1,0.5,0.5,1,0.5\n2,1,0.5,0.5,0.75\n"
        )
        (self.run / "layers.csv").write_text(
            "step,layer,density,mask_overlap\n0,a,0.5,\n0,b,1,\n1,a,0,\n1,b,1,1\n2,a,0.01,0.25\n2,b,1,1\n"
        )
        (self.run / "links.csv").write_text("link,bytes,busy_s,utilization\nx,10,1,0.5\ny,0,0,0\n")
        (self.run / "points.csv").write_text(
            "size_bytes,message_bytes,measured_s,fitted_s,error,piece,held_out\n"
            "0,0,1e-6,1e-6,0,0,0\n1000,1000,1e-6,1.1e-6,0.1,0,0\n9000,9000,5e-6,5e-6,0,1,0\n"
            "3000,3000,2e-6,1.9e-6,-0.05,0,1\n"
        )

        (self.run / "hops.csv").write_text(
            "ranks,scheme,hop,density,independent\n2,topk,1,0.1,0.1\n2,topk,2,0.15,0.19\n2,iwp,1,0.1,\n2,iwp,2,0.1,\n"
        )

    def plot(self, *arguments):
        return subprocess.run([sys.executable, PROGRAM, *map(str, arguments)], capture_output=True, text=True)

    def test_every_plot_writes_png_and_svg_and_repeats_its_bytes(self):
        for what in ("loss", "accuracy", "density", "overlap", "links", "calibration", "hops"):
            source = {"calibration": self.run / "points.csv", "hops": self.run / "hops.csv"}.get(what, self.run)
            outputs = [self.root / f"{what}{i}.{kind}" for kind in ("png", "svg") for i in (1, 2)]
            for output in outputs:
                done = self.plot(what, source, "-o", output)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(outputs[0].read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            self.assertIn(b"<svg", outputs[2].read_bytes())
            self.assertEqual(outputs[0].read_bytes(), outputs[1].read_bytes())
            self.assertEqual(outputs[2].read_bytes(), outputs[3].read_bytes())

    def test_the_data_is_what_is_drawn(self):
        self.assertEqual(self.plot("accuracy", self.run, "-o", self.root / "before.svg").returncode, 0)
        steps = self.run / "steps.csv"
        steps.write_text(steps.read_text().replace("0.75", "0.7"))
        self.assertEqual(self.plot("accuracy", self.run, "-o", self.root / "after.svg").returncode, 0)
        self.assertNotEqual((self.root / "before.svg").read_bytes(), (self.root / "after.svg").read_bytes())

    def test_density_leaves_out_what_is_sent_whole(self):
        output = self.root / "density.svg"
        self.assertEqual(self.plot("density", self.run, "-o", output).returncode, 0)
        with_whole = output.read_bytes()
        self.assertIn(b"1 that are sent whole are left out", with_whole)
        layers = self.run / "layers.csv"
        layers.write_text(layers.read_text().replace("2,b,1,", "2,b,0.5,"))
        self.assertEqual(self.plot("density", self.run, "-o", output).returncode, 0)
        self.assertNotIn(b"left out", output.read_bytes())
        self.assertIn(b"<!-- b -->", output.read_bytes())
        self.assertNotIn(b"<!-- b -->", with_whole)

    def test_overlap_draws_what_is_pruned_beside_chance(self):
        output = self.root / "overlap.svg"
        self.assertEqual(self.plot("overlap", self.run, "-o", output).returncode, 0)
        drawn = output.read_bytes()
        self.assertIn(b"<!-- a, by chance -->", drawn)
        self.assertNotIn(b"<!-- b -->", drawn)
        output.unlink()
        (self.run / "layers.csv").write_text("step,layer,density,mask_overlap\n0,a,0.5,\n1,a,0,\n")
        self.check_error(
            f"{self.run}/layers.csv: no layer is pruned in two steps in a row", "overlap", self.run, "-o", output
        )

    def test_calibration_draws_each_piece_and_what_was_held_out(self):
        output = self.root / "calibration.svg"
        self.assertEqual(self.plot("calibration", self.run / "points.csv", "-o", output).returncode, 0)
        drawn = output.read_bytes()
        for text in (b"fitted, piece 2", b"measured, held out", b"size [B]", b"error [%]"):
            self.assertIn(b"<!-- " + text + b" -->", drawn)
        self.assertNotIn(b"piece 3", drawn)

    def check_error(self, message, *arguments):
        done = self.plot(*arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", message + "\n"))
        self.assertEqual(sorted(path.name for path in self.root.iterdir()), ["run"])

    def test_wrong_input_is_an_error_and_nothing_is_written(self):
        output = self.root / "x.png"
        self.check_error(
            f"{self.root}/none/steps.csv: No such file or directory; a result folder of ringsim run -o is " "accepted",
            "loss",
            self.root / "none",
            "-o",
            output,
        )
        self.check_error(
            f'{self.root}/x.pdf: found the ending ".pdf"; .png and .svg are accepted',
            "loss",
            self.run,
            "-o",
            self.root / "x.pdf",
        )
        self.check_error(
            "density: found 2 result folders; one is accepted", "density", self.run, self.run, "-o", output
        )
        self.check_error(
            f"{self.root}/none.csv: No such file or directory; a file of ringsim calibrate --points is accepted",
            "calibration",
            self.root / "none.csv",
            "-o",
            output,
        )
        self.check_error("calibration: found 2 files; one is accepted", "calibration", self.run, self.run, "-o", output)
        (self.run / "steps.csv").write_text("step,start_s,total_s\n0,0,1\n")
        self.check_error(
            f"{self.run}/steps.csv: no column loss; found step, start_s, total_s", "loss", self.run, "-o", output
        )
        (self.run / "links.csv").write_text("link,bytes,utilization\n")
        self.check_error(f"{self.run}/links.csv: no rows", "links", self.run, "-o", output)


unittest.main()
