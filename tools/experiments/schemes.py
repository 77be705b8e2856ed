#!/usr/bin/env python3
"""A table of schemes, each with the settings that were searched for it (tools/experiments/settings.json), over several
seeds.

  tools/experiments/schemes.py
      the 784-256-128-10 network, 8 ranks, every scheme
  tools/experiments/schemes.py --model lenet5
      LeNet-5: dense, iwp, topk, cltk, randomk (cnn-bn likewise)
  tools/experiments/schemes.py --ranks 32 --schemes dense,iwp
      more ranks

Accuracy on the test set with its 95 % confidence interval; ratios; simulated seconds to 85 % (mean over the seeds that
reach it) and to the end, on rings of 1, 10 and 100 Gbit/s, with the time to compress. Runs are kept in
results/schemes.jsonl: a later call goes on from there.
"""
import experiments

# Beside the schemes themselves: the same settings with less on the wire.
VARIANTS = {
    "dense, bf16": {"values": "bf16"},
    "iwp, bf16": {"values": "bf16"},
    "topk, ring": {"sparse-sum": "ring"},
}
MLP_ROWS = (
    "dense",
    "dense, bf16",
    "iwp",
    "iwp, bf16",
    "magnitude",
    "cltk",
    "topk",
    "topk, ring",
    "randomk",
    "qsgd",
    "terngrad",
    "signsgd",
    "powersgd",
)
CONVOLUTION_ROWS = ("dense", "iwp", "topk", "cltk", "randomk")
LATENCY = "5us"


def options_of(label, settings, arguments):
    scheme = label.split(",")[0]
    return (
        {
            "model": arguments.model,
            "scheme": scheme,
            "epochs": arguments.epochs,
            "topology": "ring",
            "ranks": arguments.ranks,
            "latency": LATENCY,
        }
        | settings[scheme]
        | VARIANTS.get(label, {})
    )


def seconds(values):
    """Mean of texts, of those that are not empty."""
    found = [float(value) for value in values if value]
    if not found:
        return "not reached"
    note = f" ({len(found)} of {len(values)})" if len(found) < len(values) else ""
    return f"{experiments.mean(found):.3g} s{note}"


def row_of(label, records, networks):
    """`records` by seed; their points by network."""
    failed = sum("failed" in record for record in records)
    if failed:
        return [label, f"diverged ({failed} of {len(records)})", *[""] * (4 + 2 * len(networks))]
    cells = [label, experiments.interval([100 * record["accuracy"] for record in records])]
    for name in ("kept", "values", "wire", "wire_after_warmup"):
        cells.append(
            f"{experiments.mean([float(record['points'][0]['compression_ratio.' + name]) for record in records]):.1f}"
        )
    for number in range(len(networks)):
        points = [record["points"][number] for record in records]
        cells += [
            seconds([point["target.seconds"] for point in points]),
            seconds([point["simulated_seconds"] for point in points]),
        ]
    return cells


def main():
    parser = experiments.argument_parser(__doc__)
    experiments.add_arguments(parser, "schemes.jsonl")
    parser.add_argument("--model", default="mlp", help="default mlp")
    parser.add_argument("--ranks", type=int, default=8, help="default 8")
    parser.add_argument(
        "--schemes",
        metavar="A,B",
        help="default: all, or dense, iwp, topk, cltk and randomk with another network than mlp",
    )
    parser.add_argument(
        "--seeds", type=experiments.numbers, default=[1, 2, 3, 4, 5], metavar="1..5", help="default 1..5"
    )
    parser.add_argument(
        "--bandwidths", default="1Gbps,10Gbps,100Gbps", metavar="Q,Q", help="default 1Gbps,10Gbps,100Gbps"
    )
    parser.add_argument("--target", type=float, default=0.85, help="accuracy, default 0.85")
    parser.add_argument(
        "--settings", default=experiments.SETTINGS, metavar="FILE", help="default tools/experiments/settings.json"
    )
    arguments = experiments.parse(parser)
    settings = experiments.load_settings(arguments.settings)[arguments.model]
    labels = MLP_ROWS if arguments.model == "mlp" else CONVOLUTION_ROWS
    if arguments.schemes:
        labels = arguments.schemes.split(",")
    networks = arguments.bandwidths.split(",")
    if len(networks) < 2:
        parser.error("--bandwidths: found one; several are accepted, as 1Gbps,10Gbps")
    wanted = [(label, seed) for label in labels for seed in arguments.seeds]
    records = dict(
        zip(
            wanted,
            experiments.runs_of(arguments).batch(
                [
                    options_of(label, settings, arguments)
                    | {"bandwidth": arguments.bandwidths, "target-accuracy": arguments.target, "seed": seed}
                    for label, seed in wanted
                ]
            ),
        )
    )
    rows = []
    for label in labels:
        of_label = [records[label, seed] for seed in arguments.seeds]
        if None in of_label:
            rows.append([label, "not run to the end"])
            continue
        rows.append(row_of(label, of_label, networks))
    columns = [
        f"{what}, {network.replace('bps', 'bit/s')}"
        for network in networks
        for what in (f"to {100 * arguments.target:.0f} %", "to the end")
    ]
    experiments.print_table(["scheme", "accuracy, %", "kept", "values", "wire", "wire after warm-up", *columns], rows)


if __name__ == "__main__":
    main()
