#!/usr/bin/env python3
"""Steps of PyTorch DDP with ringsim's communication hook and without, as tools/capture/pruned_step.py measured them,
against what ringsim makes of the captures of the same networks.

  tools/experiments/pruned_steps.py FOLDER [RINGSIM]       (e.g. docs/measured/h200-pruned)

FOLDER holds a folder for each number of GPUs, with pruned-steps.csv and a capture for each model and transport. Model,
computing, buckets and GPU are the capture's, links are calibrated to its all-reduces; nothing is fitted to the steps.
The hook sends bitmaps, and compressing is that of the engine alone (--compress-time fused)."""
import csv
import json
import pathlib
import statistics
import subprocess
import tempfile

import experiments

# The engine has a profile of iwp. Without the weights the others read less, which is not to be seen in a step.
HOOKS = ("none", "iwp", "magnitude", "topk")


def measured_steps(folder):
    lines = (folder / "pruned-steps.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if row["hook"] in HOOKS]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def scheme_options(row, ranks):
    if row["hook"] == "none":
        return ["--scheme", "dense"]
    # With top-k by threshold the masks of all ranks serve.
    masks = ["--broadcasters", ranks] if row["hook"] == "topk" else []
    compressing = ["--mask-encoding", "bitmap", "--compress-time", "fused", "--headroom", "off"]
    threshold = ["--threshold", row.get("threshold") or "density"]
    return ["--scheme", "iwp", "--density", row["density"], *threshold, *masks, *compressing]


def hook_name(row):
    return row["hook"] if row.get("threshold", "") in ("", "density") else f"{row['hook']}, {row['threshold']}"


def predict(program, folder, row, ranks, temporary):
    """The summary of a run."""
    capture = folder / f"{row['model']}-{row['transport']}"
    link = pathlib.Path(temporary) / f"{capture.name}.json"
    if not link.exists():
        table = capture / "all_reduce.txt"
        output(program, "calibrate", table, "--ranks", ranks, "--hosts", ranks, "-o", link)
    command = [program, "run", "--model", f"./{capture}", "--topology", link, *scheme_options(row, ranks)]
    return json.loads(output(*command, "--steps", "2", "--quiet", "--format", "json"))


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    rows, errors, summaries = [], {}, []
    with tempfile.TemporaryDirectory() as temporary:
        for folder in sorted(path for path in arguments.folder.iterdir() if (path / "pruned-steps.csv").exists()):
            ranks = folder.name.rsplit("-x", 1)[1]
            for row in measured_steps(folder):
                measured = float(row["step_s"])
                summaries.append(predict(arguments.ringsim, folder, row, ranks, temporary))
                predicted = summaries[-1]["seconds_per_step"]["total"]
                errors.setdefault(row.get("threshold") == "quantile", []).append(abs(predicted / measured - 1))
                kept = f"{100 * float(row['kept']):.1f} %" if row["kept"] else ""
                rows.append([
                    ranks, row["model"], row["transport"], hook_name(row), kept,
                    f"{1e3 * float(row['bare_loop_s']):.1f}", f"{1e3 * measured:.1f}",
                    f"{1e3 * predicted:.1f}", f"{100 * (predicted / measured - 1):+.0f} %",
                ])  # fmt: skip
    experiments.print_table("GPUs,network,transport,hook,kept,bare,measured,predicted,off".split(","), rows)
    print(f"\n{experiments.basis_line(summaries)}")
    for by_quantile, found in errors.items():
        which = "by quantiles: " if by_quantile else ""
        print(f"\n{which}median error {100 * statistics.median(found):.1f} %, worst {100 * max(found):.1f} %")


if __name__ == "__main__":
    main()
