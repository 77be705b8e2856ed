#!/usr/bin/env python3
"""A table of schemes, each with the settings that were searched for it (tools/experiments/settings.json), over several
seeds.

  tools/experiments/schemes.py
      the 784-256-128-10 network, 8 ranks, every scheme
  tools/experiments/schemes.py --model lenet5
      LeNet-5: dense, iwp, topk, cltk, randomk (cnn-bn likewise)
  tools/experiments/schemes.py --ranks 32 --schemes dense,iwp
      more ranks
  tools/experiments/schemes.py --steps 40 --seeds 1
      what steps cost alone, from so many of one training

Accuracy on the test set with its 95 % confidence interval; ratios; steps until 85 % (mean over the seeds that reach
it). Then, on rings of 1, 10 and 100 Gbit/s, ms a step, and for how many ms longer compressing may take until dense fp32
and dense bf16 are as fast, with how what it takes is known: of PyTorch on --gpu, iwp of ringsim's fused engine,
magnitude modelled. Runs are kept in results/schemes.jsonl: a later call goes on from there.
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
RIVALS = ("dense_fp32", "dense_bf16")


def options_of(label, settings, arguments):
    scheme = label.split(",")[0]
    variant, chosen = VARIANTS.get(label, {}), dict(settings[scheme])
    if arguments.steps:
        chosen.pop("warmup", None)
    return (
        {
            "model": arguments.model,
            "scheme": scheme,
            "topology": "ring",
            "ranks": arguments.ranks,
            "latency": LATENCY,
            "gpu": arguments.gpu,
        }
        | ({"steps": arguments.steps} if arguments.steps else {"epochs": arguments.epochs})
        | chosen
        | variant
        | experiments.compressing(scheme, values=variant.get("values", "fp32"))
    )


def mean_of(values):
    """Mean of texts, of those that are not empty."""
    found = [float(value) for value in values if value]
    if not found:
        return None, ""
    return experiments.mean(found), f" ({len(found)} of {len(values)})" if len(found) < len(values) else ""


def learning_cells(records):
    cells = [experiments.interval([100 * record["accuracy"] for record in records])]
    for name in ("kept", "values", "wire", "wire_after_warmup"):
        ratio, _ = mean_of([record["points"][0]["compression_ratio." + name] for record in records])
        cells.append(f"{ratio:.1f}")
    steps, note = mean_of([record["points"][0]["target.steps"] for record in records])
    return [*cells, "not reached" if steps is None else f"{steps:.0f}{note}"]


def cost_cell(points):
    """The costs on one network: "2.05 / +11.7 / +5.21"."""
    step, _ = mean_of([point["seconds_per_step.total"] for point in points])
    gains = [mean_of([point[f"headroom_seconds.{rival}"] for point in points])[0] for rival in RIVALS]
    shown = [experiments.signed_milliseconds(gain) for gain in gains if gain is not None]
    return " / ".join([f"{1e3 * step:.3g}", *shown])


def row_of(label, records, networks, learns):
    """`records` by seed; their points by network."""
    failed = sum("failed" in record for record in records)
    if failed:
        return [label, f"diverged ({failed} of {len(records)})"]
    cells = [cost_cell([record["points"][number] for record in records]) for number in range(len(networks))]
    basis = experiments.basis_of(records[0]["points"][0])
    return [label, *(learning_cells(records) if learns else []), *cells, basis]


def main():
    parser = experiments.argument_parser(__doc__)
    experiments.add_arguments(parser, "schemes.jsonl")
    parser.add_argument("--model", default="mlp", help="default mlp")
    parser.add_argument("--ranks", type=int, default=8, help="default 8")
    parser.add_argument("--gpu", default="h100", help="default h100")
    parser.add_argument("--steps", type=int, metavar="N", help="what steps cost alone, without a warm-up")
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
    target = {} if arguments.steps else {"target-accuracy": arguments.target}
    wanted = [(label, seed) for label in labels for seed in arguments.seeds]
    records = dict(
        zip(
            wanted,
            experiments.runs_of(arguments).batch(
                [
                    options_of(label, settings, arguments) | {"bandwidth": arguments.bandwidths, "seed": seed} | target
                    for label, seed in wanted
                ]
            ),
        )
    )
    learning = [
        "accuracy, %",
        "kept",
        "values",
        "wire",
        "wire after warm-up",
        f"steps to {100 * arguments.target:.0f} %",
    ]
    columns = ["scheme", *([] if arguments.steps else learning)]
    columns += [network.replace("bps", "bit/s") for network in networks] + ["basis"]
    rows = []
    for label in labels:
        of_label = [records[label, seed] for seed in arguments.seeds]
        row = [label, "not run to the end"]
        if None not in of_label:
            row = row_of(label, of_label, networks, not arguments.steps)
        rows.append(row + [""] * (len(columns) - len(row)))
    experiments.print_table(columns, rows)


if __name__ == "__main__":
    main()
