#!/usr/bin/env python3
"""A table of schemes, each with the settings that were searched for it (tools/python/settings.json), over several seeds.

  tools/python/schemes.py                                          the 784-256-128-10 network, 8 ranks, every scheme
  tools/python/schemes.py --model lenet5                           LeNet-5: dense, iwp, topk, cltk, randomk (cnn-bn likewise)
  tools/python/schemes.py --ranks 32 --schemes dense,iwp           more ranks

Accuracy on the test set with its 95 % confidence interval; ratios; simulated seconds to 85 % (mean over the seeds that reach it) and to the end, on rings
of 1, 10 and 100 Gbit/s, with the time to prune. Runs are kept in results/schemes.jsonl: a later call goes on from there.
"""
import math

import experiments

# Beside the schemes themselves: the same settings with less on the wire.
VARIANTS = {
    "dense, bf16": {"values": "bf16"}, "iwp, bf16": {"values": "bf16"}, "topk, ring": {"sparse-sum": "ring"},
}
MLP_ROWS = ("dense", "dense, bf16", "iwp", "iwp, bf16", "magnitude", "cltk", "topk", "topk, ring", "randomk", "qsgd", "terngrad", "signsgd", "powersgd")
CONVOLUTION_ROWS = ("dense", "iwp", "topk", "cltk", "randomk")
LATENCY = "5us"


def options_of(label, settings, arguments):
    scheme = label.split(",")[0]
    return {"model": arguments.model, "scheme": scheme, "epochs": arguments.epochs, "topology": "ring", "ranks": arguments.ranks,
            "latency": LATENCY} | settings[scheme] | VARIANTS.get(label, {})


def seconds(values):
    """Their mean, of those that are finite."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "not reached"
    note = f" ({len(finite)} of {len(values)})" if len(finite) < len(values) else ""
    return f"{experiments.mean(finite):.3g} s{note}"


def row_of(label, records, networks, target):
    """`records` by network and seed."""
    first = records[networks[0]]
    failed = sum("failed" in record for record in first)
    for others in records.values():
        # A synchronous run learns the same on every network.
        assert [record.get("accuracy") for record in others] == [record.get("accuracy") for record in first]
    if failed:
        return [label, f"diverged ({failed} of {len(first)})", *[""] * (4 + 2 * len(networks))]
    cells = [label, experiments.interval([100 * record["accuracy"] for record in first])]
    cells += [f"{experiments.mean([record['compression_ratio'][name] for record in first]):.1f}" for name in ("kept", "values", "wire", "wire_after_warmup")]
    for network in networks:
        cells.append(seconds([experiments.seconds_to(record, target) for record in records[network]]))
        cells.append(seconds([record["simulated_seconds"] for record in records[network]]))
    return cells


def main():
    parser = experiments.argument_parser(__doc__)
    experiments.add_arguments(parser, "schemes.jsonl")
    parser.add_argument("--model", default="mlp", help="default mlp")
    parser.add_argument("--ranks", type=int, default=8, help="default 8")
    parser.add_argument("--schemes", metavar="A,B", help="default: all, or dense, iwp, topk, cltk and randomk with another network than mlp")
    parser.add_argument("--seeds", type=experiments.numbers, default=[1, 2, 3, 4, 5], metavar="1..5", help="default 1..5")
    parser.add_argument("--bandwidths", default="1Gbps,10Gbps,100Gbps", metavar="Q,Q", help="default 1Gbps,10Gbps,100Gbps")
    parser.add_argument("--target", type=float, default=0.85, help="accuracy, default 0.85")
    parser.add_argument("--settings", default=experiments.SETTINGS, metavar="FILE", help="default tools/python/settings.json")
    arguments = experiments.parse(parser)
    settings = experiments.load_settings(arguments.settings)[arguments.model]
    labels = MLP_ROWS if arguments.model == "mlp" else CONVOLUTION_ROWS
    if arguments.schemes:
        labels = arguments.schemes.split(",")
    networks = arguments.bandwidths.split(",")
    wanted = [(label, network, seed) for label in labels for network in networks for seed in arguments.seeds]
    records = dict(zip(wanted, experiments.runs_of(arguments).batch(
        [options_of(label, settings, arguments) | {"bandwidth": network, "seed": seed} for label, network, seed in wanted])))
    rows = []
    for label in labels:
        of_label = {network: [records[label, network, seed] for seed in arguments.seeds] for network in networks}
        if any(record is None for of_network in of_label.values() for record in of_network):
            rows.append([label, "not run to the end"])
            continue
        rows.append(row_of(label, of_label, networks, arguments.target))
    columns = [f"{what}, {network.replace('bps', 'bit/s')}" for network in networks for what in (f"to {100 * arguments.target:.0f} %", "to the end")]
    experiments.print_table(["scheme", "accuracy, %", "kept", "values", "wire", "wire after warm-up", *columns], rows)


if __name__ == "__main__":
    main()
