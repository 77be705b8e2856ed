#!/usr/bin/env python3
"""Steps of PyTorch DDP with its hooks, as tools/capture/ddp_step.py measured them on two GPUs, against what ringsim
makes of a GPU's profile, a link and the gradients' ready times.

  tools/experiments/validation.py FOLDER [RINGSIM]       (e.g. docs/measured/h100-four/h100-x2)

The links are topologies/h100-x2-TRANSPORT.json, the costs of compressing those of --gpu h100: both were measured on
another host. Ready times are FOLDER/ready-MODEL.csv, from steps that exchange nothing. Nothing is fitted to the steps.
"modelled" charges compressing as passes over memory (--compress-time model).
"""
import csv
import json
import pathlib
import statistics
import subprocess

import experiments

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOOKS = {
    "none": ["--scheme", "dense"],
    "bf16": ["--scheme", "dense", "--values", "bf16"],
    "powersgd1": ["--scheme", "powersgd", "--rank", "1"],
    "powersgd4": ["--scheme", "powersgd", "--rank", "4"],
}


def measured_steps(folder):
    lines = (folder / "ddp-steps.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if row["hook"] in HOOKS and row["bucket_view"] == "off"]


def predict(program, folder, row, *more):
    command = [program, "run", "--source", "synthetic", "--model", row["model"], *HOOKS[row["hook"]]]
    command += ["--topology", ROOT / "topologies" / f"h100-x2-{row['transport']}.json", "--quiet"]
    command += ["--bucket", "ddp", "--compute-time", f"./{folder / ('ready-' + row['model'] + '.csv')}"]
    done = subprocess.run([*command, *more, "--format", "json"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["seconds_per_step"]["total"]


def percent(value):
    return f"{100 * value:+.0f} %"


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    rows, cases = [], {}
    for row in measured_steps(arguments.folder):
        measured = float(row["step_s"])
        usual = predict(arguments.ringsim, arguments.folder, row)
        compresses = row["hook"] != "none"
        modelled = (
            predict(arguments.ringsim, arguments.folder, row, "--compress-time", "model") if compresses else usual
        )
        cases.setdefault((row["model"], row["transport"]), []).append((row["hook"], measured, usual, modelled))
        times = [f"{1e3 * value:.1f}" for value in (float(row["alone_s"]), measured, usual)]
        off = [percent(usual / measured - 1), f"{1e3 * modelled:.1f}", percent(modelled / measured - 1)]
        rows.append([row["model"], row["transport"], row["hook"], *times, *off])
    experiments.print_table(
        "network,transport,hook,alone,measured,predicted,off,modelled,off".split(","),
        rows,
    )
    for name, column in (("predicted", 2), ("modelled", 3)):
        errors = [abs(case[column] / case[1] - 1) for hooks in cases.values() for case in hooks]
        right = sum(
            min(hooks, key=lambda case: case[1])[0] == min(hooks, key=lambda case: case[column])[0]
            for hooks in cases.values()
        )
        pairs = [(a, b) for hooks in cases.values() for i, a in enumerate(hooks) for b in hooks[:i]]
        orders = sum((a[1] < b[1]) == (a[column] < b[column]) for a, b in pairs)
        print(
            f"\n{name}: median error {100 * statistics.median(errors):.1f} %, worst {100 * max(errors):.1f} %; "
            f"the fastest named right in {right} of {len(cases)} cases, the order of two in {orders} of {len(pairs)}"
        )


if __name__ == "__main__":
    main()
