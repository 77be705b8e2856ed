"""The inputs that attacks begin with: whole ones, and how they are changed."""
import array
import csv
import json
import pathlib
import shutil
import struct
import subprocess

ROOT = pathlib.Path()

LINK = {"bandwidth": "10Gbps", "latency": "5us"}
TOPOLOGIES = {
    "ring.json": {"name": "x", "kind": "ring", "hosts": 4, "link": LINK},
    "unequal.json": {"name": "x", "kind": "ring", "links": [{"name": "a", **LINK}, LINK, LINK]},
    "switch.json": {"name": "x", "kind": "switch", "hosts": 4, "link": LINK, "backbone": LINK},
    "nodes.json": {
        "name": "x",
        "kind": "hierarchical",
        "nodes": 2,
        "gpus_per_node": 2,
        "inner": LINK,
        "nics": "per-gpu",
        "nic": LINK,
    },
    "tree.json": {
        "name": "x",
        "kind": "fat-tree",
        "leaves": 2,
        "hosts_per_leaf": 2,
        "spines": 2,
        "link": LINK,
        "oversubscription": 2,
    },
    "torus.json": {"name": "x", "kind": "torus", "dimensions": [2, 3], "link": LINK},
    "dragonfly.json": {
        "name": "x",
        "kind": "dragonfly",
        "groups": 2,
        "chassis": 1,
        "routers": 2,
        "nodes": 1,
        "link": LINK,
    },
}
MODEL = {
    "name": "m",
    "description": "two layers",
    "sample": "a number",
    "step_times": [{"gpu": "v100", "precision": "fp32", "samples_per_second": 10, "source": "a paper"}],
    "layers": [
        {"name": "a", "shape": [64, 64], "forward_flop": 8192},
        {"name": "b", "shape": [64], "forward_flop": 64},
    ],
}
CAPTURE = {
    "format": "ringsim capture 1",
    "model": "m",
    "batch": 8,
    "ranks": 2,
    "gpu": "v100",
    "bucket_bytes": [16384, 256],
    "measured": {},
    "machine": {},
    "notes": [],
}
SCAN = {"bytes": "1MB", "compute-time": "0s", "scheme": "dense", "bandwidth": ["1Gbps", "10Gbps"]}
NCCL_TEXT = """# nThread 1 nGpus 2 minBytes 1024 maxBytes 4096 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1
# Collective test starting: all_reduce_perf
#  Rank  0 Group  0 Pid 1 on host device  0 [0x07] GPU
#  Rank  1 Group  0 Pid 1 on host device  1 [0x0a] GPU
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
        1024           256     float     sum      -1    10.12    0.10    0.10      0    10.10    0.10    0.10      0
        2048           512     float     sum      -1    11.12    0.18    0.18      0    11.10    0.18    0.18      0
        4096          1024     float     sum      -1    13.12    0.31    0.31      0    13.10    0.31    0.31      0
# Out of bounds values : 0 OK
"""
NCCL_JSON = {
    "version": 3,
    "args": ["./all_reduce_perf"],
    "ranks": {"count": 2},
    "results": [
        {"size": 1024, "out_of_place": {"time": 10.5, "nwrong": 0}},
        {"size": 4096, "out_of_place": {"time": 13.5, "nwrong": 0}},
        {"size": 16384, "out_of_place": {"time": 25.5, "nwrong": 0}},
    ],
}
IPERF = {
    "start": {"version": "iperf 3.12", "test_start": {"protocol": "TCP"}},
    "end": {
        "streams": [{"sender": {"min_rtt": 100}}],
        "sum_sent": {"bits_per_second": 9.4e9, "bytes": 1000000},
        "sum_received": {"bits_per_second": 9.4e9, "bytes": 1000000},
    },
}
MEASURED = "bytes,seconds\n1024,1e-5\n4096,1.2e-5\n16384,2e-5\n"


def edited(document, text):
    """The JSON document with a change: "/pointer JSON" sets a value, "/pointer" alone removes one."""
    root = json.loads(document)
    pointer, _, value = text.partition(" ")
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    at = root
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if isinstance(at, list):
        at[int(last) :] = [json.loads(value), *at[int(last) + 1 :]] if value else at[int(last) + 1 :]
    elif value:
        at[last] = json.loads(value)
    else:
        del at[last]
    return json.dumps(root)


def replaced(document, text):
    """The text with OLD replaced by NEW, written OLD => NEW."""
    old, arrow, new = text.partition(" => ")
    old, new = (part.replace("\\n", "\n") for part in (old, new))
    assert arrow and old in document, text
    return document.replace(old, new, 1)


def safetensors(text):
    """HEADER | N: the header and N zero bytes behind it; HEADER | N | LENGTH: that length in place of the header's."""
    header, count, *length = text.split(" | ")
    header = header.encode("latin-1")
    return struct.pack("<Q", int(length[0]) if length else len(header)) + header + bytes(int(count))


def npy(text):
    """HEADER | N: an array of version 1.0 with N zero bytes; HEADER | N | MAJOR for another version."""
    header, count, *major = text.split(" | ")
    header = header.encode("latin-1") + b"\n"
    magic = b"\x93NUMPY" + bytes([int(major[0]) if major else 1, 0])
    return magic + struct.pack("<H", len(header)) + header + bytes(int(count))


def write_dump(folder):
    """Weights, and the gradients of two ranks."""
    values = array.array("f", ((i * 7919 % 1009 - 504) / 504 for i in range(2 * 2048)))
    for name, shape, count in (("w.npy", (2048,), 2048), ("g.npy", (2, 2048), 4096)):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
        (folder / name).write_bytes(magic + header.encode() + values[:count].tobytes())


def write_profile(path):
    """A profile of one scheme."""
    profile = json.loads((ROOT / "models/profiles/h100-fused.json").read_text())
    profile["schemes"] = profile["schemes"][:1]
    path.write_text(json.dumps(profile))


def unlisted(folder, prepared, name):
    """The trace as an older version wrote it, which has no hashes that would find every change."""
    shutil.copytree(folder, prepared / name)
    path = prepared / name / "trace.json"
    header = json.loads(path.read_text())
    header["schema"] = "ringsim-gradient-trace-1"
    del header["files"]
    path.write_text(json.dumps(header))
    table = prepared / name / "trace_layers.csv"
    rows = list(csv.reader(table.read_text().splitlines()))
    at = rows[0].index("sampled")
    table.write_text("".join(",".join(row[:at] + row[at + 1 :]) + "\n" for row in rows))


def prepare(program, folder):
    """Writes every whole input into the folder."""

    def ringsim(*words):
        subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)

    documents = {**TOPOLOGIES, "model.json": MODEL, "scan.json": SCAN, "nccl.json": NCCL_JSON, "iperf.json": IPERF}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document))
    for name, text in (("nccl.txt", NCCL_TEXT), ("measured.csv", MEASURED)):
        (folder / name).write_text(text)
    (folder / "points.csv").write_text("scheme,density\ndense,1/8\niwp,1/16\n")
    (folder / "ready.csv").write_text("layer,ready_s\nb,0.001\na,0.002\n")
    (folder / "capture").mkdir()
    (folder / "capture/capture.json").write_text(json.dumps(CAPTURE))
    (folder / "capture/model.json").write_text(json.dumps(MODEL))
    shutil.copy(folder / "ready.csv", folder / "capture/ready.csv")
    (folder / "gpu.json").write_text((ROOT / "models/profiles/gpus/v100.json").read_text())
    write_dump(folder)
    write_profile(folder / "profile.json")
    ringsim("prune", "--weights", "w.npy", "--gradients", "g.npy", "--masks", "-o", "trace", "--quiet")
    unlisted(folder / "trace", folder, "old-trace")
    pure = ["--bytes", "1MB", "--compute-time", "0s", "--scheme", "dense"]
    for name in ("run", "other-run"):
        ringsim("run", *pure, "-o", name, "--quiet")
    ringsim("scan", *pure, "--steps", "1,2", "-o", "scan", "--quiet")
    for part in ("1", "2"):
        ringsim("scan", *pure, "--steps", "1,2", "--shard", f"{part}/2", "-o", f"shard{part}", "--quiet")
