"""Runs the points between processes in namespaces, and trainings over the same rings."""
import contextlib
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import networks
import predictions

PAUSE_SECONDS = 0.05  # before a start, for all ranks to wait for it
WARM_UP_BYTES = 256 * 1024
SECONDS_A_POINT = 60


class TooLong(Exception):
    pass


@contextlib.contextmanager
def limit(seconds):
    def stop(*_):
        raise TooLong(f"more than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def busy_ticks():
    """The ticks of all processors together since they started: those spent working, and all."""
    ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


class Workers:
    """One process a rank, each in its namespace."""

    def __init__(self, network, commands, real_time):
        first = ["chrt", "--rr", "20"] if real_time else []
        self.processes = []
        for rank, command in enumerate(commands):
            inside = ["nsenter", f"--net=/run/netns/r{rank}", *first, *map(str, command)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self.processes.append(subprocess.Popen(inside, text=True, **pipes))

    def say(self, line):
        for process in self.processes:
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def answers(self):
        lines = [process.stdout.readline().strip() for process in self.processes]
        if "" in lines:
            raise RuntimeError("a worker has ended")
        return lines

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def words_of_connections(network, pairs, rank):
    """How many connect to this rank, and where it connects to."""
    sources = sum(target == rank for _, target in pairs)
    targets = [f"{target}={network.address(rank, target)}" for source, target in pairs if source == rank]
    return [sources, *targets]


def start_in(seconds):
    return time.monotonic_ns() + int(seconds * 1e9)


def make_changes(network, point, start):
    """Changes links' rates at their times, and says how late the latest was."""
    late = 0
    for link, at, rate in sorted(point.changes, key=lambda change: change[1]):
        due = start + int(at * 1e9)
        time.sleep(max(0, (due - time.monotonic_ns()) / 1e9))
        network.change(link, rate)
        late = max(late, (time.monotonic_ns() - due) / 1e9)
    return late


def repetition(network, point, workers):
    """(seconds, share of the processors that was busy, how late a change was)."""
    for link in {link for link, _, _ in point.changes}:
        network.change(link, point.rates[link])
    time.sleep(PAUSE_SECONDS)
    before = busy_ticks()
    start = start_in(PAUSE_SECONDS)
    workers.say(f"run {start}")
    late = make_changes(network, point, start)
    end = max(int(answer) for answer in workers.answers())
    busy, total = (after - first for after, first in zip(busy_ticks(), before))
    return (end - start) / 1e9, busy / max(total, 1), late


def measure_point(ringsim, worker, point, real_time):
    rows = predictions.messages(ringsim, point)
    pairs = predictions.pairs(rows)
    network = networks.make(point)
    with contextlib.closing(network), tempfile.TemporaryDirectory() as folder:
        commands = []
        for rank, lines in enumerate(predictions.schedules(point, rows)):
            path = pathlib.Path(folder) / f"{rank}"
            path.write_text("\n".join(lines) + "\n")
            connections = words_of_connections(network, pairs, rank)
            commands.append([worker, rank, path, *connections])
        with contextlib.closing(Workers(network, commands, real_time)) as workers:
            workers.answers()  # "ready"
            workers.say(f"warm {WARM_UP_BYTES}")
            workers.answers()
            return [repetition(network, point, workers) for _ in range(point.repeat)]


def notes():
    model = [line for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n") if line.startswith("model name")]
    return [
        f"Linux {platform.release().split('-')[0]}, {os.cpu_count()} x {model[0].split(': ')[1]}",
        f"tbf: burst {networks.BURST_SECONDS * 1e3:g} ms at the link's rate, two frames at least; TCP cubic",
    ]


def measure(ringsim, worker, points, output, real_time, seconds):
    """Writes what it has after every point."""
    rows, deadline = [], time.monotonic() + seconds
    heading = ["name", "repetition", "seconds", "busy", "late_s"]
    for point in points:
        if time.monotonic() > deadline:
            print(f"no time is left for {point.name}", file=sys.stderr)
            continue
        try:
            with limit(SECONDS_A_POINT):
                results = measure_point(ringsim, worker, point, real_time)
        except TooLong as error:
            print(f"{point.name}: {error}", file=sys.stderr)
            continue
        for number, (measured, busy, late) in enumerate(results):
            rows.append([point.name, number, f"{measured:.6f}", f"{busy:.2f}", f"{late:.6f}"])
        networks.write_table(output, notes(), heading, rows)
        middle = statistics.median(result[0] for result in results)
        print(f"{point.name}: {middle:.4f} s", file=sys.stderr, flush=True)


def train(worker, point, latency, shaped, real_time):
    """What the ranks report of a training; without shaping the local work alone is of interest."""
    network = networks.Ring(point.ranks, point.rates if shaped else [None] * point.ranks, point.mtu)
    with contextlib.closing(network):
        payload = min(point.rates) * 1e6 / 8 * (point.mtu - 52) / (point.mtu + 14)
        pairs = [(rank, (rank + 1) % point.ranks) for rank in range(point.ranks)]
        settings = [point.options["scheme"], point.steps, point.options["batch"]]
        settings.append(point.options.get("threshold", "fixed:0").split(":")[1])
        commands = []
        for rank in range(point.ranks):
            connections = words_of_connections(network, pairs, rank)
            commands.append([worker, rank, point.ranks, *settings, payload, latency, *connections])
        with contextlib.closing(Workers(network, commands, real_time)) as workers:
            workers.answers()
            workers.say(f"run {start_in(PAUSE_SECONDS)}")
            return [json.loads(answer) for answer in workers.answers()]


def slowest(reports, name):
    """The mean over the steps of the slowest rank's time."""
    steps = list(zip(*(report[name] for report in reports)))
    return sum(map(max, steps)) / max(len(steps), 1)


def measure_training(worker, points, latency, output, real_time):
    heading = ["name", "seconds", "compute_s", "compress_s", "bytes_sent_per_rank", "kept", "accuracy"]
    rows, alone = [], {}
    for point in points:
        with limit(3 * SECONDS_A_POINT):
            scheme = point.options["scheme"]
            if scheme not in alone:
                alone[scheme] = train(worker, point, latency, False, real_time)
            reports = train(worker, point, latency, True, real_time)
        compute = slowest(alone[scheme], "compute") + slowest(alone[scheme], "update")
        compress = sum(slowest(alone[scheme], name) for name in ("encode", "between", "decode"))
        measured = max(report["seconds"] for report in reports)
        sent = statistics.mean(report["bytes"] for report in reports)
        first = reports[0]
        rows.append([point.name, f"{measured:.4f}", f"{compute:.7f}", f"{compress:.7f}", f"{sent:.0f}"])
        rows[-1] += [first["kept"], first["accuracy"]]
        networks.write_table(output, notes(), heading, rows)
        print(f"{point.name}: {measured:.3f} s", file=sys.stderr, flush=True)
