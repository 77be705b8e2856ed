#!/usr/bin/env python3
"""What late updates cost, and what pruning does about it.

  tools/experiments/staleness.py bandwidth
      --staleness 8 from 10 Mbit/s to 100 Gbit/s, dense and iwp: delay, accuracy, time to 85 %
  tools/experiments/staleness.py straggler
      a host of half speed; a link of a tenth: --staleness 0, 1, 2, 4, 8 and --quorum 7, 6
  tools/experiments/staleness.py faults
      jitter, a straggler, an outage and a death at 1 Gbit/s: --staleness 0 and 4
  tools/experiments/staleness.py buckets
      buckets that overlap with the backward pass: --staleness 0 and 1 (the claim's other half: updates that are hardly
      late)
  tools/experiments/staleness.py claim
      time to 85 % of dense, iwp, magnitude, topk and randomk at three bandwidths

8 ranks, the 784-256-128-10 network, settings from tools/experiments/settings.json. A step computes 2 ms: with the
0.6 ms that launching this network's kernels takes a GPU the exchange decides alone, and every delay would be S. Late
updates want smaller learning rates (gradient descent with a delay of d is stable up to 2 sin(pi/(4d+2)) over the
curvature): where updates are late, a row has the settings that were searched for on-time updates, and one the best of a
few smaller rates, chosen for this row by the validation accuracy of seed 1. The accuracy is taken three times an epoch.
Runs are kept in results/staleness.jsonl: a later call goes on from there.
"""
import csv
import json
import math
import pathlib

import experiments

TARGET = 0.85
# 100 Mbit/s, 1, 10 and 100 Gbit/s, and finer where the exchange takes about as long as the computing.
BANDWIDTHS = {
    "dense": ("100Mbps", "1Gbps", "2Gbps", "4Gbps", "6Gbps", "10Gbps", "100Gbps"),
    "iwp": ("10Mbps", "30Mbps", "50Mbps", "100Mbps", "200Mbps", "1Gbps", "10Gbps", "100Gbps"),
}
SCHEMES = ("dense", "iwp", "magnitude", "topk", "randomk")


def ring(bandwidth):
    return {"topology": "ring", "ranks": 8, "bandwidth": bandwidth, "latency": "5us"}


def candidates(settings):
    """Smaller learning rates. A delay makes momentum unstable first: what has it goes on without, at the rate that
    takes as long steps."""
    rate = settings["lr"] / (1 - settings["momentum"])
    factors = (0.5, 0.25, 0.125, 0.0625) if settings["momentum"] == 0 else (0.5, 0.25, 0.125, 0.0625, 0.03125)
    return [settings | {"momentum": 0, "lr": float(f"{rate * factor:.3g}")} for factor in factors]


class Points:
    """The runs of a table: a row for each case, a run for each of its seeds."""

    def __init__(self, runs, base, settings, seeds):
        self.runs, self.base, self.settings, self.seeds = runs, base, settings, seeds
        self.cases = []

    def add(self, case, network, scheme, staleness=0, quorum=None):
        late = {"staleness": staleness} | ({"quorum": quorum} if quorum else {})
        self.cases.append(
            ([case, scheme, staleness, quorum or ""], scheme, self.base | network | late | {"scheme": scheme})
        )

    def file(self, name, **changes):
        """A ring of 1 Gbit/s with some changes, as a topology file beside the records."""
        path = self.runs.path.parent / f"{name}.json"
        path.write_text(
            json.dumps(
                {"name": name, "kind": "ring", "hosts": 8, "link": {"bandwidth": "1Gbps", "latency": "5us"}, **changes}
            )
        )
        return {"topology": str(path)}

    def choose(self):
        """For every case with late updates, the candidate with the best validation accuracy of seed 1; its place in the
        case, or None."""
        tried = [
            (number, options)
            for number, (label, scheme, _) in enumerate(self.cases)
            if label[2] > 0
            for options in candidates(self.settings[scheme])
        ]
        records = self.runs.batch(
            [self.cases[number][2] | options | {"seed": 1, "evaluate": "validation"} for number, options in tried]
        )
        chosen = {}
        for (number, options), record in zip(tried, records):
            if record is None:
                raise SystemExit("the time was up before the learning rates were chosen; call again")
            accuracy = -math.inf if "failed" in record else record["accuracy"]
            if accuracy > chosen.get(number, (-math.inf,))[0]:
                chosen[number] = (accuracy, options)
        return {number: options for number, (_, options) in chosen.items()}

    def show(self):
        chosen = self.choose()
        rows = []
        for number, (label, scheme, case) in enumerate(self.cases):
            kinds = [("searched", self.settings[scheme])] + ([("chosen", chosen[number])] if number in chosen else [])
            for kind, options in kinds:
                rows.append(
                    (
                        [*label, f"{kind}: {options['lr']:g}, {options['momentum']:g}"],
                        [case | options | {"seed": seed} for seed in self.seeds],
                    )
                )
        ran = self.runs.batch([options for _, of_row in rows for options in of_row])
        records = iter(ran)
        table = [[*label, *self.cells([next(records) for _ in of_row])] for label, of_row in rows]
        experiments.print_table(
            [
                "network",
                "scheme",
                "S",
                "quorum",
                "lr, momentum",
                "delay",
                "accuracy, %",
                "s to 85 %",
                "steps to 85 %",
                "s a step",
                "diverged, missed",
            ],
            table,
        )
        print(f"\n{experiments.basis_line(ran)}; where updates are late times feed back, and nothing has a headroom")

    @staticmethod
    def cells(records):
        ran = [record for record in records if record is not None]
        ended = [record for record in ran if "failed" not in record]
        if len(ran) < len(records) or not ended:
            return [
                "",
                "not run to the end" if len(ran) < len(records) else "",
                "",
                "",
                "",
                f"{len(ran) - len(ended)}, ",
            ]
        reached = [record["target"] for record in ended if record["target"]["seconds"] is not None]
        missed = len(ended) - len(reached)
        return [
            f"{experiments.mean([record['staleness_steps']['delay_mean'] for record in ended]):.2f}",
            experiments.interval([100 * record["accuracy"] for record in ended]),
            experiments.interval([target["seconds"] for target in reached], 3) if reached else "never",
            f"{experiments.mean([target['steps'] for target in reached]):.0f}" if reached else "",
            f"{experiments.mean([record['seconds_per_step']['total'] for record in ended]):.4g}",
            f"{len(ran) - len(ended)}, {missed}",
        ]


def bandwidth(points):
    for scheme, widths in BANDWIDTHS.items():
        for width in widths:
            for staleness in (0, 8):
                points.add(width, ring(width), scheme, staleness)


def straggler(points):
    for topology in ("ring8-straggler", "ring8-slow-link"):
        for scheme in ("dense", "iwp"):
            for staleness in (0, 1, 2, 4, 8):
                points.add(topology, {"topology": topology}, scheme, staleness)
            for quorum in (7, 6):
                points.add(topology, {"topology": topology}, scheme, 0, quorum)


def faults(points):
    down = [
        {
            "link": "link3",
            "bandwidth": "1Gbps",
            "latency": "5us",
            "outages": [{"from": "500ms", "until": "800ms"}, {"from": "1.2s", "until": "1.5s"}],
        }
    ]
    for case, network in (
        ("none", ring("1Gbps")),
        ("jitter 0.3", ring("1Gbps") | {"jitter": 0.3}),
        ("host 3 of half speed", points.file("straggler", host_exceptions=[{"host": 3, "speed": 0.5}])),
        ("link 3 down twice, 300 ms", points.file("outage", link_exceptions=down)),
        (
            "host 3 dies at 1 s",
            points.file("death", host_exceptions=[{"host": 3, "dies": "1s"}]) | {"detection-timeout": "500ms"},
        ),
    ):
        for scheme in ("dense", "iwp"):
            for staleness in (0, 4):
                points.add(case, network, scheme, staleness)


def buckets(points):
    for width in ("1Gbps", "4Gbps", "10Gbps"):
        for case, options in ((width, {}), (f"{width}, buckets", {"bucket": "100KiB"})):
            for scheme in ("dense", "iwp"):
                for staleness in (0, 1):
                    points.add(case, ring(width) | options, scheme, staleness)


def claim(points):
    for width in ("100Mbps", "1Gbps", "10Gbps"):
        for scheme in SCHEMES:
            for staleness in (0, 8):
                points.add(width, ring(width), scheme, staleness)


TABLES = {"bandwidth": bandwidth, "straggler": straggler, "faults": faults, "buckets": buckets, "claim": claim}


def write_runs(path, records):
    """Every run that was kept, a row each."""
    options = (
        "topology",
        "bandwidth",
        "jitter",
        "bucket",
        "scheme",
        "staleness",
        "quorum",
        "lr",
        "momentum",
        "evaluate",
        "seed",
    )
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            [*options, "delay_mean", "accuracy", "steps_to_target", "seconds_to_target", "seconds_per_step", "diverged"]
        )
        for record in records:
            row = [record["options"].get(name, "") for name in options]
            if "failed" in record:
                writer.writerow([*row, "", "", "", "", "", 1])
                continue
            target = {name: "" if value is None else f"{value:.6g}" for name, value in record["target"].items()}
            writer.writerow(
                [
                    *row,
                    f"{record['staleness_steps']['delay_mean']:.4f}",
                    record["accuracy"],
                    target["steps"],
                    target["seconds"],
                    f"{record['seconds_per_step']['total']:.6g}",
                    0,
                ]
            )


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("table", choices=TABLES)
    experiments.add_arguments(parser, "staleness.jsonl")
    parser.add_argument("--csv", type=pathlib.Path, metavar="FILE", help="writes every run of --records, a row each")
    parser.add_argument("--seeds", type=experiments.numbers, metavar="1..5", help="default 1..3, for the claim 1..5")
    parser.add_argument(
        "--settings", default=experiments.SETTINGS, metavar="FILE", help="default tools/experiments/settings.json"
    )
    arguments = experiments.parse(parser)
    seeds = arguments.seeds or list(range(1, 6 if arguments.table == "claim" else 4))
    settings = experiments.load_settings(arguments.settings)["mlp"]
    base = {
        "model": "mlp",
        "epochs": arguments.epochs,
        "compute-time": "2ms",
        "evaluate-every": 78,
        "target-accuracy": TARGET,
    }
    runs = experiments.runs_of(arguments)
    points = Points(runs, base, settings, seeds)
    TABLES[arguments.table](points)
    points.show()
    if arguments.csv:
        write_runs(arguments.csv, runs.records.values())


if __name__ == "__main__":
    main()
