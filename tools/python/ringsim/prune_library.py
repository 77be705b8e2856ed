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

tests/models/prune/ringsim_prune_test.py tests it.
"""

import array
import ctypes
import ctypes.util
import os
import pathlib
import struct
import sys

from ringsim.program import ProgramNotFound, find_program

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


def built_libraries():
    """Those of the source tree that this file lies in."""
    root = pathlib.Path(__file__).resolve().parents[3]
    patterns = "build/*/libringsim_prune.so", "build/*/models/prune/libringsim_prune.so"
    return [path for pattern in patterns for path in root.glob(pattern)]


def libraries_of_program():
    """Those of the build or the installation that the program ringsim belongs to."""
    try:
        above = list(pathlib.Path(find_program()).resolve().parents)
    except ProgramNotFound:
        return []
    folders = [build / "models/prune" for build in above[2:3]]
    folders += [folder for prefix in above[1:2] for folder in (prefix / "lib", *prefix.glob("lib/*-linux-gnu"))]
    paths = [folder / f"libringsim_prune.so{version}" for folder in folders for version in ("", ".0")]
    return [path for path in paths if path.exists()]


def find_library():
    """$RINGSIM_PRUNE_LIBRARY, or the newest that was built in this source tree, or that of the program, or the one that
    is installed."""
    named = os.environ.get("RINGSIM_PRUNE_LIBRARY")
    if named:
        return named
    built = built_libraries()
    if built:
        return str(max(built, key=lambda path: path.stat().st_mtime))
    for path in libraries_of_program():
        return str(path)
    installed = ctypes.util.find_library("ringsim_prune")
    if installed:
        return installed
    raise FileNotFoundError(
        "libringsim_prune.so was not found; build it (cmake -S models/prune -B build/prune && "
        "cmake --build build/prune) and set RINGSIM_PRUNE_LIBRARY to its path, or RINGSIM to that of a program that "
        "was built with it"
    )


class Library:
    def __init__(self, path=None):
        self.path = path or find_library()
        self.c = ctypes.CDLL(self.path)
        p, n, f = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_float
        signatures = {
            "engine_create": [ctypes.c_char_p, ctypes.c_uint, p],
            "plan_create": [p, p, n, p],
            "plan_set_limits": [p, p, p, p],
            "plan_copy_limits": [p, p, p, p],
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

    def copy_limits(self, thresholds, floors):
        """From buffers (float32, one number per segment). The host waits for nothing."""
        at = self.engine.address
        self.library.call(
            "plan_copy_limits",
            self.handle,
            at(thresholds, 4, "thresholds"),
            at(floors, 4, "floors"),
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
