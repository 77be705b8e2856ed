#!/usr/bin/env python3
"""Plots of ringsim's results, from the exported CSV files alone.

RUN is a result folder (ringsim run -o RUN), SCAN that of a scan (ringsim scan -o SCAN) or its scan.csv. FILE ends in
.png or .svg and may be given several times. `ringsim-plot PLOT --help` says what a plot takes.
"""
import argparse
import pathlib
import sys

# Beside this file in the sources, in share/ where it is installed as bin/ringsim-plot.
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE if (HERE / "plots").is_dir() else HERE.parent / "share/ringsim/plot"))

from plots import layers, links, network, points, runs, scaling, scan, style  # noqa: E402
from plots.tables import InputError  # noqa: E402

# Name, function, sources, what it shows.
PLOTS = [
    ("loss", runs.plot_loss, "RUN...", "training loss against simulated time"),
    ("accuracy", runs.plot_accuracy, "RUN...", "accuracy on the test set against simulated time"),
    ("step", runs.plot_step, "RUN...", "what a step consists of, and the time of each"),
    ("error", layers.plot_error, "RUN...", "how far the update is from the dense one, over the steps"),
    ("ages", layers.plot_ages, "RUN...", "how many steps ago parameters were last sent, at the end"),
    ("links", links.plot_links, "RUN...", "utilization of each link that carried something"),
    ("density", layers.plot_density, "RUN", "kept share per layer and step, as a heat map"),
    ("overlap", layers.plot_overlap, "RUN", "share of what a step keeps of each layer that the step before kept too"),
    ("topology", network.plot_topology, "RUN", "the topology, its links in the colours of their utilization"),
    ("scan", scan.plot_scan, "SCAN", "a figure of a scan as lines, as a heat map, or who wins where"),
    ("scaling", scaling.plot_scaling, "SCAN", "time of a step and share of computing by the number of ranks"),
    ("calibration", points.plot_calibration, "POINTS", "measured and fitted time by size (calibrate --points POINTS)"),
    ("hops", points.plot_hops, "POINTS", "density of a sum by the masks in it (tools/experiments/hops.py)"),
]


def add_scan_options(parser):
    parser.add_argument(
        "--as",
        dest="form",
        choices=("lines", "map", "crossover"),
        default="lines",
        help="lines over an option (default); a heat map over two; or which value of an option wins over one or two "
        "others, by what factor, and where two are equal",
    )
    parser.add_argument(
        "--figure",
        metavar="COLUMN",
        default="seconds_per_step.total",
        help="the column of scan.csv that is drawn (default: %(default)s)",
    )
    parser.add_argument("--x", metavar="OPTION", help="across (default: the quantity with the most values)")
    parser.add_argument("--y", metavar="OPTION", help="upwards, of map and crossover (default: the next one)")
    parser.add_argument("--by", metavar="OPTION", help="whose values compete in crossover (default: scheme)")


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="plot", metavar="PLOT", required=True)
    for name, draw, source, text in PLOTS:
        kind = kinds.add_parser(name, help=f"{source}: {text}", description=f"{text[0].upper()}{text[1:]}.")
        kind.add_argument("sources", nargs=1 if source == "SCAN" else "+", metavar=source.rstrip("."))
        kind.add_argument("-o", "--output", action="append", required=True, metavar="FILE", type=pathlib.Path)
        if source == "SCAN":
            kind.add_argument(
                "--where",
                metavar="OPTION=VALUE[,VALUE...]",
                action="append",
                default=[],
                help="only points with one of these values; may be given several times",
            )
        if name == "topology":
            kind.add_argument(
                "--topology",
                metavar="FILE",
                help="the topology file of the run: of the kind routes, or with a NIC per GPU, whose nodes no name of "
                "a link tells",
            )
        if name == "scan":
            add_scan_options(kind)
        kind.set_defaults(draw=draw)
    return parser.parse_args(arguments)


def refuse_unused(arguments):
    """What changes nothing is refused."""
    if arguments.plot != "scan":
        return
    used = {"lines": {"x"}, "map": {"x", "y"}, "crossover": {"x", "y", "by"}}[arguments.form]
    for name in ("x", "y", "by"):
        if getattr(arguments, name) and name not in used:
            raise InputError(f"--{name}: has no effect with --as {arguments.form}; leave it out")


def draw(arguments):
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(style.SETTINGS)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    arguments.draw(figure, arguments)
    return figure


def main(arguments=None):
    arguments = parsed(arguments)
    try:
        for path in arguments.output:
            if path.suffix not in (".png", ".svg"):
                raise InputError(f'{path}: found the ending "{path.suffix}"; .png and .svg are accepted')
        refuse_unused(arguments)
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            print("matplotlib is missing; install the Debian package python3-matplotlib", file=sys.stderr)
            return 1
        figure = draw(arguments)
        for path in arguments.output:
            style.save(figure, path)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
