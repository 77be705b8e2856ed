#!/usr/bin/env python3
"""How dense a sum of top-k gradients grows on its way round a ring, against one mask for all ranks; and what that
costs.

  tools/experiments/hops.py -o FOLDER            then: tools/plot/ringsim_plot.py hops FOLDER/hops.csv -o hops.png

The 784-256-128-10 network is trained on 8, 32 and 128 ranks with top-k summed on a ring (--sparse-sum ring), top-k
all-gathered, iwp and dense. The density of hop h (what a rank sends of a chunk that h masks have gone into, over the
chunk's parameters) is that of the real masks, taken from transfers.csv over the second half of the steps, beside
1-(1-d)^h with the d of the first hop. Seconds: of the exchange, a step's mean. FOLDER (default results/hops) gets
hops.csv; runs are kept in results/hops.jsonl: a later call goes on from there.
"""
import collections
import csv
import pathlib

import experiments

LAYERS = (784 * 256, 256, 256 * 128, 128, 128 * 10, 10)
WHOLE_BELOW = 1024
PRUNED = sum(layer for layer in LAYERS if layer >= WHOLE_BELOW)
WHOLE = sum(LAYERS) - PRUNED
SCHEMES = {
    "top-k, ring": {"scheme": "topk", "sparse-sum": "ring"},
    "top-k, all-gather": {"scheme": "topk"},
    "iwp": {"scheme": "iwp"},
    "dense": {"scheme": "dense"},
}
TOP_K, SHARED = "top-k, ring", "iwp"


def bytes_of_rounds(folder):
    """Bytes of all ranks in each round of the exchange of the values, mean over the second half of the steps."""
    sums, steps = collections.Counter(), set()
    with (folder / "steps.csv").open(newline="") as file:
        first = sum(1 for _ in csv.DictReader(file)) // 2
    with (folder / "transfers.csv").open() as file:
        columns = next(file).rstrip("\n").split(",")
        step, phase, number, size = (columns.index(name) for name in ("step", "phase", "round", "bytes"))
        for line in file:
            cells = line.split(",")
            if cells[phase] == "values" and int(cells[step]) >= first:
                steps.add(cells[step])
                sums[int(cells[number])] += int(cells[size])
    return [sums[number] / len(steps) for number in sorted(sums)]


def densities(label, sizes, ranks):
    """The densities of the hops 1 to N: what is sent in the N-1 rounds of the reduction, then the whole sum."""
    if label == TOP_K:  # a value and an index of four bytes
        return [size / 8 / PRUNED for size in sizes[:ranks]]
    return [(size / 4 - WHOLE) / PRUNED for size in sizes[:ranks]]


def main():
    parser = experiments.argument_parser(__doc__)
    experiments.add_arguments(parser, "hops.jsonl")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("results/hops"), metavar="FOLDER")
    parser.add_argument(
        "--ranks", type=experiments.numbers, default=[8, 32, 128], metavar="N,N", help="default 8,32,128"
    )
    parser.add_argument("--bandwidths", default="1Gbps,10Gbps", metavar="Q,Q", help="default 1Gbps,10Gbps")
    parser.add_argument(
        "--settings", default=experiments.SETTINGS, metavar="FILE", help="default tools/experiments/settings.json"
    )
    arguments = experiments.parse(parser)
    settings = experiments.load_settings(arguments.settings)["mlp"]
    runs = experiments.runs_of(arguments)
    bandwidths = arguments.bandwidths.split(",")

    def options(label, ranks, bandwidth):
        chosen = settings[SCHEMES[label]["scheme"]] | SCHEMES[label]
        return chosen | {
            "model": "mlp",
            "epochs": arguments.epochs,
            "topology": "ring",
            "ranks": ranks,
            "bandwidth": bandwidth,
            "latency": "5us",
            "seed": 1,
        }

    wanted = [(label, ranks, bandwidth) for label in SCHEMES for ranks in arguments.ranks for bandwidth in bandwidths]
    with_hops = [key for key in wanted if key[0] in (TOP_K, SHARED) and key[2] == bandwidths[0]]
    records = dict(zip(with_hops, runs.batch([options(*key) for key in with_hops], keep=bytes_of_rounds)))
    others = [key for key in wanted if key not in with_hops]
    records |= dict(zip(others, runs.batch([options(*key) for key in others])))
    failed = [key for key, record in records.items() if record is None or "failed" in record]
    if failed:
        raise SystemExit(f"not run to the end: {failed}")

    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = []
    with (arguments.output / "hops.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ranks", "scheme", "hop", "density", "independent"])
        for label, ranks, bandwidth in with_hops:
            measured = densities(label, records[label, ranks, bandwidth]["kept"], ranks)
            for hop, density in enumerate(measured, 1):
                independent = f"{1 - (1 - measured[0]) ** hop:.6g}" if label == TOP_K else ""
                writer.writerow([ranks, label, hop, f"{density:.6g}", independent])
            if label == TOP_K:
                rows.append(
                    [
                        ranks,
                        f"{measured[0]:.4f}",
                        f"{measured[-1]:.4f}",
                        f"{1 - (1 - measured[0]) ** ranks:.4f}",
                        f"{densities(SHARED, records[SHARED, ranks, bandwidth]['kept'], ranks)[0]:.4f}",
                    ]
                )
    experiments.print_table(["ranks", "top-k, one rank", "top-k, summed over all", "1-(1-d)^N", "iwp, every hop"], rows)
    print()
    for bandwidth in bandwidths:
        cells = [
            [
                ranks,
                *(
                    f"{1e3 * records[label, ranks, bandwidth]['seconds_per_step']['exchange']:.3g} ms"
                    for label in SCHEMES
                ),
            ]
            for ranks in arguments.ranks
        ]
        experiments.print_table([f"ranks, at {bandwidth.replace('bps', 'bit/s')}", *SCHEMES], cells)
        print()
    print(f"{experiments.basis_line(records.values())}; these are times of exchanges alone")


if __name__ == "__main__":
    main()
