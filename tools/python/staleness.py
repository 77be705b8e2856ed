#!/usr/bin/env python3
"""What stale updates cost, and what pruning does about it: the runs behind the tables of docs/results.md.

  staleness.py run    -o FILE.csv [-j JOBS] [--part PART]... [--seeds N] [--epochs X] [RINGSIM]   runs what FILE.csv lacks
  staleness.py tables FILE.csv                                                                 prints them as Markdown

Parts, in this order:
  tune        learning rates at a delay of 8 steps, by the validation accuracy of one seed
  bandwidth   --staleness 8 from 30 Mbit/s to 100 Gbit/s, dense and iwp
  straggler   a host of half speed; a link of a tenth: --staleness 0, 1, 2, 4, 8 and --quorum 7, 6
  claim       time to the target accuracy of dense, iwp, magnitude, topk and randomk

8 ranks, mlp, a target of 85 %. A step computes 2 ms: with the 3.6 us that the mlp takes on a GPU nothing but the exchange would take any time, and
every delay would be S. RINGSIM is build/release/tools/ringsim/ringsim if not given. Each run takes one core; FILE.csv gets a row as each run ends, so that
the program can be stopped and started again.
"""
import argparse
import concurrent.futures
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading

TARGET = 0.85
COMMON = ["--compute-time", "2ms", "--target-accuracy", str(TARGET), "--evaluate-every", "78", "--format", "json", "--quiet"]
BANDWIDTHS = ["30Mbps", "50Mbps", "100Mbps", "200Mbps", "500Mbps", "1Gbps", "2Gbps", "4Gbps", "6Gbps", "10Gbps", "20Gbps", "100Gbps"]
# Learning rate and momentum: the first is the scheme's default.
SETTINGS = {
    "dense": [(0.05, 0.9), (0.02, 0.9), (0.01, 0.9), (0.3, 0), (0.1, 0), (0.05, 0)],
    "iwp": [(0.3, 0), (0.15, 0), (0.1, 0), (0.05, 0)],
    "magnitude": [(0.3, 0), (0.15, 0), (0.1, 0), (0.05, 0)],
    "topk": [(0.3, 0), (0.15, 0), (0.1, 0), (0.05, 0)],
    "randomk": [(0.3, 0), (0.15, 0), (0.1, 0), (0.05, 0)],
}
FIELDS = ["part", "case", "scheme", "staleness", "quorum", "settings", "lr", "momentum", "seed", "delay_mean", "delay_max", "left_out_ranks",
          "accuracy", "loss", "target_s", "target_steps", "simulated_s", "age_mean", "wire", "backend", "failure", "command"]


def ring(bandwidth):
    return ["--topology", "ring", "--ranks", "8", "--bandwidth", bandwidth, "--latency", "5us"]


def unequal_topologies(folder):
    """A host of half speed, and a link of a tenth of the bandwidth."""
    base = {"kind": "ring", "hosts": 8, "link": {"bandwidth": "1Gbps", "latency": "5us"}}
    straggler = dict(base, name="straggler", host_exceptions=[{"host": 3, "speed": 0.5}])
    slow_link = dict(base, name="slow-link", link_exceptions=[{"link": "link3", "bandwidth": "100Mbps", "latency": "5us"}])
    paths = {}
    for topology in (straggler, slow_link):
        path = folder / f"{topology['name']}.json"
        path.write_text(json.dumps(topology, indent=2) + "\n")
        paths[topology["name"]] = path
    return paths


def point(part, case, scheme, staleness, settings, seed, network, rates, quorum=None, more=()):
    lr, momentum = rates
    options = ["--scheme", scheme, "--lr", str(lr), "--momentum", str(momentum), "--seed", str(seed), "--staleness", str(staleness), *network, *more]
    if quorum:
        options += ["--quorum", str(quorum)]
    return {"part": part, "case": case, "scheme": scheme, "staleness": staleness, "quorum": quorum or "", "settings": settings, "lr": lr,
            "momentum": momentum, "seed": seed, "options": options}


def tune_points():
    # So slow that every scheme's delay is 8.
    slow = {"dense": "1Gbps", "iwp": "10Mbps", "magnitude": "10Mbps", "topk": "10Mbps", "randomk": "10Mbps"}
    return [point("tune", slow[scheme], scheme, 8, "tune", 1, ring(slow[scheme]), rates, more=["--evaluate", "validation"])
            for scheme, settings in SETTINGS.items() for rates in settings]


def tuned_rates(rows):
    """Of each scheme, the rates with the best validation accuracy at a delay of 8."""
    best = {}
    for row in rows:
        if row["part"] == "tune" and row["accuracy"]:
            accuracy = float(row["accuracy"])
            if row["scheme"] not in best or accuracy > best[row["scheme"]][0]:
                best[row["scheme"]] = (accuracy, (float(row["lr"]), float(row["momentum"])))
    return {scheme: rates for scheme, (_, rates) in best.items()}


def rates_for(scheme, staleness, tuned):
    """What a scheme is run with: its defaults, and where updates are late the tuned rates too, if they differ."""
    yield "default", SETTINGS[scheme][0]
    if staleness > 0 and tuned[scheme] != SETTINGS[scheme][0]:
        yield "tuned", tuned[scheme]


def bandwidth_points(seeds, tuned):
    return [point("bandwidth", bandwidth, scheme, staleness, name, seed, ring(bandwidth), rates)
            for bandwidth in BANDWIDTHS for scheme in ("dense", "iwp") for staleness in (0, 8)
            for name, rates in rates_for(scheme, staleness, tuned) for seed in seeds]


def straggler_points(seeds, tuned, topologies):
    points = []
    for case, path in topologies.items():
        network = ["--topology", str(path)]
        for scheme in ("dense", "iwp"):
            for seed in seeds:
                for staleness in (0, 1, 2, 4, 8):
                    points += [point("straggler", case, scheme, staleness, name, seed, network, rates)
                               for name, rates in rates_for(scheme, staleness, tuned)]
                for quorum in (7, 6):
                    points.append(point("straggler", case, scheme, 0, "default", seed, network, SETTINGS[scheme][0], quorum))
    return points


def claim_points(seeds, tuned):
    return [point("claim", bandwidth, scheme, staleness, name, seed, ring(bandwidth), rates)
            for bandwidth in ("100Mbps", "1Gbps", "10Gbps") for scheme in SETTINGS for staleness in (0, 8)
            for name, rates in rates_for(scheme, staleness, tuned) for seed in seeds]


def run_point(program, epochs, it):
    command = [program, "run", *it["options"], *COMMON, "--epochs", str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, RINGSIM_THREADS="1"))
    row = {name: it.get(name, "") for name in FIELDS} | {"command": " ".join(command[1:])}
    if done.returncode == 2:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    if done.returncode != 0:
        return row | {"failure": done.stderr.strip().splitlines()[-1]}
    summary = json.loads(done.stdout)
    stale, target = summary["staleness_steps"], summary["target"]
    found = {"delay_mean": stale["delay_mean"], "delay_max": stale["delay_max"], "left_out_ranks": summary["left_out_ranks"],
             "accuracy": summary["accuracy"], "loss": summary["loss"], "target_s": target["seconds"], "target_steps": target["steps"],
             "simulated_s": summary["simulated_seconds"], "age_mean": stale["mean"], "wire": summary["compression_ratio"]["wire"],
             "backend": summary["backend"]}
    return row | {name: "" if value is None else value for name, value in found.items()}


def read_rows(path):
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file)]


def run_missing(path, points, arguments):
    known = {row["command"] for row in read_rows(path)}
    wanted = [it for it in points
              if " ".join(["run", *it["options"], *COMMON, "--epochs", str(arguments.epochs)]) not in known]
    is_new = not path.exists() or path.stat().st_size == 0
    lock = threading.Lock()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if is_new:
            writer.writeheader()

        def work(it):
            row = run_point(arguments.ringsim, arguments.epochs, it)
            with lock:
                writer.writerow(row)
                file.flush()

        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            for done, future in enumerate(concurrent.futures.as_completed([pool.submit(work, it) for it in wanted]), 1):
                future.result()
                print(f"\r{done} of {len(wanted)} runs", end="", file=sys.stderr, flush=True)
    if wanted:
        print(file=sys.stderr)


def run(arguments):
    path = arguments.output
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = arguments.part or ["tune", "bandwidth", "straggler", "claim"]
    few, many = range(1, min(3, arguments.seeds) + 1), range(1, arguments.seeds + 1)
    if "tune" in parts:
        run_missing(path, tune_points(), arguments)
    tuned = tuned_rates(read_rows(path))
    missing = set(SETTINGS) - set(tuned)
    if missing:
        sys.exit(f"{path}: no tuned rates of {', '.join(sorted(missing))}; run the part tune first")
    points = []
    if "bandwidth" in parts:
        points += bandwidth_points(few, tuned)
    if "straggler" in parts:
        points += straggler_points(few, tuned, unequal_topologies(path.parent))
    if "claim" in parts:
        points += claim_points(many, tuned)
    run_missing(path, points, arguments)


def mean_text(values, form, scale=1.0):
    """Mean and standard deviation over the seeds."""
    values = [scale * float(value) for value in values]
    text = format(statistics.mean(values), form)
    return f"{text} ± {format(statistics.stdev(values), form)}" if len(values) > 1 else text


def print_table(rows, part):
    groups = {}
    for row in rows:
        if row["part"] == part:
            key = (row["case"], row["scheme"], row["staleness"], row["quorum"], row["settings"], row["lr"], row["momentum"])
            groups.setdefault(key, []).append(row)
    if not groups:
        return
    print(f"\n### {part}\n")
    print("| case | scheme | S | quorum | settings | delay | accuracy, % | s to 85 % | steps to 85 % | s to the end |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for (case, scheme, staleness, quorum, settings, lr, momentum), group in groups.items():
        ended = [row for row in group if not row["failure"]]
        reached = [row for row in ended if row["target_s"]]
        cells = ["", f"{len(group)} of {len(group)} diverged", "", "", ""]
        if ended:
            missed = f" ({len(reached)} of {len(group)} seeds)" if len(reached) < len(group) else ""
            diverged = f" ({len(group) - len(ended)} diverged)" if len(ended) < len(group) else ""
            cells = [mean_text([row["delay_mean"] for row in ended], ".2f"),
                     mean_text([row["accuracy"] for row in ended], ".2f", 100) + diverged,
                     (mean_text([row["target_s"] for row in reached], ".3g") if reached else "not reached") + (missed if reached else ""),
                     mean_text([row["target_steps"] for row in reached], ".0f") if reached else "",
                     mean_text([row["simulated_s"] for row in ended], ".3g")]
        print("|", " | ".join([case, scheme, staleness, quorum, f"{settings}: lr {lr}, momentum {momentum}", *cells]), "|")


def tables(arguments):
    rows = read_rows(arguments.file)
    # In order of the parts and points, whatever ended first.
    order = {bandwidth: i for i, bandwidth in enumerate(BANDWIDTHS)}
    schemes = list(SETTINGS)
    rows.sort(key=lambda row: (order.get(row["case"], -1), row["case"], schemes.index(row["scheme"]), int(row["staleness"]),
                               -int(row["quorum"] or 8), row["settings"], -float(row["lr"]), int(row["seed"])))
    for part in ("tune", "bandwidth", "straggler", "claim"):
        print_table(rows, part)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    runs = commands.add_parser("run")
    runs.add_argument("-o", "--output", type=pathlib.Path, required=True)
    runs.add_argument("-j", "--jobs", type=int, default=len(os.sched_getaffinity(0)))
    runs.add_argument("--part", action="append", choices=["tune", "bandwidth", "straggler", "claim"])
    runs.add_argument("--seeds", type=int, default=5)
    runs.add_argument("--epochs", type=float, default=10)
    runs.add_argument("ringsim", nargs="?", default="build/release/tools/ringsim/ringsim")
    runs.set_defaults(do=run)
    shows = commands.add_parser("tables")
    shows.add_argument("file", type=pathlib.Path)
    shows.set_defaults(do=tables)
    arguments = parser.parse_args()
    arguments.do(arguments)


if __name__ == "__main__":
    main()
