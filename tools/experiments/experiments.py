"""What the scripts of this folder share: many runs of ringsim side by side, records that a later call goes on from,
intervals, tables.

Every run gets one thread (RINGSIM_THREADS) and a folder of its own under --scratch, of which the record keeps what
tables need; results do not depend on how many run at once. Records are lines of JSON, one a run, found again by the
run's options.
"""
import argparse
import csv
import heapq
import itertools
import json
import math
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

SETTINGS = pathlib.Path(__file__).with_name("settings.json")
DEFAULT_PROGRAM = pathlib.Path(__file__).parents[2] / "build/release/tools/ringsim/ringsim"
# Two-sided 95 % quantiles of Student's t distribution with 1, 2, ... degrees of freedom.
QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
# Whose times of compressing count: those of PyTorch as people run it, of ringsim's fused engine for what it was made
# for, and the model's passes over memory for what nobody measured.
IMPLEMENTATIONS = {"iwp": "fused", "magnitude": "model"}
# Seconds that 10 epochs take on one core: what is planned with until a run of the model has been measured.
EXPECTED_SECONDS = {"mlp": 15, "lenet5": 40, "cnn-bn": 120}


def mean(values):
    return sum(values) / len(values)


def half_width(values):
    """Half the width of the 95 % confidence interval of the mean; infinite for one value."""
    if len(values) < 2:
        return math.inf
    variance = sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1)
    return QUANTILES[len(values) - 2] * math.sqrt(variance / len(values))


def interval(values, digits=2):
    """ "MEAN ± HALF WIDTH"; the mean alone for one value."""
    if len(values) < 2:
        return f"{mean(values):.{digits}f}"
    return f"{mean(values):.{digits}f} ± {half_width(values):.{digits}f}"


def print_table(heading, rows):
    """Prints the rows as a Markdown table."""
    for cells in (heading, ["---"] * len(heading), *rows):
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def numbers(text):
    """ "1..5" or "1,2,7"."""
    if ".." in text:
        first, last = map(int, text.split(".."))
        return list(range(first, last + 1))
    return [int(part) for part in text.split(",")]


def arguments_of(options):
    """{"lr": 0.3, ...} as words of the command line, always in one order: the same options are the same run."""
    return [word for name in sorted(options) for word in ("--" + name, str(options[name]))]


def key_of(options):
    return " ".join(arguments_of(options))


def compressing(scheme, implementation=None, values="fp32"):
    """Options that say what compressing takes, and ask for the headroom; none where nothing is compressed."""
    if scheme == "dense" and values == "fp32":
        return {}
    return {"compress-time": implementation or IMPLEMENTATIONS.get(scheme, "torch"), "headroom": "on"}


def basis_of(row):
    """How compressing's times of a scan's row are known; empty where nothing is compressed."""
    return row.get("basis.compress", "")


def basis_line(records):
    """ "basis: computing measured, compressing modelled, the exchange modelled" of records of runs."""
    words = {"compute": "computing", "compress": "compressing", "exchange": "the exchange"}
    bases = [record["basis"] for record in records if record and "basis" in record]
    found = {name: sorted({basis[name] for basis in bases} - {None}) for name in words}
    return "basis: " + ", ".join(f"{words[name]} {' or '.join(known)}" for name, known in found.items() if known)


def signed_milliseconds(seconds):
    """ "+12.3" of a text or number of seconds; empty where there is none."""
    return "" if seconds in ("", None) else f"{1e3 * float(seconds):+.3g}"


def load_settings(path=SETTINGS):
    """{model: {scheme: options}}: the settings that tools/experiments/search.py chose."""
    return json.loads(pathlib.Path(path).read_text())


class RunFailed(Exception):
    """ringsim refused the options, or broke off: no result, unlike training that diverged."""


class Runs:
    """Runs of ringsim, `jobs` at a time. Threads may ask for batches at the same time; what is cheaper waits for what
    is longer."""

    def __init__(self, program, records, jobs, budget_seconds=math.inf, scratch=None):
        self.program, self.path, self.scratch = pathlib.Path(program), pathlib.Path(records), scratch
        self.deadline = time.monotonic() + budget_seconds
        self.records, self.seconds = {}, {}
        self.lock = threading.Condition()
        self.queue, self.numbers = [], itertools.count()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._read_records()
        for _ in range(jobs):
            threading.Thread(target=self._work, daemon=True).start()

    def _read_records(self):
        if not self.path.exists():
            return
        text = self.path.read_bytes()
        whole = text.rfind(b"\n") + 1
        # A line that was cut off would take the next one with it.
        if whole < len(text):
            os.truncate(self.path, whole)
        for line in text[:whole].splitlines():
            record = json.loads(line)
            self.records[key_of(record["options"])] = record
            self._measure(record)

    def batch(self, all_options, priority=0, keep=None):
        """The records of these runs, None where the time was up. `keep(folder)` adds what it returns as the record's
        "kept"."""
        tickets = []
        with self.lock:
            for options in all_options:
                ticket = {"options": options, "keep": keep, "record": self.records.get(key_of(options)), "done": False}
                ticket["done"] = ticket["record"] is not None
                if not ticket["done"]:
                    heapq.heappush(self.queue, (priority, -self.expected(options), next(self.numbers), ticket))
                tickets.append(ticket)
            self.lock.notify_all()
            self.lock.wait_for(lambda: all(ticket["done"] for ticket in tickets))
        for ticket in tickets:
            if "failure" in ticket:
                raise ticket["failure"]
        return [ticket["record"] for ticket in tickets]

    def expected(self, options):
        """Seconds on one core."""
        kind = (options.get("model", "mlp"), options.get("scheme"))
        scale = float(options.get("epochs", 1)) / 10
        measured = self.seconds.get(kind) or self.seconds.get(kind[:1])
        return scale * (mean(measured) if measured else EXPECTED_SECONDS.get(kind[0], 60))

    def _work(self):
        while True:
            with self.lock:
                self.lock.wait_for(lambda: self.queue)
                ticket = heapq.heappop(self.queue)[-1]
                options = ticket["options"]
                # Two threads may have asked for the same run.
                ticket["record"] = self.records.get(key_of(options))
                late = time.monotonic() + 1.1 * self.expected(options) > self.deadline
                if ticket["record"] is not None or late:
                    ticket["done"] = True
                    self.lock.notify_all()
                    continue
            record = None
            try:
                record = self._run(options, ticket["keep"])
            except Exception as failure:  # of a thread: it would get lost
                ticket["failure"] = failure
            with self.lock:
                if record is not None:
                    self._remember(record)
                ticket.update(record=record, done=True)
                self.lock.notify_all()

    def _remember(self, record):
        self.records[key_of(record["options"])] = record
        self._measure(record)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def _measure(self, record):
        options = record["options"]
        epochs = float(options.get("epochs", 1))
        if "failed" in record or epochs < 1:
            return
        kind = (options.get("model", "mlp"), options.get("scheme"))
        for name in (kind, kind[:1]):
            self.seconds.setdefault(name, []).append(10 * record["seconds"] / epochs)

    def _run(self, options, keep):
        """Several bandwidths (a list) are points of one scan, which trains once."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ringsim-", dir=self.scratch))
        is_scan = "," in str(options.get("bandwidth", ""))
        output = ["scan", "-j", "1"] if is_scan else ["run", "--format", "json"]
        command = [self.program, *output, *arguments_of(options), "--quiet", "-o", folder / "run"]
        if keep is not None:
            command.append("--transfers")
        start = time.monotonic()
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=os.environ | {"RINGSIM_THREADS": "1"},
                timeout=max(1.0, self.deadline - start) if math.isfinite(self.deadline) else None,
            )
            record = {"options": options, "seconds": round(time.monotonic() - start, 2)}
            points = points_of(folder / "run") if is_scan and done.returncode in (0, 1) else []
            errors = {point["error"] for point in points} - {""}
            if done.returncode == 1 and "diverged" in (done.stderr if not is_scan else " ".join(errors)):
                record["failed"] = done.stderr.strip() or errors.pop()
            elif done.returncode != 0:
                # Wrong options are the script's mistake, and no result.
                raise RunFailed(f"{' '.join(map(str, command))}: {done.stderr.strip()}{' '.join(errors)}")
            elif is_scan:
                record |= {"points": points, "accuracy": float(points[0]["accuracy"])}
            else:
                record |= summary_of(json.loads(done.stdout)) | {"curve": curve_of(folder / "run")}
                if keep is not None:
                    record["kept"] = keep(folder / "run")
            return record
        except subprocess.TimeoutExpired:
            return None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def points_of(folder):
    """The rows of a scan, as text, by column."""
    with (folder / "scan.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def summary_of(summary):
    """Those figures of summary.json that tables are made of."""
    names = (
        "accuracy",
        "loss",
        "simulated_seconds",
        "seconds_per_step",
        "compression_ratio",
        "bytes_sent_per_rank",
        "density",
        "steps",
        "ranks",
        "staleness_steps",
        "left_out_ranks",
        "target",
        "basis",
    )
    return {name: summary[name] for name in names}


def curve_of(folder):
    """[[simulated seconds at the end of the step, accuracy], ...] of the steps after which the accuracy was taken."""
    with (folder / "steps.csv").open(newline="") as file:
        return [
            [float(row["start_s"]) + float(row["total_s"]), float(row["accuracy"])]
            for row in csv.DictReader(file)
            if row["accuracy"]
        ]


def seconds_to(record, target):
    """Simulated seconds at the end of the first epoch after which the accuracy was the target's; infinite where it
    never was."""
    return next((seconds for seconds, accuracy in record["curve"] if accuracy >= target), math.inf)


def add_arguments(parser, records):
    """The options of every script; `records` is the default of the file of records."""
    parser.add_argument(
        "--program", type=pathlib.Path, default=DEFAULT_PROGRAM, metavar="RINGSIM", help="default: the release build"
    )
    parser.add_argument(
        "--jobs", "-j", type=int, default=len(os.sched_getaffinity(0)), help="runs at a time; default: one per core"
    )
    parser.add_argument(
        "--records",
        type=pathlib.Path,
        default=pathlib.Path("results") / records,
        metavar="FILE",
        help="what has been run, and where a later call goes on from; default results/%s" % records,
    )
    parser.add_argument(
        "--budget-seconds",
        type=float,
        default=math.inf,
        metavar="S",
        help="runs that would end later are not begun; what has been run is shown; default: no limit",
    )
    parser.add_argument(
        "--scratch",
        type=pathlib.Path,
        default=None,
        metavar="DIR",
        help="for the runs' result folders; default: TMPDIR or /tmp",
    )
    parser.add_argument("--epochs", default="10", help="default 10")


def parse(parser):
    arguments = parser.parse_args()
    if not shutil.which(arguments.program):
        parser.error(f"{arguments.program}: no such program; build it, or name it with --program")
    return arguments


def runs_of(arguments):
    return Runs(arguments.program, arguments.records, arguments.jobs, arguments.budget_seconds, arguments.scratch)


def argument_parser(text):
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
