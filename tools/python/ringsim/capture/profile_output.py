"""Writes a profile of what compressing costs: what it was measured on, a point and a fit per line."""

import datetime
import json
import pathlib
import platform
import shlex
import subprocess
import sys

from ringsim.capture import fits

SUMMARY_LIST = "resnet50"


def driver_version():
    try:
        found = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.splitlines()[0]


def provenance(arguments):
    import torch

    properties = torch.cuda.get_device_properties(0)
    return {
        "gpu": torch.cuda.get_device_name(0),
        "multiprocessors": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "driver": driver_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "nccl": ".".join(map(str, torch.cuda.nccl.version())),
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["compression_cost.py", *sys.argv[1:]]),
        "precision": "fp32 gradients; matrix products in fp32, convolutions in TF32 (PyTorch's defaults)",
        "budget_seconds": arguments.budget_seconds,
    }


def rounded(value, digits=6):
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {name: rounded(item, digits) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return value


def write_profile(path, head, points, left_out=None, failures=()):
    """One point and one fit per line."""
    head = {
        "format": "ringsim compression profile",
        "version": 1,
        **head,
        "held_out_rule": fits.HELD_OUT_RULE,
        "left_out": left_out or {},
        "failures": list(failures),
    }

    def lines(items):
        return "[" + ",".join("\n  " + json.dumps(rounded(item), separators=(",", ":")) for item in items) + "\n ]"

    text = json.dumps(rounded(head), indent=1)[:-2]
    text += f',\n "points": {lines(points)},\n "fits": {lines(fits.fit_all(points))}\n}}\n'
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def print_summary(points):
    """Times of whole steps of ResNet-50, in ms."""
    for point in points:
        if point["layers"] == SUMMARY_LIST and point["stage"] == "all" and point["settings"].get("payloads", 1) == 1:
            settings = " ".join(f"{name} {value}" for name, value in point["settings"].items() if name != "payloads")
            host = point["host_s"]["median"] * 1e3 if "host_s" in point else float("nan")
            share = f" share {point['share_of_gpu']:.2f}" if "share_of_gpu" in point else ""
            print(
                f"{point['mode']:8} {point['implementation']:15} {point['scheme']:13} {settings:48} "
                f"{point['device_s']['median'] * 1e3:9.3f} ms, host {host:9.3f} ms{share}"
            )
