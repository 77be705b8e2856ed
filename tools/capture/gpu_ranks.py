"""What the captures on several GPUs of one host share: one process per GPU, the transport that NCCL is held to, and
what was measured on what.

A capture is a function `work(rank, ranks, settings)` of a module; `run_ranks` starts it once per GPU, in fresh
processes (NCCL reads its environment once), and returns what rank 0 returned.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import tempfile

# NVLink multicast stays off: a program that uses it can put GPUs out of service that others share.
ALWAYS = {"NCCL_NVLS_ENABLE": "0", "TORCH_SYMM_MEM_DISABLE_MULTICAST": "1", "NVSHMEM_DISABLE_NVLS": "1"}
# What each transport sets. Sockets on loopback are a slow network on one host: neither peer-to-peer nor shared memory.
TRANSPORTS = {
    "nvlink": {},
    "sockets": {
        "NCCL_P2P_DISABLE": "1",
        "NCCL_SHM_DISABLE": "1",
        "NCCL_IB_DISABLE": "1",
        "NCCL_NET": "Socket",
        "NCCL_SOCKET_IFNAME": "lo",
    },
}


def environment(transport, algorithm=None):
    """The variables that a capture sets."""
    variables = {**ALWAYS, **TRANSPORTS[transport]}
    if algorithm:
        variables["NCCL_ALGO"] = algorithm
    return variables


def argument_parser(text):
    """With the options of every capture."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--gpus", help="numbers of GPUs; default: 2, 4, 8, ... as far as this host has them")
    parser.add_argument("--transports", default="nvlink,sockets")
    parser.add_argument("--repetitions", type=int, default=30)
    return parser


def gpu_counts(text=None):
    """The numbers of GPUs to measure: as given ("2,4"), or all powers of two that this host has, from 2 on."""
    import torch

    available = torch.cuda.device_count()
    if text is None:
        return [n for n in (2, 4, 8, 16) if n <= available]
    counts = [int(word) for word in text.split(",")]
    for count in counts:
        if not 2 <= count <= available:
            sys.exit(f"--gpus: found {count}; 2 to {available} (the GPUs of this host) is accepted")
    return counts


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run_ranks(script, ranks, settings, variables):
    """Runs `script --rank R ...` once per rank, and returns the JSON that rank 0 wrote. Ends the program where one
    fails."""
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "result.json"
        common = {
            **os.environ,
            **variables,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(free_port()),
            "WORLD_SIZE": str(ranks),
            "CAPTURE_SETTINGS": json.dumps(settings),
            "CAPTURE_RESULT": str(result),
        }
        processes = [
            subprocess.Popen([sys.executable, script], env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)})
            for rank in range(ranks)
        ]
        try:
            for process in processes:
                process.wait()
        finally:
            for process in processes:
                process.kill()
        if any(process.returncode for process in processes):
            sys.exit(f"{script}: {settings} failed on {ranks} ranks (see above)")
        return json.loads(result.read_text())


def is_rank():
    return "CAPTURE_SETTINGS" in os.environ


def work_as_rank(work):
    """Inside a process that run_ranks started: work(rank, ranks, settings), with torch.distributed ready on its GPU, or
    by gloo on this host's CPU where the settings say "cpu"."""
    import torch
    import torch.distributed as dist

    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    settings = json.loads(os.environ["CAPTURE_SETTINGS"])
    if settings.get("cpu"):
        dist.init_process_group("gloo")
    else:
        torch.cuda.set_device(rank)
        dist.init_process_group("nccl", device_id=torch.device("cuda", rank))
    result = work(rank, ranks, settings)
    if rank == 0:
        pathlib.Path(os.environ["CAPTURE_RESULT"]).write_text(json.dumps(result))
    dist.barrier()
    dist.destroy_process_group()


def cpu_provenance():
    """What a figure depends on that was measured without a GPU."""
    import torch

    return {"torch": torch.__version__, "cpu_cores": os.cpu_count(), "kernel": platform.release()}


def provenance(variables):
    """Name and value of all that a figure depends on."""
    import torch

    def command(*words):
        done = subprocess.run(words, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else "unknown"

    query = (
        command("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").splitlines()[0].split(", ")
    )
    return {
        "gpu": query[0],
        "driver": query[-1],
        "nccl": ".".join(map(str, torch.cuda.nccl.version())),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cpu_cores": os.cpu_count(),
        "kernel": platform.release(),
        "environment": " ".join(f"{name}={value}" for name, value in sorted(variables.items())),
    }


def short_name(gpu):
    """ "NVIDIA H100 80GB HBM3" -> "h100"."""
    return gpu.lower().replace("nvidia ", "").split()[0]


def result_folder(output, notes):
    """OUTPUT/h100-x4, for what was measured with these notes, which say so."""
    return pathlib.Path(output) / f"{short_name(notes['gpu'])}-x{notes['ranks']}"


def write_csv(path, notes, columns, rows):
    """A CSV file whose first lines, beginning with #, say what was measured on what."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"# {name}: {value}" for name, value in notes.items()]
    lines.append(",".join(columns))
    lines += [",".join(f"{value:.9g}" if isinstance(value, float) else str(value) for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def percentile(values, share):
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def spread(values):
    """Median, minimum and 95th percentile."""
    return statistics.median(values), min(values), percentile(values, 0.95)
