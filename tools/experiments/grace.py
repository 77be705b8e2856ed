#!/usr/bin/env python3
"""Steps of ResNet-50 with GRACE on 8 hosts with a V100 each, as its authors published them
(docs/measured/public/grace-resnet50.csv), against what ringsim says with three times of compressing.

  tools/experiments/grace.py [RINGSIM]

modelled: as compressing's bytes move through memory, the default on a V100. extrapolated: what an H100 takes in
PyTorch (--compress-time torch). from 25 Gbit/s: what a step there takes longer than computing alone, which is what
compressing takes where hardly any exchange is exposed. At 25 Gbit/s nothing is therefore left to predict. Headroom: for
how many ms longer compressing may take until a dense step is as fast; below 0 the scheme loses. Measured headroom is
against dense gradients with the same library, MPI or NCCL.
"""
import csv
import json
import pathlib
import subprocess

import experiments

TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs/measured/public/grace-resnet50.csv"
IMAGES, COMPUTING_WORKERS, WORKERS = 128, 1, 8
# What GRACE calls it, and ringsim's options.
SCHEMES = {
    "dense": ("none", ["dense"]),
    "randomk": ("randomk", ["randomk", "--density", "0.01"]),
    "powersgd": ("powersgd", ["powersgd", "--rank", "4"]),
    "signsgd": ("signsgd", ["signsgd"]),
    "terngrad": ("terngrad", ["terngrad"]),
    "topk": ("topk", ["topk", "--density", "0.01"]),
}
GIVEN = 25  # Gbit/s: where compressing's times are taken from
PREDICTED = (10, 1)
WAYS = {"modelled": ["--compress-time", "model"], "extrapolated": ["--compress-time", "torch"]}


def measured_steps():
    """{(workers, Gbit/s, library, method): seconds}. With and without memory hardly differ: the slower one counts."""
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    steps = {}
    for row in csv.DictReader(lines):
        workers = int(row["workers"])
        key = workers, int(row["gbit_per_s"]), row["backend"], row["method"]
        steps[key] = max(steps.get(key, 0), IMAGES * workers / float(row["images_per_s"]))
    return steps


def predict(program, bandwidth, computing, scheme, more):
    """(seconds of a step, headroom to dense fp32 or None, basis of compressing)"""
    command = [program, "run", "--model", "resnet50", "--source", "synthetic", "--steps", "3", "--bucket", "64MiB"]
    command += ["--compute-time", f"{computing:.6f}s", "--topology", "ring", "--ranks", str(WORKERS)]
    command += ["--bandwidth", f"{bandwidth}Gbps", "--latency", "20us", "--scheme", *scheme, *more]
    done = subprocess.run([*command, "--quiet", "--format", "json"], check=True, stdout=subprocess.PIPE, text=True)
    summary = json.loads(done.stdout)
    return summary["seconds_per_step"]["total"], summary["headroom_seconds"]["dense_fp32"], summary["basis"]["compress"]


def milliseconds(seconds):
    return f"{1e3 * seconds:.0f}"


def libraries(steps, bandwidth):
    return [library for library in ("mpi", "nccl") if (WORKERS, bandwidth, library, "none") in steps]


def measured_cells(steps, bandwidth, method):
    """Steps with both libraries, and their headroom to dense."""
    found = [(library, steps.get((WORKERS, bandwidth, library, method))) for library in libraries(steps, bandwidth)]
    if method == "none":
        return " / ".join(milliseconds(step) for _, step in found), ""
    gains = [steps[WORKERS, bandwidth, library, "none"] - step for library, step in found if step]
    return (
        " / ".join(milliseconds(step) if step else "-" for _, step in found),
        " / ".join(f"{1e3 * gain:+.0f}" for gain in gains),
    )


def predictions(program, steps, bandwidth, computing, name):
    """{way: predict()} of a scheme; of dense the one."""
    method, scheme = SCHEMES[name]
    if name == "dense":
        return {"modelled": predict(program, bandwidth, computing, scheme, [])}
    taken = steps[WORKERS, GIVEN, "mpi", method] - computing
    ways = {**WAYS, f"from {GIVEN} Gbit/s": ["--compress-time", f"{taken:.6f}s"]}
    return {way: predict(program, bandwidth, computing, scheme, more) for way, more in ways.items()}


def print_network(program, steps, bandwidth, computing, counts):
    names = " / ".join(libraries(steps, bandwidth))
    print(f"\n{WORKERS} workers at {bandwidth} Gbit/s, ms a step: measured with {names}\n")
    rows = []
    for name, (method, _) in SCHEMES.items():
        step, headroom = measured_cells(steps, bandwidth, method)
        row = [name, step, headroom]
        for way, (predicted, gain, basis) in predictions(program, steps, bandwidth, computing, name).items():
            row += [milliseconds(predicted), "" if gain is None else f"{1e3 * gain:+.0f}"]
            if gain is None:
                continue
            gains = [
                steps[WORKERS, bandwidth, library, "none"] - steps[WORKERS, bandwidth, library, method]
                for library in libraries(steps, bandwidth)
                if (WORKERS, bandwidth, library, method) in steps
            ]
            right, of = counts.setdefault((way, bandwidth), [0, 0, basis])[:2]
            counts[way, bandwidth] = [right + sum((each > 0) == (gain > 0) for each in gains), of + len(gains), basis]
        rows.append(row + [""] * (9 - len(row)))
    columns = ["scheme", "measured", "headroom"]
    for way in (*WAYS, f"from {GIVEN} Gbit/s"):
        columns += [way, "headroom"]
    experiments.print_table(columns, rows)


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    steps, counts = measured_steps(), {}
    computing = steps[COMPUTING_WORKERS, 10, "mpi", "none"]
    print(f"computing alone: {1e3 * computing:.1f} ms")
    for bandwidth in PREDICTED:
        print_network(arguments.ringsim, steps, bandwidth, computing, counts)
    print()
    for (way, bandwidth), (right, of, basis) in counts.items():
        print(f"{way} (basis: {basis}), at {bandwidth} Gbit/s: the sign of the headroom is right in {right} of {of}")


if __name__ == "__main__":
    main()
