"""Sparse gradient traces (traces/README.md) of a training that is going on."""

import gzip
import hashlib
import json
import math
import pathlib

import torch

from ringsim.capture.training import mask_sizes

COLUMNS = (
    "step,rank,layer,parameters,threshold,kept,density,broadcasts,sent,sampled,"
    "bitmap_bytes,index_bytes,delta_bytes,runs_bytes,rice_bytes"
)
STATISTICS = (
    "step,training_step,layer,importance_mean,importance_stddev,importance_p50,importance_p90,importance_p99,"
    "importance_p999,overlap_with_step_before,age_mean,age_p50,age_p95,age_max,"
) + ",".join(f"union_of_{count}" for count in range(1, 9))
QUANTILES = (0.5, 0.9, 0.99, 0.999)


class TraceRecorder:
    """Records `count` steps of a scheme with steered thresholds, evenly spread over the steps after the warm-up. A step
    of the trace is a step of the training; those between are left out."""

    def __init__(self, trial, count):
        self.trial, self.scheme, self.layers = trial, trial.scheme, trial.gradients.layers
        first, last = max(trial.warmup_steps, 64), trial.steps - 1
        self.steps = [first + (last - first) * i // max(count - 1, 1) for i in range(count)]
        self.number, self.rows, self.statistics = 0, [], []
        self.last_sent = torch.full((self.layers.parameters,), -1, dtype=torch.int32, device=trial.device)
        self.before = torch.zeros_like(self.scheme.union)

    def record(self, step):
        if self.number < len(self.steps) and step == self.steps[self.number]:
            self.record_rows(step)
            self.number += 1
        # Ages count from the last step whose update carried the coordinate.
        self.last_sent[self.scheme.places(self.scheme.union)] = step
        self.before.copy_(self.scheme.union)

    def record_rows(self, step):
        scheme, layers = self.scheme, self.layers
        sizes = [mask_sizes.sizes_of_mask(mask, scheme.plan) for mask in scheme.masks]
        for rank in range(scheme.ranks):
            broadcasts, at = int(rank in scheme.broadcasters), 0
            for i, (name, size) in enumerate(zip(layers.names, layers.sizes)):
                start = f"{self.number},{rank},{name},{size}"
                if i not in layers.pruned:
                    self.rows.append(f"{start},,{size},1,{broadcasts},{size},,,,,,")
                    continue
                kept, *encoded = sizes[rank][at]
                cells = f"{scheme.thresholds[rank][at]:.9g},{kept},{kept / size:.9g},{broadcasts},{scheme.kept[at]},"
                self.rows.append(f"{start},{cells},{','.join(map(str, encoded))}")
                at += 1
        for at in range(len(layers.pruned)):
            self.statistics.append(self.statistics_of(step, at))

    def statistics_of(self, step, at):
        scheme, layer = self.scheme, self.layers.pruned[at]
        segment, size = scheme.plan.segments[at], self.layers.sizes[layer]
        mean, square = self.importance_moments(at)
        words = slice(segment.mask_offset, segment.mask_offset + (size + 63) // 64)
        weight = (scheme.gradients.weight if scheme.by_ratio else scheme.zeros)[segment.offset :][:size]
        residual = scheme.residual[scheme.broadcasters[0]][segment.offset :][:size]
        stride = max(1, size // (1 << 20))
        importance = residual[::stride].abs() / weight[::stride].abs().clamp_min(scheme.floors[at])
        quantiles = torch.quantile(importance, torch.tensor(QUANTILES, device=importance.device)).tolist()
        both = torch.zeros_like(scheme.union)
        both[words] = scheme.union[words] & self.before[words]
        overlap = mask_sizes.set_bits(both, segment.mask_offset, size).numel() / max(scheme.kept[at], 1)
        ages = (step - self.last_sent[segment.offset :][:size][::stride]).float()
        age = torch.quantile(ages, torch.tensor((0.5, 0.95), device=ages.device)).tolist()
        unions, union = [], torch.zeros_like(scheme.union)
        for rank in range(8):
            if rank < scheme.ranks:
                union[words] |= scheme.masks[rank][words]
            unions.append(mask_sizes.set_bits(union, segment.mask_offset, size).numel())
        deviation = math.sqrt(max(square - mean * mean, 0))
        figures = [mean, deviation, *quantiles, overlap, ages.mean().item(), *age, ages.max().item(), *unions]
        return f"{self.number},{step},{self.layers.names[layer]}," + ",".join(f"{figure:.7g}" for figure in figures)

    def importance_moments(self, at):
        """Mean importance and mean square over the broadcasters, from what the engine's pass gathered."""
        size = self.scheme.sizes[at]
        gathered = [self.scheme.plan.read_statistics(self.scheme.statistics[r])[at] for r in self.scheme.broadcasters]
        count = size * len(gathered)
        return sum(row[1] for row in gathered) / count, sum(row[2] for row in gathered) / count

    def write(self, folder, version, command):
        """trace.json, trace_layers.csv.gz, and importance, ages and unions in trace_statistics.csv.gz."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for name, columns, rows in (("layers", COLUMNS, self.rows), ("statistics", STATISTICS, self.statistics)):
            packed = gzip.compress(("\n".join([columns, *rows]) + "\n").encode(), mtime=0)
            (folder / f"trace_{name}.csv.gz").write_bytes(packed)
            files.append({"name": f"trace_{name}.csv.gz", "sha256": hashlib.sha256(packed).hexdigest()})
        settings, layers = self.trial.settings, self.layers
        side = settings["resolution"]
        header = {
            "schema": "ringsim-gradient-trace-3",
            "model": settings["model"],
            "description": f"{settings['model']}, a training on Fashion-MNIST, {side}x{side}, "
            f"{settings['batch']} images a rank, density {settings['density']:g} after the warm-up",
            "scheme": settings["scheme"],
            "ranks": settings["ranks"],
            "steps": self.number,
            "with_velocity": self.scheme.velocity is not None,
            "layers": [{"name": n, "parameters": s} for n, s in zip(layers.names, layers.sizes)],
            "files": files,
            "provenance": {"version": version, "command": command, "seed": settings["seed"], "inputs": []},
        }
        (folder / "trace.json").write_text(json.dumps(header, indent=1) + "\n")
