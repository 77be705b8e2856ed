"""Configurations whose sizes are drawn: of models, of bytes, on all topologies, with faults."""

from networks import EXCHANGE, RING, RING8, SCHEMES
from training import DIES

SYNTHETIC = "run --source synthetic --steps 2 --transfers"

FOR_A_MODEL = {
    f"synthetic-{scheme}": f"{SYNTHETIC} --model in/small.json --bucket 100KiB {RING8} --scheme {scheme} {options}"
    for scheme, options in SCHEMES.items()
}

# powersgd needs shapes.
FOR_BYTES = {
    f"bytes-{scheme}": f"run --bytes 4MB --compute-time 1ms --steps 3 --transfers {RING} --scheme {scheme} {options}"
    for scheme, options in SCHEMES.items()
    if scheme != "powersgd"
}

MODELS = {
    "synthetic-resnet50-ddp": (
        f"{SYNTHETIC} --model resnet50 --bucket ddp --topology switch8-25g --gpu h100 --compress-time fused "
        "--format json"
    ),
    "synthetic-resnet50-overlap": (
        "run --source synthetic --model resnet50 --steps 2 --overlap on --topology ring8-10g --scheme dense"
    ),
    "synthetic-alexnet-masks-ahead": (
        f"{SYNTHETIC} --model alexnet --bucket ddp --masks-ahead on --topology ring8-10g --batch 64"
    ),
    "synthetic-bert-base-topk": (
        "run --source synthetic --model bert-base --steps 1 --scheme topk --bucket 64MiB --topology p4d-x4"
    ),
    "synthetic-vgg16-dgx": (
        "run --source synthetic --model vgg16 --steps 1 --scheme dense --topology dgx-a100x4 --bucket ddp"
    ),
    "synthetic-mlp-tree": f"{SYNTHETIC} --model mlp {RING} --collective tree --bucket 100KiB",
    "synthetic-jitter-simgrid": (
        f"{SYNTHETIC} --model in/small.json --topology in/unequal.json --jitter 0.3 --bucket 64KiB --backend simgrid"
    ),
    "synthetic-no-overlap": (
        f"{SYNTHETIC} --model in/small.json --topology ring8-straggler --bucket 64KiB --overlap off --jitter 0.5"
    ),
    "synthetic-options": (
        f"run --source synthetic --steps 5 --model in/small.json {RING} --mask-interval 2 --broadcasters 2 "
        "--mask-encoding bitmap"
    ),
    "synthetic-sparse-ring": f"{SYNTHETIC} --model in/small.json {RING} --scheme topk --sparse-sum ring --values fp16",
}

COLLECTIVES = {
    "collective-ring": f"{EXCHANGE} --bytes 8MB {RING8} --transfers --format json",
    "collective-ring-simgrid": f"{EXCHANGE} --bytes 8MB {RING8} --transfers --backend simgrid",
    "collective-ring-both-ways": f"{EXCHANGE} --bytes 8MB {RING8} --transfers --directions 2 --channels 3",
    "collective-ring-channels": f"{EXCHANGE} --bytes 1000004B {RING8} --transfers --channels 4 --reduce-rate 5GBps",
    "collective-tree": f"{EXCHANGE} --bytes 3MB {RING8} --transfers --collective tree",
    "collective-tree-chunks": (
        f"{EXCHANGE} --bytes 3MB {RING8} --transfers --collective tree --chunk 100kB --backend simgrid"
    ),
    "collective-halving-doubling": f"{EXCHANGE} --bytes 3MB {RING8} --transfers --collective halving-doubling",
    "collective-halving-doubling-6": (
        f"{EXCHANGE} --bytes 3MB --topology switch --ranks 6 --bandwidth 10Gbps --latency 5us --transfers "
        "--collective halving-doubling"
    ),
    "collective-pairwise": (
        f"{EXCHANGE} --bytes 3MB --topology switch8-25g --transfers --collective pairwise --reduce-rate 10GBps"
    ),
    "collective-allgather": f"{EXCHANGE} --bytes 3MB {RING8} --transfers --collective allgather --steps 2",
    "collective-hierarchical": f"{EXCHANGE} --bytes 8MB --topology dgx-a100x4 --transfers --collective hierarchical",
    "collective-nccl": f"{EXCHANGE} --bytes 8MB --topology dgx-a100x4 --transfers --collective nccl",
    "collective-nccl-small": f"{EXCHANGE} --bytes 64KiB --topology dgx-a100x4 --transfers --collective nccl",
    "collective-of-a-scheme": f"run --steps 3 {RING} --scheme iwp --collective halving-doubling --transfers",
    "collective-recurrence": (
        f"{EXCHANGE} --bytes 100MB --topology ring --ranks 64 --bandwidth 10Gbps --latency 5us --backend recurrence"
    ),
}

TOPOLOGIES = {
    **{
        f"topology-{name}": f"{EXCHANGE} --bytes 4MB --steps 2 --topology {name} --transfers"
        for name in (
            "ring8-1g",
            "ring8-mixed",
            "ring8-slow-link",
            "switch8-25g",
            "h100-x2-nvlink",
            "h100-x2-sockets",
            "fat-tree32-25g",
            "p4d-x4",
        )
    },
    **{
        f"topology-{name}": (
            f"run --bytes 2MB --steps 4 --compute-time 2ms --topology in/{name}.json --transfers {options}"
        )
        for name, options in {
            "unequal": "--scheme dense --reduce-rate 1GBps",
            "reducing": "--scheme dense",
            "efficient": "--scheme dense",
            "pieces": "--scheme dense",
            "straggler": "--scheme dense",
            "uneasy": "--scheme iwp",
            "recovers": "--scheme dense",
            "background": "--scheme dense",
            "profile": "--scheme dense",
            "backbone": "--scheme dense --collective pairwise",
            "slow-cable": "--scheme dense --collective tree --chunk 64KiB",
            "cards-apart": "--scheme dense --collective hierarchical",
            "cards-shared": "--scheme dense --collective ring",
            "oversubscribed": "--scheme dense --collective pairwise",
            "uplinks": "--scheme topk",
        }.items()
    },
    "topology-kinds": [
        f"{EXCHANGE} --bytes 2MB --topology {kind} --ranks 16 --bandwidth 10Gbps --latency 2us --transfers -o {kind}"
        for kind in ("ring", "switch", "hierarchical", "fat-tree")
    ],
    "topology-pieces-both-backends": [
        f"{EXCHANGE} --bytes 64KiB --topology in/pieces.json --backend {backend} --transfers -o {backend}"
        for backend in ("simgrid", "recurrence")
    ],
    "topology-show": [
        f"topology show {what}"
        for what in ("ring8-mixed", "in/everything.json", "in/cards-shared.json", "fat-tree32-25g")
    ],
    "topology-export": [
        "topology export ring8-mixed",
        "topology export in/everything.json -o p.xml",
        "topology export in/cards-apart.json",
    ],
}

FAULTS = {
    "outage-resume": f"{EXCHANGE} --bytes 4MB --steps 3 --topology in/outage.json --transfers",
    "outage-restart": f"{EXCHANGE} --bytes 4MB --steps 3 --topology in/outage.json --after-outage restart --transfers",
    "outage-training": (
        "run --steps 12 --scheme iwp --compute-time 2ms --topology in/outage.json --staleness 4 --after-outage "
        "restart"
    ),
    "death-dense": f"{DIES} --scheme dense",
    "death-iwp": f"{DIES} --scheme iwp --jitter 0.1",
    "death-topk-buckets": f"{DIES} --scheme topk --bucket 100KiB --overlap off",
    "death-powersgd": f"{DIES} --scheme powersgd",
    "death-bytes": (
        "run --bytes 4MB --scheme iwp --compute-time 1s --steps 6 --topology in/dying.json --detection-timeout 2s "
        "--transfers"
    ),
    "death-switch-tree": (
        "run --steps 5 --topology in/switch-dying.json --compute-time 1s --collective tree --scheme dense --transfers"
    ),
    "death-of-two": (
        "run --steps 8 --topology in/dying-twice.json --compute-time 1s --detection-timeout 500ms --scheme cltk"
    ),
    "death-everything": (
        "run --steps 6 --topology in/everything.json --compute-time 500ms --scheme magnitude --detection-timeout 1s"
    ),
    "death-staleness": f"{DIES} --staleness 3",
    "death-staleness-buckets": f"{DIES} --staleness 3 --bucket 100KiB",
    "death-quorum": f"{DIES} --quorum 3",
    "death-local-steps": f"{DIES} --local-steps 4",
}
