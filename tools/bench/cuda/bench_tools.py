"""How bench_engine.py measures: times on the GPU, buffers that do not stay in its cache, and the table of results."""
import csv
import json
import statistics

import torch

FLOOR = 0.05
L2_BYTES = 50 * 2**20


class Timer:
    def __init__(self, repetitions):
        self.repetitions = repetitions

    def measure(self, body, prepare=None, waits=False):
        """Times body(i) for i = 0, 1, ...; prepare(i) runs before it, off the clock. `waits`: body itself waits for
        results, so nothing can be enqueued ahead."""
        for i in range(5):
            if prepare:
                prepare(i)
            body(i)
        torch.cuda.synchronize()
        if not waits:
            torch.cuda._sleep(60_000_000)  # about 30 ms, in which Python enqueues
        pairs = []
        for i in range(self.repetitions):
            if prepare:
                prepare(i)
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            body(i)
            end.record()
            pairs.append((start, end))
        torch.cuda.synchronize()
        return sorted(1000 * start.elapsed_time(end) for start, end in pairs)


class Buffers:
    """Sets of gradient, residual and weight. `shift` floats off the alignment of the allocation."""

    def __init__(self, elements, shift=0, extra_bytes=0):
        per_set = 12 * elements + extra_bytes
        self.sets = max(2, -(-4 * L2_BYTES // per_set))
        self.elements = elements
        generator = torch.Generator(device="cuda").manual_seed(1)

        def one(scale):
            return [
                torch.randn(elements + shift, device="cuda", generator=generator).mul_(scale)[shift:]
                for _ in range(self.sets)
            ]

        self.gradient, self.weight = one(0.01), one(0.05)
        self.residual = [torch.zeros(elements + shift, device="cuda")[shift:] for _ in range(self.sets)]
        self.flush = torch.ones(3 * L2_BYTES // 4, device="cuda")

    def reset(self, i):
        """Residual i is zero again, and not in the cache."""
        self.residual[i % self.sets].zero_()
        self.flush.sum()


class Report:
    FIELDS = [
        "group",
        "layers",
        "elements",
        "density",
        "name",
        "median_us",
        "p10_us",
        "p90_us",
        "gb_per_s",
        "of_limit",
        "repetitions",
    ]

    def __init__(self):
        self.rows = []
        self.limits = {}

    def add(self, group, layers, elements, name, times, density=None, bytes_moved=None):
        median = statistics.median(times)
        if name == "3R1W":
            self.limits[elements] = median
        limit = self.limits.get(elements)
        row = {
            "group": group,
            "layers": layers,
            "elements": elements,
            "density": None if density is None else float(f"{density:.6g}"),
            "name": name,
            "median_us": round(median, 2),
            "p10_us": round(times[len(times) // 10], 2),
            "p90_us": round(times[len(times) * 9 // 10], 2),
            "gb_per_s": None if bytes_moved is None else round(bytes_moved / median / 1000, 1),
            "of_limit": None if limit is None or group not in ("select", "limit") else round(limit / median, 4),
            "repetitions": len(times),
        }
        self.rows.append(row)
        print(
            "  ".join(
                [
                    f"{group:6}",
                    f"{layers:4}",
                    f"{elements:9}",
                    f"{'' if density is None else f'1/{1 / density:.0f}':>7}",
                    f"{name:42}",
                    f"{median:9.2f} us",
                    f"[{row['p10_us']:9.2f} {row['p90_us']:9.2f}]",
                    f"{row['gb_per_s'] or '':>8}",
                    f"{row['of_limit'] or '':>7}",
                ]
            ),
            flush=True,
        )
        return median

    def write(self, folder, machine):
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "bench.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, self.FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in self.rows)
        with open(folder / "bench.json", "w") as file:
            json.dump({"schema": "ringsim-cuda-bench/1", "machine": machine, "rows": self.rows}, file, indent=1)
            file.write("\n")
