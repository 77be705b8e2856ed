"""What bench_engine.py measures the cuda engine against: CUB, and PyTorch in several ways."""
import ctypes

import torch
from bench_tools import FLOOR


class CubRival:
    def __init__(self, path, elements):
        self.c = ctypes.CDLL(path)
        p, n, f = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float
        self.c.cub_rival_workspace.argtypes, self.c.cub_rival_workspace.restype = [n], ctypes.c_size_t
        self.c.cub_rival_select.argtypes = [p, p, p, p, f, f, n, p]
        self.c.cub_rival_pack.argtypes = [p, p, p, p, n, p, ctypes.c_size_t, p]
        self.elements, self.bytes = elements, self.c.cub_rival_workspace(elements)
        self.workspace = torch.empty(max(1, self.bytes), dtype=torch.uint8, device="cuda")
        self.flags = torch.empty(elements, dtype=torch.uint8, device="cuda")
        self.packed = torch.empty(elements, device="cuda")
        self.kept = torch.zeros(1, dtype=torch.int64, device="cuda")

    def job(self, g, r, w, threshold):
        stream = torch.cuda.current_stream().cuda_stream
        status = self.c.cub_rival_select(
            g.data_ptr(), r.data_ptr(), w.data_ptr(), self.flags.data_ptr(), threshold, FLOOR, self.elements, stream
        )
        status = status or self.c.cub_rival_pack(
            r.data_ptr(),
            self.flags.data_ptr(),
            self.packed.data_ptr(),
            self.kept.data_ptr(),
            self.elements,
            self.workspace.data_ptr(),
            self.bytes,
            stream,
        )
        if status != 0:
            raise RuntimeError(f"the CUB rival failed with CUDA error {status}")


def importance(g, r, w):
    r.add_(g)
    return r.abs() / w.abs().clamp_min(FLOOR)


def job_topk(g, r, w, k):
    index = torch.topk(importance(g, r, w), k, sorted=False).indices
    packed = r[index]
    r.index_fill_(0, index, 0)
    return packed


def job_threshold(g, r, w, threshold):
    r.add_(g)
    mask = r.abs() > threshold * w.abs().clamp_min(FLOOR)
    packed = r.masked_select(mask)
    r.masked_fill_(mask, 0)
    return packed


def job_threshold_statistics(g, r, w, threshold):
    i = importance(g, r, w)
    mask = r.abs() > threshold * w.abs().clamp_min(FLOOR)
    sums = mask.sum(), i.sum(dtype=torch.float64), (i * i).sum(dtype=torch.float64)
    packed = r.masked_select(mask)
    r.masked_fill_(mask, 0)
    return packed, sums


def job_sampled(g, r, w, k, sample=100):
    """Deep Gradient Compression: the threshold of a strided sample of 1 %, and the exact top k of what passes it where
    that is too much."""
    i = importance(g, r, w)
    n = i.numel()
    part = i[::sample]
    threshold = torch.topk(part, max(1, k * part.numel() // n), sorted=False).values.min()
    index = (i >= threshold).nonzero().squeeze(1)
    if index.numel() > 1.3 * k:
        index = index[torch.topk(i[index], k, sorted=False).indices]
    packed = r[index]
    r.index_fill_(0, index, 0)
    return packed, index


def compiled_mask(g, r, w, threshold):
    r.add_(g)
    return r.abs() > threshold * w.abs().clamp_min(FLOOR)


def compiled_mask_statistics(g, r, w, threshold):
    r.add_(g)
    i = r.abs() / w.abs().clamp_min(FLOOR)
    mask = r.abs() > threshold * w.abs().clamp_min(FLOOR)
    return mask, mask.sum(), i.sum(dtype=torch.float64), (i * i).sum(dtype=torch.float64)


def pack_by_mask(r, mask):
    packed = r.masked_select(mask)
    r.masked_fill_(mask, 0)
    return packed
