#!/usr/bin/env python3
"""A scan as a Slurm array on a real Slurm, started here for the test: a task is killed and requeued, the shards are
merged and compared with a scan without Slurm. Usage: slurm_test.py RINGSIM SOURCE_ROOT; exits with 77 where Slurm
cannot run."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

RINGSIM, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
# Each point trains for itself: a second or more.
SCAN = ["--seed", "1..9", "--steps", "120", "--topology", "ring8-1g,ring8-10g", "--quiet"]
LIMIT_S = 150


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, limit_s=120):
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit_s} s for {what}")
        time.sleep(0.1)


class Slurm:
    """munged, slurmctld and slurmd of one node, all of whose files are in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = []
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "RINGSIM": RINGSIM}
        host, user = socket.gethostname().split(".")[0], os.environ.get("USER", "root")
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(64))
        (folder / "slurm.conf").write_text(
            f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
AuthType=auth/munge
# Short-lived credentials: a requeued job waits until that of its last run has expired.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=0,sched_interval=2,batch_sched_delay=1
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
        )
        self.start(
            "munged",
            "--foreground",
            "--force",
            f"--key-file={key}",
            f"--socket={folder}/munge.socket",
            f"--pid-file={folder}/munged.pid",
            f"--log-file={folder}/munged.log",
            f"--seed-file={folder}/munged.seed",
        )
        wait_until((folder / "munge.socket").exists, "munged", 10)
        self.start("slurmctld", "-D", "-f", folder / "slurm.conf")
        self.start("slurmd", "-D", "-f", folder / "slurm.conf")
        wait_until(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T", check=False), "an idle node", 30)

    def start(self, *command):
        out = open(self.folder / f"{command[0]}.out", "w")
        self.daemons.append(subprocess.Popen([str(c) for c in command], stdout=out, stderr=out, env=self.environment))

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def call(self, *command, check=True):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=self.environment)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr}")
        return done.stdout.strip()

    def about(self, job, task, what):
        shown = self.call("scontrol", "show", "job", f"{job}_{task}", "-o", check=False)
        return shown.split(f"{what}=")[1].split()[0] if f"{what}=" in shown else "NONE"

    def state(self, job, task):
        return self.about(job, task, "JobState")

    def kill_task(self, job, task):
        """SIGKILL to its processes. (scancel would send SIGTERM first, after which a scan ends in peace.)"""
        table = self.call("scontrol", "listpids", self.about(job, task, "JobId")).splitlines()
        for line in table[1:]:
            process = int(line.split()[0])
            if process > 0:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # a worker, which ends with its scan


def rows_in(shard):
    journal = shard / "points.journal"
    # Behind the manifest's line, a row and its record have a newline each.
    return max(0, (journal.read_bytes().count(b"\n") - 1) // 2) if journal.exists() else 0


def test(slurm, folder):
    results = folder / "results"
    script = ROOT / "tools" / "slurm" / "scan.sbatch"
    job = slurm.call("sbatch", "--parsable", "--array=3,5,7", "-o", folder / "task-%a.log", script, results, *SCAN)
    victim = results / "shard-5"
    wait_until(lambda: rows_in(victim) >= 1, "the first row of task 5")
    slurm.kill_task(job, 5)
    wait_until(lambda: slurm.state(job, 5) == "FAILED", "the end of task 5")
    kept = rows_in(victim)
    assert not (victim / "scan.csv").exists(), "task 5 ended before it could be killed"
    slurm.call("scontrol", "requeue", f"{job}_5")
    print(f"task 5 was killed with {kept} of 6 points, and requeued")
    wait_until(lambda: all(slurm.state(job, task) == "COMPLETED" for task in (3, 5, 7)), "the array", LIMIT_S)
    shards = sorted(results.glob("shard-*"))
    merged = folder / "merged"
    slurm.call(RINGSIM, "merge", *shards, "-o", merged)
    slurm.call(RINGSIM, "scan", *SCAN, "-j", "2", "-o", folder / "local")
    assert (merged / "scan.csv").read_bytes() == (
        folder / "local" / "scan.csv"
    ).read_bytes(), "the merged table differs"
    print(
        f"{len((merged / 'scan.csv').read_text().splitlines()) - 1} points in {len(shards)} shards: the same bytes "
        "as without Slurm"
    )


def main():
    missing = [
        name
        for name in ("munged", "slurmctld", "slurmd", "sbatch")
        if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None
    ]
    if missing:
        skip(f"{', '.join(missing)} not installed (Debian packages munge, slurmctld, slurmd, slurm-client)")
    os.environ["PATH"] += ":/usr/sbin"
    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        slurm = None
        try:
            try:
                slurm = Slurm.__new__(Slurm)
                slurm.__init__(folder)
            except (TimeoutError, OSError) as error:
                logs = "".join(path.read_text(errors="replace")[-1000:] for path in sorted(folder.glob("*.log")))
                skip(f"Slurm does not start here: {error}\n{logs}")
            test(slurm, folder)
        finally:
            slurm.stop()
    print(f"{time.monotonic() - start:.0f} s")


main()
