#!/usr/bin/env python3
"""What stale updates cost, and what pruning does about it.

  tools/python/staleness.py bandwidth    --staleness 8 from 10 Mbit/s to 100 Gbit/s, dense and iwp: delay, accuracy, time to 85 %
  tools/python/staleness.py straggler    a host of half speed; a link of a tenth: --staleness 0, 1, 2, 4, 8 and --quorum 7, 6
  tools/python/staleness.py claim        time to 85 % of dense, iwp, magnitude, topk and randomk at three bandwidths

8 ranks, the 784-256-128-10 network, settings from tools/python/settings.json. A step computes 2 ms: with the 3.6 us that this network takes on a GPU
nothing but the exchange would take any time, and every delay would be S. Late updates want smaller learning rates: where updates are late every scheme
runs with its settings and with the best of a few others too, chosen by the validation accuracy of seed 1 at a delay of 8. The accuracy is taken three times
an epoch. Runs are kept in results/staleness.jsonl: a later call goes on from there.
"""
import math

import experiments

TARGET = 0.85
# 100 Mbit/s, 1, 10 and 100 Gbit/s, and finer where the exchange takes about as long as the computing.
BANDWIDTHS = {"dense": ("100Mbps", "1Gbps", "2Gbps", "4Gbps", "6Gbps", "10Gbps", "100Gbps"),
              "iwp": ("10Mbps", "30Mbps", "50Mbps", "100Mbps", "200Mbps", "1Gbps", "10Gbps", "100Gbps")}
SCHEMES = ("dense", "iwp", "magnitude", "topk", "randomk")
# So slow that every update of the scheme comes S steps late.
SATURATING = {"dense": "1Gbps"}
OTHERS_SATURATING = "5Mbps"


def ring(bandwidth):
    return {"topology": "ring", "ranks": 8, "bandwidth": bandwidth, "latency": "5us"}


def candidates(settings):
    """A half, a quarter and an eighth of the learning rate; what has momentum also without it, at the rate that takes as long steps."""
    rates = [settings | {"lr": float(f"{settings['lr'] * factor:.3g}")} for factor in (1, 0.5, 0.25, 0.125)]
    if settings["momentum"] > 0:
        plain = settings | {"momentum": 0, "lr": settings["lr"] / (1 - settings["momentum"])}
        rates += [plain | {"lr": float(f"{plain['lr'] * factor:.3g}")} for factor in (0.5, 0.25, 0.125)]
    return rates


def choose(runs, settings, base):
    """For every scheme, the best candidate where updates come 8 steps late."""
    tried = [(scheme, options) for scheme in SCHEMES for options in candidates(settings[scheme])]
    records = runs.batch([base | ring(SATURATING.get(scheme, OTHERS_SATURATING)) | options |
                          {"scheme": scheme, "staleness": 8, "seed": 1, "evaluate": "validation"} for scheme, options in tried])
    rows, chosen = [], {}
    for (scheme, options), record in zip(tried, records):
        if record is None:
            raise SystemExit("the time was up before the learning rates were chosen; call again")
        diverged = "failed" in record
        accuracy = -math.inf if diverged else record["accuracy"]
        delay = "" if diverged else f"{record['staleness_steps']['delay_mean']:.2f}"
        rows.append([scheme, options["lr"], options["momentum"], delay, "diverged" if diverged else f"{100 * accuracy:.2f}"])
        if scheme not in chosen or accuracy > chosen[scheme][0]:
            chosen[scheme] = (accuracy, options)
    experiments.print_table(["scheme", "lr", "momentum", "delay", "validation accuracy, %"], rows)
    print()
    return {scheme: options for scheme, (_, options) in chosen.items()}


class Points:
    """The runs of a table: a row for each case, a run for each of its seeds."""

    def __init__(self, base, settings, chosen, seeds):
        self.base, self.settings, self.chosen, self.seeds = base, settings, chosen, seeds
        self.rows = []

    def add(self, case, network, scheme, staleness=0, quorum=None):
        kinds = [("default", self.settings[scheme])]
        if staleness > 0 and self.chosen[scheme] != self.settings[scheme]:
            kinds.append(("chosen", self.chosen[scheme]))
        for kind, options in kinds:
            late = {"staleness": staleness} | ({"quorum": quorum} if quorum else {})
            label = [case, scheme, staleness, quorum or "", f"{kind}: {options['lr']:g}, {options['momentum']:g}"]
            self.rows.append((label, [self.base | network | options | late | {"scheme": scheme, "seed": seed} for seed in self.seeds]))

    def show(self, runs):
        records = iter(runs.batch([options for _, of_row in self.rows for options in of_row]))
        table = [[*label, *self.cells([next(records) for _ in of_row])] for label, of_row in self.rows]
        experiments.print_table(["network", "scheme", "S", "quorum", "lr, momentum", "delay", "accuracy, %", "s to 85 %", "steps to 85 %",
                                 "s a step", "diverged, missed"], table)

    @staticmethod
    def cells(records):
        ran = [record for record in records if record is not None]
        ended = [record for record in ran if "failed" not in record]
        if len(ran) < len(records) or not ended:
            return ["", "not run to the end" if len(ran) < len(records) else "", "", "", "", f"{len(ran) - len(ended)}, "]
        reached = [record["target"] for record in ended if record["target"]["seconds"] is not None]
        missed = len(ended) - len(reached)
        return [f"{experiments.mean([record['staleness_steps']['delay_mean'] for record in ended]):.2f}",
                experiments.interval([100 * record["accuracy"] for record in ended]),
                experiments.interval([target["seconds"] for target in reached], 3) if reached else "never",
                f"{experiments.mean([target['steps'] for target in reached]):.0f}" if reached else "",
                f"{experiments.mean([record['seconds_per_step']['total'] for record in ended]):.4g}",
                f"{len(ran) - len(ended)}, {missed}"]


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


def claim(points):
    for width in ("100Mbps", "1Gbps", "10Gbps"):
        for scheme in SCHEMES:
            for staleness in (0, 8):
                points.add(width, ring(width), scheme, staleness)


TABLES = {"bandwidth": bandwidth, "straggler": straggler, "claim": claim}


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("table", choices=TABLES)
    experiments.add_arguments(parser, "staleness.jsonl")
    parser.add_argument("--seeds", type=experiments.numbers, metavar="1..5", help="default 1..3, for the claim 1..5")
    parser.add_argument("--settings", default=experiments.SETTINGS, metavar="FILE", help="default tools/python/settings.json")
    arguments = experiments.parse(parser)
    seeds = arguments.seeds or list(range(1, 6 if arguments.table == "claim" else 4))
    settings = experiments.load_settings(arguments.settings)["mlp"]
    base = {"model": "mlp", "epochs": arguments.epochs, "compute-time": "2ms", "evaluate-every": 78, "target-accuracy": TARGET}
    runs = experiments.runs_of(arguments)
    points = Points(base, settings, choose(runs, settings, base), seeds)
    TABLES[arguments.table](points)
    points.show(runs)


if __name__ == "__main__":
    main()
