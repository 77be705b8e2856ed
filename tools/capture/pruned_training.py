#!/usr/bin/env python3
"""Trains ringsim's mlp on Fashion-MNIST with PyTorch's DistributedDataParallel and ringsim's communication hook, one
process per GPU, or with --cpu by gloo without one: what `ringsim run --model mlp --scheme SCHEME --ranks N` simulates,
done for real.

Initial weights have the same distribution, learning rate and schedule are the simulator's, and samples are dealt to the
ranks anew in every epoch. Writes OUTPUT/pruned-training.csv: scheme, threshold, seed, epochs, accuracy, kept (the mean
share of what may be pruned that was sent after the first 64 steps), seconds. Seeds run side by side on the same GPUs.

Usage: tools/capture/pruned_training.py -o DIR [--gpus 2] [--seeds 1,2,3] [--schemes dense,iwp,magnitude,topk]
"""

import concurrent.futures
import math
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
import gpu_ranks  # noqa: E402

# Learning rate and momentum (of the optimizer), as ringsim has them.
RATES = {"dense": (0.08, 0.9), "iwp": (0.3, 0.0), "magnitude": (0.3, 0.0), "topk": (0.3, 0.0)}
WIDTHS = (784, 256, 128, 10)
COLUMNS = ["scheme", "threshold", "seed", "ranks", "epochs", "density", "accuracy", "kept", "seconds"]


def network(torch, seed):
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
        layer = torch.nn.Linear(inputs, outputs)
        torch.nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
        torch.nn.init.zeros_(layer.bias)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def images(torch, dataset, kind):
    pixels = getattr(dataset, f"{kind}images").float().flatten(1)
    training = dataset.images.float()
    return (pixels - training.mean()) / training.std()


def train(rank, ranks, settings):
    import torch
    from ringsim import comm_hook
    from ringsim.capture.training.data import Dataset, Sampler
    from torch.nn.parallel import DistributedDataParallel

    torch.backends.cuda.matmul.allow_tf32 = False
    device, scheme, batch = torch.device("cuda", rank), settings["scheme"], settings["batch"]
    if settings["cpu"]:
        device = torch.device("cpu")
        torch.set_num_threads(1)
    dataset = Dataset("test", device, 28)
    inputs, labels = images(torch, dataset, ""), dataset.labels
    model = DistributedDataParallel(network(torch, settings["seed"]).to(device))
    hook = None
    if scheme != "dense":
        hook = comm_hook.register(
            model,
            scheme,
            settings["density"],
            threshold=settings["threshold"],
            seed=settings["seed"],
            library=settings["library"],
        )
    rate, momentum = RATES[scheme]
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
    sampler = Sampler(len(labels), ranks, batch, settings["seed"], device)
    steps, kept, begin = settings["epochs"] * sampler.steps_per_epoch, [], time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        own = sampler.step(step)[rank * batch : (rank + 1) * batch]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs[own]), labels[own]).backward()
        optimizer.step()
        if hook and step > 64:
            sent, of = hook.kept()
            kept.append(sent / of)
    with torch.no_grad():
        right = model.module(images(torch, dataset, "test_")).argmax(1) == dataset.test_labels
    mean = sum(kept) / len(kept) if kept else ""
    return [right.float().mean().item(), mean, time.monotonic() - begin]


def run_trial(script, ranks, settings):
    accuracy, kept, seconds = gpu_ranks.run_ranks(script, ranks, settings, gpu_ranks.environment("nvlink"))
    print(
        f"{settings['scheme']}, seed {settings['seed']}: accuracy {accuracy:.4f}, kept {kept}, {seconds:.1f} s",
        flush=True,
    )
    density, threshold = (settings["density"], settings["threshold"]) if settings["scheme"] != "dense" else ("", "")
    return [
        settings["scheme"],
        threshold,
        settings["seed"],
        ranks,
        settings["epochs"],
        density,
        accuracy,
        kept,
        seconds,
    ]


def main():
    parser = gpu_ranks.argument_parser(__doc__)
    parser.add_argument("--schemes", default=",".join(RATES))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--density", type=float, default=1 / 84)
    parser.add_argument("--threshold", default="density", help="density, quantile or a number; default density")
    parser.add_argument("--cpu", action="store_true", help="as many processes as --gpus says, on this host's CPU")
    parser.add_argument("--library", help="libringsim_prune.so; default: as ringsim.prune_library finds it")
    parser.add_argument("--at-once", type=int, default=5, help="trainings side by side; default 5")
    arguments = parser.parse_args()
    ranks = int(arguments.gpus or 2)
    trials = [
        {"scheme": scheme, "seed": int(seed), "epochs": arguments.epochs, "batch": arguments.batch,
         "density": arguments.density, "library": arguments.library, "threshold": arguments.threshold,
         "cpu": arguments.cpu}
        for scheme in arguments.schemes.split(",") for seed in arguments.seeds.split(",")
    ]  # fmt: skip
    rows = []
    with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
        done = [pool.submit(run_trial, __file__, ranks, trial) for trial in trials]
        for each in done:
            try:
                rows.append(each.result())
            except SystemExit as failure:  # the others may still be had
                print(failure, flush=True)
    notes = gpu_ranks.cpu_provenance()
    if not arguments.cpu:
        notes = gpu_ranks.provenance(gpu_ranks.environment("nvlink"))
        del notes["environment"]
    gpu_ranks.write_csv(pathlib.Path(arguments.output) / "pruned-training.csv", notes, COLUMNS, rows)


if __name__ == "__main__":
    if gpu_ranks.is_rank():
        gpu_ranks.work_as_rank(train)
    else:
        main()
