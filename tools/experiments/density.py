#!/usr/bin/env python3
"""What is lost at which wire ratio: schemes over a list of densities, against the best dense run with the same seeds.

  tools/experiments/density.py --schemes iwp
      how far iwp can go with a mean loss of 0.5 points
  tools/experiments/density.py --schemes iwp,magnitude,randomk --same-settings
      does importance matter? same broadcasters, density, learning rate

8 ranks, the 784-256-128-10 network, settings from tools/experiments/settings.json; --same-settings gives all schemes
iwp's (those that they take). The loss is the mean over the seeds of the difference, seed by seed (the same first
weights and batches), with its 95 % confidence interval. Runs are kept in results/density.jsonl: a later call goes on
from there.
"""
from fractions import Fraction

import experiments

# What dense takes of nobody, and random-k not of iwp: it has no masks.
NOT_TAKEN = {
    "randomk": ("broadcasters", "floor", "tail", "mask-interval", "threshold", "mask-encoding"),
    "magnitude": ("floor",),
}


def settings_of(scheme, density, settings, same):
    """A tail keeps its share of what is sent."""
    chosen = dict(settings["iwp" if same else scheme])
    if "tail" in chosen:
        chosen["tail"] = float(f"{chosen['tail'] * Fraction(density) / Fraction(chosen.get('density', '1/84')):.3g}")
    for name in (*NOT_TAKEN.get(scheme, ()), "threshold"):  # the density is steered
        chosen.pop(name, None)
    return chosen | {"density": density}


def row_of(scheme, density, records, dense):
    if any(record is None for record in records):
        return [scheme, density, "not run to the end", *[""] * 4]
    if any("failed" in record for record in records):
        return [scheme, density, "diverged", *[""] * 4]
    accuracies = [100 * record["accuracy"] for record in records]
    losses = [100 * best["accuracy"] - accuracy for best, accuracy in zip(dense, accuracies)]
    ratios = [
        f"{experiments.mean([record['compression_ratio'][name] for record in records]):.1f}"
        for name in ("kept", "wire", "wire_after_warmup")
    ]
    return [scheme, density, experiments.interval(accuracies), experiments.interval(losses), *ratios]


def main():
    parser = experiments.argument_parser(__doc__)
    experiments.add_arguments(parser, "density.jsonl")
    parser.add_argument("--schemes", default="iwp", metavar="A,B", help="default iwp")
    parser.add_argument(
        "--densities",
        default="1/32,1/84,1/128,1/192,1/256,1/384,1/512,1/1024",
        metavar="D,D",
        help="default %(default)s",
    )
    parser.add_argument(
        "--seeds", type=experiments.numbers, default=[1, 2, 3, 4, 5], metavar="1..5", help="default 1..5"
    )
    parser.add_argument("--same-settings", action="store_true", help="all with iwp's")
    parser.add_argument("--largest-loss", type=float, default=0.5, metavar="POINTS", help="default 0.5")
    parser.add_argument(
        "--settings", default=experiments.SETTINGS, metavar="FILE", help="default tools/experiments/settings.json"
    )
    arguments = experiments.parse(parser)
    settings = experiments.load_settings(arguments.settings)["mlp"]
    base = {"model": "mlp", "epochs": arguments.epochs, "topology": "ring8-1g"}
    wanted = [("dense", "1", seed) for seed in arguments.seeds]
    wanted += [
        (scheme, density, seed)
        for scheme in arguments.schemes.split(",")
        for density in arguments.densities.split(",")
        for seed in arguments.seeds
    ]
    all_options = [
        base
        | {"scheme": scheme, "seed": seed}
        | (settings["dense"] if scheme == "dense" else settings_of(scheme, density, settings, arguments.same_settings))
        for scheme, density, seed in wanted
    ]
    records = dict(zip(wanted, experiments.runs_of(arguments).batch(all_options)))

    def of(scheme, density):
        return [records[scheme, density, seed] for seed in arguments.seeds]

    dense = of("dense", "1")
    if any(record is None or "failed" in record for record in dense):
        raise SystemExit("the dense runs did not end: nothing to compare with")
    rows = [row_of("dense", "", dense, dense)]
    largest = {}
    for scheme in arguments.schemes.split(","):
        for density in arguments.densities.split(","):
            found = of(scheme, density)
            rows.append(row_of(scheme, density, found, dense))
            if any(record is None or "failed" in record for record in found):
                continue
            loss = experiments.mean(
                [100 * (best["accuracy"] - record["accuracy"]) for best, record in zip(dense, found)]
            )
            wire = experiments.mean([record["compression_ratio"]["wire_after_warmup"] for record in found])
            if loss <= arguments.largest_loss:
                largest[scheme] = max(largest.get(scheme, (0, "")), (wire, density))
    experiments.print_table(
        ["scheme", "density", "accuracy, %", "loss against dense, points", "kept", "wire", "wire after warm-up"], rows
    )
    for scheme, (wire, density) in largest.items():
        print(
            f"\n{scheme}: largest wire ratio with a mean loss of at most {arguments.largest_loss} points: {wire:.1f} "
            f"(density {density})"
        )


if __name__ == "__main__":
    main()
