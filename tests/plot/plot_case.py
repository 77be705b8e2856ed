"""What the tests of tools/plot have in common: files to draw, and the program within this process. The root of the
sources is the first argument. Exits with 77 where matplotlib is missing."""
import contextlib
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest
import warnings

if importlib.util.find_spec("matplotlib") is None:
    print("skipped: python3-matplotlib is not installed")
    sys.exit(77)

PROGRAM = pathlib.Path(sys.argv.pop(1)) / "tools/plot/ringsim_plot.py"
sys.path.insert(0, str(PROGRAM.parent))

import matplotlib.text  # noqa: E402
import ringsim_plot  # noqa: E402
from plots.scan_table import Scan  # noqa: E402,F401

STEPS = "step,start_s,compute_s,compress_s,exchange_s,exposed_exchange_s,total_s,loss,accuracy\n"
LAYERS = "step,layer,parameters,density,error,cosine,mask_overlap\n"
SCAN = "point,option.ranks,option.bandwidth,option.scheme,option.density,ranks,seconds_per_step.compute,"
SCAN += "seconds_per_step.total,accuracy,error\n"


def write_runs(run):
    """The tables of a result folder, and the files of other plots."""
    run.mkdir()
    (run / "steps.csv").write_text(
        STEPS + "0,0,0.25,,0.5,0.25,0.5,2,\n1,0.5,0.25,,0.5,0.25,0.5,1,0.5\n2,1,0.25,,0.5,0.25,0.5,0.5,0.75\n"
    )
    (run / "layers.csv").write_text(
        LAYERS + "0,a,10,0.5,0.9,0.3,\n0,b,1,1,0,1,\n1,a,10,0,0.8,0.4,\n1,b,1,1,0,1,1\n2,a,10,0.01,0.7,0.5,0.25\n"
        "2,b,1,1,0,1,1\n"
    )
    (run / "links.csv").write_text(
        "link,bytes,busy_s,utilization\nl0,10,1,0.5\nl1,10,1,0.002\nl0:reverse,0,0,0\nl1:reverse,0,0,0\n"
    )
    (run / "staleness.csv").write_text("layer,age_steps,parameters\na,0,1\na,4,2\na,1000,1\nb,0,1\n")
    (run / "points.csv").write_text(
        "size_bytes,message_bytes,measured_s,fitted_s,error,piece,held_out\n"
        "0,0,1e-6,1e-6,0,0,0\n1000,1000,1e-6,1.1e-6,0.1,0,0\n9000,9000,5e-6,5e-6,0,1,0\n"
        "3000,3000,2e-6,1.9e-6,-0.05,0,1\n"
    )
    (run / "hops.csv").write_text(
        "ranks,scheme,hop,density,independent\n2,topk,1,0.1,0.1\n2,topk,2,0.15,0.19\n2,iwp,1,0.1,\n2,iwp,2,0.1,\n"
    )


def write_scan(folder):
    """dense takes 8 s at 1 Gbit/s and 1 s at 100, iwp 1 and 2 s: they are equal at (ratio 8 down to 1/2: three of four
    halvings on the way) 100^(3/4) = 31.6 Gbit/s. More ranks take longer."""
    folder.mkdir()
    rows, point = [], 0
    for ranks in (8, 16):
        for bandwidth, dense, iwp in (("1Gbps", 8, 1), ("100Gbps", 1, 2)):
            for scheme, density, time in (("dense", "", dense), ("iwp", "1/64", iwp), ("iwp", "1/16", 1.5 * iwp)):
                rows.append(f"{point},{ranks},{bandwidth},{scheme},{density},{ranks},0.5,{time * ranks / 8},,\n")
                point += 1
    rows.append(f'{point},32,1Gbps,dense,,,,,,"too many, here"\n')
    (folder / "scan.csv").write_text(SCAN + "".join(rows))


class Plots(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.run_folder, self.scan = self.root / "run", self.root / "scan"
        write_runs(self.run_folder)
        write_scan(self.scan)

    def plot(self, *arguments):
        """Runs the program within this process, for the import of matplotlib is slow. Gives its exit code, stderr."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                code = ringsim_plot.main([str(argument) for argument in arguments])
            except SystemExit as end:
                code = end.code
        return code, errors.getvalue()

    def drawn(self, *arguments):
        """What a picture that is not rendered consists of: (numbers of its lines, bars, images, ..., its texts)."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure = ringsim_plot.draw(ringsim_plot.parsed([str(a) for a in arguments] + ["-o", "x.svg"]))
        artists = [artist for axes in figure.axes for artist in axes.get_children()]
        numbers = [
            artist.get_xydata().tolist() + [artist.get_color()] for artist in artists if hasattr(artist, "get_xydata")
        ]
        numbers += [
            artist.get_array().tolist()
            for artist in artists
            if hasattr(artist, "get_array") and artist.get_array() is not None
        ]
        numbers += [artist.get_bbox().bounds for artist in artists if hasattr(artist, "get_bbox")]
        axes = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
        labels = [label for axis in axes for label in axis.get_ticklabels()]
        ticks = [tick for axis in axes for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())]
        of_ticks = {id(label) for tick in ticks for label in (tick.label1, tick.label2)}
        others = [text for text in figure.findobj(matplotlib.text.Text) if id(text) not in of_ticks]
        return str(numbers), [line for text in (*labels, *others) for line in text.get_text().split("\n") if line]

    def source(self, plot):
        files = {"calibration": self.run_folder / "points.csv", "hops": self.run_folder / "hops.csv"}
        return files.get(plot, self.scan if plot in ("scan", "scaling") else self.run_folder)

    def write(self, name, text):
        (self.run_folder / name).write_text(text)
