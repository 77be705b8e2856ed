"""The pruning engine of ringsim (libringsim_prune) on the GPU, with the stages of a compressor (compressors.py): one
launch per stage for all layers of a model."""

import os
import pathlib
import shutil
import subprocess

import torch

ROOT = pathlib.Path(__file__).resolve().parents[4]
BUILD = ROOT / "build/prune"
FLOOR = 0.05


def built_library(path=None):
    """The library at `path`, or in build/prune, where it is built first if need be. None without it and without
    nvcc."""
    library = pathlib.Path(path) if path else BUILD / "libringsim_prune.so"
    if library.exists():
        return library
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/cuda/bin"])
    if path or not shutil.which("nvcc", path=search) or not shutil.which("cmake", path=search):
        return None
    major, minor = torch.cuda.get_device_capability()
    environment = {**os.environ, "PATH": search}
    configure = [
        "cmake",
        "-S",
        str(ROOT / "models/prune"),
        "-B",
        str(BUILD),
        "-DCMAKE_BUILD_TYPE=Release",
        "-DRINGSIM_CUDA=ON",
        "-DRINGSIM_TESTS=OFF",
        f"-DCMAKE_CUDA_ARCHITECTURES={major}{minor}",
    ]
    build = ["cmake", "--build", str(BUILD), "--target", "ringsim_prune", "-j", str(os.cpu_count())]
    for command in (configure, build):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            print(f"the engine was not built: {' '.join(command)}\n{(done.stdout + done.stderr)[-2000:]}", flush=True)
            return None
    return library


def load_engine(path):
    """(module, engine) of the library at this path."""
    from ringsim import prune_library

    return prune_library, prune_library.Engine("cuda", 0, prune_library.Library(str(path)))


class FusedEngine:
    """select (encode), union with a received mask and packing (between), unpacking of the reduced values (decode)."""

    stages = ("encode", "between", "decode")
    waits = False

    def __init__(self, module, engine, gradient, density):
        sizes = [piece.numel() for piece in gradient.pieces("tensor")]
        self.gradient = torch.cat(gradient.source)
        # Taken in turn, so that residuals that are not sent do not grow over repetitions without a reset.
        self.signs, self.turn = (self.gradient, -self.gradient), 0
        self.weight = gradient.random(self.gradient.numel()).mul_(5)
        self.residual = torch.zeros_like(self.gradient)
        self.target = torch.zeros_like(self.gradient)
        importance = self.gradient.abs() / self.weight.abs().clamp_min(FLOOR)
        threshold = torch.topk(importance, max(1, round(density * importance.numel()))).values[-1].item()
        del importance
        self.plan = module.Plan.of_sizes(engine, sizes, threshold, FLOOR)
        self.mask, self.received, self.statistics = (
            self.plan.new_mask(),
            self.plan.new_mask(),
            self.plan.new_statistics(),
        )
        # Half of the gradient's length is room for two masks' worth of values at any density measured here.
        self.packed = torch.zeros(self.gradient.numel() // 2 + 64, device="cuda")
        self.count = torch.zeros(1, dtype=torch.int64, device="cuda")
        self.select(self.gradient.flip(0).contiguous(), self.received)
        self.reset()
        self.encode()
        self.between()
        self.kept = int(self.count.item())

    def select(self, gradient, mask):
        self.plan.select(gradient, self.residual, None, self.weight, 0.0, mask, self.statistics)

    def reset(self):
        self.residual.zero_()

    def encode(self):
        self.select(self.signs[self.turn], self.mask)
        self.turn = 1 - self.turn

    def between(self):
        self.plan.unite(self.mask, self.received)
        self.plan.pack(self.mask, self.residual, None, self.packed, self.count)

    def decode(self):
        self.plan.unpack(self.mask, self.packed, self.target)
