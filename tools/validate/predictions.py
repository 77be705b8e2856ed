"""What ringsim says of a point: on links of the shapers' rates, with the headers of TCP over Ethernet, one latency for
all messages, and a share of the payload that acknowledgements take where a link carries data both ways."""
import csv
import dataclasses
import json
import pathlib
import subprocess
import tempfile


SIZES = pathlib.Path(__file__).with_name("sizes")


@dataclasses.dataclass
class Links:
    """What is fitted to the points of the calibration."""

    latency: float = 0  # seconds a message
    duplex: float = 1  # what acknowledgements leave of the rate where data goes both ways


def link(point, links, rate, changes):
    """A message passes two links of a switch: each has half of the latency."""
    latency = links.latency if point.topology == "ring" else links.latency / 2
    members = {"bandwidth": f"{rate * 1e6:.0f}bps", "latency": f"{latency * 1e6:.9g}us"}
    if point.is_duplex:
        members["efficiency"] = links.duplex * (point.mtu - 52) / (point.mtu + 14)
    else:
        members |= {"medium": "ethernet", "mtu": point.mtu}
    profile = [{"at": f"{at}s", "bandwidth": f"{changed * 1e6:.0f}bps"} for at, changed in changes]
    return members | ({"profile": profile} if profile else {})


def topology_of(point, links):
    changes = [[(at, rate) for where, at, rate in point.changes if where == i] for i in range(point.ranks)]
    members = [link(point, links, rate, changes[i]) for i, rate in enumerate(point.rates)]
    exceptions = [{"host": int(rank), "speed": speed} for rank, speed in point.speeds.items()]
    base = {"name": point.name, "kind": point.topology, "links": members}
    return base | ({"host_exceptions": exceptions} if exceptions else {})


def command_of(point, topology):
    words = ["run", "--topology", topology, "--steps", point.steps]
    options = point.options
    if point.has_sizes:  # the scheme and what it keeps stand in the trace
        words += ["--source", f"trace:{SIZES / point.name}"]
        options = {name: value for name, value in options.items() if name not in ("scheme", "density", "broadcasters")}
    elif point.bytes:
        words += ["--bytes", point.bytes]
    words += ["--compute-time", f"{point.compute:.12g}s"]
    if point.options.get("scheme") != "dense":
        words += ["--headroom", "off"]
        if "compress-time" not in point.options:
            words += ["--compress-time", "none"]
    for name, value in options.items():
        words += ["--" + name, value]
    return [str(word) for word in words]


def run(ringsim, point, links, *more):
    with tempfile.TemporaryDirectory() as folder:
        topology = pathlib.Path(folder) / "topology.json"
        topology.write_text(json.dumps(topology_of(point, links)))
        command = [ringsim, *command_of(point, topology), "--quiet", "--format", "json", *more]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{point.name}: {done.stderr}")
    return json.loads(done.stdout)


def predict(ringsim, point, links):
    """Seconds from the start of the first step to the end of the last."""
    return run(ringsim, point, links)["simulated_seconds"]


def messages(ringsim, point):
    """The rows of transfers.csv, in order of steps, of phases in them, and of rounds in these."""
    with tempfile.TemporaryDirectory() as folder:
        run(ringsim, point, Links(50e-6), "--transfers", "-o", folder + "/run")
        with open(folder + "/run/transfers.csv") as file:
            rows = list(csv.DictReader(file))
    begins = {}
    for row in rows:
        row["step"], row["round"] = int(row["step"]), int(row["round"])
        phase = row["step"], row["phase"], row["bucket"]
        begins[phase] = min(begins.get(phase, float("inf")), float(row["start_s"]))
    key = {phase: number for number, phase in enumerate(sorted(begins, key=lambda phase: (phase[0], begins[phase])))}
    rows.sort(key=lambda row: (key[row["step"], row["phase"], row["bucket"]], row["round"]))
    return rows


def schedules(point, rows):
    """For every rank the lines that ringsim_exchange_worker reads. What the first half of an all-reduce's rounds
    brings is added up."""
    rounds = {}
    for row in rows:
        phase = row["step"], row["phase"], row["bucket"]
        rounds[phase] = max(rounds.get(phase, 0), row["round"] + 1)
    largest = max(int(row["bytes"]) for row in rows)
    lines = [[f"largest {largest}"] for _ in range(point.ranks)]
    last, step = [None] * point.ranks, [-1] * point.ranks

    def turn_to(rank, row):
        if step[rank] < row["step"]:
            step[rank] = row["step"]
            lines[rank].append(f"compute {point.compute_of(rank)}")
        place = row["step"], row["phase"], row["bucket"], row["round"]
        if last[rank] != place:
            last[rank] = place
            lines[rank].append("round")

    reduces = point.options.get("scheme") in ("dense", "iwp")
    for row in rows:
        source, target = int(row["source"]), int(row["target"])
        phase = row["step"], row["phase"], row["bucket"]
        adds = reduces and row["phase"] == "values" and 2 * row["round"] < rounds[phase]
        turn_to(source, row)
        lines[source].append(f"send {target} {row['bytes']}")
        turn_to(target, row)
        lines[target].append(f"receive {source} {row['bytes']} {'add' if adds else 'store'}")
    return lines


def pairs(rows):
    """(source, target) of all messages."""
    return sorted({(int(row["source"]), int(row["target"])) for row in rows})
