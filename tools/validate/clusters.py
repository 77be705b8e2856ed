"""Networks that others own: fitted to some tables under docs/measured and run on what nothing was fitted to."""
import csv
import json
import pathlib
import subprocess
import tempfile

MEASURED = pathlib.Path(__file__).resolve().parents[2] / "docs/measured"
LAUNCH_SHOWS = 300e-6  # of calls that were timed one by one, as `ringsim calibrate` has it


def rows_of(path):
    lines = [line for line in pathlib.Path(path).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def call(ringsim, *words):
    done = subprocess.run([str(word) for word in (ringsim, *words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout.decode()


def exchanges(ringsim, topology, sizes, *more):
    """{bytes: seconds} of dense all-reduces."""
    sizes = sorted(sizes)
    wanted = ["--bytes", ",".join(f"{size}B" for size in sizes), "--scheme", "dense", "--compute-time", "0s"]
    with tempfile.TemporaryDirectory() as folder:
        call(ringsim, "scan", *wanted, "--topology", topology, "--quiet", *more, "-o", folder + "/scan")
        rows = rows_of(folder + "/scan/scan.csv")
    return {size: float(row["seconds_per_step.total"]) for size, row in zip(sizes, rows)}


def lower_quartiles(table):
    """{bytes: seconds} without calls that were timed one by one and took as little as launching them."""
    rows = [(int(row["bytes"]), float(row["seconds_p25"]), row["batch"]) for row in rows_of(MEASURED / table)]
    return {size: time for size, time, batch in rows if size % 4 == 0 and (batch != "1" or time >= LAUNCH_SHOWS)}


def gpus(ringsim, host, transport, folder):
    """All-reduces of 4 GPUs, as NCCL chooses them, fitted to all operations of 2."""
    tables = sorted((MEASURED / f"{host}-four/{host}-x2").glob(f"{transport}-*.csv"))
    topology = pathlib.Path(folder) / f"{host}-{transport}.json"
    call(ringsim, "calibrate", *tables, "--hosts", 4, "-o", topology, "--force")
    measured = lower_quartiles(f"{host}-four/{host}-x4/{transport}-free-all_reduce.csv")
    return measured, exchanges(ringsim, topology, measured)


def polaris(ringsim, stack, folder):
    """All-reduces of 8 nodes, fitted to 2."""
    lines = (MEASURED / f"public/polaris-{stack}.csv").read_text().splitlines()
    two, topology = pathlib.Path(folder) / f"{stack}.csv", pathlib.Path(folder) / f"{stack}.json"
    two.write_text("\n".join(line for line in lines if not line.startswith("8,")) + "\n")
    call(ringsim, "calibrate", "--cluster", two, "--hosts", 32, "-o", topology, "--force")
    rows = rows_of(MEASURED / f"public/polaris-{stack}.csv")
    measured = {int(row["bytes"]): float(row["time_us"]) / 1e6 for row in rows if row["nodes"] == "8"}
    return measured, exchanges(ringsim, topology, measured)


def four_hosts(ringsim, folder):
    """Exchanges of 30,846,720 parameters by 4 hosts in a ring at 1 and 5 Gbit/s. Nothing is fitted: TCP over Ethernet
    with frames of 1500 bytes, 25 us a message."""
    rows = rows_of(MEASURED / "public/four-hosts.csv")
    measured, predicted = {}, {}
    for rate in sorted({row["bw"] for row in rows}):
        link = {"bandwidth": rate.upper() + "bps", "latency": "25us", "medium": "ethernet", "mtu": 1500}
        topology = pathlib.Path(folder) / f"{rate}.json"
        topology.write_text(json.dumps({"name": rate, "kind": "ring", "hosts": 4, "link": link}))
        seconds = exchanges(ringsim, topology, [4 * 30_846_720])[4 * 30_846_720]
        for row in rows:
            if row["bw"] == rate:
                key = rate, row["alg"], row["H"], row["rep"]
                measured[key], predicted[key] = float(row["sync_ms_med"]) / 1e3, seconds
    return measured, predicted


FAMILIES = {
    "NCCL, NVLink, 4 H100 from 2": lambda ringsim, folder: gpus(ringsim, "h100", "nvlink", folder),
    "NCCL, NVLink, 4 H200 from 2": lambda ringsim, folder: gpus(ringsim, "h200", "nvlink", folder),
    "NCCL, TCP on loopback, 4 H100 from 2": lambda ringsim, folder: gpus(ringsim, "h100", "sockets", folder),
    "NCCL, TCP on loopback, 4 H200 from 2": lambda ringsim, folder: gpus(ringsim, "h200", "sockets", folder),
    "NCCL, Polaris, TCP, 8 nodes from 2": lambda ringsim, folder: polaris(ringsim, "tcp", folder),
    "NCCL, Polaris, libfabric, 8 nodes from 2": lambda ringsim, folder: polaris(ringsim, "ofi", folder),
    "4 hosts at 1 and 5 Gbit/s": four_hosts,
}


def predicted(ringsim):
    """{family: [(what, measured, predicted)]}."""
    pairs = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, family in FAMILIES.items():
            measured, said = family(ringsim, folder)
            pairs[name] = [(what, measured[what], said[what]) for what in measured]
    return pairs


def operations(ringsim):
    """Rows of other operations, whose errors `ringsim calibrate --holdout` says: [(family, median, worst, sizes)]."""
    rows = []
    held_out = {
        "NCCL, NVLink, 4 H100 from 2": ("4 ranks", "h100-four/h100-x*/nvlink-*.csv", "ranks"),
        "NCCL, NVLink, 4 H200 from 2": ("4 ranks", "h200-four/h200-x*/nvlink-*.csv", "ranks"),
        "NCCL, TCP on loopback, 4 H100 from 2": ("4 ranks", "h100-four/h100-x*/sockets-*.csv", "ranks"),
        "NCCL, TCP on loopback, 4 H200 from 2": ("4 ranks", "h200-four/h200-x*/sockets-*.csv", "ranks"),
        "NCCL, H100 node, 8 GPUs from 4 and 16": ("8 ranks", "public/h100-nodes.csv", "ranks"),
    }
    for name, (group, pattern, by) in held_out.items():
        tables = sorted(MEASURED.glob(pattern))
        words = ["calibrate", "--cluster", *tables, "--holdout", by, "--format", "json"]
        errors = json.loads(call(ringsim, *words))["errors"]
        for error in errors:
            if error["kind"] == "held out" and error["group"].startswith(group):
                operation = error["group"].partition(", ")[2] or "all operations"
                rows.append([name, operation, error["sizes"], error["median"], error["worst"]])
    return rows


def print_table(ringsim, table, summary):
    pairs = predicted(ringsim)
    rows = [summary(name, [said / time - 1 for _, time, said in family]) for name, family in pairs.items()]
    rates = {}
    for (rate, *_), time, said in pairs["4 hosts at 1 and 5 Gbit/s"]:
        rates.setdefault(rate, []).append(said / time - 1)
    rows += [summary(f"of these at {rate.upper()}bit/s", errors) for rate, errors in rates.items()]
    table(["all-reduces, run", "points", "median error", "worst", "median with its sign"], rows)
    rows = [
        [name, operation, sizes, f"{100 * median:.1f} %", f"{100 * worst:.1f} %"]
        for name, operation, sizes, median, worst in operations(ringsim)
    ]
    table(["operations, calls", "operation", "sizes", "median error", "worst"], rows)
