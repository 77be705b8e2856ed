#!/usr/bin/env python3
"""Whether the host or the GPU makes PowerSGD's hook take other times than a profile says: from what was recorded.

  tools/experiments/host_pace.py [RINGSIM]

First the captures of compressing (docs/measured/compression-*.json.gz): us a matrix of a whole list of layers, when
the host issues every kernel (eager) and as a CUDA graph, in which the GPU alone decides. Then AlexNet's step on the
H200s of two hosts by parts (ddp-parts.csv): what the hook adds when it exchanges with itself alone, against what the
profiles say.
"""
import csv
import gzip
import json
import pathlib
import subprocess
import tempfile

import experiments
import validation

MEASURED = pathlib.Path(__file__).resolve().parents[2] / "docs/measured"
CAPTURES = {"H100": "h100", "another H100": "h100-other", "H200": "h200"}
LAYERS = ("resnet50", "bert-base", "gpt2-small", "16-of-1m", "256-of-64k")
PARTS = {"H200": MEASURED / "h200-four/h200-x2", "another H200": MEASURED / "h200-pruned-other/h200-x2"}
RANKS = (1, 4)
BUCKETS = "83513248 151011328 9878784"  # as DistributedDataParallel filled them


def per_matrix(capture, rank):
    """{(layers, mode): us}"""
    return {
        (point["layers"], point["mode"]): 1e6 * point["device_s"]["median"] / point["counts"]["matrices"]
        for point in capture["points"]
        if point["scheme"] == "powersgd"
        and point["settings"] == {"rank": rank, "batched": False}
        and point["stage"] == "all"
    }


def print_captures(rank):
    print(f"\nPowerSGD's hook of rank {rank}, us a matrix: eager / as a CUDA graph\n")
    rows = []
    for name, file in CAPTURES.items():
        with gzip.open(MEASURED / f"compression-{file}.json.gz", "rt", encoding="utf-8") as text:
            found = per_matrix(json.load(text), rank)
        cells = [[found.get((layers, mode)) for mode in ("eager", "graph")] for layers in LAYERS]
        rows.append([name, *(" / ".join(f"{value:.0f}" if value else "-" for value in cell) for cell in cells)])
    experiments.print_table(["host", *LAYERS], rows)


def parts(folder):
    """{part: the shortest of the measured steps, in ms}"""
    lines = (folder / "ddp-parts.csv").read_text().splitlines()
    found = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        if (row["model"], row["figure"]) == ("alexnet", "step_s"):
            found[row["part"]] = min(found.get(row["part"], 1e9), 1e3 * float(row["seconds"]))
    return found


def compressing(program, gpu, rank):
    """ms a step of two ranks, as the GPU's profile says."""
    with tempfile.TemporaryDirectory() as temporary:
        row = {"model": "alexnet", "transport": "nvlink", "buckets": BUCKETS}
        capture = validation.capture_of(PARTS["H200"], row, temporary)
        command = [program, "run", "--model", capture, "--source", "synthetic", "--steps", "2", "--ranks", "2"]
        command += ["--scheme", "powersgd", "--rank", str(rank), "--gpu", gpu, "--quiet", "--format", "json"]
        command += ["--topology", "ring", "--bandwidth", "300GBps", "--latency", "5us", "--headroom", "off"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return 1e3 * json.loads(done.stdout)["seconds_per_step"]["compress"]


def print_parts(program):
    print("\nAlexNet's step on two H200s, ms: single steps, the shorter of two runs\n")
    profiles = {rank: [f"{compressing(program, gpu, rank):.2f}" for gpu in ("h100", "h200")] for rank in RANKS}
    rows = []
    for host, folder in PARTS.items():
        found = parts(folder)
        for rank in RANKS:
            steps = [found[part] for part in ("bare", "nothing", f"self-powersgd{rank}")]
            adds = [*steps, steps[2] - steps[1]]
            rows.append([f"powersgd{rank}", host, *(f"{step:.2f}" for step in adds), *profiles[rank]])
    columns = ["hook", "host", "without DDP", "a hook that does nothing", "this hook, with itself", "it adds"]
    experiments.print_table([*columns, "compressing, h100's profile", "h200's"], rows)


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    for rank in RANKS:
        print_captures(rank)
    print_parts(arguments.ringsim)


if __name__ == "__main__":
    main()
