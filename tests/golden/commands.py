"""Configurations of the other commands: prune and its traces, scans, compare, calibrate, lists."""

from networks import EXCHANGE, RING, RING8

DRAWN = "--bytes 400kB --compute-time 0s --topology ring --latency 5us"
SCAN = f"scan {DRAWN} --ranks 2..8*2 --bandwidth 1Gbps..8Gbps*2 --scheme dense,iwp --density 1/8,1/64 --format csv"
SAFE = "prune --weights in/w.safetensors --gradients in/g0.safetensors in/g1.safetensors in/g2.safetensors"
NPY = "prune --weights in/w.npy --gradients in/g0.npy in/g1.npy in/g2.npy"
REPLAY = "run --source trace:trace --compute-time 1ms --transfers"

TRACES = {
    "prune-npy": [
        f"{NPY} --density 1/16 -o trace --format csv",
        f"{REPLAY} {RING}",
        f"{REPLAY} --topology ring --ranks 5 --bandwidth 1Gbps --latency 5us --scheme dense -o dense --steps 2",
    ],
    "prune-scalar": f"{NPY} --density 1/16 --engine scalar -o trace --format json",
    "prune-safetensors": [
        f"{SAFE} --density 1/20 --masks --packed-values --momentum 0.9 --name dump -o trace",
        f"{REPLAY} {RING} --mask-encoding bitmap",
        f"{REPLAY} --topology in/cards-shared.json --bucket 8KiB -o buckets",
    ],
    "prune-options": [
        f"{SAFE} --scheme magnitude --threshold fixed:0.2 --tail 0.01 --mask-interval 2 --broadcasters 2 "
        "--whole-below 10 -o trace"
    ],
    "prune-cltk": [
        f"{SAFE} --scheme cltk --density 0.1 -o trace --seed 9",
        f"{REPLAY} {RING} --scheme cltk --jitter 0.2",
    ],
    "trace-topk-ring": [f"{NPY} -o trace", f"{REPLAY} {RING} --scheme topk --sparse-sum ring --assume independent"],
}

SCANS = {
    "scan": [f"{SCAN} -j 1 -o one", f"{SCAN} -j 2 -o two"],
    "scan-shards": [
        *(f"{SCAN} --shard {i}/3 -o shard{i}" for i in (1, 2, 3)),
        "merge shard3 shard1 shard2 -o whole",
    ],
    "scan-trains": "scan --steps 3 --topology ring8-1g,ring8-10g --scheme dense,iwp --seed 1..2 --format csv -j 2",
    "scan-late": f"scan --steps 5 {RING} --staleness 0,3 --compute-time 1ms,3ms --scheme dense --format json -j 2",
    "scan-simgrid": (
        f"scan {DRAWN} --ranks 4,8 --bandwidth 1Gbps --scheme dense --collective ring,tree --backend simgrid,auto "
        "--format csv -j 2"
    ),
    "scan-fails": (
        "! scan --topology dgx-a100x4 --bytes 400kB --compute-time 0s --scheme dense --ranks 16,12 "
        "--collective ring,hierarchical --format csv"
    ),
    "scan-file": [
        "scan --scan-file in/scan.json --ranks 2,8 --format json",
        f"scan {DRAWN} --zip --ranks 2,4 --bandwidth 1Gbps,2Gbps -o zip",
    ],
    "scan-headroom": (
        f"scan {DRAWN} --ranks 4 --bandwidth 1Gbps,10Gbps --scheme dense,iwp --bucket 16KiB --headroom on --format csv"
    ),
    "scan-dry-run": f"{SCAN} --dry-run --shard 2/5",
    "scan-buckets": (
        "scan --source synthetic --model resnet50 --topology ring8-10g --bucket ddp,4MiB --scheme dense,iwp --steps "
        "1 -j 2"
    ),
    "breakeven-bandwidth": (
        "breakeven --bytes 40MB --compute-time 0s --topology ring --latency 5us --ranks 8 --scheme dense,iwp "
        "--bandwidth 1Gbps..10000Gbps --format json"
    ),
    "breakeven-ranks": (
        "breakeven --bytes 40MB --compute-time 0s --topology ring --latency 100us --bandwidth 100Gbps --scheme "
        "dense,iwp --ranks 2..64 --grid 3 --within 1e-9"
    ),
    "optimize": [
        f"optimize --bytes 4MB --compute-time 0s {RING8} --format json -j 2",
        f"optimize --bytes 4MB --compute-time 0s {RING} --show 3",
    ],
    "optimize-target": (
        "optimize --steps 20 --evaluate-every 10 --topology ring8-1g --scheme dense,iwp --collective ring "
        "--density 1/16 --target-accuracy 0.1 --format csv"
    ),
}

TABLES = {
    "compare": [
        "run --steps 3 --scheme dense -o dense",
        "run --steps 3 --scheme iwp -o iwp",
        "run --steps 3 --scheme dense --values bf16 --staleness 2 --bucket 100KiB -o late",
        "compare dense iwp late --format csv",
        "compare late dense/ iwp --format json",
    ],
    "calibrate-nccl": [
        "calibrate in/nccl.txt -o link.json --points points.csv",
        "calibrate in/nccl.txt --in-place --format json",
        f"{EXCHANGE} --bytes 2MiB --topology link.json --transfers",
    ],
    "calibrate-csv": [
        "calibrate in/measured.csv --operation all_reduce --ranks 4 --holdout on -o link.json --hosts 6 --points "
        "points.csv --format csv",
        "topology show link.json",
    ],
    "calibrate-iperf": [
        "calibrate in/iperf.json -o link.json --hosts 8",
        "calibrate in/iperf.json --latency 7us --format json",
    ],
    "lists": [f"list {what}" for what in ("schemes", "models", "optimizers", "topologies", "collectives", "encodings")],
}
