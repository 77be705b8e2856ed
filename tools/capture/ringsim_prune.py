#!/usr/bin/env python3
"""The pruning engine of ringsim on PyTorch tensors: libringsim_prune through ctypes.

models/prune/ringsim_prune.h says what each call computes, and which shapes it takes. Buffers are contiguous tensors
(float32; masks and counts int64 and int32), on the GPU for the engine "cuda", on the CPU otherwise. Calls on the GPU
are enqueued on PyTorch's current stream and return at once; keep their tensors until they have run. Without PyTorch,
arrays of the module `array` serve as buffers for the engines of the CPU.

    engine = Engine("cuda")
    plan = Plan.of_sizes(engine, [p.numel() for p in model.parameters()], thresholds, floors)
    mask, statistics = plan.new_mask(), plan.new_statistics()
    plan.select(gradient, residual, None, weight, 0.0, mask, statistics)
    plan.pack(mask, residual, None, packed, kept)

`python3 ringsim_prune.py [LIBRARY]` tests itself on every engine that this machine has.
"""

import array
import ctypes
import os
import pathlib
import struct
import sys

CHUNK = 4096


class Segment(ctypes.Structure):
    _fields_ = [
        ("offset", ctypes.c_uint64),
        ("parameters", ctypes.c_uint64),
        ("mask_offset", ctypes.c_uint64),
        ("threshold", ctypes.c_float),
        ("floor", ctypes.c_float),
    ]


class Error(RuntimeError):
    """What the library reports; `status` is its code."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


UNAVAILABLE = 2


def mask_words(parameters):
    return (parameters + 63) // 64


def find_library():
    """$RINGSIM_PRUNE_LIBRARY, or the newest that was built in this source tree."""
    named = os.environ.get("RINGSIM_PRUNE_LIBRARY")
    if named:
        return named
    root = pathlib.Path(__file__).resolve().parents[2]
    built = [
        path
        for pattern in ("build/*/libringsim_prune.so", "build/*/models/prune/libringsim_prune.so")
        for path in root.glob(pattern)
    ]
    if not built:
        raise FileNotFoundError(
            "libringsim_prune.so was not found; build it (cmake -S models/prune -B build/prune && "
            "cmake --build build/prune) or set RINGSIM_PRUNE_LIBRARY"
        )
    return str(max(built, key=lambda path: path.stat().st_mtime))


class Library:
    def __init__(self, path=None):
        self.path = path or find_library()
        self.c = ctypes.CDLL(self.path)
        p, n, f = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_float
        signatures = {
            "engine_create": [ctypes.c_char_p, ctypes.c_uint, p],
            "plan_create": [p, p, n, p],
            "plan_set_limits": [p, p, p, p],
            "select": [p, p, p, p, p, f, p, p, p],
            "pack": [p, p, p, p, p, p, p],
            "unpack": [p, p, p, p, p],
            "unite": [p, p, p, p],
            "count_chunks": [p, p, p, p],
            "encode_mask": [p, p, ctypes.c_char_p, p, n, p],
            "decode_mask": [p, p, n, p],
            "accumulate_bare": [p, p, p, n, p],
            "plan_set_select_threads": [p, ctypes.c_uint],
        }
        for name, types in signatures.items():
            function = getattr(self.c, "ringsim_prune_" + name)
            function.argtypes, function.restype = types, ctypes.c_int
        self.c.ringsim_prune_last_error.restype = ctypes.c_char_p
        self.c.ringsim_prune_plan_chunks.argtypes = [p]
        self.c.ringsim_prune_plan_chunks.restype = n
        self.c.ringsim_prune_engine_memory.argtypes = [p]
        for name in ("engine_destroy", "plan_destroy"):
            getattr(self.c, "ringsim_prune_" + name).argtypes = [p]
            getattr(self.c, "ringsim_prune_" + name).restype = None

    def call(self, name, *arguments):
        status = getattr(self.c, "ringsim_prune_" + name)(*arguments)
        if status != 0:
            raise Error(status, self.c.ringsim_prune_last_error().decode())


class Engine:
    """An engine by name ("scalar", "avx2", "avx512", "cuda"). Raises Error where this machine cannot run it."""

    def __init__(self, name="cuda", threads=0, library=None):
        self.library = library or Library()
        self.name = name
        self.handle = ctypes.c_void_p()
        self.library.call("engine_create", name.encode(), threads, ctypes.byref(self.handle))
        self.on_device = self.library.c.ringsim_prune_engine_memory(self.handle) == 1

    def __del__(self):
        if getattr(self, "handle", None):
            self.library.c.ringsim_prune_engine_destroy(self.handle)

    def address(self, buffer, item_bytes, name):
        """Where a tensor or array begins. `item_bytes` is what the library reads and writes."""
        if buffer is None:
            return None
        if hasattr(buffer, "data_ptr"):
            if not buffer.is_contiguous():
                raise ValueError(f"{name} is not contiguous; pass {name}.contiguous()")
            if buffer.is_cuda != self.on_device:
                where = "the GPU" if self.on_device else "the CPU"
                raise ValueError(f"{name} is on {buffer.device}; the engine {self.name} takes tensors on {where}")
            if buffer.element_size() != item_bytes:
                raise ValueError(f"{name} has elements of {buffer.element_size()} bytes; accepted: {item_bytes}")
            return buffer.data_ptr()
        if self.on_device:
            raise ValueError(f"{name} is no tensor; the engine {self.name} takes tensors on the GPU")
        if buffer.itemsize != item_bytes:
            raise ValueError(f"{name} has elements of {buffer.itemsize} bytes; accepted: {item_bytes}")
        return buffer.buffer_info()[0]

    def stream(self):
        if not self.on_device:
            return None
        import torch

        return torch.cuda.current_stream().cuda_stream

    def accumulate_bare(self, gradient, weight, residual):
        """residual += gradient + weight: the yardstick of benchmarks (engine "cuda")."""
        self.library.call(
            "accumulate_bare",
            self.address(gradient, 4, "gradient"),
            self.address(weight, 4, "weight"),
            self.address(residual, 4, "residual"),
            residual.numel(),
            self.stream(),
        )


class Plan:
    """The layers of a model: a list of (offset, parameters, mask_offset, threshold, floor)."""

    def __init__(self, engine, segments):
        self.engine, self.library = engine, engine.library
        self.segments = [Segment(*segment) for segment in segments]
        self.words = max([s.mask_offset + mask_words(s.parameters) for s in self.segments], default=0)
        self.handle = ctypes.c_void_p()
        self.library.call(
            "plan_create",
            engine.handle,
            (Segment * len(self.segments))(*self.segments),
            len(self.segments),
            ctypes.byref(self.handle),
        )
        self.chunks = self.library.c.ringsim_prune_plan_chunks(self.handle)

    @classmethod
    def of_sizes(cls, engine, sizes, thresholds, floors):
        """Layers of these sizes, one behind the other. `thresholds`, `floors`: one each, or one for all."""

        def each(values):
            return list(values) if hasattr(values, "__iter__") else [values] * len(sizes)

        segments, offset, word = [], 0, 0
        for size, threshold, floor in zip(sizes, each(thresholds), each(floors)):
            segments.append((offset, size, word, threshold, floor))
            offset += size
            word += mask_words(size)
        return cls(engine, segments)

    def __del__(self):
        if getattr(self, "handle", None):
            self.library.c.ringsim_prune_plan_destroy(self.handle)

    def _new(self, count, code, torch_type):
        if not self.engine.on_device and "torch" not in sys.modules:
            return array.array(code, bytes(8 * count))
        import torch

        device = "cuda" if self.engine.on_device else "cpu"
        return torch.zeros(count, dtype=getattr(torch, torch_type), device=device)

    def new_mask(self):
        return self._new(self.words, "q", "int64")

    def new_statistics(self):
        """Room for select(); read it with read_statistics()."""
        return self._new(3 * len(self.segments), "q", "int64")

    @staticmethod
    def read_statistics(statistics):
        """Per segment (kept, sum of importances, sum of their squares). Waits for the GPU."""
        values = list(statistics.tolist())
        real = [struct.unpack("d", struct.pack("q", value))[0] for value in values]
        return [(values[i], real[i + 1], real[i + 2]) for i in range(0, len(values), 3)]

    def set_limits(self, thresholds, floors):
        count = len(self.segments)
        self.library.call(
            "plan_set_limits",
            self.handle,
            (ctypes.c_float * count)(*thresholds),
            (ctypes.c_float * count)(*floors),
            self.engine.stream(),
        )

    def select(self, gradient, residual, velocity, weight, momentum, mask, statistics):
        at = self.engine.address
        self.library.call(
            "select",
            self.handle,
            at(gradient, 4, "gradient"),
            at(residual, 4, "residual"),
            at(velocity, 4, "velocity"),
            at(weight, 4, "weight"),
            momentum,
            at(mask, 8, "mask"),
            at(statistics, 8, "statistics"),
            self.engine.stream(),
        )

    def pack(self, mask, residual, velocity, packed, kept=None):
        at = self.engine.address
        self.library.call(
            "pack",
            self.handle,
            at(mask, 8, "mask"),
            at(residual, 4, "residual"),
            at(velocity, 4, "velocity"),
            at(packed, 4, "packed"),
            at(kept, 8, "kept"),
            self.engine.stream(),
        )

    def unpack(self, mask, packed, target):
        at = self.engine.address
        self.library.call(
            "unpack",
            self.handle,
            at(mask, 8, "mask"),
            at(packed, 4, "packed"),
            at(target, 4, "target"),
            self.engine.stream(),
        )

    def unite(self, mask, other):
        at = self.engine.address
        self.library.call("unite", self.handle, at(mask, 8, "mask"), at(other, 8, "other"), self.engine.stream())

    def count_chunks(self, mask, counts):
        at = self.engine.address
        self.library.call(
            "count_chunks", self.handle, at(mask, 8, "mask"), at(counts, 4, "counts"), self.engine.stream()
        )

    def encode_mask(self, mask, encoding=None):
        """The message as bytes. A mask on the GPU is copied to the CPU first."""
        if hasattr(mask, "cpu"):
            mask = array.array("q", mask.cpu().tolist())
        size = ctypes.c_size_t()
        name = encoding.encode() if encoding else None
        words, capacity = mask.buffer_info()[0], 64 + 10 * len(self.segments) + 8 * len(mask)
        while True:
            room = ctypes.create_string_buffer(capacity)
            status = self.library.c.ringsim_prune_encode_mask(
                self.handle, words, name, room, capacity, ctypes.byref(size)
            )
            if status == 0:
                return room.raw[: size.value]
            if size.value <= capacity:
                raise Error(status, self.library.c.ringsim_prune_last_error().decode())
            capacity = size.value

    def set_select_threads(self, threads):
        self.library.call("plan_set_select_threads", self.handle, threads)


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
    try:
        plan.pack(mask, array.array("d", [0.0]), None, zeros, kept)
    except ValueError:
        pass
    else:
        raise AssertionError("an array of doubles was taken")
    if engine.on_device:
        self_test_graph(plan, total)


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
