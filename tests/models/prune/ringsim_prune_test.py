#!/usr/bin/env python3
"""Tests tools/python/ringsim/prune_library.py on every engine that this machine has: against the same job in plain
Python, and on a GPU inside a CUDA graph, too. Usage: ringsim_prune_test.py [LIBRARY]"""
import array
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools/python"))
from ringsim.prune_library import UNAVAILABLE, Engine, Error, Library, Plan  # noqa: E402


def reference(gradient, residual, weight, sizes, threshold, floor):
    """The same in plain Python: what is kept, and the residual after it was packed."""

    def single(value):
        return struct.unpack("f", struct.pack("f", value))[0]

    threshold, floor = single(threshold), single(floor)
    bits, packed, after = [], [], []
    for g, r, w in zip(gradient, residual, weight):
        r = single(r + g)
        keep = abs(r) > single(threshold * max(abs(w), floor))
        bits.append(keep)
        packed += [r] if keep else []
        after.append(0.0 if keep else r)
    words, start = [], 0
    for size in sizes:
        for first in range(start, start + size, 64):
            chunk = bits[first : min(first + 64, start + size)]
            words.append(sum(1 << i for i, bit in enumerate(chunk) if bit))
        start += size
    return words, packed, after


def self_test(name, library):
    import random

    draw = random.Random(1)
    sizes, threshold, floor = [1000, 1, 64, 5000], 1.5, 0.05
    total = sum(sizes)
    host = {
        key: array.array("f", [draw.gauss(0, 0.1) for _ in range(total)]) for key in ("gradient", "residual", "weight")
    }
    words, packed, after = reference(host["gradient"], host["residual"], host["weight"], sizes, threshold, floor)

    engine = Engine(name, 0, library)
    plan = Plan.of_sizes(engine, sizes, threshold, floor)
    zeros, kept = array.array("f", bytes(4 * total)), array.array("q", [0])
    if engine.on_device:
        import torch

        buffers = {key: torch.tensor(list(values), device="cuda") for key, values in host.items()}
        zeros, kept = torch.zeros(total, device="cuda"), torch.zeros(1, dtype=torch.int64, device="cuda")
    else:
        buffers = host
    mask, statistics = plan.new_mask(), plan.new_statistics()
    plan.select(buffers["gradient"], buffers["residual"], None, buffers["weight"], 0.0, mask, statistics)
    plan.pack(mask, buffers["residual"], None, zeros, kept)
    assert [word & (2**64 - 1) for word in mask.tolist()] == words, "masks differ"
    assert kept.tolist() == [len(packed)] and zeros.tolist()[: len(packed)] == packed, "packed values differ"
    assert buffers["residual"].tolist() == after, "residuals differ"
    found = plan.read_statistics(statistics)
    assert sum(segment[0] for segment in found) == len(packed) and all(segment[1] > 0 for segment in found)
    message = plan.encode_mask(mask)
    assert 0 < len(message) < total // 8 + 64, "the encoded mask is larger than a bitmap"
    plan.set_limits([1e30] * len(sizes), [floor] * len(sizes))
    plan.select(None, buffers["residual"], None, buffers["weight"], 0.0, mask, statistics)
    assert sum(segment[0] for segment in plan.read_statistics(statistics)) == 0, "limits are not taken"
    self_test_copied_limits(plan, buffers, mask, statistics)
    try:
        plan.pack(mask, array.array("d", [0.0]), None, zeros, kept)
    except ValueError:
        pass
    else:
        raise AssertionError("an array of doubles was taken")
    if engine.on_device:
        self_test_graph(plan, total)


def self_test_copied_limits(plan, buffers, mask, statistics):
    """Limits from the engine's own memory are those from the host's, segment by segment."""
    count, found = len(plan.segments), []
    for copy in (False, True):
        thresholds = array.array("f", [0.5 + 0.25 * i for i in range(count)])
        floors = array.array("f", [0.05 * (count - i) for i in range(count)])
        if copy:
            plan.set_limits([1e30] * count, [1.0] * count)
            if plan.engine.on_device:
                import torch

                thresholds, floors = (torch.tensor(list(each), device="cuda") for each in (thresholds, floors))
            plan.copy_limits(thresholds, floors)
        else:
            plan.set_limits(thresholds, floors)
        plan.select(None, buffers["residual"], None, buffers["weight"], 0.0, mask, statistics)
        found.append(plan.read_statistics(statistics))
    assert found[0] == found[1] and found[0][0][0] > 0, "copied limits are others"


def self_test_graph(plan, total):
    """Calls captured in a CUDA graph do what they do outside."""
    import torch

    torch.manual_seed(1)
    gradient, weight = torch.randn(total, device="cuda"), torch.randn(total, device="cuda")
    residual, packed = torch.zeros(total, device="cuda"), torch.zeros(total, device="cuda")
    mask, statistics, kept = plan.new_mask(), plan.new_statistics(), torch.zeros(1, dtype=torch.int64, device="cuda")
    count = len(plan.segments)
    plan.set_limits([2.0] * count, [0.1] * count)

    def step():
        plan.select(gradient, residual, None, weight, 0.0, mask, statistics)
        plan.pack(mask, residual, None, packed, kept)

    step()
    torch.cuda.synchronize()
    expected = [packed.clone(), residual.clone(), mask.clone(), statistics.clone(), kept.clone()]
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    for _ in range(2):
        residual.zero_(), packed.zero_(), mask.zero_(), statistics.zero_()
        graph.replay()
        torch.cuda.synchronize()
        for a, b in zip(expected, (packed, residual, mask, statistics, kept)):
            assert torch.equal(a, b), "a replayed graph gives other results"


def main():
    library = Library(sys.argv[1] if len(sys.argv) > 1 else None)
    tested = 0
    for name in ("scalar", "avx2", "avx512", "cuda"):
        try:
            self_test(name, library)
        except Error as error:
            if error.status != UNAVAILABLE:
                raise
            print(f"{name}: skipped: {error}")
            continue
        print(f"{name}: passed")
        tested += 1
    print(f"{tested} engines tested with {library.path}")


if __name__ == "__main__":
    main()
