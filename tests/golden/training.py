"""Configurations that train."""

from networks import RING, SCHEMES

LATE = f"run --steps 8 {RING} --compute-time 2ms"
DIES = "run --steps 8 --topology in/dying.json --compute-time 1s --detection-timeout 3s --transfers"

# Every scheme; exchanges.py has them again, drawn for a model and for a number of bytes.
TRAINED = {f"train-{scheme}": f"run --steps 4 --transfers --scheme {scheme}" for scheme in SCHEMES}

TRAINING = {
    "train-dense-values": "run --steps 4 --scheme dense --values bf16 --format json",
    "train-several-seeds": "run --steps 3 --scheme dense --seed 3,1,7 --format csv",
    "train-seeds-json": "run --steps 3 --scheme iwp --seed 5..6 --format json",
    "train-iwp-fixed": "run --steps 5 --threshold fixed:0.01 --broadcasters 2 --mask-encoding bitmap",
    "train-iwp-dispersion": "run --steps 5 --threshold dispersion:2 --values fp16 --mask-encoding rice",
    "train-iwp-masks": "run --steps 7 --mask-interval 3 --tail 0.001 --floor 0.1 --whole-below 40000 --density 1/20",
    "train-iwp-momentum": "run --steps 5 --momentum 0.9 --lr 0.05 --factor-masking off --transfers",
    "train-iwp-momentum-after": "run --steps 5 --momentum 0.9 --lr 0.05 --momentum-correction off",
    "train-iwp-warmup": "run --steps 5 --warmup 2 --density 0.01 --batch 16",
    "train-magnitude-options": "run --steps 5 --scheme magnitude --broadcasters 1 --mask-interval 2 --momentum 0.5",
    "train-cltk-filter": "run --steps 5 --scheme cltk --filter 0.1 --values bf16 --momentum 0.5",
    "train-cltk-momentum": "run --steps 5 --scheme cltk --momentum 0.5 --momentum-correction on --mask-encoding bitmap",
    "train-topk-options": "run --steps 5 --scheme topk --clip 0.5 --sample 0.1 --momentum 0.9 --lr 0.02 --warmup 1",
    "train-topk-ring": "run --steps 5 --scheme topk --sparse-sum ring --values fp16 --transfers",
    "train-randomk-options": "run --steps 5 --scheme randomk --density 0.1 --momentum 0.5 --values bf16 --warmup 1",
    "train-qsgd-options": "run --steps 4 --scheme qsgd --levels 1 --block 64",
    "train-terngrad-options": "run --steps 4 --scheme terngrad --clip-deviations 1",
    "train-powersgd-options": "run --steps 4 --scheme powersgd --rank 2 --values fp16",
    "train-lenet5": "run --steps 3 --model lenet5 --topology ring8-10g --ranks 4 --batch 8 --scheme iwp",
    "train-cnn-bn": "run --steps 2 --model cnn-bn --ranks 3 --batch 4 --evaluate validation",
    "train-adam": "run --steps 5 --optimizer adam --schedule step --scheme topk",
    "train-nesterov": "run --steps 5 --optimizer nesterov --momentum 0.9 --lr 0.05 --schedule constant --scheme dense",
    "train-dirichlet": "run --steps 4 --label-skew dirichlet:0.1 --scheme iwp",
    "train-shards": "run --steps 4 --label-skew shards:2 --scheme dense --seed 11 --evaluate validation",
    "train-epochs": "run --epochs 0.02 --batch 64 --ranks 4 --scheme dense",
    "train-target": f"run --steps 60 {RING} --scheme dense --evaluate-every 20 --target-accuracy 0.5 --format json",
    "train-target-missed": f"run --steps 6 {RING} --evaluate-every 3 --target-accuracy 0.99 --format csv",
    "train-jitter": "run --steps 6 --topology ring8-mixed --jitter 0.3 --transfers",
    "train-jitter-simgrid": "run --steps 6 --topology ring8-mixed --jitter 0.3 --backend simgrid --transfers",
    "train-buckets": f"run --steps 5 {RING} --bucket 100KiB --transfers",
    "train-buckets-apart": f"run --steps 5 {RING} --bucket 100KiB --overlap off --scheme topk --transfers",
    "train-masks-ahead": f"run --steps 5 {RING} --bucket 100KiB --masks-ahead on --gpu-speed 100GFLOPS --transfers",
    "train-ready-times": f"run --steps 4 {RING} --bucket 100KiB --compute-time in/ready.csv --scheme dense --transfers",
    "train-profiler": f"run --steps 4 {RING} --bucket 20KiB --compute-time in/profiler.json --jitter 0.1 --transfers",
    "train-compress-time": "run --steps 4 --compress-time 1ms --gpu-speed 1TFLOPS",
    "train-compress-none": "run --steps 4 --compress-time none --compute-time 3ms",
    "train-compress-fused": "run --steps 4 --gpu h100 --compress-time fused",
    "train-compress-model": "run --steps 4 --gpu-memory-bandwidth 1GBps --scheme powersgd",
}

STALENESS = {
    "late-dense": f"{LATE} --scheme dense --staleness 3 --format json",
    "late-iwp-simgrid": f"{LATE} --staleness 2 --backend simgrid --jitter 0.4",
    "late-recurrence": f"{LATE} --staleness 2 --backend recurrence --jitter 0.4 --transfers",
    "late-topk-sparse-ring": f"{LATE} --scheme topk --sparse-sum ring --staleness 2",
    "late-buckets": f"{LATE} --staleness 2 --bucket 100KiB --transfers",
    "late-buckets-apart": f"{LATE} --staleness 2 --bucket 100KiB --overlap off",
    "late-scaling": f"{LATE} --scheme dense --staleness 4 --delay-scaling on",
    "late-compensation": f"{LATE} --scheme dense --staleness 4 --delay-compensation 10",
    "late-fresh-error": f"{LATE} --staleness 4 --fresh-error on --momentum 0.5",
    "late-momentum": f"{LATE} --staleness 4 --momentum 0.9 --lr 0.01 --factor-masking off --seed 4",
    "late-adam": f"{LATE} --staleness 2 --optimizer adam --scheme signsgd",
    "late-straggler": "run --steps 10 --topology in/straggler.json --compute-time 2ms --staleness 4 --scheme terngrad",
    "late-switch-tree": (
        "run --steps 3 --topology switch --ranks 5 --bandwidth 1Gbps --latency 5us --collective tree --staleness "
        "2 --compute-time 1ms --transfers"
    ),
    **{
        f"quorum-{scheme}": (
            f"run --steps 8 --topology in/straggler.json --compute-time 2ms --quorum 3 --scheme {scheme}"
        )
        for scheme in ("dense", "iwp", "magnitude", "cltk", "topk", "randomk")
    },
    "quorum-buckets": f"{LATE} --quorum 3 --bucket 100KiB --jitter 0.4 --transfers",
    "quorum-staleness": f"{LATE} --quorum 3 --staleness 2 --scheme topk --jitter 0.4",
    **{
        f"local-{scheme}": f"run --steps 10 {RING} --local-steps 4 --scheme {scheme}"
        for scheme in ("dense", "iwp", "cltk", "topk", "powersgd")
    },
    "local-buckets": (
        f"run --steps 8 {RING} --local-steps 3 --bucket 100KiB --momentum 0.5 --label-skew shards:2 --transfers"
    ),
    "local-adam": f"run --steps 6 {RING} --local-steps 2 --optimizer adam --scheme qsgd --jitter 0.3",
}
