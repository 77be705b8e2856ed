#!/usr/bin/env python3
"""The ring all-reduce in ringsim and in SMPI, SimGrid's simulated MPI, on the same platform.

  compare.py RINGSIM [--ranks 4,8,16] [--megabytes 1,10,100] [--check PERCENT]

RINGSIM is the program, e.g. build/release/tools/ringsim/ringsim. With --check it fails where the plain models, or those
by size, differ by more.

Needs smpicc and smpirun (Debian's libsimgrid-dev). For rings and switches of 10 Gbit/s and 5 us it prints a Markdown
table of `ringsim run --bytes` (backend simgrid) and of MPI_Allreduce with smpi/allreduce:lr, the same ring, on the
platform that `ringsim topology export` writes:
- plain: ringsim, and SMPI with SimGrid's plain model (CM02), without cross traffic and without TCP's window;
- by size: ringsim with SMPI's factors by message size as the links' "sizes", and SMPI's own model without cross
traffic;
- as it comes: SMPI with its defaults, and how far it is from plain ringsim.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BANDWIDTH, LATENCY = 1.25e9, 5e-6  # 10 Gbit/s, 5 us
NO_CROSS_TRAFFIC = ["network/crosstraffic:0"]
# SimGrid's defaults, which the platform that ringsim exports says otherwise.
DEFAULTS = ["network/crosstraffic:1", "network/TCP-gamma:4194304"]
PLAIN = ["network/model:CM02", *NO_CROSS_TRAFFIC, "network/TCP-gamma:0", "surf/precision:1e-12"]
# SimGrid 3.32's smpi/lat-factor and smpi/bw-factor (src/simgrid/sg_config.cpp): from more than so many bytes on.
LATENCY_FACTORS = {
    65472: 11.6436,
    15424: 3.48845,
    9376: 2.59299,
    5776: 2.18796,
    3484: 1.88101,
    1426: 1.61075,
    732: 1.9503,
    257: 1.95341,
    0: 2.01467,
}
BANDWIDTH_FACTORS = {
    65472: 0.940694,
    15424: 0.697866,
    9376: 0.58729,
    5776: 1.08739,
    3484: 0.77493,
    1426: 0.608902,
    732: 0.341987,
    257: 0.338112,
    0: 0.812084,
}


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed ({done.returncode}):\n{done.stderr}")
    return done.stdout


def topology(kind, ranks, calibrated):
    link = {"bandwidth": f"{BANDWIDTH}Bps", "latency": f"{LATENCY}s"}
    if calibrated:
        pieces = {
            after: (LATENCY * factor, BANDWIDTH * BANDWIDTH_FACTORS[after]) for after, factor in LATENCY_FACTORS.items()
        }
        link["bandwidth"] = f"{max(bandwidth for _, bandwidth in pieces.values())}Bps"
        link["sizes"] = [
            {"from": f"{after + 1}B", "latency": f"{latency}s", "bandwidth": f"{bandwidth}Bps"}
            for after, (latency, bandwidth) in sorted(pieces.items())
        ]
    return {"name": "same", "kind": kind, "hosts": ranks, "link": link}


class Comparison:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.worst = 0.0
        self.allreduce = folder / "allreduce"
        run(["smpicc", "-O2", HERE / "allreduce.c", "-o", self.allreduce])

    def ringsim(self, file, megabytes):
        summary = json.loads(
            run(
                [
                    self.program,
                    "run",
                    "--bytes",
                    f"{megabytes}MB",
                    "--scheme",
                    "dense",
                    "--steps",
                    "1",
                    "--compute-time",
                    "0s",
                    "--topology",
                    file,
                    "--backend",
                    "simgrid",
                    "--format",
                    "json",
                    "--quiet",
                ]
            )
        )
        return summary["simulated_seconds"]

    def smpi(self, platform, ranks, megabytes, config):
        hosts = self.folder / "hosts"
        hosts.write_text("".join(f"rank{rank}\n" for rank in range(ranks)))
        options = ["--cfg=smpi/allreduce:lr", *(f"--cfg={each}" for each in config), "--log=root.thresh:error"]
        printed = run(
            [
                "smpirun",
                "-np",
                ranks,
                "-platform",
                platform,
                "-hostfile",
                hosts,
                *options,
                self.allreduce,
                megabytes * 1_000_000,
            ],
            cwd=self.folder,
        )
        return [float(word) for word in printed.split()]

    def row(self, kind, ranks, megabytes):
        files = {}
        for calibrated in (False, True):
            files[calibrated] = self.folder / f"{kind}{ranks}{'-calibrated' if calibrated else ''}.json"
            files[calibrated].write_text(json.dumps(topology(kind, ranks, calibrated)))
        platform = self.folder / f"{kind}{ranks}.xml"
        run([self.program, "topology", "export", files[False], "-o", platform])
        cells = [kind, str(ranks), str(megabytes)]
        for calibrated, config in ((False, PLAIN), (True, NO_CROSS_TRAFFIC)):
            ours = self.ringsim(files[calibrated], megabytes)
            theirs, _ = self.smpi(platform, ranks, megabytes, config)
            difference = 100 * (ours / theirs - 1)
            self.worst = max(self.worst, abs(difference))
            cells += [f"{1e3 * ours:.4f}", f"{1e3 * theirs:.4f}", f"{difference:+.4f} %"]
        plain = self.ringsim(files[False], megabytes)
        theirs, longest = self.smpi(platform, ranks, megabytes, DEFAULTS)
        return cells + [
            f"{1e3 * theirs:.4f}",
            f"{100 * (theirs / plain - 1):+.1f} %",
            f"{1e6 * (longest - theirs):.1f}",
        ]


def numbers(text):
    return [int(word) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="RINGSIM", type=pathlib.Path)
    parser.add_argument("--ranks", type=numbers, default=[4, 8, 16])
    parser.add_argument("--megabytes", type=numbers, default=[1, 10, 100])
    parser.add_argument("--check", type=float, metavar="PERCENT")
    arguments = parser.parse_args()
    for tool in ("smpicc", "smpirun"):
        if shutil.which(tool) is None:
            print(f"{tool} is missing; install the Debian package libsimgrid-dev", file=sys.stderr)
            return 77
    heading = [
        "topology",
        "ranks",
        "MB",
        "plain: ringsim, ms",
        "SMPI, ms",
        "difference",
        "by size: ringsim, ms",
        "SMPI, ms",
        "difference",
        "SMPI as it comes, ms",
        "against plain ringsim",
        "uneven start, us",
    ]
    print("| " + " | ".join(heading) + " |\n" + "| --- " * len(heading) + "|")
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(arguments.program.resolve(), pathlib.Path(folder))
        for kind in ("ring", "switch"):
            for ranks in arguments.ranks:
                for megabytes in arguments.megabytes:
                    print("| " + " | ".join(comparison.row(kind, ranks, megabytes)) + " |", flush=True)
    if arguments.check is not None and comparison.worst > arguments.check:
        print(f"the largest difference is {comparison.worst} %; {arguments.check} % is accepted", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
