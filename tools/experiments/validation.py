#!/usr/bin/env python3
"""Steps of PyTorch DDP with its hooks, as tools/capture/ddp_step.py measured them, against what ringsim makes of the
profile of another GPU.

  tools/experiments/validation.py FOLDER GPU [RINGSIM]       (e.g. docs/measured/h100-four h200)

FOLDER holds a folder for each number of GPUs. What compressing takes and what DistributedDataParallel adds is that of
--gpu GPU; nothing is fitted to the steps. Links are calibrated to the host's own all-reduces as NCCL chose them
(TRANSPORT-free-all_reduce.csv), ready times are those of its steps that exchange nothing (ready-MODEL.csv), buckets
those that DistributedDataParallel had (with bucket_cap_mb given, its first one is as large as the others): computing,
network and buckets have to be known, whoever predicts.
"""
import csv
import json
import pathlib
import statistics
import subprocess
import tempfile

import experiments

HOOKS = {
    "none": ["--scheme", "dense"],
    "bf16": ["--scheme", "dense", "--values", "bf16"],
    "powersgd1": ["--scheme", "powersgd", "--rank", "1"],
    "powersgd4": ["--scheme", "powersgd", "--rank", "4"],
}
# What is predicted with, best first.
WAYS = {
    "predicted": [],
    "without what DDP adds": ["--ddp", "off"],
    "and compressing modelled": ["--ddp", "off", "--compress-time", "model"],
}
SPECS = pathlib.Path(__file__).resolve().parents[2] / "models/specs"
SAMPLES = {"bert-base": 32}  # a GPU; pictures otherwise
PICTURES = 64


def measured_steps(folder):
    lines = (folder / "ddp-steps.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if row["hook"] in HOOKS and row["bucket_view"] == "off"]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def link_of(program, folder, transport, ranks, temporary):
    """The file of a ring of links that are as fast as the host's."""
    path = pathlib.Path(temporary) / f"{folder.parent.name}-{folder.name}-{transport}.json"
    if not path.exists():
        table = folder / f"{transport}-free-all_reduce.csv"
        wanted = ["--operation", "all_reduce", "--ranks", ranks, "--hosts", ranks]
        output(program, "calibrate", table, *wanted, "-o", path)
    return path


def capture_of(folder, row, temporary):
    """A folder as a capture leaves it: the network, when its gradients are ready, and the buckets that it had."""
    path = pathlib.Path(temporary) / f"{folder.parent.name}-{folder.name}-{row['model']}-{row['transport']}"
    if not path.exists():
        path.mkdir()
        (path / "model.json").write_bytes((SPECS / f"{row['model']}.json").read_bytes())
        (path / "ready.csv").write_bytes((folder / f"ready-{row['model']}.csv").read_bytes())
        about = {"format": "ringsim capture 1", "model": row["model"], "ranks": int(folder.name.rsplit("-x", 1)[1])}
        about.update(batch=SAMPLES.get(row["model"], PICTURES), gpu=None, measured={}, machine={}, notes=[])
        about["bucket_bytes"] = [int(size) for size in row["buckets"].split()]
        (path / "capture.json").write_text(json.dumps(about))
    return path


def settings(hook, gpu, way):
    if hook == "none":  # which compresses nothing: without what DDP adds, the GPU says nothing of it
        return ["--gpu", gpu] if way == "predicted" else []
    return ["--gpu", gpu, *WAYS[way], *([] if way == "predicted" else ["--headroom", "off"])]


def predict(program, capture, row, link, more):
    """The summary of a run."""
    command = [program, "run", "--source", "synthetic", "--model", capture, *HOOKS[row["hook"]], *more]
    return json.loads(output(*command, "--topology", link, "--steps", "2", "--quiet", "--format", "json"))


def percent(value):
    return f"{100 * value:+.0f} %"


def cases_of(program, folder, gpu):
    """[(ranks, row, measured, {way: predicted}, summary of the prediction)] of a folder's steps, in seconds."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for row in measured_steps(folder):
            ranks = folder.name.rsplit("-x", 1)[1]
            link = link_of(program, folder, row["transport"], ranks, temporary)
            capture = capture_of(folder, row, temporary)
            summaries = {way: predict(program, capture, row, link, settings(row["hook"], gpu, way)) for way in WAYS}
            times = {way: summary["seconds_per_step"]["total"] for way, summary in summaries.items()}
            found.append((ranks, row, float(row["step_s"]), times, summaries["predicted"]))
    return found


def headrooms(found):
    """{(ranks, model, transport, hook): (measured, predicted)}: by how many seconds a step with a hook is shorter than
    one without, and for how much longer compressing may take until it is not."""
    dense = {
        (ranks, row["model"], row["transport"]): measured for ranks, row, measured, *_ in found if row["hook"] == "none"
    }
    return {
        (*key, row["hook"]): (dense[key] - measured, summary["headroom_seconds"]["dense_fp32"])
        for ranks, row, measured, _, summary in found
        if row["hook"] != "none" and (key := (ranks, row["model"], row["transport"])) in dense
    }


def table_row(case, gains):
    ranks, row, measured, times, summary = case
    milliseconds = [f"{1e3 * value:.1f}" for value in (float(row["alone_s"]), measured, times["predicted"])]
    without = times["without what DDP adds"]
    headroom = gains.get((ranks, row["model"], row["transport"], row["hook"]), (None, None))
    return [
        ranks, row["model"], row["transport"], row["hook"], *milliseconds, percent(times["predicted"] / measured - 1),
        f"{1e3 * without:.1f}", percent(without / measured - 1),
        " / ".join(experiments.signed_milliseconds(value) for value in headroom if value is not None),
        summary["basis"]["compress"] or "",
    ]  # fmt: skip


def print_errors(found, way):
    errors = [abs(times[way] / measured - 1) for _, _, measured, times, _ in found]
    cases = {}
    for ranks, row, measured, times, _ in found:
        cases.setdefault((ranks, row["model"], row["transport"]), []).append((row["hook"], measured, times[way]))
    right = sum(
        min(hooks, key=lambda case: case[1])[0] == min(hooks, key=lambda case: case[2])[0] for hooks in cases.values()
    )
    pairs = [(a, b) for hooks in cases.values() for i, a in enumerate(hooks) for b in hooks[:i]]
    orders = sum((a[1] < b[1]) == (a[2] < b[2]) for a, b in pairs)
    print(
        f"\n{way}: median error {100 * statistics.median(errors):.1f} %, worst {100 * max(errors):.1f} %;\n"
        f"the fastest named right in {right} of {len(cases)} cases, the order of two in {orders} of {len(pairs)}"
    )


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("gpu")
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    arguments = parser.parse_args()
    found = []
    for folder in sorted(path for path in arguments.folder.iterdir() if (path / "ddp-steps.csv").exists()):
        found += cases_of(arguments.ringsim, folder, arguments.gpu)
    gains = headrooms(found)
    experiments.print_table(
        "GPUs,network,transport,hook,alone,measured,predicted,off,without,off,headroom,basis".split(","),
        [table_row(case, gains) for case in found],
    )
    right = sum((measured > 0) == (predicted > 0) for measured, predicted in gains.values())
    print(f"\n{experiments.basis_line(summary for *_, summary in found)}; headroom to no hook, measured / predicted:")
    print(f"the sign right in {right} of {len(gains)}")
    for way in WAYS:
        print_errors(found, way)


if __name__ == "__main__":
    main()
