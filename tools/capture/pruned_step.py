#!/usr/bin/env python3
"""Steps of PyTorch DistributedDataParallel with ringsim's communication hook, beside those without it, and captures of
the same networks (ringsim.capture). One process per GPU of this host.

Networks, inputs and times are those of ddp_step.py, and GPT-2 small on a quarter of the sequences, of 512 tokens. Each
hook's steps are timed after 70 others, when its thresholds are steered and nobody waits for counts. HOOK:THRESHOLD says
how thresholds are found, as in `ringsim run --threshold`.

Writes OUTPUT/GPU-xN/
  pruned-steps.csv    a line per model, transport and hook: ddp_step.py's figures of steps; kept: the share of what may
                      be pruned that was sent
  MODEL-TRANSPORT/    the capture, with a table of all-reduces, over the first transport with --compression also with
                      what compressing costs

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
import step_runs  # noqa: E402

MODELS = ("resnet50", "bert-base", "gpt2-small")
HOOKS = ("none", "iwp", "iwp:quantile", "magnitude", "topk")
SETTLING = 70
COLUMNS = (
    "model transport hook threshold density kept step_s step_s_min step_s_p95 loop_s bare_loop_s repetitions".split()
)


def capture_steps(steps, network, folder, settings):
    import ringsim.capture

    def step():
        steps.forget()
        steps.run(network)

    return ringsim.capture.run(
        step, network, folder, count=settings["count"], collectives=True, compression=settings["compression"]
    )


def measure_hook(steps, rank, hook, settings):
    """[hook, threshold, density, kept, times of single steps, the time of a step in a row], and the number of times"""
    from ringsim import comm_hook

    steps.renew()
    network = steps.wrap(rank)
    name, _, threshold = hook.partition(":")
    density, kept, registered = "", "", None
    if name != "none":
        density, threshold = settings["density"], threshold or "density"
        registered = comm_hook.register(network, name, density, threshold=threshold, library=settings["library"])
        for _ in range(SETTLING):
            steps.forget()
            steps.run(network)
    times, loop = steps.time(network)
    if registered:
        sent, of = registered.kept()
        kept = sent / of
    return [name, threshold, density, kept, *gpu_ranks.spread(times), loop], len(times)


def measure(rank, ranks, settings):
    import torch

    rows, captures, begin = [], {}, time.monotonic()
    for number, model in enumerate(settings["models"]):
        steps = ddp_step.Steps(model, settings)
        network = steps.wrap(rank)
        folder = pathlib.Path(settings["folder"]) / f"{model}-{settings['transport']}"
        captures[model] = capture_steps(steps, network, folder, settings)
        del network
        steps.renew()
        bare = steps.time(steps.network)[1]
        deadline = begin + settings["budget_seconds"] * (number + 1) / len(settings["models"])
        for hook in settings["hooks"]:
            if step_runs.late(steps, deadline):
                print(f"{model}: no time for {hook}", flush=True)
                continue
            row, repetitions = measure_hook(steps, rank, hook, settings)
            rows.append([model, settings["transport"], *row, bare, repetitions])
            gc.collect()
            torch.cuda.empty_cache()
    return {"rows": rows, "captures": captures}


def report(found):
    for row in found["rows"]:
        of = dict(zip(COLUMNS, row))
        print(f"{of['model']} {of['transport']} {of['hook']} {of['threshold']}: step {of['step_s'] * 1e3:.2f} ms, in a "
              f"row {of['loop_s'] * 1e3:.2f}, bare {of['bare_loop_s'] * 1e3:.2f}, kept {of['kept']}",
              flush=True)  # fmt: skip
    for model, manifest in found["captures"].items():
        seconds = {name: f"{spread['median'] * 1e3:.2f}" for name, spread in manifest["measured"]["seconds"].items()}
        print(f"{model}: capture, overhead {manifest['measured']['overhead']}, ms {seconds}", flush=True)


def capture(arguments):
    rows = {}

    def settings(transport, is_first, folder):
        return {
            "hooks": arguments.hooks.split(","), "count": arguments.count, "density": arguments.density,
            "library": arguments.library, "transport": transport, "folder": str(folder.resolve()),
            "compression": arguments.compression if is_first else 0,
        }  # fmt: skip

    for folder, found_on, _, found in step_runs.runs(__file__, arguments, settings):
        report(found)
        of_folder = rows.setdefault(folder, [])
        of_folder += found["rows"]
        gpu_ranks.write_csv(folder / "pruned-steps.csv", found_on, COLUMNS, of_folder)


def options():
    parser = step_runs.argument_parser(__doc__, MODELS, 1, 400, start_seconds=0)
    parser.set_defaults(gpus="2")
    parser.add_argument("--hooks", default=",".join(HOOKS))
    parser.add_argument("--density", type=float, default=1 / 84)
    parser.add_argument("--library", help="libringsim_prune.so; default: as ringsim.prune_library finds it")
    parser.add_argument("--count", type=int, default=10, help="captured steps of each kind; default 10")
    parser.add_argument("--compression", type=float, default=0, help="seconds for what compressing costs; default 0")
    return parser


if __name__ == "__main__":
    step_runs.main(measure, capture, options)
