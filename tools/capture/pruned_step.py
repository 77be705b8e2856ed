#!/usr/bin/env python3
"""Steps of PyTorch DistributedDataParallel with ringsim's communication hook, beside those without it, and captures of
the same networks (ringsim.capture). One process per GPU of this host.

Networks, inputs and times are those of ddp_step.py, and GPT-2 small on a quarter of the sequences, of 512 tokens. Each
hook's steps are timed after 70 others, when its thresholds are steered and nobody waits for counts.

Writes OUTPUT/GPU-xN/
  pruned-steps.csv    a line per model, transport and hook: ddp_step.py's figures of steps; kept: the share of what may
                      be pruned that was sent
  MODEL-TRANSPORT/    the capture, with a table of all-reduces

Usage: tools/capture/pruned_step.py -o DIR [--gpus 2] [--transports nvlink,sockets] [--library libringsim_prune.so]
"""

import gc
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
import ddp_step  # noqa: E402
import gpu_ranks  # noqa: E402

MODELS = ("resnet50", "bert-base", "gpt2-small")
HOOKS = ("none", "iwp", "magnitude", "topk")
SETTLING = 70
COLUMNS = "model transport hook density kept step_s step_s_min step_s_p95 loop_s bare_loop_s repetitions".split()


def capture_steps(steps, network, folder, count):
    import ringsim.capture

    def step():
        steps.forget()
        steps.run(network)

    return ringsim.capture.run(step, network, folder, count=count, collectives=True)


def measure_hook(steps, rank, hook, settings):
    """[hook, density, kept, times of single steps, the time of a step in a row]"""
    from ringsim import comm_hook
    from torch.nn.parallel import DistributedDataParallel

    steps.renew()
    network = DistributedDataParallel(steps.network, device_ids=[rank], bucket_cap_mb=ddp_step.HOOK_BUCKET)
    registered = None
    if hook != "none":
        registered = comm_hook.register(network, hook, settings["density"], library=settings["library"])
        for _ in range(SETTLING):
            steps.forget()
            steps.run(network)
    times, loop = steps.time(network)
    kept = ""
    if registered:
        sent, of = registered.kept()
        kept = sent / of
    density = settings["density"] if registered else ""
    return [hook, density, kept, *gpu_ranks.spread(times), loop], len(times)


def measure(rank, ranks, settings):
    import torch
    from torch.nn.parallel import DistributedDataParallel

    rows, captures, begin = [], {}, time.monotonic()
    for number, model in enumerate(settings["models"]):
        steps = ddp_step.Steps(model, settings)
        network = DistributedDataParallel(steps.network, device_ids=[rank], bucket_cap_mb=ddp_step.HOOK_BUCKET)
        folder = pathlib.Path(settings["folder"]) / f"{model}-{settings['transport']}"
        captures[model] = capture_steps(steps, network, folder, settings["count"])
        del network
        steps.renew()
        bare = steps.time(steps.network)[1]
        deadline = begin + settings["budget_seconds"] * (number + 1) / len(settings["models"])
        for hook in settings["hooks"]:
            if steps.slowest(time.monotonic() - deadline) > 0:
                print(f"{model}: no time for {hook}", flush=True)
                continue
            row, repetitions = measure_hook(steps, rank, hook, settings)
            rows.append([model, settings["transport"], *row, bare, repetitions])
            gc.collect()
            torch.cuda.empty_cache()
    return {"rows": rows, "captures": captures}


def report(found):
    for row in found["rows"]:
        print(f"{row[0]} {row[1]} {row[2]}: step {row[5] * 1e3:.2f} ms, in a row {row[8] * 1e3:.2f}, bare "
              f"{row[9] * 1e3:.2f}, kept {row[4]}", flush=True)  # fmt: skip
    for model, manifest in found["captures"].items():
        seconds = {name: f"{spread['median'] * 1e3:.2f}" for name, spread in manifest["measured"]["seconds"].items()}
        print(f"{model}: capture, overhead {manifest['measured']['overhead']}, ms {seconds}", flush=True)


def capture(arguments):
    transports, begin, rows = arguments.transports.split(","), time.monotonic(), []
    ranks = int(arguments.gpus or 2)
    for number, transport in enumerate(transports):
        left = arguments.budget_seconds - (time.monotonic() - begin)
        variables = gpu_ranks.environment(transport)
        notes = {"batch per GPU": arguments.batch, "ranks": ranks, **gpu_ranks.provenance(variables)}
        del notes["environment"]
        folder = gpu_ranks.result_folder(arguments.output, notes)
        settings = {
            "models": arguments.models.split(","), "hooks": arguments.hooks.split(","), "batch": arguments.batch,
            "sequences": arguments.sequences, "repetitions": arguments.repetitions, "count": arguments.count,
            "case_seconds": arguments.case_seconds, "density": arguments.density, "library": arguments.library,
            "transport": transport, "folder": str(folder.resolve()),
            "budget_seconds": left / (len(transports) - number),
        }  # fmt: skip
        try:
            found = gpu_ranks.run_ranks(__file__, ranks, settings, variables)
        except SystemExit as failure:  # the other transport may still be had
            print(failure, flush=True)
            continue
        report(found)
        rows += found["rows"]
        gpu_ranks.write_csv(folder / "pruned-steps.csv", notes, COLUMNS, rows)


def main():
    parser = gpu_ranks.argument_parser(__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--hooks", default=",".join(HOOKS))
    parser.add_argument("--density", type=float, default=1 / 84)
    parser.add_argument("--library", help="libringsim_prune.so; default: as ringsim.prune_library finds it")
    parser.add_argument("--batch", type=int, default=64, help="images per GPU; default 64")
    parser.add_argument("--sequences", type=int, default=32, help="of BERT, per GPU; a quarter for GPT-2; default 32")
    parser.add_argument("--count", type=int, default=10, help="captured steps of each kind; default 10")
    parser.add_argument("--case-seconds", type=float, default=1)
    parser.add_argument("--budget-seconds", type=float, default=400)
    capture(parser.parse_args())


if __name__ == "__main__":
    if gpu_ranks.is_rank():
        gpu_ranks.work_as_rank(measure)
    else:
        main()
