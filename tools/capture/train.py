"""Trains AlexNet or ResNet-50 on Fashion-MNIST with N virtual ranks on a GPU, their gradients compressed by one of
several schemes, those with masks by libringsim_prune on device memory.

    python3 tools/capture/train.py --plan tools/capture/plans/alexnet.json -o build/training --limit-seconds 540

A plan lists trials (trial_queue.expand); results are a JSON file each below OUTPUT/results, traces below OUTPUT/traces,
gradients of single steps, where a trial has "dump_steps", below OUTPUT/gradients (`ringsim prune` reads them).
Called again with the same output, or with --known, it goes on with what is missing. RINGSIM_PRUNE_LIBRARY names the
engine's library, RINGSIM_DATASETS the folder that has fashion-mnist/. docs/reproduction.md has the results."""

import argparse
import gzip
import json
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))

from ringsim.capture.training import trial_queue  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", required=True, help="a JSON file of trials")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--known", help="a file of results, trials.jsonl.gz, of trials that are not run again")
    parser.add_argument("--limit-seconds", type=float, default=3600, help="no trial begins that would last longer")
    parser.add_argument("--gpus", type=int, help="default: all; 0 trains on the CPU")
    parser.add_argument("--workers-per-gpu", type=int, default=1)
    parser.add_argument("--engine", help="default: cuda, without a GPU avx2")
    parser.add_argument("--samples", type=int, help="train and evaluate on the first so many images")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--streams", type=int, default=4, help="on which ranks compute side by side; 0: no CUDA graph")
    return parser.parse_args()


def run_worker(arguments, output, plan, deadline):
    import torch

    from ringsim import prune_library
    from ringsim.capture.training.trial import Trial

    on_gpu = arguments.gpus != 0 and torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.deterministic = True
    engine = prune_library.Engine(arguments.engine or ("cuda" if on_gpu else "avx2"))

    def make_trial(settings):
        return Trial(settings, prune_library, engine, device, arguments.streams, arguments.samples)

    trial_queue.work(output, plan, deadline, make_trial, "ringsim-training-1", torch.cuda.empty_cache)


def main():
    begun = time.time()
    arguments = parse_arguments()
    output = pathlib.Path(arguments.output)
    plan = json.loads(pathlib.Path(arguments.plan).read_text())
    if arguments.worker is not None:
        deadline = float((output / "deadline").read_text())
        return run_worker(arguments, output, plan, deadline)
    (output / "results").mkdir(parents=True, exist_ok=True)
    if arguments.known:
        trial_queue.take_known(output, gzip.decompress(pathlib.Path(arguments.known).read_bytes()).decode())
    shutil.rmtree(output / "claims", ignore_errors=True)
    (output / "claims").mkdir()
    deadline = begun + arguments.limit_seconds
    (output / "deadline").write_text(str(deadline))
    if arguments.gpus == 0:
        return run_worker(arguments, output, plan, deadline)
    import torch

    gpus = arguments.gpus or torch.cuda.device_count()
    given = sys.argv[1:]
    trial_queue.start_workers(__file__, given, gpus, arguments.workers_per_gpu, deadline, output)


if __name__ == "__main__":
    main()
