"""The folder of a captured training, which `ringsim run --model FOLDER` takes. Needs no torch.

    capture.json       what was captured on what, DDP's buckets, and the times of whole steps
    model.json         the layers, as models/specs/README.md has them
    ready.csv          when each gradient was ready; one of less than 1024 elements, when the next larger one was
    weights.safetensors, gradients-N.safetensors   where asked for: `ringsim prune` reads them
    all_reduce.txt     where asked for: times of all-reduces, which `ringsim calibrate` reads
    compression.json   where asked for: what compressing these layers takes (compression.py)"""

import csv
import io
import json
import pathlib
import statistics
from dataclasses import dataclass, field

FORMAT = "ringsim capture 1"


@dataclass(frozen=True)
class Layer:
    """A parameter tensor, and the operations of its part of the forward pass, of all samples of a batch."""

    name: str
    shape: tuple[int, ...]
    operations: float


@dataclass
class StepTimes:
    """Seconds of one step, on one rank. `step`: from its beginning to that of the next one; None where it was not
    seen."""

    kind: str
    step: float | None = None
    computing: float | None = None  # forward and backward pass
    exchanged: float | None = None  # until the gradients of all ranks are there, too
    optimizer: float | None = None
    ready: dict[str, float] = field(default_factory=dict)


@dataclass
class Captured:
    """What is written. `steps`: those of each rank."""

    model: str
    layers: list[Layer]
    buffers: int
    sample: str
    batch: int
    ranks: int
    steps: list[list[StepTimes]]
    bucket_bytes: list[int]
    machine: dict[str, object]
    notes: list[str]
    compression: dict[str, object] | None = None  # compression.profile_of()


def short_name(device):
    """ "NVIDIA H100 80GB HBM3" -> "h100", as ringsim names GPUs."""
    words = device.lower().replace("nvidia", "").replace("-", " ").split()
    return words[0] if words else ""


def medians(values):
    """Median, tenth and ninetieth percentile, by nearest rank; None without values."""
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None
    last = len(ordered) - 1
    return {
        "median": statistics.median(ordered),
        "p10": ordered[round(0.1 * last)],
        "p90": ordered[round(0.9 * last)],
        "count": len(ordered),
    }


def slowest(steps, kind, figure):
    """The time of the slowest rank in each step of this kind."""
    by_rank = [[getattr(each, figure) for each in own if each.kind == kind] for own in steps]
    return [max(times) for times in zip(*by_rank) if None not in times]


def with_small(ready, order, hooked):
    """Times by gradient, in their order, also of those that were not hooked: that of the next one which was."""
    found, following = dict(ready), None
    for name in reversed(order):
        following = ready.get(name, following)
        if name not in hooked and following is not None:
            found[name] = following
    return {**{name: found[name] for name in order if name in found}, **found}


def ready_kind(steps):
    """Which steps tell when gradients are ready: those without an exchange, where there are some."""
    return "alone" if any(each.kind == "alone" and each.ready for each in steps[0]) else "captured"


def ready_times(steps):
    """[(layer, seconds)], in the order in which gradients become ready: medians over ranks and steps."""
    kind, seen = ready_kind(steps), {}
    for own in steps:
        for each in own:
            if each.kind == kind:
                for name, seconds in each.ready.items():
                    seen.setdefault(name, []).append(seconds)
    return sorted(((name, statistics.median(times)) for name, times in seen.items()), key=lambda item: item[1])


def step_figures(captured):
    """Seconds of steps: `step` from one to the next, `computing` the two passes, `exchanged` until the exchange has
    ended, too."""
    found = {}
    for kind in ("plain", "captured", "alone"):
        for figure in ("step", "computing", "exchanged", "optimizer"):
            spread = medians(slowest(captured.steps, kind, figure))
            if spread:
                found[f"{kind}_{figure}"] = spread
    return found


def overhead(figures):
    """The share by which capturing made steps longer; None where steps were not compared."""
    if "plain_step" not in figures or "captured_step" not in figures:
        return None
    return figures["captured_step"]["median"] / figures["plain_step"]["median"] - 1


def model_file(captured, names):
    """Layers that had no gradient are left out."""
    layers = [
        {
            "name": layer.name,
            "shape": list(layer.shape) or [1],
            "forward_flop": layer.operations / captured.batch,
        }
        for layer in captured.layers
        if layer.name in names
    ]
    return {
        "name": captured.model,
        "description": f"captured from PyTorch, {captured.batch} samples a rank",
        "sample": captured.sample,
        "step_times": [],
        "buffers": captured.buffers,
        "layers": layers,
    }


def ready_file(captured, ready):
    file = io.StringIO()
    notes = {"model": captured.model, "samples a rank": captured.batch, "ranks": captured.ranks, **captured.machine}
    for name, value in notes.items():
        file.write(f"# {name}: {value}\n")
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar=None)
    writer.writerow(["layer", "ready_s"])
    for name, seconds in ready:
        writer.writerow([name, f"{seconds:.9g}"])
    return file.getvalue()


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    return value


FILES = "model.json ready.csv weights.safetensors gradients-*.safetensors all_reduce.txt compression.json".split()


def clear(folder):
    """Removes an earlier capture, which else would answer for this one; nothing else."""
    folder = pathlib.Path(folder)
    manifest = folder / "capture.json"
    if manifest.is_file() and FORMAT in manifest.read_text(encoding="utf-8", errors="replace"):
        manifest.unlink()
        for pattern in FILES:
            for path in folder.glob(pattern):
                path.unlink()


def write(folder, captured):
    """Writes the folder, capture.json last, and returns what capture.json holds."""
    ready = ready_times(captured.steps)
    if not ready:
        raise RuntimeError("no gradient was seen in the captured steps: is it this model that is trained?")
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = step_figures(captured)
    manifest = {
        "format": FORMAT,
        "model": captured.model,
        "batch": captured.batch,
        "ranks": captured.ranks,
        "gpu": short_name(str(captured.machine.get("device", ""))) or None,
        "bucket_bytes": captured.bucket_bytes,
        "measured": rounded({"seconds": figures, "overhead": overhead(figures)}),
        "machine": captured.machine,
        "notes": captured.notes,
    }
    files = {
        "model.json": json.dumps(model_file(captured, dict(ready)), indent=1) + "\n",
        "ready.csv": ready_file(captured, ready),
        "capture.json": json.dumps(manifest, indent=1) + "\n",
    }
    if captured.compression is not None:
        files = {"compression.json": json.dumps(captured.compression, indent=1) + "\n", **files}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return manifest


def write_safetensors(path, tensors):
    """Writes fp32 tensors, [(name, shape, bytes)], in their order."""
    header, at = {}, 0
    for name, shape, data in tensors:
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, _, data in tensors:
            file.write(data)
