#!/usr/bin/env python3
"""Steps of PyTorch DDP as tools/capture/ddp_step.py measured them, against what ringsim makes of the link and the
gradients' ready times.

  tools/experiments/ddp_predictions.py FOLDER [RINGSIM]       (e.g. docs/measured/h100-x2)

The link is topologies/FOLDER-TRANSPORT.json (`ringsim calibrate` of the ring all-reduce,
tools/experiments/measured_fits.py --ship); the ready times are FOLDER/ready-MODEL.csv, from steps that exchange
nothing. Nothing is fitted to the steps themselves. "alone": the step measured without exchange.
"""
import csv
import json
import pathlib
import statistics
import subprocess

import experiments

ROOT = pathlib.Path(__file__).resolve().parents[2]


def measured_steps(folder):
    """Steps without a hook; older tables know of none."""
    lines = (folder / "ddp-steps.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if row.get("hook", "none") == "none" and row.get("bucket_view", "off") == "off"]


def predict(program, folder, row):
    topology = ROOT / "topologies" / f"{folder.resolve().name}-{row['transport']}.json"
    command = [
        program,
        "run",
        "--model",
        row["model"],
        "--source",
        "synthetic",
        "--scheme",
        "dense",
        "--bucket",
        f"{row['bucket_mib']}MiB",
        "--compute-time",
        f"./{folder / ('ready-' + row['model'] + '.csv')}",
        "--topology",
        topology,
        "--quiet",
        "--format",
        "json",
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    rows, errors, summaries = [], {}, []
    for row in measured_steps(arguments.folder):
        summary = predict(arguments.ringsim, arguments.folder, row)
        summaries.append(summary)
        predicted = summary["seconds_per_step"]
        error = predicted["total"] / float(row["step_s"]) - 1
        errors.setdefault(row["transport"], []).append(abs(error))
        milliseconds = [
            f"{1e3 * float(value):.2f}"
            for value in (
                row["step_s_min"],
                row["step_s"],
                row["step_s_p95"],
                row["alone_s"],
                predicted["total"],
                predicted["exposed_exchange"],
            )
        ]
        rows.append(
            [
                row["model"],
                row["transport"],
                row["bucket_mib"],
                len(row["buckets"].split()),
                *milliseconds,
                f"{100 * error:+.1f} %",
            ]
        )
    experiments.print_table(
        [
            "network",
            "transport",
            "bucket, MiB",
            "buckets",
            "measured minimum, ms",
            "median",
            "95th percentile",
            "alone",
            "predicted, ms",
            "of it exposed",
            "against the median",
        ],
        rows,
    )
    print(f"\n{experiments.basis_line(summaries)}; nothing is compressed")
    for transport, of_transport in errors.items():
        print(
            f"\n{transport}: median error {100 * statistics.median(of_transport):.1f} %, worst "
            f"{100 * max(of_transport):.1f} %"
        )


if __name__ == "__main__":
    main()
