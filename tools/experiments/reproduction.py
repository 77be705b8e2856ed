#!/usr/bin/env python3
"""Tables of docs/reproduction.md from recorded trials and the captured traces, and with a program simulated ones.

  tools/experiments/reproduction.py accuracy            what the trials reached
  tools/experiments/reproduction.py policies            what costs importance its accuracy
  tools/experiments/reproduction.py stages              where a step's time goes
  tools/experiments/reproduction.py traces              what the captured traces say
  tools/experiments/reproduction.py times [RINGSIM]     time to accuracy on rings (half a minute)
  tools/experiments/reproduction.py model [RINGSIM]     the synthetic mask model beside the traces
  tools/experiments/reproduction.py figure NAME FILE    turns, staleness or accuracy, a picture (matplotlib)
"""
import csv
import functools
import gzip
import io
import json
import math
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TRIALS = [ROOT / f"docs/measured/{network}/trials.jsonl.gz" for network in ("alexnet", "resnet50")]
TRACES = ROOT / "traces/captured"
# Scheme, and the trials: of a group, or of two whose settings are the same. First with thresholds by quantiles and all
# ranks broadcasting, below as steered.
FINAL = (
    ("dense", "tuned-dense"),
    ("dense, larger steps", "best-dense"),
    ("iwp", "final-iwp-256+best-iwp-256"),
    ("magnitude", "final-magnitude-256+best-magnitude-256"),
    ("topk", "final-topk-256"),
    ("powersgd, rank 5", "best-powersgd-256"),
    ("iwp", "best-iwp-64"),
    ("magnitude", "best-magnitude-64"),
    ("topk", "best-topk-64"),
    ("powersgd, rank 26", "best-powersgd-64"),
)
FINAL_32 = (
    ("dense", "final-dense-32ranks"),
    ("iwp, 32 broadcasters", "final-iwp-256-32ranks+best-iwp-256-32ranks"),
    ("iwp, steered, 4 broadcasters", "wider-iwp-256-32ranks"),
    ("topk", "best-topk-256-32ranks"),
    ("powersgd, rank 5", "final-powersgd-256-32ranks"),
)
LONG = (
    ("dense", "long-dense"),
    ("iwp", "long-iwp-256"),
    ("topk", "long-topk-256"),
    ("powersgd, rank 5", "long-powersgd-256"),
)
RESNET50_LONG = (
    ("dense", "resnet50-long-dense"),
    ("iwp", "resnet50-long-iwp-64"),
    ("topk", "resnet50-long-topk-64"),
    ("powersgd, rank 4", "resnet50-long-powersgd-64"),
)
RESNET50 = (
    ("dense", "resnet50-wider-dense"),
    ("iwp", "resnet50-wider-iwp-64"),
    ("magnitude", "resnet50-wider-magnitude-64"),
    ("topk", "resnet50-wider-topk-64"),
    ("powersgd, rank 4", "resnet50-wider-powersgd-64"),
)
# What is changed, and the trials; 5 epochs, judged on the validation split, density 0.003.
POLICIES = (
    ("dense", "policy-rivals-dense"),
    ("topk", "policy-rivals-topk"),
    ("topk, lr .4, momentum .3", "policy-others-topk-larger"),
    ("powersgd, rank 5", "policy-rivals-powersgd"),
    ("steered, 4 of 8 ranks broadcast", "policy-base-density-r4"),
    ("steered, 8", "policy-base-density-r8"),
    ("quantile, 2", "policy-others-quantile-r2"),
    ("quantile, 4", "policy-base-quantile-r4"),
    ("quantile, 8", "policy-base-quantile-r8"),
    ("quantile, 8: lr .3", "policy-r8-larger"),
    ("quantile, 8: two epochs of warm-up", "policy-r8-warmup2"),
    ("topk, two epochs of warm-up", "policy-others-topk-warmup2"),
    ("quantile, 8: no momentum correction", "policy-r8-uncorrected"),
    ("quantile, 8: no factor masking", "policy-r8-unmasked"),
    ("quantile, 8: lr .4, momentum 0", "policy-r8-momentum0"),
    ("quantile, 8: lr .1, momentum .75", "policy-r8-momentum75"),
    ("quantile, 8: lr .04, momentum .9", "policy-r8-momentum9"),
    ("quantile, 8: floor .1", "policy-r8-floor01"),
    ("quantile, 8: floor 4", "policy-r8-floor4"),
    ("quantile, 8: magnitude", "policy-rivals-magnitude-r8"),
    ("quantile, 8: limit 2", "policy-r8-limit2"),
    ("quantile, 8: limit 8", "policy-r8-limit8"),
)
STEERED = (
    ("iwp", "tuned-iwp-256"),
    ("iwp", "wider-iwp-256"),
    ("magnitude", "tuned-magnitude-256"),
    ("iwp", "tuned-iwp-64"),
    ("magnitude", "tuned-magnitude-64"),
    ("topk", "tuned-topk-256"),
    ("cltk", "tuned-cltk-256"),
    ("randomk", "tuned-randomk-256"),
)


@functools.cache
def all_trials():
    """The finished trials of each group; those of a variant are a group, too."""
    found = {}
    for path in TRIALS:
        for trial in map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines()):
            if trial["finished"]:
                variant = trial["name"].rsplit("-seed", 1)[0]
                for group in {trial["group"], variant}:
                    found.setdefault(group, []).append(trial)
    return found


def trials(groups):
    return [trial for group in groups.split("+") for trial in all_trials()[group]]


def mean_curve(group):
    """The mean accuracy after each epoch."""
    curves = [[epoch["accuracy"] for epoch in trial["epochs"]] for trial in trials(group)]
    return [statistics.mean(column) for column in zip(*curves)]


@functools.cache
def table(name):
    """The rows of a table of a captured trace."""
    text = gzip.decompress((TRACES / name).read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def t_quantile(freedom):
    """The quantile of Student's distribution for an interval of 95 % (Cornish and Fisher's expansion)."""
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
    for groups, reference in (
        (FINAL, "tuned-dense"),
        (LONG, "long-dense"),
        (FINAL_32, "final-dense-32ranks"),
        (RESNET50_LONG, "resnet50-long-dense"),
        (RESNET50, "resnet50-wider-dense"),
        (STEERED, "tuned-dense"),
    ):
        columns = "scheme", "wire ratio", "whole run", "lr, momentum, limit, rise", "trials", "mean", "deviation"
        print("| " + " | ".join(columns) + " | against dense |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for label, group in groups:
            print_row(label, group, percents(reference))
        print()
    print("| importance over magnitude | wire ratio | trials | difference |\n| --- | --- | --- | --- |")
    for groups, shown, label in (
        ("tuned-{0}-256", "267", "steered"),
        ("tuned-{0}-64", "67", "steered"),
        ("final-{0}-256+best-{0}-256", "259", "quantile"),
        ("best-{0}-64", "66", "quantile"),
    ):
        ours, theirs = (percents(groups.format(scheme)) for scheme in ("iwp", "magnitude"))
        seeds = f"{len(ours)}, {len(theirs)}"
        print("| {} | {} | {} | {:+.2f} +- {:.2f} |".format(label, shown, seeds, *difference(ours, theirs)))


def policies():
    print("| | accuracy, % | against dense | deviation of the logarithm of what is sent |\n| --- | --- | --- | --- |")
    reference = statistics.mean(percents(POLICIES[0][1]))
    for label, group in POLICIES:
        mean = statistics.mean(percents(group))
        swing = statistics.mean(trial["ratio"]["deviation_of_log_values"] for trial in trials(group))
        print(f"| {label} | {mean:.2f} | {mean - reference:+.2f} | {swing:.2f} |")


def stages():
    """Milliseconds of each stage of a step, one trial on each GPU."""
    names = "gradient", "thresholds", "select", "unite", "exchange", "update"
    print("| | " + " | ".join(names) + " | step |\n| ---" + " | ---" * (len(names) + 1) + " |")
    for network in "alexnet", "resnet50":
        for trial in trials(f"stages-{network}"):
            found = trial["stage_seconds"]
            cells = [f"{1e3 * found[name]:.2f}" if found.get(name, 0) > 1e-4 else "" for name in names]
            label = trial["name"].removeprefix("stages-").rsplit("-seed", 1)[0]
            print(f"| {label} | " + " | ".join(cells) + f" | {1e3 * sum(found.values()):.2f} |")


def print_row(label, group, reference):
    found, values = trials(group), percents(group)
    settings = found[0]["settings"]
    ratio, whole = (statistics.mean(t["ratio"][key] for t in found) for key in ("wire_after_warmup", "wire"))
    mean = statistics.mean(values)
    deviation, against = "", f"{mean - statistics.mean(reference):+.2f}"  # of one trial
    if len(values) > 1:
        deviation = f"{statistics.stdev(values):.2f}"
        against = "" if values == reference else "{:+.2f} +- {:.2f}".format(*difference(values, reference))
    keys = "lr", "momentum", "norm_limit", "lr_warmup_epochs"
    chosen = ", ".join(f"{settings[key]:g}".removeprefix("0") for key in keys)
    print(f"| {label} | {ratio:.0f} | {whole:.0f} | {chosen} | {len(values)} | {mean:.2f} | {deviation} | {against} |")


def main():
    arguments = sys.argv[1:]
    if arguments in (["accuracy"], ["policies"], ["stages"]):
        return globals()[arguments[0]]()
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
