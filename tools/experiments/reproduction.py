#!/usr/bin/env python3
"""Tables of docs/reproduction.md from recorded trials and the captured traces, and with a program simulated ones.

  tools/experiments/reproduction.py accuracy            what the trials reached
  tools/experiments/reproduction.py traces              what the captured traces say
  tools/experiments/reproduction.py times [RINGSIM]     time to accuracy on rings (half a minute)
  tools/experiments/reproduction.py model [RINGSIM]     the synthetic mask model beside the traces
  tools/experiments/reproduction.py figure NAME FILE    turns, staleness or accuracy, a picture (matplotlib)
"""
import csv
import gzip
import io
import json
import math
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TRIALS = ROOT / "docs/measured/alexnet/trials.jsonl.gz"
TRACES = ROOT / "traces/captured"
# Scheme, and the trials.
CHOSEN = (
    ("dense", "tuned-dense"),
    ("topk", "tuned-topk-256"),
    ("powersgd, rank 5", "tuned-powersgd-256"),
    ("iwp", "tuned-iwp-256"),
    ("magnitude", "tuned-magnitude-256"),
    ("cltk", "tuned-cltk-256"),
    ("randomk", "tuned-randomk-256"),
    ("iwp", "tuned-iwp-64"),
    ("magnitude", "tuned-magnitude-64"),
)
WIDER = ("iwp", "wider-iwp-256"), ("iwp", "wider-iwp-64"), ("magnitude", "wider-magnitude-256")
RANKS_32 = ("dense, 32 ranks", "tuned-dense-32ranks"), ("iwp, 32 ranks", "wider-iwp-256-32ranks")


def trials(group):
    """The finished trials of a group."""
    lines = gzip.decompress(TRIALS.read_bytes()).decode().splitlines()
    return [trial for trial in map(json.loads, lines) if trial["group"] == group and trial["finished"]]


def mean_curve(group):
    """The mean accuracy after each epoch."""
    curves = [[epoch["accuracy"] for epoch in trial["epochs"]] for trial in trials(group)]
    return [statistics.mean(column) for column in zip(*curves)]


def table(name):
    """The rows of a table of a captured trace."""
    text = gzip.decompress((TRACES / name).read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def t_quantile(freedom):
    """Of Student's distribution, for an interval of 95 % (Cornish and Fisher's expansion)."""
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom ** (i + 1) for i, term in enumerate(terms))


def difference(ours, theirs):
    """The difference of means and the half-width of its interval of 95 % (Welch)."""
    parts = [statistics.variance(values) / len(values) for values in (ours, theirs)]
    freedom = sum(parts) ** 2 / sum(p**2 / (len(v) - 1) for p, v in zip(parts, (ours, theirs)))
    return statistics.mean(ours) - statistics.mean(theirs), t_quantile(freedom) * math.sqrt(sum(parts))


def percents(group):
    return [100 * trial["accuracy"] for trial in trials(group)]


def accuracy():
    for groups, reference in ((CHOSEN, "tuned-dense"), (WIDER, "tuned-dense"), (RANKS_32, "tuned-dense-32ranks")):
        print("| scheme | wire ratio | lr, momentum, limit | seeds | mean | deviation | against dense |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for label, group in groups:
            print_row(label, group, percents(reference))
        print()
    print("| importance over magnitude | wire ratio | seeds each | difference |\n| --- | --- | --- | --- |")
    for ratio, shown in (("256", "267"), ("64", "67")):
        ours, theirs = (percents(f"tuned-{scheme}-{ratio}") for scheme in ("iwp", "magnitude"))
        print("| | {} | {} | {:+.2f} +- {:.2f} |".format(shown, len(ours), *difference(ours, theirs)))


def print_row(label, group, reference):
    found, values = trials(group), percents(group)
    settings = found[0]["settings"]
    ratio = statistics.mean(trial["ratio"]["wire_after_warmup"] for trial in found)
    against = "" if values == reference else "{:+.2f} +- {:.2f}".format(*difference(values, reference))
    chosen = ", ".join(f"{settings[key]:g}".removeprefix("0") for key in ("lr", "momentum", "norm_limit"))
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    print(f"| {label} | {ratio:.0f} | {chosen} | {len(values)} | {mean:.2f} | {deviation:.2f} | {against} |")


def main():
    arguments = sys.argv[1:]
    if arguments == ["accuracy"]:
        return accuracy()
    if arguments == ["traces"]:
        import reproduction_traces

        return reproduction_traces.traces()
    if 1 <= len(arguments) <= 2 and arguments[0] in ("times", "model"):
        import experiments
        import reproduction_simulated

        return getattr(reproduction_simulated, arguments[0])(*arguments[1:] or [experiments.DEFAULT_PROGRAM])
    if len(arguments) == 3 and arguments[0] == "figure":
        import reproduction_figures

        return reproduction_figures.draw(*arguments[1:])
    sys.exit(__doc__)


if __name__ == "__main__":
    main()
