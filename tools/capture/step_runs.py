"""What the captures of DistributedDataParallel's steps share: their options, and a run for each number of GPUs and
transport (ddp_step.py, ddp_parts.py, pruned_step.py)."""

import time

import gpu_ranks

COMMON = ("batch", "sequences", "repetitions")


def argument_parser(text, models, case_seconds, budget_seconds, start_seconds=15):
    """With the options of every capture of steps."""
    parser = gpu_ranks.argument_parser(text)
    parser.add_argument("--models", default=",".join(models))
    parser.add_argument("--batch", type=int, default=64, help="images per GPU; default 64")
    parser.add_argument("--sequences", type=int, default=32, help="of BERT, per GPU; default 32")
    parser.add_argument("--case-seconds", type=float, default=case_seconds, help="for the repetitions of a case")
    parser.add_argument("--budget-seconds", type=float, default=budget_seconds)
    parser.add_argument(
        "--start-seconds", type=float, default=start_seconds, help="what starting a run's processes takes"
    )
    return parser


def runs(script, arguments, settings_of, notes=None):
    """Runs the ranks of `script` and yields (folder, notes, transport, what rank 0 found). Their settings are those of
    the options and of settings_of(transport, is_first, folder), and each run's part of the time that is left. A run
    that fails is left out, with the ones for which there is no time: the others may still be had."""
    begin, transports = time.monotonic(), arguments.transports.split(",")
    cases = [(ranks, transport) for ranks in gpu_ranks.gpu_counts(arguments.gpus) for transport in transports]
    for number, (ranks, transport) in enumerate(cases):
        left = arguments.budget_seconds - (time.monotonic() - begin)
        if left < 2 * arguments.start_seconds:
            print(f"no time for {cases[number:]}", flush=True)
            return
        variables = gpu_ranks.environment(transport)
        found_on = {"batch per GPU": arguments.batch, **(notes or {}), "ranks": ranks}
        found_on |= gpu_ranks.provenance(variables)
        del found_on["environment"]
        folder = gpu_ranks.result_folder(arguments.output, found_on)
        settings = {
            "models": arguments.models.split(","),
            **{name: getattr(arguments, name) for name in COMMON},
            "case_seconds": arguments.case_seconds,
            **settings_of(transport, transport == transports[0], folder),
            "budget_seconds": left / (len(cases) - number) - arguments.start_seconds,
        }
        try:
            found = gpu_ranks.run_ranks(script, ranks, settings, variables)
        except SystemExit as failure:
            print(failure, flush=True)
            continue
        folder.mkdir(parents=True, exist_ok=True)
        yield folder, found_on, transport, found


def late(steps, deadline):
    """Whether a rank is past its deadline. The ranks' clocks differ, and all have to decide alike."""
    return steps.slowest(time.monotonic() - deadline) > 0


def main(work, capture, parser):
    """Of a script: a rank's work, where run_ranks() started it, else the capture."""
    if gpu_ranks.is_rank():
        gpu_ranks.work_as_rank(work)
    else:
        capture(parser().parse_args())
