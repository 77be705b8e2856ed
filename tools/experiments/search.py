#!/usr/bin/env python3
"""Searches the settings of every scheme on the validation split (the last 10,000 training images; never the test set).

  tools/experiments/search.py [-o FOLDER] [--jobs N] [--budget-seconds S] [--models mlp,lenet5,cnn-bn] [--schemes A,B]
    [--epochs X] [--ranks N]

8 ranks x batch 32 on ring8-1g, or --ranks of them on a ring like it (with more, 16 and 32 broadcasters are tried too).
For each model and scheme, one stage after the other:
  grid     learning rate x momentum, one seed
  second   another seed for the best of them, which gives the baseline of what follows
  change   each of the scheme's other options changed by itself, two seeds
  combine  the changes that helped, together, two seeds
  rate     the learning rate a little lower and higher, two seeds
  refine   the best so far, three seeds: the best mean of these is chosen
A change that sends more than the baseline is measured, and shown, but not chosen, and so are 16-bit values and the
encodings of masks; iwp and magnitude keep a wire ratio of 64.

FOLDER (default results/search) gets trials.jsonl (every run; a later call goes on from there), search-MODEL.csv (a row
a run) and settings.json (the chosen options, for the tables: tools/experiments/settings.json). With --budget-seconds
the search ends in time and chooses from what it has.
"""
import csv
import itertools
import json
import pathlib
import threading
from fractions import Fraction

import experiments

SEEDS = (1, 2, 3)
SENDS_64X = {"iwp", "magnitude"}
# How much more than the baseline a choice may send.
SLACK = 1.02
MOMENTA = (0, 0.5, 0.9)
# Learning rate over 1 - momentum: what a constant gradient moves a weight by in the long run.
STRIDES = (0.15, 0.3, 0.5, 0.8, 1.2)
# signsgd's update is a sign times the mean scale, so that other rates are right.
STRIDES_OF = {"signsgd": (0.03, 0.1, 0.2, 0.4, 0.8)}

# Options that are changed one at a time. Where masks cost more or less, the density goes with them, so that the wire
# ratio stays.
SHARED_MASK = [
    {"broadcasters": 1, "density": "1/81"},
    {"broadcasters": 2, "density": "1/82"},
    {"broadcasters": 8, "density": "1/86"},
    {"tail": 0.001},
    {"mask-interval": 4, "density": "1/76"},
    {"momentum-correction": "off"},
]
# With more than 8 ranks.
MORE_RANKS = [{"broadcasters": 16, "density": "1/94"}, {"broadcasters": 32, "density": "1/107"}]
CHANGES = {
    "dense": [{"values": "bf16"}],
    "iwp": [
        *SHARED_MASK,
        {"density": "1/82"},
        {"floor": 0.1},
        {"floor": 0.3},
        {"floor": 3},
        {"floor": 10},
        {"tail": 0.0003},
        {"tail": 0.002},
        {"mask-interval": 2, "density": "1/78"},
        {"mask-interval": 16, "density": "1/84"},
        {"warmup": 1},
        {"warmup": 2},
        {"whole-below": 200, "density": "1/78"},
        {"whole-below": 1, "density": "1/75"},
        {"threshold": "dispersion:2"},
        {"threshold": "dispersion:3"},
        {"threshold": "dispersion:4"},
        {"threshold": "fixed:0.1"},
        {"threshold": "fixed:0.3"},
        {"threshold": "fixed:1"},
        {"values": "bf16"},
    ],
    "magnitude": SHARED_MASK,
    "cltk": [{"filter": 0.1}, {"filter": 0.5}, {"momentum-correction": "on"}, {"warmup": 1}],
    "topk": [
        {"clip": 1},
        {"clip": 4},
        {"sample": 0.001},
        {"sample": 0.1},
        {"momentum-correction": "off"},
        {"warmup": 1},
        {"warmup": 4, "density": 0.001},
    ],
    "randomk": [{"momentum-correction": "off"}, {"warmup": 1}, {"warmup": 2}],
    "qsgd": [{"levels": 3}, {"levels": 15}, {"block": 128}, {"block": 2048}],
    "terngrad": [{"clip-deviations": 1.5}, {"clip-deviations": 4}],
    "signsgd": [],
    "powersgd": [{"rank": 1}, {"rank": 2}, {"rank": 8}, {"values": "bf16"}],
}
# What sends less whatever it does to the accuracy is a user's choice, and not the search's.
SHOWN_ALONE = {"values", "mask-encoding"}
# Masks do not depend on how they are encoded: bytes alone are compared.
ENCODINGS = ("bitmap", "index", "delta", "runs", "rice")
# The convolutional networks: fewer schemes, and learning rate x momentum alone.
SMALL_GRID = {"lenet5": ((0, 0.5, 0.9), (0.15, 0.3, 0.6)), "cnn-bn": ((0, 0.9), (0.15, 0.4, 1))}
SMALL_SCHEMES = ("dense", "iwp", "topk", "cltk", "randomk")


def rounded(rate):
    return float(f"{rate:.3g}")


def is_possible(options):
    """A tail that alone keeps as much as the density is refused."""
    density = Fraction(options.get("density", "1/84"))
    return options.get("tail", 0) * options.get("broadcasters", 4) < 0.95 * density


def settings_key(options):
    return experiments.key_of({name: value for name, value in options.items() if name != "seed"})


class Search:
    """Of one scheme on one network."""

    def __init__(self, model, scheme, arguments, runs):
        self.model, self.scheme, self.runs = model, scheme, runs
        self.base = {
            "model": model,
            "scheme": scheme,
            "epochs": arguments.epochs,
            "evaluate": "validation",
            "topology": "ring8-1g",
        }
        self.ranks = arguments.ranks
        if self.ranks != 8:
            self.base |= {"topology": "ring", "ranks": self.ranks, "bandwidth": "1Gbps", "latency": "25us"}
        self.trials = {}  # key of the settings: {"changes", "stage", "records" by seed}
        self.stage = 0
        self.baseline = None  # settings of the grid that the other options are changed in

    def run(self, stage, all_changes, seeds):
        """Adds trials. iwp and dense go first in every stage: iwp has the longest way to go, dense is what all are
        compared with."""
        self.stage += 1
        wanted = [(changes, seed) for changes in all_changes for seed in seeds]
        priority = (0 if self.scheme in ("iwp", "dense") else 1, self.stage)
        records = self.runs.batch([self.base | changes | {"seed": seed} for changes, seed in wanted], priority)
        for (changes, seed), record in zip(wanted, records):
            if record is None:
                continue
            trial = self.trials.setdefault(settings_key(changes), {"changes": changes, "stage": stage, "records": {}})
            trial["records"][seed] = record

    def accuracies(self, changes, seeds=SEEDS):
        records = self.trials.get(settings_key(changes), {"records": {}})["records"]
        return [record.get("accuracy", 0.0) for seed, record in records.items() if seed in seeds]

    def wire(self, changes):
        """The smallest wire ratio after the warm-up; 0 where training diverged."""
        records = self.trials[settings_key(changes)]["records"].values()
        return min(
            record["compression_ratio"]["wire_after_warmup"] if "failed" not in record else 0 for record in records
        )

    def ranked(self, seeds):
        """Settings that have been run with at least so many seeds and send little enough, best mean first."""
        least_wire = 64 if self.scheme in SENDS_64X and self.model == "mlp" else 0
        if self.baseline is not None and self.scheme not in SENDS_64X:
            least_wire = self.wire(self.baseline) / SLACK
        run = [
            trial["changes"]
            for trial in self.trials.values()
            if len(trial["records"]) >= seeds and not trial["changes"].keys() & SHOWN_ALONE
        ]
        found = [changes for changes in run if self.wire(changes) >= least_wire]
        return sorted(found or run, key=lambda changes: -experiments.mean(self.accuracies(changes)))

    def grid(self):
        momenta, strides = SMALL_GRID.get(self.model, (MOMENTA, STRIDES_OF.get(self.scheme, STRIDES)))
        return [
            {"lr": rounded(stride * (1 - momentum)), "momentum": momentum} for momentum in momenta for stride in strides
        ]

    def search(self):
        self.run("grid", self.grid(), SEEDS[:1])
        self.run("second", self.ranked(1)[: 3 if self.model == "mlp" else 2], SEEDS[1:2])
        best = (self.ranked(2) or self.ranked(1))[:1]
        if not best:
            return
        self.baseline = best[0]
        if self.model == "mlp":
            self.change()
            self.run(
                "rate",
                [
                    changes | {"lr": rounded(changes["lr"] * factor)}
                    for changes in self.ranked(2)[:1]
                    for factor in (0.75, 1.33)
                ],
                SEEDS[:2],
            )
        self.run("refine", self.ranked(2)[: 4 if self.model == "mlp" else 2], SEEDS)

    def change(self):
        base = self.baseline
        tried = CHANGES[self.scheme] + (MORE_RANKS if self.scheme in SENDS_64X and self.ranks > 8 else [])
        changes = [
            change
            for change in tried
            if not (change.get("momentum-correction") == "off" and base["momentum"] == 0)
            and not (change.get("momentum-correction") == "on" and base["momentum"] == 0)
        ]
        self.run("change", [base | change for change in changes], SEEDS[:2])
        if self.scheme == "iwp":
            self.run("encoding", [base | {"mask-encoding": encoding} for encoding in ENCODINGS], SEEDS[:1])
        before = experiments.mean(self.accuracies(base, SEEDS[:2]))
        allowed = [settings_key(options) for options in self.ranked(2)]
        helped = [
            change
            for change in changes
            if settings_key(base | change) in allowed
            and experiments.mean(self.accuracies(base | change, SEEDS[:2])) > before
        ]
        helped.sort(key=lambda change: -experiments.mean(self.accuracies(base | change, SEEDS[:2])))
        together = [
            first | second
            for first, second in itertools.combinations(helped[:5], 2)
            if not first.keys() & second.keys() and is_possible(base | first | second)
        ]
        self.run("combine", [base | change for change in together], SEEDS[:2])

    def chosen(self):
        """The best mean of the settings with the most seeds."""
        for seeds in (3, 2, 1):
            ranked = self.ranked(seeds)
            if ranked:
                return ranked[0]
        return None


def write_csv(path, searches):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            [
                "scheme",
                "stage",
                "options",
                "seed",
                "accuracy",
                "loss",
                "kept",
                "wire",
                "wire_after_warmup",
                "seconds",
                "chosen",
            ]
        )
        for search in searches:
            chosen = search.chosen()
            for trial in search.trials.values():
                for seed, record in sorted(trial["records"].items()):
                    failed = "failed" in record
                    ratio = record.get("compression_ratio", {})
                    row = [search.scheme, trial["stage"], settings_key(trial["changes"]), seed]
                    row += ["", ""] if failed else [record["accuracy"], f"{record['loss']:.4f}"]
                    row += [
                        f"{ratio[name]:.2f}" if ratio.get(name) else ""
                        for name in ("kept", "wire", "wire_after_warmup")
                    ]
                    writer.writerow([*row, record["seconds"], int(trial["changes"] == chosen)])


def report(searches, settings):
    rows = []
    for search in searches:
        chosen = search.chosen()
        if chosen is None:
            continue
        settings.setdefault(search.model, {})[search.scheme] = chosen
        accuracies = [100 * accuracy for accuracy in search.accuracies(chosen)]
        runs = sum(len(trial["records"]) for trial in search.trials.values())
        rows.append(
            [
                search.model,
                search.scheme,
                settings_key(chosen),
                experiments.interval(accuracies),
                len(accuracies),
                f"{search.wire(chosen):.1f}",
                runs,
            ]
        )
    experiments.print_table(
        ["network", "scheme", "settings", "accuracy on the validation split, %", "seeds", "wire", "runs"], rows
    )


def main():
    parser = experiments.argument_parser(__doc__)
    experiments.add_arguments(parser, "search/trials.jsonl")
    parser.set_defaults(records=None)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("results/search"), metavar="FOLDER")
    parser.add_argument("--models", default="mlp,lenet5,cnn-bn", metavar="A,B")
    parser.add_argument("--schemes", default=",".join(CHANGES), metavar="A,B")
    parser.add_argument("--ranks", type=int, default=8, help="default 8")
    arguments = experiments.parse(parser)
    if arguments.records is None:
        arguments.records = arguments.output / "trials.jsonl"
    runs = experiments.runs_of(arguments)
    schemes = arguments.schemes.split(",")
    searches = [
        Search(model, scheme, arguments, runs)
        for model in arguments.models.split(",")
        for scheme in schemes
        if model == "mlp" or scheme in SMALL_SCHEMES
    ]
    failures = []

    def work(search):
        try:
            search.search()
        except Exception as failure:  # of a thread: it would get lost
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(search,)) for search in searches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settings = experiments.load_settings()  # those of what was not searched stay
    report(searches, settings)
    (arguments.output / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")
    for model in arguments.models.split(","):
        write_csv(arguments.output / f"search-{model}.csv", [search for search in searches if search.model == model])
    for failure in failures:
        raise failure


if __name__ == "__main__":
    main()
