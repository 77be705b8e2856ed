"""The input files of the configurations, written from nothing and always alike."""
import array
import gzip
import json
import math
import os
import pathlib
import struct
import zlib

LINK = {"bandwidth": "1Gbps", "latency": "5us"}


def ring(name, hosts=4, link=LINK, **more):
    return {"name": name, "kind": "ring", "hosts": hosts, "link": link, **more}


def switch(name, hosts=4, link=LINK, **more):
    return {"name": name, "kind": "switch", "hosts": hosts, "link": link, **more}


def nodes(name, nics, **more):
    return {
        "name": name,
        "kind": "hierarchical",
        "nodes": 2,
        "gpus_per_node": 4,
        "inner": {"bandwidth": "100Gbps", "latency": "1us"},
        "nic": {"bandwidth": "10Gbps", "latency": "5us"},
        "nics": nics,
        **more,
    }


def fat_tree(name, **uplinks):
    return {"name": name, "kind": "fat-tree", "leaves": 2, "hosts_per_leaf": 3, "spines": 2, "link": LINK, **uplinks}


def one_link(name, **more):
    return {"link": name, **LINK, **more}


PIECES = [
    {"from": "16KiB", "latency": "9us", "bandwidth": "4Gbps"},
    {"from": "1MiB", "latency": "30us", "bandwidth": "8Gbps"},
]
BACKGROUND = [{"bandwidth": "400Mbps", "from": "4ms", "until": "30ms"}, {"bandwidth": "300Mbps", "from": "10ms"}]
DOWN = [{"from": "9ms", "until": "40ms"}, {"from": "60ms", "until": "61ms"}]

TOPOLOGIES = [
    ring("plain"),
    ring("straggler", host_exceptions=[{"host": 1, "speed": 0.3}]),
    ring("uneasy", host={"jitter": 0.2}, host_exceptions=[{"host": 2, "jitter": 0.8, "reduce_rate": "2GBps"}]),
    ring(
        "recovers", host_exceptions=[{"host": 3, "profile": [{"at": "5ms", "speed": 0.25}, {"at": "40ms", "speed": 1}]}]
    ),
    ring("reducing", host={"reduce_rate": "1GBps"}),
    ring("efficient", link={**LINK, "efficiency": 0.94}),
    ring("pieces", link={"bandwidth": "10Gbps", "latency": "5us", "sizes": PIECES}),
    ring("outage", link_exceptions=[one_link("link2", outages=DOWN)]),
    ring("background", link_exceptions=[one_link("link1", background=BACKGROUND)]),
    ring(
        "profile",
        link_exceptions=[
            one_link("link0", profile=[{"at": "3ms", "bandwidth": "200Mbps"}, {"at": "50ms", "bandwidth": "2Gbps"}])
        ],
    ),
    ring("dying", host_exceptions=[{"host": 1, "dies": "1.5s"}]),
    ring("dying-twice", hosts=5, host_exceptions=[{"host": 1, "dies": "1.5s"}, {"host": 3, "dies": "4.2s"}]),
    {
        "name": "unequal",
        "kind": "ring",
        "links": [
            {"bandwidth": f"{gigabits}Gbps", "latency": f"{latency}us"}
            for gigabits, latency in ((25, 5), (10, 20), (1, 50), (5, 1))
        ],
    },
    switch("backbone", hosts=6, backbone={"bandwidth": "3Gbps", "latency": "2us"}),
    switch("slow-cable", link_exceptions=[{"link": "host3:up", "bandwidth": "100Mbps", "latency": "50us"}]),
    switch("switch-dying", host_exceptions=[{"host": 2, "dies": "2.5s"}]),
    nodes("cards-apart", "per-gpu"),
    nodes("cards-shared", "per-node", backbone={"bandwidth": "15Gbps", "latency": "3us"}),
    fat_tree("oversubscribed", oversubscription=2),
    fat_tree("uplinks", uplink={"bandwidth": "2Gbps", "latency": "9us"}),
    ring(
        "everything",
        link_exceptions=[
            one_link("link0", outages=[{"from": "1s", "until": "2s"}]),
            one_link("link1", background=BACKGROUND),
            one_link("link2:reverse", profile=[{"at": "3ms", "bandwidth": "200Mbps"}]),
        ],
        host_exceptions=[{"host": 1, "speed": 0.5, "dies": "3s"}],
    ),
]


def number(index, seed):
    """Between -1 and 1, mostly small; the same everywhere."""
    return (((index * 7919 + seed * 104729) % 1009 - 504) / 504) ** 5


def npy(shape, seed):
    values = array.array("f", (number(i, seed) for i in range(math.prod(shape))))
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + values.tobytes()


def safetensors(shapes, seed, ranks=()):
    header, data = {}, b""
    for i, (name, shape) in enumerate(shapes.items()):
        shape = [*ranks, *shape]
        values = array.array("f", (number(j, seed + 31 * i) for j in range(math.prod(shape)))).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


TENSORS = {"a.weight": [48, 50], "a.bias": [50], "b.weight": [50, 60]}


def measured_times():
    """Sizes and seconds of a ring all-reduce on 4 ranks whose links have two pieces, with 2 % of noise."""
    for i, power in enumerate(range(12, 31)):
        message = 2**power / 4
        time = 6 * (4e-6 + message / 10e9 if message < 2**18 else 40e-6 + message / 100e9)
        yield 2**power, time * (1 + 0.02 * number(i + 100, 3))


def nccl_text():
    lines = ["# Collective test starting: all_reduce_perf"]
    lines += [f"#  Rank {rank} Group 0 Pid 1 on host device 0 [0:0:0] GPU" for rank in range(4)]
    lines += ["# size count type redop root time algbw busbw #wrong time algbw busbw #wrong"]
    for size, time in measured_times():
        lines.append(f"{size} {size // 4} float sum -1 {time * 1e6:.6f} 1.0 1.0 0 {time * 1.5e6:.6f} 1.0 1.0 0")
    return "\n".join(lines) + "\n"


def measured_csv():
    return "bytes,seconds\n" + "".join(f"{size},{time!r}\n" for size, time in measured_times())


def iperf_json():
    streams = [{"sender": {"min_rtt": 50}}]
    end = {"streams": streams, "sum_received": {"bits_per_second": 9.4e9}}
    return json.dumps({"start": {"test_start": {"protocol": "TCP"}}, "end": end})


MLP = {
    "fc3.bias": [10],
    "fc3.weight": [128, 10],
    "fc2.bias": [128],
    "fc2.weight": [256, 128],
    "fc1.bias": [256],
    "fc1.weight": [784, 256],
}


def profiler_json():
    """A trace of the PyTorch profiler: a backward pass over the layers of the mlp, launched every 10 us."""
    events = [{"ph": "X", "cat": "user_annotation", "name": "ProfilerStep#3", "ts": 5, "dur": 90}]
    for i, shape in enumerate([None, *MLP.values()]):
        args = {"correlation": i + 1}
        launched, started = 6 + 10 * i, 100 + 40 * i
        events.append(
            {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": launched, "dur": 1, "args": args}
        )
        events.append({"ph": "X", "cat": "kernel", "name": f"kernel {i}", "ts": started, "dur": 35 + i, "args": args})
        if shape:
            args = {"Input Dims": [shape]}
            name = "torch::autograd::AccumulateGrad"
            events.append({"ph": "X", "cat": "cpu_op", "name": name, "ts": launched + 5, "dur": 1, "args": args})
    return json.dumps({"schemaVersion": 1, "traceEvents": events})


def model_spec():
    layers = [
        {"name": f"layer{i}.weight", "shape": [128 << i, 96], "forward_flop": 2 * 96 * (128 << i) * 50}
        for i in range(6)
    ]
    layers.insert(3, {"name": "middle.bias", "shape": [700], "forward_flop": 0})
    return json.dumps({"name": "small", "description": "small", "sample": "a row", "step_times": [], "layers": layers})


def stored(content):
    """A gzip file in which nothing is compressed, byte by byte as RFC 1951 and 1952 say."""
    packed = []
    for start in range(0, len(content), 0xFFFF):
        end = min(start + 0xFFFF, len(content))
        packed.append(struct.pack("<BHH", end == len(content), end - start, (end - start) ^ 0xFFFF))
        packed.append(content[start:end])
    checks = struct.pack("<II", zlib.crc32(content), len(content))
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + b"".join(packed) + checks


def write_dataset(folder):
    """Fashion-MNIST without compression: unpacking it is most of what a training run of a few steps takes."""
    source = pathlib.Path(os.environ.get("RINGSIM_DATASETS", "/usr/share/datasets")) / "fashion-mnist"
    (folder / "fashion-mnist").mkdir()
    for path in source.glob("*.gz"):
        (folder / "fashion-mnist" / path.name).write_bytes(stored(gzip.decompress(path.read_bytes())))


def write_inputs(folder):
    """All others into a folder."""
    files = {f"{topology['name']}.json": json.dumps(topology, indent=1) for topology in TOPOLOGIES}
    files["w.npy"] = npy((64, 64), 0)
    files["w.safetensors"] = safetensors(TENSORS, 5)
    for step in range(3):
        files[f"g{step}.npy"] = npy((2, 64, 64), step + 1)
        files[f"g{step}.safetensors"] = safetensors(TENSORS, 50 + step, ranks=[3])
    files["nccl.txt"] = nccl_text()
    files["measured.csv"] = measured_csv()
    files["iperf.json"] = iperf_json()
    files["profiler.json"] = profiler_json()
    files["ready.csv"] = "layer,ready_s\n" + "".join(f"{layer},{0.001 * (i + 2)}\n" for i, layer in enumerate(MLP))
    files["small.json"] = model_spec()
    files["points.csv"] = "scheme,bandwidth\ndense,1Gbps\niwp,2Gbps\ntopk,5Gbps\n"
    files["scan.json"] = json.dumps(
        {
            "bytes": "400kB",
            "compute-time": "0s",
            "topology": "ring",
            "latency": "5us",
            "ranks": [2, 4],
            "points": "in/points.csv",
        }
    )
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
