#!/usr/bin/env python3
"""Where tools/experiments/validation.py is more than 12 % off, and what else was recorded that tells why.

  tools/experiments/shortfalls.py [RINGSIM]

Tried: what another profile, other links, other buckets and one more term make of all steps, in both directions.
Twins: steps that any model gives the same time but for what the last column says, and how far apart they were measured.
Rates: what an exchange over sockets reached within steps, against the host's table of all-reduces at those sizes.
Points: each that is further off, with the machine's own profile, with the term that was tried, against its shortest
repetition, and how long a step was measured that is predicted to be no shorter. Causes: network, an exchange over
sockets; minute, where a repetition or such a step was shorter; calls, what is left.
"""
import concurrent.futures
import csv
import json
import math
import pathlib
import statistics
import tempfile

import experiments
import host_pace
import validation

MEASURED = host_pace.MEASURED
# The host, and whose profile predicts it.
DIRECTIONS = {"h200": "h100", "h100": "h200"}
LIMIT = 0.12
ALIKE = 0.95
NONE_OFF = ("none", "off")


def table_of(path):
    lines = path.read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def folders(host):
    return [MEASURED / f"{host}-four/{host}-x{ranks}" for ranks in (2, 4)]


def steps_of(host):
    """{(ranks, model, transport, hook, bucket view): row} at buckets of 25 MiB."""
    return {
        (int(folder.name[-1]), row["model"], row["transport"], row["hook"], row["bucket_view"]): row
        for folder in folders(host)
        for row in table_of(folder / "ddp-steps.csv")
        if row["bucket_mib"] == "25"
    }


class Predictions:
    """Summaries of the steps of a host, by (ranks, model, transport, hook)."""

    def __init__(self, program, temporary):
        self.program, self.temporary = program, temporary

    def link(self, folder, transport, column):
        """As validation.link_of, fitted to a column of the table."""
        if column == "seconds":
            return validation.link_of(self.program, folder, transport, folder.name[-1], self.temporary)
        changed = pathlib.Path(self.temporary) / column / folder.parent.name / folder.name
        changed.mkdir(parents=True, exist_ok=True)
        name = f"{transport}-free-all_reduce.csv"
        notes = [line for line in (folder / name).read_text().splitlines() if line.startswith("#")]
        rows = [f"{row['bytes']},{row[column]}" for row in table_of(folder / name)]
        (changed / name).write_text("\n".join([*notes, "bytes,seconds", *rows]) + "\n")
        return validation.link_of(self.program, changed, transport, folder.name[-1], changed)

    def one(self, folder, row, gpu, column, default_buckets):
        model = validation.capture_of(folder, row, self.temporary)
        more = ["--gpu", gpu, *([] if row["hook"] == "none" else ["--headroom", "off"])]
        if default_buckets:
            more += ["--compute-time", folder / f"ready-{row['model']}.csv", "--bucket", "ddp"]
            model = row["model"]
        return validation.predict(self.program, model, row, self.link(folder, row["transport"], column), more)

    def of(self, host, gpu, column="seconds", default_buckets=False):
        found = {}
        for folder in folders(host):
            rows = [row for row in validation.measured_steps(folder) if row["bucket_mib"] == "25"]
            for row in rows:  # files are shared
                self.link(folder, row["transport"], column)
                validation.capture_of(folder, row, self.temporary)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                summaries = pool.map(lambda row: self.one(folder, row, gpu, column, default_buckets), rows)
                for row, summary in zip(rows, summaries):
                    found[int(folder.name[-1]), row["model"], row["transport"], row["hook"]] = summary
        return found


def totals(summaries):
    return {key: summary["seconds_per_step"]["total"] for key, summary in summaries.items()}


def own_call(program):
    """Seconds that AlexNet's hook adds in a bucket, with itself, beyond what the H200's own profile says."""
    parts = host_pace.parts(host_pace.PARTS["H200"])
    beyond = [
        parts[f"self-powersgd{rank}"] - parts["nothing"] - host_pace.compressing(program, "h200", rank)
        for rank in host_pace.RANKS
    ]
    return 1e-3 * experiments.mean(beyond) / len(host_pace.BUCKETS.split())


def with_calls(times, steps, seconds):
    return {
        key: time + seconds * len(steps[*key, "off"]["buckets"].split()) * key[3].startswith("powersgd")
        for key, time in times.items()
    }


def off(times, steps, column="step_s"):
    return {key: time / float(steps[*key, "off"][column]) - 1 for key, time in times.items()}


def print_tried(ways, steps):
    print("\nMedian and worst error, and how many of 48 steps are more than 12 % off\n")
    rows = []
    for name, times in ways.items():
        cells = []
        for host in DIRECTIONS:
            errors = [abs(error) for error in off(times[host], steps[host]).values()]
            beyond = sum(error > LIMIT for error in errors)
            cells.append(f"{100 * statistics.median(errors):.1f} %, {100 * max(errors):.1f} %, {beyond}")
        rows.append([name, *cells])
    experiments.print_table(["predicted with", "H200", "H100"], rows)


def pairs_of_twins(steps):
    """{kind: [(a, b)]}: the rows of steps that are alike."""

    def pairs(this, other):
        return [(row, steps[other(key)]) for key, row in steps.items() if this(key) and other(key) in steps]

    def is_pruned(key):
        return key[3].startswith("powersgd")

    return {
        "PowerSGD over NVLink, four GPUs, and two": pairs(
            lambda key: key[0] == 4 and key[2] == "nvlink" and is_pruned(key), lambda key: (2, *key[1:])
        ),
        "no hook and bf16 over NVLink, four GPUs, and two": pairs(
            lambda key: key[0] == 4 and key[2] == "nvlink" and not is_pruned(key), lambda key: (2, *key[1:])
        ),
        "no hook over sockets, with bucket views, and without": pairs(
            lambda key: key[2:] == ("sockets", "none", "on"), lambda key: (*key[:3], *NONE_OFF)
        ),
        "fp16 over sockets, and bf16": pairs(
            lambda key: key[2:4] == ("sockets", "fp16"), lambda key: (*key[:3], "bf16", "off")
        ),
    }


def parts_twins(steps):
    """Steps without a hook that ddp_parts.py measured again on two of the H200s, of networks without buffers."""
    again = {
        (row["model"], row["transport"]): float(row["seconds"])
        for row in table_of(host_pace.PARTS["H200"] / "ddp-parts.csv")
        if (row["part"], row["figure"]) == ("none-static", "step_s")
    }
    return [(seconds, float(steps[2, *key, *NONE_OFF]["step_s"])) for key, seconds in again.items()]


def print_twins(steps, times):
    print("\nSteps measured twice, or nearly so: by how much the first was longer\n")
    rows = []
    for host in DIRECTIONS:
        kinds = {
            kind: [(float(a["step_s"]), float(b["step_s"])) for a, b in pairs]
            for kind, pairs in pairs_of_twins(steps[host]).items()
        }
        if host == "h200":
            kinds["no hook, in another call, and here"] = parts_twins(steps[host])
        for kind, pairs in kinds.items():
            ratios = [a / b - 1 for a, b in pairs]
            if ratios:
                apart = statistics.median(map(abs, ratios))
                least = math.sqrt(max(max(pair) / min(pair) for pair in pairs)) - 1
                rows.append([
                    host.upper(), kind, len(ratios), f"{100 * apart:.1f} %",
                    f"{100 * min(ratios):+.0f} to {100 * max(ratios):+.0f} %", f"{100 * least:.0f} %",
                ])  # fmt: skip
    experiments.print_table(["host", "steps", "pairs", "median apart", "range", "a model's least worst error"], rows)
    apart = [
        abs(times[host][4, model, "nvlink", hook] / times[host][2, model, "nvlink", hook] - 1)
        for host in DIRECTIONS
        for model in ("resnet50", "bert-base", "alexnet")
        for hook in ("powersgd1", "powersgd4")
    ]
    print(f"\nOver NVLink four GPUs are predicted to take at most {100 * max(apart):.1f} % longer with PowerSGD.")


def parameters(model):
    layers = json.loads((validation.SPECS / f"{model}.json").read_text())["layers"]
    return {layer["name"]: math.prod(layer["shape"]) for layer in layers}


def first_ready(folder, row):
    """When the first bucket is full."""
    sizes, full, held = parameters(row["model"]), int(row["buckets"].split()[0]), 0
    for layer in table_of(folder / f"ready-{row['model']}.csv"):
        held += 4 * sizes[layer["layer"]]
        if held >= full:
            return float(layer["ready_s"])
    raise ValueError("the first bucket never fills")


def alone_seconds(table, size):
    """What an all-reduce of this size takes in a table, straight between its two neighbours."""
    below = max((row for row in table if row[0] <= size), default=table[0])
    above = min((row for row in table if row[0] >= size), default=table[-1])
    share = 0 if above[0] == below[0] else (size - below[0]) / (above[0] - below[0])
    return below[1] + share * (above[1] - below[1])


def print_rates(steps):
    print("\nGB/s that leave a rank over sockets: in steps / in the host's table of all-reduces\n")
    columns = [(model, hook) for model in ("alexnet", "bert-base") for hook in ("none", "bf16")]
    rows = []
    for host in DIRECTIONS:
        for folder in folders(host):
            ranks = int(folder.name[-1])
            table = [
                (int(row["bytes"]), float(row["seconds"])) for row in table_of(folder / "sockets-free-all_reduce.csv")
            ]
            cells = []
            for model, hook in columns:
                row = steps[host][ranks, model, "sockets", hook, "off"]
                sizes = [int(size) / (1 if hook == "none" else 2) for size in row["buckets"].split()]
                sent = 2e-9 * (ranks - 1) / ranks * sum(sizes)
                inside = sent / (float(row["step_s"]) - first_ready(folder, row))
                alone = sent / sum(alone_seconds(table, size) for size in sizes)
                cells.append(f"{inside:.2f} / {alone:.2f}")
            rows.append([f"{ranks} {host.upper()}", *cells])
    experiments.print_table(["GPUs", *(f"{model}, {hook}" for model, hook in columns)], rows)


def twin_of(key, steps, times):
    """The shortest of the steps that are predicted to take as long or longer, and what is different with it."""
    ranks, model, transport, hook = key
    others = [
        ((6 - ranks, model, transport, hook, "off"), f"{6 - ranks} GPUs"),
        ((ranks, model, "sockets", hook, "off"), "over sockets"),
        ((ranks, model, transport, hook, "on"), "with bucket views"),
        ((ranks, model, transport, "fp16", "off"), "fp16"),
    ]
    found = []
    for (*other, view), words in others[: 4 if hook == "bf16" else 3]:
        same = (*other[:3], hook)  # fp16 is predicted as bf16 is, and views as none
        if same != key or (*other, view) != (*key, "off"):
            row = steps.get((*other, view))
            if row and times[same] > ALIKE * times[key]:
                found.append((float(row["step_s"]), words))
    return min(found, default=None)


def cause_of(key, row, shortest, twin):
    """One of three, by what was recorded besides."""
    if key[2] == "sockets" and not key[3].startswith("powersgd"):
        return "network"
    by_twin = twin is not None and twin[0] < (1 - LIMIT) * float(row["step_s"])
    return "minute" if by_twin or abs(shortest) <= LIMIT else "calls"


def print_points(other, own, calls, steps):
    print("\nSteps more than 12 % off, ms\n")
    rows = []
    for host in DIRECTIONS:
        shortest = off(other[host], steps[host], "step_s_min")
        errors, *others = [off(times[host], steps[host]) for times in (other, own, calls)]
        for key, error in errors.items():
            if abs(error) <= LIMIT:
                continue
            row, twin = steps[host][*key, "off"], twin_of(key, steps[host], other[host])
            spread = " to ".join(f"{1e3 * float(row[column]):.1f}" for column in ("step_s_min", "step_s_p95"))
            rows.append([
                f"{key[0]} {host.upper()}", *key[1:], f"{1e3 * float(row['step_s']):.1f}", spread,
                *(validation.percent(value[key]) for value in (errors, *others, shortest)),
                f"{1e3 * twin[0]:.1f} {twin[1]}" if twin else "", cause_of(key, row, shortest[key], twin),
            ])  # fmt: skip
    experiments.print_table(
        ["GPUs", "network", "transport", "hook", "measured", "shortest to 95th percentile", "off", "own profile",
         "with calls", "off the shortest", "predicted no shorter", "cause"],
        rows,
    )  # fmt: skip


def main():
    parser = experiments.argument_parser(__doc__)
    parser.add_argument("ringsim", nargs="?", default=experiments.DEFAULT_PROGRAM)
    program = parser.parse_args().ringsim
    steps = {host: steps_of(host) for host in DIRECTIONS}
    call = own_call(program)
    with tempfile.TemporaryDirectory() as temporary:
        predictions = Predictions(program, temporary)

        def all_of(**ways):
            return {host: totals(predictions.of(host, gpu, **ways)) for host, gpu in DIRECTIONS.items()}

        other = all_of()
        own = {host: totals(predictions.of(host, host)) for host in DIRECTIONS}
        calls = {host: with_calls(other[host], steps[host], call) for host in DIRECTIONS}
        ways = {
            "the other GPU's profile": other,
            "the machine's own profile": own,
            "buckets of DistributedDataParallel's defaults": all_of(default_buckets=True),
            "links of the shortest all-reduces": all_of(column="seconds_min"),
            f"{1e3 * call:.2f} ms more for each bucket of PowerSGD": calls,
        }
    print_tried(ways, steps)
    print_twins(steps, other)
    print_rates(steps)
    print_points(other, own, calls, steps)


if __name__ == "__main__":
    main()
