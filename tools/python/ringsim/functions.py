"""The commands of ringsim as functions. Options are named as on the command line, with _ for -."""

import inspect
import itertools
import json
import math
import os
import pathlib
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterable, Mapping
from typing import Unpack, get_type_hints

from ringsim.generated import OPTIONS, RunOptions, ScanOptions, Summary
from ringsim.links import Calibration, ClusterCalibration, Topology
from ringsim.program import arguments_of, call
from ringsim.results import Breakeven, Choices, Comparison, Run, Scan, SeedRuns, Stored, read_points
from ringsim.tables import decode

Path = str | os.PathLike[str]


def takes_options(kind):
    """Tells help() and completion of the options that `**options` takes."""

    def add(function):
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
            for name, hint in get_type_hints(kind).items()
        ]
        function.__signature__ = signature.replace(parameters=own + options)
        lines = "\n".join(f"    {name}: {text}" for name, text in OPTIONS.items())
        function.__doc__ = f"{inspect.getdoc(function)}\n\nOptions:\n{lines}\n"
        return function

    return add


class KeptFolder:
    """A temporary folder, which is removed when nothing refers to this object any more."""

    def __init__(self):
        self.name = tempfile.mkdtemp(prefix="ringsim-")
        weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)


RUNS = itertools.count(1)


def folder_of(output: Path | None, options: dict[str, object]):
    """The folder for results, and what keeps it while they are used where it is a temporary one. Comparisons call a run
    by its folder's name."""
    if output is not None:
        return pathlib.Path(output), None
    kept, scheme = KeptFolder(), options.get("scheme")
    return pathlib.Path(kept.name) / f"{scheme if str(scheme).isalnum() else 'run'}-{next(RUNS)}", kept


def read_run(folder: Path, text: str | None = None, kept=None) -> Run:
    """The results of a run in a folder (of `run -o` or `run(output=...)`)."""
    folder = pathlib.Path(folder)
    if text is None:
        text = call("compare", str(folder))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return Run(folder, decode(Summary, summary), text, kept)


def names_several(seed) -> bool:
    return not isinstance(seed, int) and seed is not None and not str(seed).isdigit()


@takes_options(RunOptions)
def run(
    *,
    output: Path | None = None,
    transfers: bool = False,
    timeline: bool = False,
    progress: bool = False,
    **options: Unpack[RunOptions],
) -> Run | SeedRuns:
    """One experiment: trains, prunes, exchanges, and says what it cost.

    output: folder for the result files, new or empty; a temporary one where it is None. transfers, timeline: write
    every message, or a timeline for Perfetto, too. progress: show on stderr how far it is. Several seeds ("1..3", or a
    list) are a run each, and their mean. Raises RingsimError."""
    folder, kept = folder_of(output, options)
    arguments = ["run", *arguments_of(options), "-o", str(folder)]
    arguments += [flag for flag, given in (("--transfers", transfers), ("--timeline", timeline)) if given]
    arguments += [] if progress else ["--quiet"]
    if not names_several(options.get("seed")):
        return read_run(folder, call(*arguments, progress=progress), kept)
    found = json.loads(call(*arguments, "--format", "json", progress=progress))
    runs = [read_run(folder / f"seed-{each['seed']}", kept=kept) for each in found["runs"]]
    return SeedRuns(runs, found["mean"], found["ci95"])


@takes_options(ScanOptions)
def scan(
    *,
    output: Path | None = None,
    jobs: int | None = None,
    progress: bool = False,
    **options: Unpack[ScanOptions],
) -> Scan:
    """All combinations of the values of all options.

    output: folder for the results; with that of the same scan it goes on. jobs: processes at a time; one per core where
    it is None. progress: show on stderr how far it is. Raises RingsimError."""
    folder, kept = folder_of(output, options)
    arguments = ["scan", *arguments_of({**options, "jobs": jobs}), "-o", str(folder)]
    text = call(*arguments, *([] if progress else ["--quiet"]), progress=progress)
    return Scan(folder, read_points(folder / "scan.csv"), text, kept)


@takes_options(ScanOptions)
def breakeven(
    *,
    within: float | None = None,
    grid: int | None = None,
    **options: Unpack[ScanOptions],
) -> Breakeven:
    """Where two configurations take the same time per step: options with two values say what differs, the option with
    a range is searched.

    within: relative width of the bracket at which bisection ends. grid: values at which both are compared before.
    Raises RingsimError."""
    arguments = arguments_of({**options, "within": within, "grid": grid})
    return decode(
        Breakeven,
        json.loads(call("breakeven", *arguments, "--quiet", "--format", "json")),
    )


@takes_options(ScanOptions)
def optimize(*, show: int | None = None, jobs: int | None = None, **options: Unpack[ScanOptions]) -> Choices:
    """The best configurations for a topology and a model. Raises RingsimError.

    show: how many. jobs: processes at a time."""
    arguments = arguments_of({**options, "jobs": jobs})
    choices = json.loads(call("optimize", *arguments, "--quiet", "--format", "json"))
    return decode(Choices, {"choices": choices[:show]})


def compare(*results: Run | Path) -> Comparison:
    """Runs, or the folders of their results, side by side; the first is what the others are held against. Raises
    RingsimError."""
    folders = [str(result.folder if isinstance(result, Stored) else result) for result in results]
    runs = json.loads(call("compare", *folders, "--format", "json"))
    return Comparison(decode(Comparison, {"runs": runs, "text": ""}).runs, call("compare", *folders))


def calibrate(
    *files: Path,
    operation: str | None = None,
    ranks: int | None = None,
    in_place: bool = False,
    latency: str | None = None,
    holdout: str | bool | Iterable[str] | None = None,
    cluster: bool = False,
    gpus_per_node: int | None = None,
    output: Path | None = None,
    hosts: int | None = None,
    force: bool = False,
    points: Path | None = None,
) -> Calibration | ClusterCalibration:
    """Fits links, or with several files or `cluster` a whole cluster, to measured tables. Raises RingsimError.

    operation, ranks, in_place: what was measured, where a file does not say. latency: for iperf3, which measures none.
    holdout: fit without a part of the table, and test on that. output: file for a topology of such links, with so many
    hosts; force: of a bad fit, too. points: file for measured and fitted times (CSV).
    """
    options = {
        "operation": operation,
        "ranks": ranks,
        "latency": latency,
        "holdout": holdout,
        "gpus-per-node": gpus_per_node,
        "output": output,
        "hosts": hosts,
        "points": points,
    }
    flags = {"--in-place": in_place, "--cluster": cluster, "--force": force}
    arguments = [
        *map(os.fspath, files),
        *arguments_of(options),
        *(name for name, given in flags.items() if given),
    ]
    found = json.loads(call("calibrate", *arguments, "--format", "json"))
    return decode(Calibration if "pieces" in found else ClusterCalibration, found)


def topology(what: Path) -> Topology:
    """A topology file, or a shipped one by its name: links, and the hops of the ring. Raises RingsimError."""
    return decode(
        Topology,
        json.loads(call("topology", "show", os.fspath(what), "--format", "json")),
    )


def import_model(
    model, output: Path, *, name: str | None = None, length: int | None = None, operations: bool | None = None
) -> str:
    """Writes a specification, for `run(model=...)`, of a file (see `ringsim model import --help`), a torch.nn.Module or
    a state_dict, and returns its path. Raises RingsimError.

    A model of Hugging Face transformers whose family the program knows is imported by its config, any other by its
    parameters in the order of `named_parameters()`, without those that are frozen. length: tokens per sample.
    operations: False for a model of which the parameters do not say what is computed (convolutions); runs then need a
    compute_time."""
    options = arguments_of({"name": name, "length": length, "operations": operations})
    output = os.fspath(output)
    is_module = hasattr(model, "named_parameters")
    if not is_module and not isinstance(model, Mapping):
        call("model", "import", os.fspath(model), *options, "-o", output)
        return output
    kept = KeptFolder()
    path = pathlib.Path(kept.name) / f"{type(model).__name__}.json"
    named = model.named_parameters() if is_module else model.items()
    shapes = {
        each: list(value.shape) or [1]
        for each, value in named
        if getattr(value, "requires_grad", True) or not is_module
    }
    config = getattr(model, "config", None)
    by_config = getattr(config, "model_type", None) in ("gpt2", "llama", "mistral", "qwen2", "bert", "vit")
    if by_config:
        path.write_text(config.to_json_string(use_diff=False), encoding="utf-8")
    else:
        path.write_text(json.dumps(shapes), encoding="utf-8")
    call("model", "import", str(path), *options, "-o", output)
    if by_config:
        warn_of_other_parameters(output, sum(map(math.prod, shapes.values())))
    return output


def warn_of_other_parameters(output, expected):
    layers = json.loads(pathlib.Path(output).read_text(encoding="utf-8"))["layers"]
    found = sum(math.prod(layer["shape"]) for layer in layers)
    if found != expected:
        warnings.warn(
            f"the module trains {expected} parameters and its config describes {found}, which {output} has: give "
            "model.state_dict() for those of the module",
            stacklevel=3,
        )
